import type { SubtaskScope } from '../types';

/** Removes what obflow kept on these hosts for this task. A host that cannot be reached is no reason to fail. */
export async function forgetTask(scope: SubtaskScope, hostIds: readonly number[]): Promise<void> {
  await Promise.all(
    hostIds.map(async (id) => {
      try {
        const host = await scope.hostById(id);
        await host.forgetTask(scope.input.taskId);
        scope.log.info(`${host.ip}: files of this task removed`);
      } catch (error) {
        scope.signal.throwIfAborted();
        const said = error instanceof Error ? error.message : String(error);
        scope.log.warn(`Files of this task stay on host ${id}: ${said}`);
      }
    }),
  );
}
