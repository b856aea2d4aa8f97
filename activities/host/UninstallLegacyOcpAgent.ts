import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { agentsOn, NEW_HOST } from './newHost';

/** Programs of the OCP agent (OCP documentation, "OCP-Agent management"). */
const OCP_AGENT = ['ocp_agentd', 'ocp_mgragent', 'ocp_monagent'];

/** "Uninstall legacy ocp agent": a living agent belongs to an OCP that manages this host; it is told of and left. */
export const UninstallLegacyOcpAgent = subtask({
  name: 'Uninstall legacy ocp agent',
  className: 'obagent.UninstallLegacyOcpAgentTask',
  timeout: 600,
  needs: NEW_HOST,

  async run(scope) {
    const found = await agentsOn(scope, OCP_AGENT);
    if (found.length === 0) scope.log.info(say('agent.noOcpAgent'));
    else scope.log.warn(say('agent.ocpAgentLeft', { found: found.join(', ') }));
    return undefined;
  },
});
