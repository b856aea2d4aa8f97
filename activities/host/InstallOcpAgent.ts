import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Install ocp agent": obflow works by SSH; the step stays in the chain as documented. */
export const InstallOcpAgent = subtask({
  name: 'Install ocp agent',
  className: 'obagent.InstallOcpAgentTask',
  timeout: 5400,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.notNeeded'));
    return undefined;
  },
});
