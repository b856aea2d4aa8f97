import type { Inventory, LogLine, TaskEvent } from '../inventory/types';
import type { Logger } from '../runtime/logger';
import { SUBTASK_UPDATES } from '../workflows/messages';
import type { Plan } from '../workflows/plan';
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

/** Where the audit says that something was done with Temporal's own tools; nobody has checked who it was. */
const IN_TEMPORAL = { address: 'Temporal', method: '', path: '', status: 200 } as const;

/** The audit's line about a command that did not come through the API, which writes its own. */
function auditOfCommand({ taskId, traceId }: Plan, command: GivenCommand): TaskEvent | undefined {
  const { name, time, who, from, why, subtasks } = command;
  if (from !== undefined) return undefined;
  const [subtask] = name in SUBTASK_UPDATES ? subtasks : [];
  const said = [who === undefined ? undefined : `as ${who}`, why].filter((part) => part !== undefined);
  return {
    ...IN_TEMPORAL,
    traceId,
    time: new Date(time).toISOString(),
    taskIds: [taskId],
    command: name,
    ...(subtask === undefined ? {} : { subtaskId: subtask.id }),
    ...(said.length === 0 ? {} : { why: said.join(': ') }),
  };
}

/** The audit's line about a workflow that ended by no command: terminated, cancelled, timed out. */
function auditOfEnding({ machine: { plan }, closing }: FoldedTask): TaskEvent | undefined {
  if (closing === undefined || closing.successful || closing.abandoned === true) return undefined;
  const { taskId, traceId } = plan;
  const time = new Date(closing.time).toISOString();
  return { ...IN_TEMPORAL, traceId, time, taskIds: [taskId], command: 'workflow ended', why: closing.reason };
}

/**
 * Writes into the logs of subtasks who asked for what, and into the audit what did not come through the API: the source
 * is the history, so commands given in Temporal's Web UI are told as well, and none is lost with the API that sent it. Whoever reads a task tells what is new; the same line is
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

  /** Never throws: commands have been obeyed, whether or not logs and audit can say so now. */
  async tell(folded: FoldedTask): Promise<void> {
    const { commands, closing, machine } = folded;
    const count = commands.length + (closing === undefined ? 0 : 1);
    const told = this.#told.get(folded) ?? 0;
    if (told === count) return;
    const { plan } = machine;
    const fresh = commands.slice(told);
    try {
      if (fresh.length > 0)
        await this.#inventory.tasks.appendLogOnce(plan.taskId, fresh.flatMap(commandLines));
      for (const event of [...fresh.map((command) => auditOfCommand(plan, command)), auditOfEnding(folded)]) {
        if (event !== undefined) await this.#inventory.audit.addOnce(event);
      }
      this.#told.set(folded, count);
    } catch (error) {
      this.#logger.warn(
        { err: error, taskId: plan.taskId },
        'logs and audit do not tell yet who gave a command',
      );
    }
  }
}
