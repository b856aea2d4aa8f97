import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Stop ocp agent service": obflow works without an agent; the step stays in the chain as documented. */
export const StopOcpAgentService = subtask({
  name: 'Stop ocp agent service',
  className: 'obagent.StopOcpAgentServiceTask',
  timeout: 3600,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.none'));
    return undefined;
  },
});
