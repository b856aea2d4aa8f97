/** The documented JSON of a task from its folded history and what Temporal says of its open activities. Pure. */
import { activityId } from '../../../workflows/ids';
import type { SubtaskState } from '../../../workflows/interpreter/machine';
import { SUBTASK_UPDATES } from '../../../workflows/messages';
import type { Plan, PlanSubtask, SubtaskStatus, TaskStatus } from '../../../workflows/plan';
import { ocpTime } from '../../http/time';
import { FoldedTask, type GivenCommand, type RunFacts } from './fold';
import { placesOf } from './listed';
import type {
  BasicTaskInstance,
  CommandDocument,
  ContextDocument,
  SubtaskInstance,
  TaskInstance,
  WrappedTaskInstance,
} from './types';

/** An open activity as describe() shows it; times in ms since 1970. */
export interface PendingActivity {
  readonly activityId: string;
  readonly state: 'SCHEDULED' | 'STARTED' | 'CANCEL_REQUESTED' | 'PAUSED' | 'PAUSE_REQUESTED';
  readonly attempt: number;
  readonly lastStartedTime?: number;
  readonly lastFailure?: string;
  readonly executor?: string;
}

/** The answer to the request that made the plan: what may start is READY, the rest PENDING. */
export function submittedDocument(plan: Plan): TaskInstance {
  const folded = new FoldedTask(plan);
  const startable = new Set(folded.machine.startable());
  return {
    id: plan.taskId,
    name: plan.name,
    taskDefinitionId: -1,
    type: 'MANUAL',
    status: 'RUNNING',
    operation: folded.machine.operation,
    creator: plan.creator.name,
    ...(plan.cluster === undefined ? {} : { clusterId: plan.cluster.id }),
    ...(plan.hostId === undefined ? {} : { hostId: plan.hostId }),
    executor: plan.executor,
    context: contextDocument(plan),
    startTime: ocpTime(plan.createTime),
    subtasks: [...folded.machine.subtasks.values()].map((state) =>
      subtaskDocument(state, startable.has(state.plan.id) ? 'READY' : 'PENDING'),
    ),
  };
}

/**
 * The task as GET shows it.
 *
 * @param pending from a describe that was made before the history was read: then every activity it names is in the
 *   history, and one that is not in it any more has ended or is about to start
 */
export function taskDocument(
  folded: FoldedTask,
  pending: ReadonlyMap<string, PendingActivity>,
): WrappedTaskInstance {
  const { machine, closing } = folded;
  const { plan } = machine;
  const startable = new Set(closing === undefined ? machine.startable() : []);
  const createTime = ocpTime(plan.createTime);
  const subtasks = [...machine.subtasks.values()].map((state) => {
    const open = pending.get(activityId(state.plan.id, state.run, state.operation === 'ROLLBACK'));
    return {
      createTime,
      ...ourFacts(state.plan),
      ...openSubtask(folded, state, open, startable.has(state.plan.id)),
    };
  });
  const statuses = new Map(subtasks.map(({ id, status }) => [id, status]));
  const shownStatus = (state: SubtaskState) => statuses.get(state.plan.id) ?? state.status;
  const status = folded.status;
  const finishTime = finishTimeOf(folded, status);
  const firstFailure = firstFailureOf(folded);
  const leftBehind = closing === undefined || closing.successful ? [] : machine.leftBehind();
  return {
    id: plan.taskId,
    name: plan.name,
    taskDefinitionId: -1,
    type: 'MANUAL',
    status,
    operation: machine.operation,
    creator: plan.creator,
    ...(plan.cluster === undefined ? {} : { cluster: plan.cluster }),
    executor: plan.executor,
    createTime,
    startTime: createTime,
    ...(finishTime === undefined ? {} : { finishTime: ocpTime(finishTime) }),
    prohibitRollback: machine.rollbackForbiddenBy(shownStatus) !== undefined,
    context: contextDocument(plan),
    ...(closing === undefined ? {} : { closed: true }),
    ...(folded.commands.length === 0 ? {} : { commands: folded.commands.map(commandDocument) }),
    ...(firstFailure === undefined ? {} : { firstFailure }),
    ...(closing === undefined || closing.successful ? {} : { ending: closing.reason, leftBehind }),
    subtasks,
  };
}

function commandDocument({ name, time, who, from, why, subtasks }: GivenCommand): CommandDocument {
  const [subtask] = name in SUBTASK_UPDATES ? subtasks : [];
  return {
    time: ocpTime(time),
    command: name,
    ...(subtask === undefined ? {} : { subtaskId: subtask.id }),
    ...(who === undefined ? {} : { who }),
    ...(from === undefined ? {} : { from }),
    ...(why === undefined ? {} : { why }),
  };
}

/** The element of the list: BasicTaskInstance has fewer fields. */
export function basicDocument(document: WrappedTaskInstance, plan: Plan): BasicTaskInstance {
  const { id, name, status, operation, closed, creator, cluster, startTime, finishTime, subtasks } = document;
  return {
    id,
    name,
    status,
    operation,
    ...(closed === undefined ? {} : { closed }),
    creator,
    ...(cluster === undefined ? {} : { cluster }),
    ...placesOf(plan),
    startTime,
    ...(finishTime === undefined ? {} : { finishTime }),
    subtasks: subtasks.map((subtask) => ({
      id: subtask.id,
      name: subtask.name,
      description: subtask.description,
      status: subtask.status,
      operation: subtask.operation,
    })),
  };
}

function contextDocument({ context }: Plan): ContextDocument {
  return { listMap: context.listMap, parallel: false, parallelIdx: -1, stringMap: context.stringMap };
}

function subtaskDocument({ plan, operation, run }: SubtaskState, status: SubtaskStatus): SubtaskInstance {
  return {
    id: plan.id,
    name: plan.node.name,
    description: plan.node.name,
    className: plan.node.className,
    seriesId: plan.seriesId,
    timeout: plan.node.timeout,
    status,
    operation,
    runTime: run,
    nodeType: 'JAVA_TASK',
    parallelIdx: plan.parallelIdx,
    upstreams: plan.upstreams,
    downstreams: plan.downstreams,
    prohibitRollback: plan.node.prohibitRollback === true,
  };
}

function ourFacts({ target, node }: PlanSubtask): Pick<SubtaskInstance, 'target' | 'prohibitSkip'> {
  return {
    ...(target === undefined ? {} : { target }),
    ...(node.prohibitSkip === true ? { prohibitSkip: true } : {}),
  };
}

function openSubtask(
  folded: FoldedTask,
  state: SubtaskState,
  open: PendingActivity | undefined,
  startable: boolean,
): SubtaskInstance {
  const { closing } = folded;
  const status = statusOf(state, open, startable);
  const facts = folded.runs.get(state.plan.id);
  // A run that was asked for and is not scheduled yet has no facts; the ones at hand are of the run before.
  if (facts === undefined || !isOfState(facts, state) || (status === 'PENDING' && !facts.rollback)) {
    return subtaskDocument(state, status);
  }
  if ((state.status === 'READY' || state.status === 'CANCELING') && closing !== undefined) {
    return {
      ...subtaskDocument(state, 'FAILED'),
      ...runDocument(folded, { ...facts, finishTime: closing.time }, open),
      failureMessage: closing.reason,
    };
  }
  return {
    ...subtaskDocument(state, status),
    ...(status === 'READY' ? {} : runDocument(folded, facts, open)),
    ...(state.failure === undefined ? {} : { failureMessage: state.failure }),
    ...(open?.lastFailure === undefined ? {} : { lastFailure: open.lastFailure }),
  };
}

/** Whether the facts are those of the state's own run: not of the run before it, nor of the run that is to be undone. */
function isOfState(facts: RunFacts, { run, operation, status }: SubtaskState): boolean {
  const undoes = operation === 'ROLLBACK' || operation === 'ROLLBACK_SKIP';
  if (facts.run === run && facts.rollback === undoes) return true;
  // What waits for its undo shows how its own run went.
  return undoes && !facts.rollback && status !== 'READY' && status !== 'PENDING';
}

/**
 * A run between two attempts stays RUNNING: an operator sees one run from its first attempt to its end, and
 * `attempt` and `lastFailure` say how it goes.
 */
function statusOf(state: SubtaskState, open: PendingActivity | undefined, startable: boolean): SubtaskStatus {
  if (startable) return 'READY';
  if (state.status !== 'READY' || open === undefined) return state.status;
  if (open.state === 'CANCEL_REQUESTED') return 'CANCELING';
  return open.state === 'STARTED' || open.state === 'PAUSE_REQUESTED' || open.attempt > 1
    ? 'RUNNING'
    : 'READY';
}

/**
 * Temporal keeps the start of the last attempt only; a run of several attempts is shown from when it was handed
 * over.
 */
function runDocument(
  folded: FoldedTask,
  facts: RunFacts,
  open: PendingActivity | undefined,
): Pick<SubtaskInstance, 'executor' | 'startTime' | 'finishTime' | 'attempt'> {
  const attempt = open?.attempt ?? facts.attempt ?? 1;
  const started = open?.lastStartedTime ?? facts.startedTime;
  const startTime = attempt > 1 ? facts.scheduledTime : started;
  const executor = open?.executor ?? facts.executor;
  const hasStarted = startTime !== undefined;
  return {
    ...(hasStarted ? { executor: executor ?? folded.machine.plan.executor } : {}),
    ...(hasStarted ? { startTime: ocpTime(startTime) } : {}),
    ...(facts.finishTime === undefined ? {} : { finishTime: ocpTime(facts.finishTime) }),
    ...(attempt > 1 ? { attempt } : {}),
  };
}

function finishTimeOf(folded: FoldedTask, status: TaskStatus): number | undefined {
  if (folded.closing !== undefined) return folded.closing.time;
  if (status !== 'FAILED') return undefined;
  return Math.max(...[...folded.runs.values()].map((facts) => facts.finishTime ?? 0));
}

function firstFailureOf({ machine, closing }: FoldedTask): WrappedTaskInstance['firstFailure'] {
  const first = machine.failed[0];
  if (first !== undefined) {
    return { subtaskId: first.plan.id, name: first.plan.node.name, message: first.failure ?? '' };
  }
  return closing === undefined || closing.successful ? undefined : { message: closing.reason };
}
