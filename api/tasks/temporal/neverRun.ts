import type { Logger } from '../../../runtime/logger';
import type { Store, TaskRow } from '../../../store/types';
import { CommandLog } from '../commandLog';
import { toArchive } from '../document/archived';
import { openTask, unreadableTask } from '../document/document';
import { type Closing, FoldedTask, type GivenCommand } from '../document/fold';
import type { TaskDocument } from '../document/types';

/** The task as it was accepted; undefined when its plan cannot be expanded, which is why it never runs. */
export function acceptedTask({ plan }: TaskRow): { folded: FoldedTask } | { unreadable: string } {
  try {
    return { folded: new FoldedTask(plan) };
  } catch (error) {
    return {
      unreadable: `The plan of the task cannot be used: ${error instanceof Error ? error.message : error}`,
    };
  }
}

/**
 * Closes a task that has no workflow: it is FAILED, its document says why, its locks are released.
 *
 * @param command the command that ends it, if one does
 * @returns the final document
 */
export async function closeNeverRun(
  { store, logger }: { readonly store: Store; readonly logger: Logger },
  row: TaskRow,
  closing: Closing,
  command?: GivenCommand,
): Promise<TaskDocument> {
  const accepted = acceptedTask(row);
  let document: TaskDocument;
  if ('folded' in accepted) {
    const { folded } = accepted;
    folded.closing = closing;
    if (command !== undefined) folded.commands.push(command);
    await new CommandLog({ store, logger }).tell(folded);
    document = openTask(folded, new Map());
  } else document = unreadableTask(row.plan, accepted.unreadable, closing);
  await store.tasks.archive(row.id, {
    ...(await toArchive(document)),
    status: 'FAILED',
    operation: 'EXECUTE',
    finishTime: new Date(closing.time).toISOString(),
  });
  logger.warn({ traceId: row.plan.traceId, taskId: row.id }, `the task ended: ${closing.reason}`);
  return document;
}
