import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { agentsOn, NEW_HOST } from './newHost';

/** Programs of OBAgent (github.com/oceanbase/obagent), as far as /proc/<pid>/comm has room for their names. */
const OBAGENT = ['ob_agentd', 'ob_mgragent', 'ob_monagent', 'obagent'];

/** "Uninstall legacy obagent": obflow installs no agent, so there is none of its own; a stranger's is told of and left. */
export const UninstallLegacyObagent = subtask({
  name: 'Uninstall legacy obagent',
  className: 'obagent.UninstallLegacyObagentTask',
  timeout: 2100,
  needs: NEW_HOST,

  async run(scope) {
    const found = await agentsOn(scope, OBAGENT);
    if (found.length === 0) scope.log.info(say('agent.noObagent'));
    else scope.log.warn(say('agent.obagentLeft', { found: found.join(', ') }));
    return undefined;
  },
});
