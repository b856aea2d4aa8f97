import type { Host } from '../../hosts/types';
import { saidOf, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';

/** So long a host is asked again; the subtasks that end a task have 30 s, and one attempt to connect may take 10. */
const PATIENCE_MS = 12_000;
const PAUSE_MS = 1_000;

/** Removes what obflow kept on these hosts for this task, and what `also` removes. A host that cannot be reached is no reason to fail. */
export async function forgetTask(
  scope: SubtaskScope,
  hostIds: readonly number[],
  also: (host: Host) => Promise<void> = async () => undefined,
): Promise<void> {
  await Promise.all(hostIds.map((id) => forgetOn(scope, id, also)));
}

async function forgetOn(
  scope: SubtaskScope,
  hostId: number,
  also: (host: Host) => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const host = await scope.hostById(hostId);
      await host.forgetTask(scope.input.taskId);
      await also(host);
      scope.log.info(say('host.filesRemoved', { ip: host.ip }));
      return;
    } catch (error) {
      scope.signal.throwIfAborted();
      const said = saidOf(error);
      if (!(error instanceof TransientError) || Date.now() > deadline) {
        scope.log.warn(say('host.filesStay', { host: hostId, said }));
        return;
      }
      scope.log.warn(said);
      await scope.pause(PAUSE_MS);
    }
  }
}
