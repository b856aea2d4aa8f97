/**
 * The documented shapes of a task (OCP documentation, "Task information"): as schemas, for the API document and the tests
 * that hold answers to it, and as the types of those. What is absent is left out, never null; dates are ISO-8601 with
 * milliseconds and a numeric offset. Fields marked "ours" are additions.
 */
import { z } from 'zod';
import type * as plan from '../../../workflows/plan';
import { listOf, Time, Whole } from '../../http/answers';
import type { LazyList } from '../../http/lazyList';

const SubtaskStatus = z
  .enum(['PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL'])
  .meta({ id: 'SubtaskStatus' }) satisfies z.ZodType<plan.SubtaskStatus>;
const SubtaskOperation = z
  .enum(['EXECUTE', 'RETRY', 'SKIP', 'CANCEL', 'ROLLBACK', 'ROLLBACK_SKIP'])
  .meta({ id: 'SubtaskOperation' }) satisfies z.ZodType<plan.SubtaskOperation>;
const TaskStatus = z
  .enum(['RUNNING', 'FAILED', 'SUCCESSFUL'])
  .meta({ id: 'TaskStatus' }) satisfies z.ZodType<plan.TaskStatus>;
const TaskOperation = z
  .enum(['EXECUTE', 'RETRY', 'ROLLBACK'])
  .meta({ id: 'TaskOperation' }) satisfies z.ZodType<plan.TaskOperation>;

/** The context as OCP prints it. */
const Context = z
  .object({
    listMap: z.record(z.string(), listOf(z.string())),
    parallel: z.boolean(),
    parallelIdx: Whole,
    stringMap: z.record(z.string(), z.string()),
  })
  .meta({ id: 'TaskContext' });
export type ContextDocument = Readonly<z.output<typeof Context>>;

const Creator = z.object({ id: Whole, name: z.string() }).meta({ id: 'Creator' });
const Cluster = z
  .object({ id: Whole, name: z.string(), obClusterId: Whole, type: z.string() })
  .meta({ id: 'TaskCluster' });
const Tenant = z
  .object({
    id: Whole.exactOptional().describe('Absent until OceanBase knows the tenant.'),
    name: z.string(),
    obTenantId: Whole.exactOptional(),
    mode: z.enum(['ORACLE', 'MYSQL']).exactOptional(),
  })
  .meta({ id: 'TaskTenant' }) satisfies z.ZodType<NonNullable<plan.Plan['tenant']>>;

/** Ours: which task's subtask has submitted this one. */
const parentTaskId = Whole.exactOptional().describe('The task whose subtask submitted this one.');

/** Ours: what a person may do now. */
const operationsOf = <const W extends readonly [string, ...string[]]>(...words: W) =>
  listOf(
    z.object({
      operation: z.enum(words).describe('The last word of the path of its POST.'),
      meaning: z.string().describe('What it does, and when to choose it.'),
    }),
  )
    .exactOptional()
    .describe('What may be done about it now, the first to try first; absent: nothing.');

/** SubtaskInstance. The answer to a submission has none of the optional fields. */
export const SubtaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    description: z.string(),
    className: z.string(),
    seriesId: Whole.describe('0 to n - 1, unique in the task.'),
    timeout: Whole.describe('Seconds.'),
    status: SubtaskStatus,
    operation: SubtaskOperation,
    runTime: Whole.describe('Number of the run, from 1.'),
    nodeType: z.literal('JAVA_TASK'),
    parallelIdx: Whole.describe('Index in the fan-out; -1 outside of one.'),
    upstreams: listOf(Whole),
    downstreams: listOf(Whole),
    prohibitRollback: z.boolean().describe('True: rolling back is forbidden once it has started.'),
    createTime: Time.exactOptional(),
    executor: z.string().exactOptional().describe('Address of the worker; absent until started.'),
    startTime: Time.exactOptional(),
    finishTime: Time.exactOptional(),
    /** Ours. */
    target: z.string().exactOptional().describe("Where it works: an IP address or a cluster's name."),
    /** Ours. */
    prohibitSkip: z.literal(true).exactOptional().describe('Skipping is forbidden.'),
    /** Ours. */
    childTaskId: Whole.exactOptional().describe('The task that it has submitted.'),
    /** Ours. */
    availableOperations: operationsOf('retry', 'skip', 'cancel'),
    /** Ours: number of Temporal's attempt. */
    attempt: Whole.exactOptional().describe('Attempt within this run, when it is not the first.'),
    /** Ours. */
    failureMessage: z.string().exactOptional().describe('Why the run failed.'),
    /** Ours. */
    lastFailure: z.string().exactOptional().describe('Why the last attempt of a run that goes on failed.'),
  })
  .meta({ id: 'SubtaskInstance' });
export type SubtaskInstance = Readonly<z.output<typeof SubtaskInstance>>;

/** TaskInstance: what an operation that starts a task answers. */
export const TaskInstance = z
  .object({
    id: Whole.describe('In a dry run from -1 down.'),
    name: z.string(),
    taskDefinitionId: z.literal(-1),
    type: z.literal('MANUAL'),
    status: TaskStatus,
    operation: TaskOperation,
    creator: z.string(),
    clusterId: Whole.exactOptional(),
    tenantId: Whole.exactOptional(),
    hostId: Whole.exactOptional(),
    executor: z.string(),
    context: Context,
    startTime: Time,
    parentTaskId,
    subtasks: listOf(SubtaskInstance),
  })
  .meta({ id: 'TaskInstance' });
export type TaskInstance = Readonly<z.output<typeof TaskInstance>>;

/** Ours: who gave which command, when and why, as far as they said it. */
const CommandEntry = z
  .object({
    time: Time,
    command: z.enum([
      'retryTask',
      'rollbackTask',
      'abandonTask',
      'retrySubtask',
      'skipSubtask',
      'cancelSubtask',
    ]),
    /** Of the commands on one subtask. */
    subtaskId: Whole.exactOptional(),
    who: z.string().exactOptional(),
    from: z.string().exactOptional().describe('Address it came from; absent when given in Temporal itself.'),
    why: z.string().exactOptional(),
  })
  .meta({ id: 'TaskCommand' });
export type CommandDocument = Readonly<z.output<typeof CommandEntry>>;

/** Ours: what a subtask warned of and matters after its end. */
const WarningEntry = z
  .object({
    subtaskId: Whole,
    name: z.string().describe('Of the subtask.'),
    target: z.string().exactOptional().describe("Where it works: an IP address or a cluster's name."),
    time: Time,
    text: z.string(),
  })
  .meta({ id: 'TaskWarning' });
export type WarningDocument = Readonly<z.output<typeof WarningEntry>>;

const WARNINGS = {
  /** Ours. */
  warningCount: Whole.exactOptional().describe('How many warnings there are; absent: none.'),
  /** Ours. */
  warnings: listOf(WarningEntry)
    .exactOptional()
    .describe(
      'What its subtasks warned of in the runs that count; the first 100 of them, of a listed task 5.',
    ),
};

const PLACES = {
  /** Ours. */
  hosts: listOf(z.string()).describe('Addresses of the hosts it works on.'),
  /** Ours. */
  obproxyCluster: z.object({ id: Whole, name: z.string() }).exactOptional(),
};

const STANDING = {
  /** Ours. */
  closed: z.literal(true).exactOptional().describe('The task has ended for good and takes no command.'),
  /** Ours. */
  waiting: z.literal(true).exactOptional().describe('It is FAILED, open, and waits for a person.'),
};

/** Ours: what a task keeps others from until it closes. */
const LockEntry = z
  .object({
    resource: z.string().describe('The name of the lock, as in the target of a refusal.'),
    kind: z.enum(['HOST', 'OBPROXY_CLUSTER', 'OB_CLUSTER', 'PACKAGE']),
    id: Whole.describe('Of the object.'),
    name: z.string().exactOptional().describe('Of the object: an address, a name, a file name.'),
    service: z.string().exactOptional().describe('Of a host: services of this kind on it.'),
    shared: z.literal(true).exactOptional().describe('Others may hold it at the same time.'),
    heldBy: listOf(Whole)
      .exactOptional()
      .describe('Other tasks that hold it: together with this one, or, in waitsFor, instead of it.'),
  })
  .meta({ id: 'TaskLock' });
export type LockDocument = Readonly<z.output<typeof LockEntry>>;

const LOCKS = {
  /** Ours. */
  lockCount: Whole.exactOptional().describe('How many locks it holds; absent: none.'),
  /** Ours. */
  locks: listOf(LockEntry).exactOptional().describe('What it holds until it closes; the first 100.'),
  /** Ours. */
  waitsFor: LockEntry.exactOptional().describe(
    'What its failed subtask was refused, and in heldBy the task that has it.',
  ),
};

/** WrappedTaskInstance: GET of one task and the answer to "retry task". */
export const WrappedTaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    taskDefinitionId: z.literal(-1),
    type: z.literal('MANUAL'),
    status: TaskStatus,
    operation: TaskOperation,
    creator: Creator,
    cluster: Cluster.exactOptional(),
    tenant: Tenant.exactOptional(),
    executor: z.string(),
    createTime: Time,
    startTime: Time,
    finishTime: Time.exactOptional().describe('Present when FAILED or SUCCESSFUL.'),
    prohibitRollback: z.boolean().describe('True: rolling back is forbidden.'),
    subtasks: listOf(SubtaskInstance),
    /** Documented until V4.2 for TaskInstance; kept here. */
    context: Context,
    parentTaskId,
    /** Ours; absent when there were none. */
    commands: listOf(CommandEntry).exactOptional().describe('What operators asked of the task, in order.'),
    /** Ours. */
    firstFailure: z
      .object({ subtaskId: Whole.exactOptional(), name: z.string().exactOptional(), message: z.string() })
      .exactOptional()
      .describe('The first subtask that is FAILED, or why the whole task ended.'),
    /** Ours. */
    ending: z.string().exactOptional().describe('How a task ended that did not end well.'),
    /** Ours. */
    leftBehind: listOf(z.string())
      .exactOptional()
      .describe('With ending: what its subtasks did, or may have half done, and nothing has undone.'),
    ...LOCKS,
    ...WARNINGS,
    ...PLACES,
    ...STANDING,
    /** Ours. */
    availableOperations: operationsOf('retry', 'rollback', 'abandon'),
    /** Ours. */
    temporalUrl: z
      .string()
      .exactOptional()
      .describe("The task's workflow in Temporal's Web UI, where it is known."),
  })
  .meta({ id: 'WrappedTaskInstance' });
export type WrappedTaskInstance = Readonly<z.output<typeof WrappedTaskInstance>>;

/** A task's document whose subtasks are made when they are read: there may be tens of thousands. */
export type TaskDocument = Omit<WrappedTaskInstance, 'subtasks'> & {
  readonly subtasks: LazyList<SubtaskInstance>;
};

/** The same of the answer to a submission. */
export type SubmittedTask = Omit<TaskInstance, 'subtasks'> & { readonly subtasks: LazyList<SubtaskInstance> };

/** BasicTaskInstance: an element of the list. */
export const BasicTaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    status: TaskStatus,
    /** Ours. */
    operation: TaskOperation,
    ...STANDING,
    ...PLACES,
    ...WARNINGS,
    creator: Creator,
    cluster: Cluster.exactOptional(),
    tenant: Tenant.exactOptional(),
    startTime: Time,
    finishTime: Time.exactOptional(),
    parentTaskId,
    /** Ours. */
    subtaskCount: Whole.exactOptional().describe(
      'Present when there are more than 1 000 subtasks: subtasks is empty then. GET of the task has them.',
    ),
    subtasks: listOf(
      z.object({
        id: Whole,
        name: z.string(),
        description: z.string(),
        status: SubtaskStatus,
        operation: SubtaskOperation,
      }),
    ),
  })
  .meta({ id: 'BasicTaskInstance' });
export type BasicTaskInstance = Readonly<z.output<typeof BasicTaskInstance>>;

/** The older form of a submitted task; see legacy.ts. */
export const LegacyTaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    status: TaskStatus,
    startTime: Time,
    creator: Creator,
    cluster: z.object({ id: Whole, name: z.string(), obClusterId: Whole }).exactOptional(),
    context: z.string().describe('As Java prints it.'),
    parentTaskId,
    tasks: listOf(
      z.object({
        id: Whole,
        name: z.string(),
        description: z.string(),
        status: SubtaskStatus,
        operation: SubtaskOperation,
        upstreams: listOf(Whole),
        downstreams: listOf(Whole),
      }),
    ),
    subtasks: listOf(SubtaskInstance).describe('The same subtasks as the modern answers have them.'),
  })
  .meta({ id: 'LegacyTaskInstance' });
export type LegacyTaskInstance = Readonly<z.output<typeof LegacyTaskInstance>>;
