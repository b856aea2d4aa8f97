/**
 * The interpreter of plans: the only code under determinism rules, kept small and frozen. It wires; the decisions
 * are in machine.ts. Replay compares activity types, activity ids and their order, so all three come from the
 * plan and the machine alone.
 */
import {
  ApplicationFailure,
  CancellationScope,
  proxyLocalActivities,
  scheduleActivity,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { activityId } from '../ids';
import {
  ABANDONED,
  byWhom,
  NEEDS_OPERATOR,
  placeOf,
  SUBTASK_UPDATES,
  subtaskIdOf,
  TASK_STATE,
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
import { currentDetails } from '../webui/details';
import { effectiveTimeout, failureText, wasCancelled } from './failures';
import { CommandRefusedError, TaskMachine } from './machine';
import type { CommandRefusal } from './refusals';

const { applyTaskState } = proxyLocalActivities<{ applyTaskState(change: TaskStateChange): Promise<void> }>({
  startToCloseTimeout: '10 s',
  // For ever; beyond the threshold the wait is a timer, so that a database that is down does not hold the
  // workflow task.
  localRetryThreshold: '2 s',
  retry: { initialInterval: '200 ms', maximumInterval: '1 minute' },
});

/** Runs a task to its end; a failed subtask keeps the workflow open until an operator acts. */
export async function runPlan(plan: Plan): Promise<void> {
  const machine = new TaskMachine(plan);
  const scopes = new Map<number, CancellationScope>();
  let projected = machine.change.sequence;
  let projecting = false;
  /** What the workflow ends with, when it does not end well. */
  let ending: unknown;
  let wake: () => void = () => undefined;

  for (const [name, { update, description }] of entries(TASK_UPDATES)) {
    setHandler(
      update,
      (argument) => {
        const subtaskIds = obey(() => machine.commandTask(name));
        if (name === 'abandonTask') ending = abandoned(machine, argument);
        wake();
        return { subtaskIds };
      },
      { description, validator: (_argument: unknown) => refuse(machine.refuseTaskCommand(name)) },
    );
  }
  for (const [name, { update, description }] of entries(SUBTASK_UPDATES)) {
    setHandler(
      update,
      (argument) => {
        const id = subtaskIdOf(argument) ?? 0;
        const subtaskIds = obey(() => machine.commandSubtask(name, id));
        if (name === 'cancelSubtask') scopes.get(id)?.cancel();
        wake();
        return { subtaskIds };
      },
      {
        description,
        validator: (argument: unknown) => refuse(refuseSubtaskCommand(machine, name, argument)),
      },
    );
  }

  // Callbacks instead of async functions, here and in the loop: the SDK records a stack for every promise, and they
  // are what the interpreter adds to a bare chain.
  function execute(id: number): void {
    const input = machine.start(id);
    const subtask = machine.subtasks.get(id)?.plan;
    if (subtask === undefined) return;
    const undo = input.operation === 'ROLLBACK';
    const timeout = effectiveTimeout(subtask.timeout);
    const scope = new CancellationScope();
    scopes.set(id, scope);
    scope
      .run(() =>
        scheduleActivity<SubtaskResult | null>(
          undo ? `${subtask.activity}.rollback` : subtask.activity,
          [input],
          {
            activityId: activityId(id, input.run, undo),
            summary: summaryOf(subtask, input),
            scheduleToCloseTimeout: timeout * 1000,
            heartbeatTimeout: '10 s',
            // The default lets the workflow go on while the activity still works.
            cancellationType: 'WAIT_CANCELLATION_COMPLETED',
            // A crash, a deploy and a server restart use up an attempt each: the timeout is the limit, not the count.
            retry: {
              initialInterval: '500 ms',
              backoffCoefficient: 1.5,
              maximumInterval: '10 s',
              maximumAttempts: 1000,
            },
          },
        ),
      )
      .then(
        (result) => {
          scopes.delete(id);
          machine.succeed(id, result);
          wake();
        },
        (error: unknown) => {
          scopes.delete(id);
          machine.fail(id, failureText(error, { timeout }), wasCancelled(error));
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
        { key: TASK_STATE, value: change.status },
        { key: NEEDS_OPERATOR, value: change.status === 'FAILED' && !change.closed },
      ]);
      projected = change.sequence;
      projecting = false;
      wake();
    });
  }

  // A real cancellation (Web UI, `temporal workflow cancel`): what runs is told to stop, then the task ends.
  CancellationScope.current().cancelRequested.catch((error: unknown) => {
    ending ??= error;
    wake();
  });

  while (!machine.closed || projected < machine.change.sequence) {
    if (ending === undefined) for (const id of machine.startable()) execute(id);
    else if (machine.active === 0) machine.end();
    if (!projecting && projected < machine.change.sequence) project();
    setCurrentDetails(currentDetails(machine));
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

function summaryOf(subtask: PlanSubtask, { operation, run }: SubtaskInput): string {
  const place = placeOf(subtask);
  return [
    ...(operation === 'ROLLBACK' ? ['undo'] : []),
    subtask.name,
    ...(place === '' ? [] : [place]),
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
  const message = 'Send the id of a subtask, as in "34803" or {"subtaskId": 34803, "why": "disk replaced"}.';
  return { code: 'TSK10001', message };
}

/** Updates must fail with a TemporalFailure: any other error would fail the workflow task again and again. */
function refuse(refusal: CommandRefusal | undefined): void {
  if (refusal === undefined) return;
  const failure = ApplicationFailure.create({
    message: refusal.message,
    type: refusal.code,
    nonRetryable: true,
  });
  // The Web UI's dialog shows it below the text, where it tells the person who pressed nothing.
  failure.stack = '';
  throw failure;
}

function obey<T>(command: () => T): T {
  try {
    return command();
  } catch (error) {
    if (error instanceof CommandRefusedError) refuse(error.refusal);
    throw error;
  }
}
