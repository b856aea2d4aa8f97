import { lookAtPath } from '../../hosts/paths';
import { rpcAddress } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { taskDir } from '../places';
import type { Needs, SubtaskScope } from '../types';
import { workedServers } from './worked';

/** `STOP_SERVICE` leaves every process alone. */
export const STOP_TYPE = { stop_type: 'value?' } as const satisfies Needs;

/**
 * For the undo of the last step. Which processes this task has ended or started is noted on their hosts, and that step forgets it:
 * afterwards an undo of the steps before would leave each as it is, and say that it is undone. So it fails before every other.
 *
 * @throws PermanentError ServerNotesForgotten
 */
export async function refuseForgotten(
  scope: SubtaskScope<typeof STOP_TYPE>,
  clusterId: number,
): Promise<void> {
  if (scope.value('stop_type') === 'STOP_SERVICE') return;
  const { taskId } = scope.input;
  for (const server of await workedServers(scope, clusterId)) {
    const former = server.work?.formerStatus ?? null;
    // Of a server that ran before and after, as of one that came with the task, the undo needs no note.
    if (former === null || (former === 'STOPPED') === (server.status === 'STOPPED')) continue;
    if (server.hostId === null) continue;
    const host = await scope.hostById(server.hostId);
    if ((await lookAtPath(host, taskDir(taskId))).kind !== 'absent') continue;
    throw new PermanentError({
      type: 'ServerNotesForgotten',
      tried: say('server.undoLast'),
      where: rpcAddress(server),
      cameBack: say('server.notesForgotten'),
      next: say('server.nextOpposite'),
    });
  }
}
