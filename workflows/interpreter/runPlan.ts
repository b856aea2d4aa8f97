/**
 * The interpreter of plans: the only code under determinism rules, kept small and frozen. It wires; the decisions
 * are in machine.ts. Replay compares activity types, activity ids and their order, so all three come from the
 * plan and the machine alone.
 */
import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  currentUpdateInfo,
  proxyLocalActivities,
  scheduleActivity,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { activityId } from '../ids';
import {
  ABANDONED,
  byWhom,
  type CommandAnswer,
  SUBTASK_UPDATES,
  subtaskIdOf,
  TASK_UPDATES,
} from '../messages';
import type {
  Plan,
  PlanSubtask,
  SubtaskCommand,
  SubtaskInput,
  SubtaskResult,
  TaskStateChange,
} from '../plan';
import { SEARCH_ATTRIBUTES } from '../searchAttributes';
import { keyed } from '../text';
import { say } from '../texts';
import { effectiveTimeout, failureSaid, wasCancelled } from './failures';
import { CommandRefusedError, TaskMachine } from './machine';
import type { CommandRefusal } from './refusals';
import { seamIsDue } from './seam';
import { fitting, type Snapshot } from './snapshot';

const { applyTaskState } = proxyLocalActivities<{ applyTaskState(change: TaskStateChange): Promise<void> }>({
  startToCloseTimeout: '10 s',
  // For ever; beyond the threshold the wait is a timer, so that a database that is down does not hold the
  // workflow task.
  localRetryThreshold: '2 s',
  retry: { initialInterval: '200 ms', maximumInterval: '1 minute' },
});

/** Beyond it nothing more is started until a new run has begun, however long what runs takes. */
const NO_MORE_THAN = 40_000;
/** What still runs after so long is not waited for: the next try comes after so many more events. */
const SEAM_PATIENCE = '30 s';
const SEAM_AGAIN_AFTER = 1_000;

/**
 * Runs a task to its end; a failed subtask keeps the workflow open until an operator acts. A history that grows long is
 * left at a seam: nothing is started any more, and when nothing runs the task goes on in a new run of the workflow.
 *
 * @param snapshot where the run before has left the task
 * @param detailsOf what the task shows of itself in Temporal's Web UI; it may change, while this file is frozen
 */
export async function runPlan(
  plan: Plan,
  snapshot: Snapshot | undefined,
  detailsOf: (machine: TaskMachine) => string,
): Promise<void> {
  const machine = new TaskMachine(plan, snapshot);
  const scopes = new Map<number, CancellationScope>();
  let begun = 0;
  /** Events at which a seam is due again that was given up; at a seam, its patience. */
  let againAt: number | undefined;
  let seam: CancellationScope | undefined;
  let projected = machine.change.sequence;
  let projecting = false;
  /** What the workflow ends with, when it does not end well. */
  let ending: unknown;
  let wake: () => void = () => undefined;

  for (const [name, { update, description }] of entries(TASK_UPDATES)) {
    setHandler(
      update,
      (argument) =>
        obey(machine, () => {
          const subtaskIds = machine.commandTask(name);
          if (name === 'abandonTask') ending = abandoned(machine, argument);
          wake();
          return subtaskIds;
        }),
      {
        description,
        validator: (_argument: unknown) => refuse(machine, () => machine.refuseTaskCommand(name)),
      },
    );
  }
  for (const [name, { update, description }] of entries(SUBTASK_UPDATES)) {
    setHandler(
      update,
      (argument) =>
        obey(machine, () => {
          const id = subtaskIdOf(argument) ?? 0;
          const subtaskIds = machine.commandSubtask(name, id);
          if (name === 'cancelSubtask') scopes.get(id)?.cancel();
          wake();
          return subtaskIds;
        }),
      {
        description,
        validator: (argument: unknown) =>
          refuse(machine, () => refuseSubtaskCommand(machine, name, argument)),
      },
    );
  }

  // Callbacks instead of async functions, here and in the loop: the SDK records a stack for every promise, and they
  // are what the interpreter adds to a bare chain.
  function execute(id: number): void {
    const input = machine.start(id);
    const subtask = machine.subtasks.get(id)?.plan;
    if (subtask === undefined) return;
    begun += 1;
    const undo = input.operation === 'ROLLBACK';
    const { activity } = subtask.node;
    const timeout = effectiveTimeout(subtask.node.timeout);
    const scope = new CancellationScope();
    scopes.set(id, scope);
    scope
      .run(() =>
        scheduleActivity<SubtaskResult | null>(undo ? `${activity}.rollback` : activity, [input], {
          activityId: activityId(id, input.run, undo),
          summary: summaryOf(subtask, input),
          scheduleToCloseTimeout: timeout * 1000,
          heartbeatTimeout: '10 s',
          // The default lets the workflow go on while the activity still works.
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          // A crash, a deploy, a server restart and each look of a long wait use up an attempt: the timeout is the
          // limit, not the count.
          retry: { initialInterval: '500 ms', backoffCoefficient: 1.5, maximumInterval: '10 s' },
        }),
      )
      .then(
        (result) => {
          scopes.delete(id);
          machine.succeed(id, result);
          wake();
        },
        (error: unknown) => {
          scopes.delete(id);
          machine.fail(id, failureSaid(error, { timeout }), wasCancelled(error));
          wake();
        },
      );
  }

  /** One projection at a time, always of the newest state; the row first, then the search attributes. */
  function project(): void {
    projecting = true;
    const { change } = machine;
    // Repeated for ever, and not cancelled with the workflow: the last one releases the locks.
    CancellationScope.nonCancellable(() => applyTaskState({ ...change, traceId: plan.traceId })).then(() => {
      upsertSearchAttributes([
        { key: SEARCH_ATTRIBUTES.TaskState, value: change.status },
        { key: SEARCH_ATTRIBUTES.NeedsOperator, value: change.status === 'FAILED' && !change.closed },
      ]);
      projected = change.sequence;
      projecting = false;
      wake();
    });
  }

  /** Holds the task when its history has become long, and gives up after a while when something runs for longer. */
  function holdWhenLong(): void {
    const info = workflowInfo();
    const { historyLength } = info;
    // A run that has started nothing would be followed by others like it.
    if (seam !== undefined || begun === 0 || !seamIsDue(info, plan.continueAfter, againAt)) return;
    machine.hold(true);
    // A wait is broken off and begun again behind the seam; it has nothing to lose.
    for (const [id, scope] of scopes) if (machine.subtasks.get(id)?.plan.node.waits === true) scope.cancel();
    seam = new CancellationScope();
    if (historyLength >= NO_MORE_THAN) return;
    seam
      .run(() => sleep(SEAM_PATIENCE))
      .then(
        () => {
          machine.hold(false);
          seam = undefined;
          againAt = workflowInfo().historyLength + SEAM_AGAIN_AFTER;
          wake();
        },
        () => undefined,
      );
  }

  // A real cancellation (Web UI, `temporal workflow cancel`): what runs is told to stop, then the task ends.
  CancellationScope.current().cancelRequested.catch((error: unknown) => {
    ending ??= error;
    machine.stop();
    wake();
  });

  while (!machine.closed || projected < machine.change.sequence) {
    if (!machine.closed && ending === undefined) holdWhenLong();
    if (ending === undefined) for (const id of machine.startable()) execute(id);
    else if (machine.active === 0) machine.end();
    if (!projecting && projected < machine.change.sequence) project();
    setCurrentDetails(detailsOf(machine));
    // Handlers of commands end as soon as they begin, so none is half done here.
    if (seam !== undefined && !machine.closed && ending === undefined && machine.active === 0) {
      if (!projecting && projected === machine.change.sequence) {
        seam.cancel();
        await continueAsNew<(plan: Plan, snapshot: Snapshot) => Promise<void>>(
          plan,
          fitting(machine.snapshot()),
        );
      }
    }
    // Nothing can happen between this line and the state it follows from, so no wake is lost.
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  // A task that came to a good end while a cancellation was on its way has ended well.
  if (machine.status === 'FAILED') throw ending;
}

/** Object.entries with its keys' type. */
function entries<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

function summaryOf({ node, target }: PlanSubtask, { operation, run }: SubtaskInput): string {
  return [
    ...(operation === 'ROLLBACK' ? ['undo'] : []),
    node.name,
    ...(target === undefined ? [] : [target]),
    `run ${run}`,
  ].join(' · ');
}

function abandoned(machine: TaskMachine, argument: unknown): ApplicationFailure {
  const left = machine.leftBehind();
  const rest = left.length === 0 ? '' : ` Left behind: ${left.join('; ')}.`;
  const failure = ApplicationFailure.create({
    message: `Task ${machine.plan.taskId} was abandoned${byWhom(argument)}.${rest}`.slice(0, 3000),
    type: ABANDONED,
    nonRetryable: true,
  });
  failure.stack = '';
  return failure;
}

function refuseSubtaskCommand(
  machine: TaskMachine,
  command: SubtaskCommand,
  argument: unknown,
): CommandRefusal | undefined {
  const id = subtaskIdOf(argument);
  if (id !== undefined) return machine.refuseSubtaskCommand(command, id);
  const message = say('subtask.noId', { example: '{"subtaskId": 34803, "why": "disk replaced"}' });
  return { code: 'TSK10001', message };
}

/** A command that an earlier run of the workflow has obeyed is accepted again: its sender wants its answer. */
function refuse(machine: TaskMachine, refusalOf: () => CommandRefusal | undefined): void {
  if (machine.hasObeyed(currentUpdateInfo()?.id ?? '')) return;
  const refusal = refusalOf();
  if (refusal !== undefined) throw refused(refusal);
}

/** Obeys a command once, whichever run of the workflow it reaches. */
function obey(machine: TaskMachine, command: () => readonly number[]): CommandAnswer {
  const id = currentUpdateInfo()?.id ?? '';
  if (machine.hasObeyed(id)) return { subtaskIds: [] };
  try {
    const subtaskIds = command();
    machine.noteObeyed(id);
    return { subtaskIds };
  } catch (error) {
    throw error instanceof CommandRefusedError ? refused(error.refusal) : error;
  }
}

/** Updates must fail with a TemporalFailure: any other error would fail the workflow task again and again. */
function refused({ code, message }: CommandRefusal): ApplicationFailure {
  const failure = ApplicationFailure.create({
    message: message.en,
    type: code,
    nonRetryable: true,
    details: [{ text: keyed(message) }],
  });
  // The Web UI's dialog shows it below the text, where it tells the person who pressed nothing.
  failure.stack = '';
  return failure;
}
