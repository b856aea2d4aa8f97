import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../runtime/logger';
import { say } from '../../runtime/messages/catalogue';
import type { LogLine, ObeyedCommand, Store } from '../../store/types';
import { taskWorkflowId } from '../../workflows/ids';
import { SUBTASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import { CANCELLED, finalLine } from '../../workflows/subtaskLines';
import { inEnglish, keyed, type Text } from '../../workflows/text';
import type { CancelledRun, FoldedTask, GivenCommand } from './document/fold';

const WORDS: Readonly<Record<GivenCommand['name'], Text>> = {
  retryTask: say('asked.retryTask'),
  rollbackTask: say('asked.rollbackTask'),
  abandonTask: say('asked.abandonTask'),
  retrySubtask: say('asked.retry'),
  skipSubtask: say('asked.skip'),
  cancelSubtask: say('asked.cancel'),
};

/** `through Temporal (temporal-cli:root@ocp-1)`: what sends a command there says of itself who it is. */
function throughTemporal({ client }: GivenCommand): Text {
  return client === '' ? say('asked.throughTemporal') : say('asked.throughTemporalBy', { client });
}

/** `Retry asked for by admin from 10.0.0.5: disk replaced`. */
function text(command: GivenCommand): Text {
  const { name, who, from, why } = command;
  return say('asked.line', {
    what: WORDS[name],
    by: who === undefined ? '' : say('asked.by', { who }),
    where:
      from === undefined ? say('asked.at', { where: throughTemporal(command) }) : say('asked.from', { from }),
    why: why === undefined ? '' : say('asked.because', { why }),
  });
}

/** A text as a line of a log has it. */
function written(text: Text): Pick<LogLine, 'text' | 'said'> {
  return { text: text.en, said: keyed(text) };
}

/** One line for each subtask that the command concerns, in the run that it began or ended. */
function commandLines(command: GivenCommand): LogLine[] {
  const said = text(command);
  return command.subtasks.map(({ id, run, operation }) => ({
    subtaskId: id,
    run,
    operation,
    time: new Date(command.time).toISOString(),
    level: 'INFO',
    ...written(said),
  }));
}

/**
 * What the worker writes that a cancel stops. Between two looks of a wait, and before a worker has the subtask, there is
 * none to write it.
 */
function cancelledLines({ id, run, operation, time }: CancelledRun): LogLine[] {
  const line = { subtaskId: id, run, operation, time: new Date(time).toISOString() };
  return [
    { ...line, level: 'WARN', ...written(CANCELLED) },
    { ...line, level: 'ERROR', ...written(finalLine({ subtaskId: id, operation }, 'FAILED')) },
  ];
}

/** A command's id in the audit; update ids are unique in their workflow only. */
export function commandIdOf(taskId: number, updateId: string): string {
  return `${taskId}/${updateId}`;
}

/** Nobody logged in to obflow for it: who it was is said with the reason, and is no user. */
function obeyed({ taskId, traceId }: Plan, command: GivenCommand): ObeyedCommand {
  const { id, name, time, who, from, why, subtasks } = command;
  const [subtask] = name in SUBTASK_UPDATES ? subtasks : [];
  const person = who === undefined || from === undefined ? who : `${who} from ${from}`;
  const said = [person, why].filter((part) => part !== undefined).join(': ');
  return {
    commandId: commandIdOf(taskId, id),
    time: new Date(time).toISOString(),
    taskId,
    ...(subtask === undefined ? {} : { subtaskId: subtask.id }),
    command: name,
    address: throughTemporal(command).en,
    traceId,
    path: taskWorkflowId(taskId),
    ...(said === '' ? {} : { why: said }),
  };
}

/** A workflow that ended by none of our commands: terminated, cancelled, lost. It released the task's locks. */
function ended({ machine: { plan }, closing }: FoldedTask): ObeyedCommand | undefined {
  if (closing === undefined || closing.successful || closing.abandoned === true) return undefined;
  const { taskId, traceId } = plan;
  return {
    commandId: commandIdOf(taskId, 'ended'),
    time: new Date(closing.time).toISOString(),
    taskId,
    command: 'workflow ended',
    address: 'Temporal',
    traceId,
    path: taskWorkflowId(taskId),
    why: inEnglish(closing.reason),
  };
}

/**
 * Writes into the logs of subtasks, and into the audit, who asked for what: the source is the history, so commands
 * given in Temporal's Web UI, and workflows terminated there, are told as well, and none is lost with the API that
 * sent it. Whoever reads a task tells what is new; the same line is stored once, whichever process comes first.
 */
export class CommandLog {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #told = new WeakMap<FoldedTask, { commands: number; cancelled: number; closing: boolean }>();

  constructor({ store, logger }: { readonly store: Store; readonly logger: Logger }) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Never throws: commands have been obeyed, whether or not the logs can say so now. */
  async tell(folded: FoldedTask): Promise<void> {
    const { commands, cancelled, closing, machine } = folded;
    const told = this.#told.get(folded) ?? { commands: 0, cancelled: 0, closing: false };
    const now = {
      commands: commands.length,
      cancelled: cancelled.length,
      closing: closing !== undefined,
    };
    if (isDeepStrictEqual(told, now)) return;
    const { plan } = machine;
    const { taskId } = plan;
    const fresh = commands.slice(told.commands);
    const lines = [
      ...fresh.flatMap(commandLines),
      ...cancelled.slice(told.cancelled).flatMap(cancelledLines),
    ];
    const events = [...fresh.map((command) => obeyed(plan, command)), ended(folded)];
    try {
      if (lines.length > 0) await this.#store.tasks.appendLogOnce(taskId, lines);
      await this.#store.audit.addObeyed(events.filter((event) => event !== undefined));
      this.#told.set(folded, now);
    } catch (error) {
      this.#logger.warn({ err: error, taskId }, 'logs and audit do not tell yet who gave a command');
    }
  }
}
