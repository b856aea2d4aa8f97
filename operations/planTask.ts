import type { Store } from '../store/types';
import { type ChainNode, chainLength, expandChain } from '../workflows/interpreter/graph';
import type { FanOutElement, Plan, TaskContext } from '../workflows/plan';
import { Refusal } from './refusal';
import type { AcceptedRequest, Prepared, PrepareScope } from './types';

/** At most so many subtasks of a task run together (OCP's default). */
const CONCURRENCY = 10;

export interface TaskDraft {
  /** One of `scope.reserveTasks`. */
  readonly taskId: number;
  readonly name: string;
  readonly workflowType: string;
  readonly chain: readonly ChainNode[];
  readonly context: TaskContext;
  /** Keys for the activities that the documented context does not show. */
  readonly unshown?: TaskContext;
  readonly hostId?: number;
  /** The OceanBase cluster the task is about. */
  readonly cluster?: NonNullable<Plan['cluster']>;
  readonly target?: (element?: FanOutElement) => string | undefined;
  /** What the task changes; see locks.ts. */
  readonly locks: readonly string[];
  /** Every task of the request, this one included: they share their locks. */
  readonly groupTaskIds: readonly number[];
}

/**
 * Expands a chain into a plan, stores the task's row and takes its locks. In a dry run it only expands.
 * Throws Refusal naming the task that holds a lock.
 */
export async function planTask(scope: PrepareScope, draft: TaskDraft): Promise<Plan> {
  const { taskId, chain, context } = draft;
  const firstId = await scope.reserveSubtasks(chainLength(chain, context));
  const plan: Plan = {
    taskId,
    name: draft.name,
    creator: scope.user,
    executor: scope.executor,
    createTime: scope.createTime,
    traceId: scope.traceId,
    ...(draft.hostId === undefined ? {} : { hostId: draft.hostId }),
    ...(draft.cluster === undefined ? {} : { cluster: draft.cluster }),
    context,
    ...(draft.unshown === undefined ? {} : { unshown: draft.unshown }),
    concurrency: CONCURRENCY,
    subtasks: expandChain(chain, context, firstId, draft.target),
  };
  if (scope.dryRun) return plan;
  await scope.store.tasks.add({ plan, workflowType: draft.workflowType });
  const held = await scope.store.locks.take(taskId, draft.locks, draft.groupTaskIds);
  if (held !== undefined) throw await lockRefusal(scope.store, held.resource, held.taskId);
  return plan;
}

/** Refuses when another task holds one of the resources, before anything is written. */
export async function refuseWhenHeld(store: Store, resources: readonly string[]): Promise<void> {
  for (const resource of resources) {
    const holder = await store.locks.holder(resource);
    if (holder !== undefined) throw await lockRefusal(store, resource, holder);
  }
}

/** What a lock is about, and OCP's code for it being busy. */
function lockedThing(resource: string): { what: string; code: string } {
  const [kind, id] = resource.split(':');
  if (kind === 'host') return { what: `Host ${id}`, code: 'CMP07004' };
  if (kind === 'ob_cluster') return { what: `OceanBase cluster ${id}`, code: 'OBE11020' };
  return { what: `OBProxy cluster ${id}`, code: 'ODP21010' };
}

/** 409: OCP's reference mapping for conflicts. */
async function lockRefusal(store: Store, resource: string, taskId: number): Promise<Refusal> {
  const task = await store.tasks.find(taskId);
  const { what, code } = lockedThing(resource);
  const label = task === undefined ? '' : ` ("${task.name}")`;
  const next =
    task?.status === 'FAILED'
      ? `Task ${taskId} has FAILED: see its log, repair the cause and retry it.`
      : `Wait until task ${taskId} has ended, then send the request again.`;
  return new Refusal(409, code, `${what} is in use by task ${taskId}${label}. ${next}`, { target: resource });
}

/** Who asks, and what the plans of the request say of it. */
export interface RequestOrigin {
  readonly store: Store;
  readonly user: PrepareScope['user'];
  readonly executor: string;
  readonly traceId: string;
  readonly createTime: string;
}

/**
 * Prepares an accepted request in one transaction: all of its rows, plans and locks, or nothing. A dry run asks the
 * same questions and stores nothing; its ids count down from -1.
 *
 * @param remember stores what must be there if, and only if, the tasks are; not called in a dry run
 */
export function prepareRequest(
  accepted: AcceptedRequest,
  origin: RequestOrigin,
  dryRun: boolean,
  remember: (store: Store, prepared: Prepared) => Promise<void> = async () => undefined,
): Promise<Prepared> {
  if (!dryRun) {
    return origin.store.transaction(async (store) => {
      const prepared = await accepted.prepare({
        ...origin,
        store,
        dryRun,
        reserveTasks: async (count) => {
          const first = await store.sequences.next('task', count);
          return Array.from({ length: count }, (_, index) => first + index);
        },
        reserveSubtasks: (count) => store.sequences.next('subtask', count),
      });
      await remember(store, prepared);
      return prepared;
    });
  }
  let subtasks = 0;
  return origin.store.dryTransaction((store) =>
    accepted.prepare({
      ...origin,
      store,
      dryRun,
      reserveTasks: async (count) => Array.from({ length: count }, (_, index) => -1 - index),
      reserveSubtasks: async (count) => {
        subtasks += count;
        return -subtasks;
      },
    }),
  );
}
