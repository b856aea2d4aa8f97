import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Clear ocp agent configs": obflow works without an agent; the step stays in the chain as documented. */
export const ClearOcpAgentConfigs = subtask({
  name: 'Clear ocp agent configs',
  className: 'obagent.ClearOcpAgentConfigsTask',
  timeout: 120,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.none'));
    return undefined;
  },
});
