import type { Inventory, LogLine } from '../inventory/types';
import type { Logger } from '../runtime/logger';
import type { FoldedTask, GivenCommand } from './taskInfo/fold';

const WORDS: Readonly<Record<GivenCommand['name'], string>> = {
  retryTask: 'Retry of the task',
  rollbackTask: 'Rollback of the task',
  abandonTask: 'Abandoning the task',
  retrySubtask: 'Retry',
  skipSubtask: 'Skip',
  cancelSubtask: 'Cancel',
};

/** `Retry asked for by admin from 10.0.0.5: disk replaced`. */
function text({ name, who, from, why }: GivenCommand): string {
  const by = who === undefined ? '' : ` by ${who}`;
  const where = from === undefined ? ' through Temporal' : ` from ${from}`;
  return `${WORDS[name]} asked for${by}${where}${why === undefined ? '' : `: ${why}`}`;
}

/** One line for each subtask that the command concerns, in the run that it began or ended. */
function commandLines(command: GivenCommand): LogLine[] {
  return command.subtasks.map(({ id, run, operation }) => ({
    subtaskId: id,
    run,
    operation,
    time: new Date(command.time).toISOString(),
    level: 'INFO',
    text: text(command),
  }));
}

/**
 * Writes into the logs of subtasks who asked for what: the source is the history, so commands given in Temporal's Web UI
 * are told as well, and none is lost with the API that sent it. Whoever reads a task tells what is new; the same line is
 * stored once, whichever process comes first.
 */
export class CommandLog {
  readonly #inventory: Inventory;
  readonly #logger: Logger;
  readonly #told = new WeakMap<FoldedTask, number>();

  constructor({ inventory, logger }: { readonly inventory: Inventory; readonly logger: Logger }) {
    this.#inventory = inventory;
    this.#logger = logger;
  }

  /** Never throws: commands have been obeyed, whether or not the logs can say so now. */
  async tell(folded: FoldedTask): Promise<void> {
    const count = folded.commands.length;
    const fresh = folded.commands.slice(this.#told.get(folded) ?? 0);
    if (fresh.length === 0) return;
    const { taskId } = folded.machine.plan;
    try {
      await this.#inventory.tasks.appendLogOnce(taskId, fresh.flatMap(commandLines));
      this.#told.set(folded, count);
    } catch (error) {
      this.#logger.warn({ err: error, taskId }, 'the logs do not tell yet who gave a command');
    }
  }
}
