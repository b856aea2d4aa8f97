import type { RuntimeConfig } from '../../runtime/config';
import type { Logger } from '../../runtime/logger';
import type { Store } from '../../store/types';

const DAY_MS = 86_400_000;
const PERIOD_MS = 3_600_000;

/**
 * Deletes what has reached the end of its life, now and every hour: ended tasks and audit events after the configured
 * days (0: never), Idempotency-Keys, used signatures, sessions and counted logins when they count no more. Several APIs may
 * do so at once. Stopping waits for the deletion under way.
 */
export function startPruning(deps: {
  readonly store: Store;
  readonly config: Pick<RuntimeConfig, 'taskRetentionDays' | 'auditRetentionDays'>;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { store, config, logger } = deps;

  async function attempt(what: string, work: () => Promise<number>): Promise<void> {
    try {
      const rows = await work();
      if (rows > 0) logger.info({ rows }, `deleted ${what}`);
    } catch (error) {
      logger.warn({ err: error }, `could not delete ${what}; trying again in an hour`);
    }
  }

  async function aged(what: string, days: number, work: (before: string) => Promise<number>): Promise<void> {
    if (days === 0) return;
    const before = new Date(Date.now() - days * DAY_MS).toISOString();
    await attempt(`${what} before ${before}`, () => work(before));
  }

  const prune = async () => {
    const { tasks, audit, idempotency, usedSignatures, sessions, loginAttempts } = store;
    await aged('tasks that ended', config.taskRetentionDays, (before) => tasks.deleteEndedBefore(before));
    await aged('audit events', config.auditRetentionDays, (before) => audit.deleteBefore(before));
    await attempt('expired Idempotency-Keys', () => idempotency.deleteExpired());
    await attempt('expired signatures', () => usedSignatures.deleteExpired());
    await attempt('ended sessions', () => sessions.deleteExpired(Date.now()));
    await attempt('counts of old logins', () => loginAttempts.deleteExpired(Date.now()));
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
