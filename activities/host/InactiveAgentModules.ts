import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Inactive agent modules": obflow works without an agent; the step stays in the chain as documented. */
export const InactiveAgentModules = subtask({
  name: 'Inactive agent modules',
  className: 'obagent.InactiveAgentModulesTask',
  timeout: 3600,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.none'));
    return undefined;
  },
});
