/**
 * The interpreter of plans: the only code under determinism rules, kept small and frozen. It wires; the decisions
 * are in machine.ts. Replay compares activity types, activity ids and their order, so all three come from the
 * plan and the machine alone.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
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
  let moved = true;
  const running = new Set<Promise<void>>();

  setHandler(
    retryTask,
    (_argument) => {
      const subtaskIds = obey(() => machine.retryTask());
      moved = true;
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
      moved = true;
      return { subtaskIds: [id] };
    },
    {
      description:
        'Runs one FAILED subtask again. Data: its id, "34803", or {"subtaskId": 34803, "who": "…", "why": "…"}',
      validator: (argument: unknown) => refuse(refuseRetrySubtask(machine, argument)),
    },
  );

  async function execute(id: number): Promise<void> {
    const input = machine.start(id);
    const subtask = machine.subtasks.get(id)?.plan;
    if (subtask === undefined) return;
    const place = placeOf(subtask);
    try {
      const result = await scheduleActivity<SubtaskResult | null>(subtask.activity, [input], {
        activityId: activityId(id, input.run),
        summary: [subtask.name, ...(place === '' ? [] : [place]), `run ${input.run}`].join(' · '),
        scheduleToCloseTimeout: effectiveTimeout(subtask.timeout) * 1000,
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
      });
      machine.succeed(id, result);
    } catch (error) {
      machine.fail(id, failureText(error, { timeout: effectiveTimeout(subtask.timeout) }));
    }
    moved = true;
  }

  /** One projection at a time, always of the newest state; the row first, then the search attributes. */
  async function project(): Promise<void> {
    projecting = true;
    const { change } = machine;
    await applyTaskState(change);
    upsertSearchAttributes([
      { key: TASK_STATE, value: change.status },
      { key: NEEDS_OPERATOR, value: change.status === 'FAILED' },
    ]);
    projected = change.sequence;
    projecting = false;
    moved = true;
  }

  function track(work: Promise<void>): void {
    running.add(work);
    void work.finally(() => running.delete(work)).catch(() => undefined);
  }

  try {
    while (machine.status !== 'SUCCESSFUL' || projected < machine.change.sequence) {
      moved = false;
      for (const id of machine.startable()) track(execute(id));
      if (!projecting && projected < machine.change.sequence) track(project());
      setCurrentDetails(currentDetails(machine));
      await condition(() => moved);
    }
  } catch (error) {
    // A real cancellation (Web UI, `temporal workflow cancel`): what runs is told to stop, and is waited for.
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(() => Promise.allSettled(running));
    }
    throw error;
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
  throw ApplicationFailure.create({ message: refusal.message, type: refusal.code, nonRetryable: true });
}

function obey<T>(command: () => T): T {
  try {
    return command();
  } catch (error) {
    if (error instanceof CommandRefusedError) refuse(error.refusal);
    throw error;
  }
}
