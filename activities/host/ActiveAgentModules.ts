import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Active agent modules": obflow works without an agent; the step stays in the chain as documented. */
export const ActiveAgentModules = subtask({
  name: 'Active agent modules',
  className: 'obagent.ActiveAgentModulesTask',
  timeout: 1800,
  needs: {},

  async run(scope) {
    scope.log.info(say('agent.none'));
    return undefined;
  },
});
