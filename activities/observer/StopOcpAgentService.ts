import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { endForGood } from './cleaning';
import { GOING, goingServers, isLeftAlone, recordStopped } from './goingServers';

/**
 * "Stop ocp agent service": obflow works without an agent; the step stays in the chain as documented. In a task that deletes a
 * whole cluster it is the last one that all hosts pass together before files go, so the host's observers are ended here.
 */
export const StopOcpAgentService = subtask({
  name: 'Stop ocp agent service',
  className: 'obagent.StopOcpAgentServiceTask',
  timeout: 3600,
  needs: GOING,

  async run(scope) {
    scope.log.info(say('agent.none'));
    const { members, all } = await goingServers(scope);
    if (!all || (await isLeftAlone(scope))) return undefined;
    for (const member of members) {
      await endForGood(scope, await scope.host(), member);
      await recordStopped(scope, member);
    }
    return undefined;
  },
});
