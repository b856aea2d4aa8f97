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
import { currentDetails } from './details';
import { effectiveTimeout, failureText } from './failures';
import { activityId } from './ids';
import { type CommandRefusal, CommandRefusedError, TaskMachine } from './machine';
import { NEEDS_OPERATOR, placeOf, retrySubtask, retryTask, subtaskIdOf, TASK_STATE } from './messages';
import type { Plan, SubtaskResult, TaskStateChange } from './plan';

const { applyTaskState } = proxyLocalActivities<{ applyTaskState(change: TaskStateChange): Promise<void> }>({
  startToCloseTimeout: '10 s',
  // For ever; beyond the threshold the wait is a timer, so that a database that is down does not hold the
  // workflow task.
  localRetryThreshold: '2 s',
  retry: { initialInterval: '200 ms', maximumInterval: '1 minute' },
});

/** Runs a task to its successful end; a failed subtask keeps the workflow open until an operator acts. */
export async function runPlan(plan: Plan): Promise<void> {
  const machine = new TaskMachine(plan);
  let projected = machine.change.sequence;
  let projecting = false;
  let cancelled: unknown;
  let wake: () => void = () => undefined;

  setHandler(
    retryTask,
    (_argument) => {
      const subtaskIds = obey(() => machine.retryTask());
      wake();
      return { subtaskIds };
    },
    {
      description: 'Runs every FAILED subtask again. Data: {} or {"who": "…", "why": "…"}',
      validator: (_argument: unknown) => refuse(machine.refuseRetryTask()),
    },
  );
  setHandler(
    retrySubtask,
    (argument) => {
      const id = subtaskIdOf(argument) ?? 0;
      obey(() => machine.retrySubtask(id));
      wake();
      return { subtaskIds: [id] };
    },
    {
      description:
        'Runs one FAILED subtask again. Data: its id, "34803", or {"subtaskId": 34803, "who": "…", "why": "…"}',
      validator: (argument: unknown) => refuse(refuseRetrySubtask(machine, argument)),
    },
  );

  // Callbacks instead of async functions, here and in the loop: the SDK records a stack for every promise, and they
  // are what the interpreter adds to a bare chain.
  function execute(id: number): void {
    const input = machine.start(id);
    const subtask = machine.subtasks.get(id)?.plan;
    if (subtask === undefined) return;
    const place = placeOf(subtask);
    const timeout = effectiveTimeout(subtask.timeout);
    scheduleActivity<SubtaskResult | null>(subtask.activity, [input], {
      activityId: activityId(id, input.run),
      summary: [subtask.name, ...(place === '' ? [] : [place]), `run ${input.run}`].join(' · '),
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
    }).then(
      (result) => {
        machine.succeed(id, result);
        wake();
      },
      (error: unknown) => {
        machine.fail(id, failureText(error, { timeout }));
        wake();
      },
    );
  }

  /** One projection at a time, always of the newest state; the row first, then the search attributes. */
  async function project(): Promise<void> {
    projecting = true;
    const { change } = machine;
    try {
      await applyTaskState(change);
      upsertSearchAttributes([
        { key: TASK_STATE, value: change.status },
        { key: NEEDS_OPERATOR, value: change.status === 'FAILED' },
      ]);
      projected = change.sequence;
    } catch (error) {
      // It is retried for ever, so only a cancellation gets here.
      cancelled ??= error;
    }
    projecting = false;
    wake();
  }

  CancellationScope.current().cancelRequested.catch((error: unknown) => {
    cancelled ??= error;
    wake();
  });

  while (machine.status !== 'SUCCESSFUL' || projected < machine.change.sequence) {
    if (cancelled === undefined) {
      for (const id of machine.startable()) execute(id);
      if (!projecting && projected < machine.change.sequence) void project();
    } else if (machine.active === 0 && !projecting) {
      // A real cancellation (Web UI, `temporal workflow cancel`): what ran was told to stop and has stopped.
      throw cancelled;
    }
    setCurrentDetails(currentDetails(machine));
    // Nothing can happen between this line and the state it follows from, so no wake is lost.
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

function refuseRetrySubtask(machine: TaskMachine, argument: unknown): CommandRefusal | undefined {
  const id = subtaskIdOf(argument);
  if (id !== undefined) return machine.refuseRetrySubtask(id);
  const message =
    'Send the id of a FAILED subtask, as in "34803" or {"subtaskId": 34803, "why": "disk replaced"}.';
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
