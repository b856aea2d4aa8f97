import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Start ocp agent service": obflow works without an agent; the step stays in the chain as documented. */
export const StartOcpAgentService = subtask({
  name: 'Start ocp agent service',
  className: 'obagent.StartOcpAgentServiceTask',
  timeout: 1800,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.without'));
    return undefined;
  },
});
