import { ConfigError } from '../runtime/setting';
import { auditCommand } from './auditCommand';
import { openExistingStore } from './database';
import { say } from './output';

export interface PruneOptions {
  /** Days, `90d` or `90`. */
  readonly olderThan?: string;
  readonly auditOlderThan?: string;
  readonly dryRun: boolean;
}

/** `obflow prune`: deletes tasks that ended, and audit events, before the given ages; the audit says so afterwards. */
export async function prune({ olderThan, auditOlderThan, dryRun }: PruneOptions): Promise<void> {
  if (olderThan === undefined && auditOlderThan === undefined) {
    throw new ConfigError([
      'Name what to delete: --older-than 90d for tasks, --audit-older-than 400d for audit events.',
    ]);
  }
  const tasksBefore = olderThan && timeOf('--older-than', olderThan);
  const auditBefore = auditOlderThan && timeOf('--audit-older-than', auditOlderThan);
  const store = await openExistingStore();
  try {
    const { tasks, audit } = store;
    const done: string[] = [];
    const tell = (count: number, what: string) => {
      say(dryRun ? `Found ${count} ${what}; none was deleted.` : `Deleted ${count} ${what}.`);
      if (count > 0) done.push(`${count} ${what}`);
    };
    if (tasksBefore) {
      const work = dryRun ? tasks.countEndedBefore : tasks.deleteEndedBefore;
      tell(await work(tasksBefore), `tasks that ended before ${tasksBefore}`);
    }
    if (auditBefore) {
      const work = dryRun ? audit.countBefore : audit.deleteBefore;
      tell(await work(auditBefore), `audit events before ${auditBefore}`);
    }
    if (!dryRun && done.length > 0) await auditCommand(store, `obflow prune: ${done.join(', ')}`);
  } finally {
    await store.close();
  }
}

/** Now minus the age, ISO-8601 UTC. */
function timeOf(option: string, age: string): string {
  const days = /^(\d{1,5})d?$/.exec(age)?.[1];
  if (days === undefined) throw new ConfigError([`${option} must be a number of days, as in 90d.`]);
  return new Date(Date.now() - Number(days) * 86_400_000).toISOString();
}
