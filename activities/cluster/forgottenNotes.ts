import { lookAtPath } from '../../hosts/paths';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { idOf } from '../common/objects';
import { taskDir } from '../places';
import type { Needs, SubtaskScope } from '../types';

/** Keys of tasks that stop or start servers. */
export const STOPPED_OR_STARTED = {
  server_ids: 'list?',
  /** `STOP_SERVICE` leaves every process alone. */
  stop_type: 'value?',
} as const satisfies Needs;

/**
 * For the undo of the last step. Which processes this task has ended or started is noted on their hosts, and that step forgets it:
 * afterwards an undo of the steps before would leave each as it is, and say that it is undone. So it fails before every other.
 *
 * @throws PermanentError ServerNotesForgotten
 */
export async function refuseForgotten(scope: SubtaskScope<typeof STOPPED_OR_STARTED>): Promise<void> {
  if (scope.value('stop_type') === 'STOP_SERVICE') return;
  const { taskId } = scope.input;
  for (const text of scope.list('server_ids') ?? []) {
    const server = await scope.store.obServers.find(idOf(text) ?? 0);
    if (server === undefined || server.hostId === null) continue;
    const found = await scope.store.work.find({ kind: 'obServer', id: server.id });
    const former = found?.work?.taskId === taskId ? found.work.formerStatus : null;
    // Of a server that ran before and after, as of one that came or went with the task, the undo needs no note.
    if (former === null || (former === 'STOPPED') === (found?.status === 'STOPPED')) continue;
    const host = await scope.hostById(server.hostId);
    if ((await lookAtPath(host, taskDir(taskId))).kind !== 'absent') continue;
    throw new PermanentError({
      type: 'ServerNotesForgotten',
      tried: say('server.undoLast'),
      where: addressText(server.ip, server.rpcPort),
      cameBack: say('server.notesForgotten'),
      next: say('server.nextOpposite'),
    });
  }
}
