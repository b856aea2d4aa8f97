import type { Inventory } from '../inventory/types';
import type { Logger } from '../runtime/logger';

const DAY_MS = 86_400_000;
const PERIOD_MS = 3_600_000;

/**
 * Deletes tasks that ended more than `days` ago, now and every hour; several APIs may do so at once. Stopping waits
 * for the deletion under way.
 */
export function startPruning(deps: {
  readonly inventory: Inventory;
  readonly days: number;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { inventory, days, logger } = deps;
  const prune = async () => {
    const before = new Date(Date.now() - days * DAY_MS).toISOString();
    try {
      const tasks = await inventory.tasks.deleteEndedBefore(before);
      if (tasks > 0) logger.info({ tasks, before }, 'deleted tasks that ended long ago');
    } catch (error) {
      logger.warn({ err: error }, 'could not delete tasks that ended long ago; trying again in an hour');
    }
  };
  let running = prune();
  const timer = setInterval(() => {
    running = running.then(prune);
  }, PERIOD_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
