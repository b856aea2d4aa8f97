import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Refresh ocp agent config": obflow works without an agent; the step stays in the chain as documented. */
export const RefreshAgentConfig = subtask({
  name: 'Refresh ocp agent config',
  className: 'host.RefreshAgentConfigTask',
  timeout: 3600,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.none'));
    return undefined;
  },
});
