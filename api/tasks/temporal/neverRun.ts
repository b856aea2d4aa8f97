import type { Logger } from '../../../runtime/logger';
import { say } from '../../../runtime/messages/catalogue';
import type { Store, TaskRow } from '../../../store/types';
import { inEnglish, type Said } from '../../../workflows/text';
import type { Language } from '../../http/messages/language';
import { CommandLog } from '../commandLog';
import { toArchive } from '../document/archived';
import { saidTask, unreadableTask } from '../document/document';
import { type Closing, FoldedTask, type GivenCommand } from '../document/fold';
import { inWords, type SaidTask } from '../document/said';
import type { TaskDocument } from '../document/types';

/** The task as it was accepted; undefined when its plan cannot be expanded, which is why it never runs. */
export function acceptedTask({ plan }: TaskRow): { folded: FoldedTask } | { unreadable: Said } {
  try {
    return { folded: new FoldedTask(plan) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { unreadable: say('task.unreadable', { reason }) };
  }
}

/**
 * Closes a task that has no workflow: it is FAILED, its document says why, its locks are released.
 *
 * @param command the command that ends it, if one does
 * @returns the final document, in English unless told otherwise
 */
export async function closeNeverRun(
  { store, logger }: { readonly store: Store; readonly logger: Logger },
  row: TaskRow,
  closing: Closing,
  command?: GivenCommand,
  language: Language = 'en-US',
): Promise<TaskDocument> {
  const accepted = acceptedTask(row);
  let document: SaidTask;
  if ('folded' in accepted) {
    const { folded } = accepted;
    folded.closing = closing;
    if (command !== undefined) folded.commands.push(command);
    await new CommandLog({ store, logger }).tell(folded);
    document = saidTask(folded, new Map());
  } else document = unreadableTask(row.plan, accepted.unreadable, closing);
  await store.tasks.archive(row.id, {
    ...(await toArchive(document)),
    status: 'FAILED',
    operation: 'EXECUTE',
    finishTime: new Date(closing.time).toISOString(),
  });
  logger.warn({ traceId: row.plan.traceId, taskId: row.id }, `the task ended: ${inEnglish(closing.reason)}`);
  return inWords(document, language);
}
