/**
 * The shapes of types.ts as schemas, for the API document and the tests that hold answers to it. The compiler sees to it
 * that both name the same fields.
 */
import { z } from 'zod';
import { listOf, Time, Whole } from '../../http/answers';
import type { LegacyTaskInstance as Legacy } from './legacy';
import type {
  BasicTaskInstance as Basic,
  CommandDocument,
  SubtaskInstance as Subtask,
  TaskInstance as Task,
  WrappedTaskInstance as Wrapped,
} from './types';

const SubtaskStatus = z
  .enum(['PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL'])
  .meta({ id: 'SubtaskStatus' });
const SubtaskOperation = z
  .enum(['EXECUTE', 'RETRY', 'SKIP', 'CANCEL', 'ROLLBACK', 'ROLLBACK_SKIP'])
  .meta({ id: 'SubtaskOperation' });
const TaskStatus = z.enum(['RUNNING', 'FAILED', 'SUCCESSFUL']).meta({ id: 'TaskStatus' });
const TaskOperation = z.enum(['EXECUTE', 'RETRY', 'ROLLBACK']).meta({ id: 'TaskOperation' });

const Context = z
  .object({
    listMap: z.record(z.string(), listOf(z.string())),
    parallel: z.boolean(),
    parallelIdx: Whole,
    stringMap: z.record(z.string(), z.string()),
  })
  .meta({ id: 'TaskContext' });
const Creator = z.object({ id: Whole, name: z.string() }).meta({ id: 'Creator' });
const Cluster = z
  .object({ id: Whole, name: z.string(), obClusterId: Whole, type: z.string() })
  .meta({ id: 'TaskCluster' });

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
    target: z.string().exactOptional().describe("Where it works: an IP address or a cluster's name."),
    prohibitSkip: z.literal(true).exactOptional().describe('Skipping is forbidden.'),
    attempt: Whole.exactOptional().describe('Attempt within this run, when it is not the first.'),
    failureMessage: z.string().exactOptional().describe('Why the run failed.'),
    lastFailure: z.string().exactOptional().describe('Why the last attempt of a run that goes on failed.'),
  } satisfies Record<keyof Subtask, z.ZodType>)
  .meta({ id: 'SubtaskInstance' }) satisfies z.ZodType<Subtask>;

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
    hostId: Whole.exactOptional(),
    executor: z.string(),
    context: Context,
    startTime: Time,
    subtasks: listOf(SubtaskInstance),
  } satisfies Record<keyof Task, z.ZodType>)
  .meta({ id: 'TaskInstance' }) satisfies z.ZodType<Task>;

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
    subtaskId: Whole.exactOptional(),
    who: z.string().exactOptional(),
    from: z.string().exactOptional().describe('Address it came from; absent when given in Temporal itself.'),
    why: z.string().exactOptional(),
  } satisfies Record<keyof CommandDocument, z.ZodType>)
  .meta({ id: 'TaskCommand' }) satisfies z.ZodType<CommandDocument>;

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
    executor: z.string(),
    createTime: Time,
    startTime: Time,
    finishTime: Time.exactOptional().describe('Present when FAILED or SUCCESSFUL.'),
    prohibitRollback: z.boolean().describe('True: rolling back is forbidden.'),
    subtasks: listOf(SubtaskInstance),
    context: Context,
    commands: listOf(CommandEntry).exactOptional().describe('What operators asked of the task, in order.'),
    firstFailure: z
      .object({ subtaskId: Whole.exactOptional(), name: z.string().exactOptional(), message: z.string() })
      .exactOptional()
      .describe('The first subtask that is FAILED, or why the whole task ended.'),
    ending: z.string().exactOptional().describe('How a task ended that did not end well.'),
    leftBehind: listOf(z.string())
      .exactOptional()
      .describe('With ending: what its subtasks did, or may have half done, and nothing has undone.'),
    closed: z.literal(true).exactOptional().describe('The task has ended for good and takes no command.'),
  } satisfies Record<keyof Wrapped, z.ZodType>)
  .meta({ id: 'WrappedTaskInstance' }) satisfies z.ZodType<Wrapped>;

export const BasicTaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    status: TaskStatus,
    operation: TaskOperation,
    closed: z.literal(true).exactOptional().describe('The task has ended for good and takes no command.'),
    hosts: listOf(z.string()).describe('Addresses of the hosts it works on.'),
    obproxyCluster: z.object({ id: Whole, name: z.string() }).exactOptional(),
    creator: Creator,
    cluster: Cluster.exactOptional(),
    startTime: Time,
    finishTime: Time.exactOptional(),
    subtasks: listOf(
      z.object({
        id: Whole,
        name: z.string(),
        description: z.string(),
        status: SubtaskStatus,
        operation: SubtaskOperation,
      }),
    ),
  } satisfies Record<keyof Basic, z.ZodType>)
  .meta({ id: 'BasicTaskInstance' }) satisfies z.ZodType<Basic>;

export const LegacyTaskInstance = z
  .object({
    id: Whole,
    name: z.string(),
    status: TaskStatus,
    startTime: Time,
    creator: Creator,
    cluster: z.object({ id: Whole, name: z.string(), obClusterId: Whole }).exactOptional(),
    context: z.string().describe('As Java prints it.'),
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
  } satisfies Record<keyof Legacy, z.ZodType>)
  .meta({ id: 'LegacyTaskInstance' }) satisfies z.ZodType<Legacy>;
