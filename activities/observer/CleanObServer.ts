import { say } from '../../runtime/messages/catalogue';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import { endForGood, proveGone, removeFiles } from './cleaning';
import { GOING, goingServers, isLeftAlone, stopWholeCluster } from './goingServers';

/**
 * "Clean observer host": the process of a server that has left its cluster ends, and what obflow has made for it on the host
 * goes. Of a server that was there before obflow the files stay. In a task that deletes the whole cluster, all of its processes
 * end before the files of any server go.
 */
export const CleanObServer = subtask({
  name: 'Clean observer host',
  className: 'server.CleanObServerTask',
  timeout: 1800,
  needs: GOING,
  leaves: 'the host without the server and its files',

  async run(scope) {
    const { cluster, members, all } = await goingServers(scope);
    if (members.length === 0) scope.log.info(say('clean.none'));
    if (all) await stopWholeCluster(scope, cluster);
    for (const member of members) {
      if (!all) await proveGone(scope, member);
      if (await isLeftAlone(scope)) {
        scope.log.warn(say('clean.leftAlone', { address: member.address, home: member.server.home ?? '-' }));
        continue;
      }
      const host = await scope.host();
      await endForGood(scope, host, member);
      await removeFiles(scope, host, member);
      // The task that has made the server may have been abandoned, and has left its own files then.
      if (all && member.server.taskId !== null) await host.forgetTask(member.server.taskId);
    }
    // Of a task that deletes the cluster no later step comes to the hosts.
    if (all && !(await isLeftAlone(scope))) await forgetTask(scope, [await scope.hostId()]);
    return undefined;
  },

  async rollback(scope) {
    scope.log.warn(say('clean.staysGone'));
  },
});
