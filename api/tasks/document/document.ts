/** The documented JSON of a task from its folded history and what Temporal says of its open activities. Pure. */

import { say } from '../../../runtime/messages/catalogue';
import { type Available, subtaskOperations, taskOperations } from '../../../workflows/availableOperations';
import { activityId, CHILD_TASK } from '../../../workflows/ids';
import type { SubtaskState, TaskMachine } from '../../../workflows/interpreter/machine';
import { SUBTASK_UPDATES } from '../../../workflows/messages';
import type { Plan, PlanSubtask, SubtaskCommand, SubtaskStatus, TaskStatus } from '../../../workflows/plan';
import type { Said } from '../../../workflows/text';
import { LazyList } from '../../http/lazyList';
import { ocpTime } from '../../http/time';
import { availableOf } from './available';
import { type Closing, FoldedTask, type GivenCommand, type RunFacts } from './fold';
import { placesOf } from './listed';
import { inWords, type SaidSubtask, type SaidTask } from './said';
import type {
  CommandDocument,
  ContextDocument,
  SubmittedTask,
  SubtaskInstance,
  TaskDocument,
  TaskInstance,
  WrappedTaskInstance,
} from './types';

/** An open activity as describe() shows it; times in ms since 1970. */
export interface PendingActivity {
  readonly activityId: string;
  readonly state: 'SCHEDULED' | 'STARTED' | 'CANCEL_REQUESTED' | 'PAUSED' | 'PAUSE_REQUESTED';
  readonly attempt: number;
  readonly lastStartedTime?: number;
  readonly lastFailure?: Said;
  /** When Temporal said all this. */
  readonly seenAt?: number;
  readonly executor?: string;
}

/** Repeated so often and for so long, a failure is likely none that waiting cures. */
const LIKELY_PERMANENT = { attempts: 4, ms: 60_000 };

/** The answer to the request that made the plan: what may start is READY, the rest PENDING. */
export function submittedTask(plan: Plan): SubmittedTask {
  const folded = new FoldedTask(plan);
  const startable = new Set(folded.machine.startable());
  const states = [...folded.machine.subtasks.values()];
  return {
    id: plan.taskId,
    name: plan.name,
    taskDefinitionId: -1,
    type: 'MANUAL',
    status: 'RUNNING',
    operation: folded.machine.operation,
    creator: plan.creator.name,
    ...(plan.cluster === undefined ? {} : { clusterId: plan.cluster.id }),
    ...(plan.tenant?.id === undefined ? {} : { tenantId: plan.tenant.id }),
    ...(plan.hostId === undefined ? {} : { hostId: plan.hostId }),
    executor: plan.executor,
    context: contextDocument(plan),
    startTime: ocpTime(plan.createTime),
    ...parentOf(plan),
    subtasks: new LazyList(states.length, (from, to) =>
      states
        .slice(from, to)
        .map((state) => subtaskDocument(state, startable.has(state.plan.id) ? 'READY' : 'PENDING')),
    ),
  };
}

/** The same with all of its subtasks. */
export function submittedDocument(plan: Plan): TaskInstance {
  const { subtasks, ...task } = submittedTask(plan);
  return { ...task, subtasks: subtasks.now() };
}

/** What is known of a subtask at one moment: a document is made from it while the task goes on. */
interface SeenSubtask {
  readonly operations: readonly Available<SubtaskCommand>[];
  readonly state: Readonly<SubtaskState>;
  readonly facts: RunFacts | undefined;
  readonly open: PendingActivity | undefined;
  readonly startable: boolean;
}

/**
 * The task as GET shows it.
 *
 * @param pending from a describe that was made before the history was read: then every activity it names is in the
 *   history, and one that is not in it any more has ended or is about to start
 */
export function openTask(folded: FoldedTask, pending: ReadonlyMap<string, PendingActivity>): TaskDocument {
  return inWords(saidTask(folded, pending), 'en-US');
}

/** The same, in no language yet. */
export function saidTask(folded: FoldedTask, pending: ReadonlyMap<string, PendingActivity>): SaidTask {
  const { machine, closing } = folded;
  const { plan } = machine;
  const startable = new Set(closing === undefined ? machine.startable() : []);
  const createTime = ocpTime(plan.createTime);
  const see = (state: SubtaskState): SeenSubtask => ({
    state,
    facts: folded.runs.get(state.plan.id),
    open: pending.get(activityId(state.plan.id, state.run, state.operation === 'ROLLBACK')),
    startable: startable.has(state.plan.id),
    operations: closing === undefined ? subtaskOperations(machine, state.plan.id) : [],
  });
  const around = { closing, executor: plan.executor };
  // The states go on changing while the document is sent.
  const seen = Array.from(machine.subtasks.values(), (state): SeenSubtask => {
    const { facts, ...rest } = see(state);
    return { ...rest, state: { ...state }, facts: facts && { ...facts } };
  });
  const status = folded.status;
  const finishTime = finishTimeOf(folded, status);
  const firstFailure = firstFailureOf(folded);
  const leftBehind = closing === undefined || closing.successful ? [] : machine.leftBehind();
  return {
    ...taskFacts(plan),
    status,
    operation: machine.operation,
    ...(finishTime === undefined ? {} : { finishTime: ocpTime(finishTime) }),
    prohibitRollback:
      machine.rollbackForbiddenBy((state) => openSubtask(see(state), around).status) !== undefined,
    ...(closing === undefined ? {} : { closed: true }),
    ...(closing === undefined && status === 'FAILED' ? { waiting: true } : {}),
    ...availableOf(closing === undefined ? taskOperations(machine) : []),
    ...(folded.commands.length === 0 ? {} : { commands: folded.commands.map(commandDocument) }),
    ...(firstFailure === undefined ? {} : { firstFailure }),
    ...(closing === undefined || closing.successful ? {} : { ending: closing.reason, leftBehind }),
    subtasks: new LazyList(seen.length, (from, to) =>
      seen.slice(from, to).map((one) => ({
        createTime,
        ...ourFacts(one.state.plan),
        ...childOf(machine, one.state.plan.id),
        ...openSubtask(one, around),
        ...availableOf(one.operations),
      })),
    ),
  };
}

/** The same with all of its subtasks. */
export function taskDocument(
  folded: FoldedTask,
  pending: ReadonlyMap<string, PendingActivity>,
): WrappedTaskInstance {
  const { subtasks, ...task } = openTask(folded, pending);
  return { ...task, subtasks: subtasks.now() };
}

/** Of a task whose plan cannot be expanded: it has no subtasks and cannot run. */
export function unreadableTask(plan: Plan, reason: Said, closed?: Closing): SaidTask {
  return {
    ...taskFacts(plan),
    status: closed === undefined ? 'RUNNING' : 'FAILED',
    operation: 'EXECUTE',
    prohibitRollback: true,
    firstFailure: { message: reason },
    ...(closed === undefined
      ? {}
      : { finishTime: ocpTime(closed.time), closed: true, ending: closed.reason, leftBehind: [] }),
    subtasks: new LazyList<SubtaskInstance>(0, () => []),
  };
}

/** What the plan says of the task. */
function taskFacts(plan: Plan) {
  const createTime = ocpTime(plan.createTime);
  return {
    id: plan.taskId,
    name: plan.name,
    taskDefinitionId: -1,
    type: 'MANUAL',
    creator: plan.creator,
    ...(plan.cluster === undefined ? {} : { cluster: plan.cluster }),
    ...(plan.tenant === undefined ? {} : { tenant: plan.tenant }),
    executor: plan.executor,
    createTime,
    startTime: createTime,
    context: contextDocument(plan),
    ...placesOf(plan),
    ...parentOf(plan),
  } as const;
}

function parentOf({ parentTaskId }: Plan): Pick<TaskDocument, 'parentTaskId'> {
  return parentTaskId === undefined ? {} : { parentTaskId };
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

/** The task that a subtask has submitted. */
function childOf(machine: TaskMachine, id: number): Pick<SubtaskInstance, 'childTaskId'> {
  const child = machine.resultOf(id)?.stringMap?.[CHILD_TASK];
  return child === undefined ? {} : { childTaskId: Number(child) };
}

/** What a subtask's part of the document needs of its task. */
interface Around {
  readonly closing: Closing | undefined;
  readonly executor: string;
}

function openSubtask({ state, facts, open, startable }: SeenSubtask, around: Around): SaidSubtask {
  const { closing } = around;
  const status = statusOf(state, open, startable);
  // A run that was asked for and is not scheduled yet has no facts; the ones at hand are of the run before.
  if (facts === undefined || !isOfState(facts, state) || (status === 'PENDING' && !facts.rollback)) {
    return subtaskDocument(state, status);
  }
  if ((state.status === 'READY' || state.status === 'CANCELING') && closing !== undefined) {
    return {
      ...subtaskDocument(state, 'FAILED'),
      ...runDocument(around, { ...facts, finishTime: closing.time }, open),
      failureMessage: closing.reason,
    };
  }
  return {
    ...subtaskDocument(state, status),
    ...(status === 'READY' ? {} : runDocument(around, facts, open)),
    ...(state.failure === undefined ? {} : { failureMessage: state.failure }),
    ...(open?.lastFailure === undefined
      ? {}
      : { lastFailure: repeated(open.lastFailure, open, facts, state) }),
  };
}

/** The failure of the last attempt, and when it goes on for long that a person had better look. */
function repeated(
  failure: Said,
  { attempt, seenAt }: PendingActivity,
  { scheduledTime }: RunFacts,
  { plan }: SubtaskState,
): Said {
  // Who waits finds it not yet so, attempt after attempt.
  if (plan.node.waits === true || seenAt === undefined || scheduledTime === undefined) return failure;
  const ms = seenAt - scheduledTime;
  if (attempt < LIKELY_PERMANENT.attempts || ms < LIKELY_PERMANENT.ms) return failure;
  return say('subtask.likelyPermanent', { failure, attempt, minutes: Math.floor(ms / 60_000) });
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
  around: Around,
  facts: RunFacts,
  open: PendingActivity | undefined,
): Pick<SubtaskInstance, 'executor' | 'startTime' | 'finishTime' | 'attempt'> {
  const attempt = open?.attempt ?? facts.attempt ?? 1;
  const started = open?.lastStartedTime ?? facts.startedTime;
  const startTime = attempt > 1 ? facts.scheduledTime : started;
  const executor = open?.executor ?? facts.executor;
  const hasStarted = startTime !== undefined;
  return {
    ...(hasStarted ? { executor: executor ?? around.executor } : {}),
    ...(hasStarted ? { startTime: ocpTime(startTime) } : {}),
    ...(facts.finishTime === undefined ? {} : { finishTime: ocpTime(facts.finishTime) }),
    ...(attempt > 1 ? { attempt } : {}),
  };
}

function finishTimeOf(folded: FoldedTask, status: TaskStatus): number | undefined {
  if (folded.closing !== undefined) return folded.closing.time;
  if (status !== 'FAILED') return undefined;
  let last = 0;
  for (const { finishTime = 0 } of folded.runs.values()) last = Math.max(last, finishTime);
  return last;
}

function firstFailureOf({ machine, closing }: FoldedTask): SaidTask['firstFailure'] {
  const first = machine.failed[0];
  if (first !== undefined) {
    return { subtaskId: first.plan.id, name: first.plan.node.name, message: first.failure ?? '' };
  }
  return closing === undefined || closing.successful ? undefined : { message: closing.reason };
}
