import { hostIdOf } from '../scope';
import type { Subtask } from '../types';

/** "Finish node": what obflow kept on the hosts for this task is removed. A host that cannot be reached is no reason to fail. */
export const Finish: Subtask = {
  async run(scope) {
    const own = hostIdOf(scope.input);
    const ids = own === undefined ? (scope.input.context.listMap.host_ids ?? []).map(Number) : [own];
    await Promise.all(
      ids.map(async (id) => {
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
    return undefined;
  },

  async rollback(scope) {
    scope.log.info('Nothing to undo');
  },
};
