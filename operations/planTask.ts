import { say } from '../runtime/messages/catalogue';
import type { LockWish, Store } from '../store/types';
import { type Chain, plannedNodes } from '../workflows/chain';
import { expansionSize } from '../workflows/interpreter/expansion';
import { beyondLargest, type TaskSize } from '../workflows/largestTask';
import type { Plan, TaskContext } from '../workflows/plan';
import { lockedObject } from './locks';
import { Refusal } from './refusal';
import type { AcceptedRequest, Prepared, PrepareScope, RequestScope } from './types';

/** At most so many subtasks of a task run together (OCP's default). */
const CONCURRENCY = 10;

const UNITS = { subtasks: 'unit.subtasks', edges: 'unit.edges', bytes: 'unit.bytes' } as const;

export interface TaskDraft {
  /** One of `scope.reserveTasks`. */
  readonly taskId: number;
  readonly name: string;
  readonly chain: Chain;
  readonly context: TaskContext;
  /** Keys for the activities that the documented context does not show. */
  readonly unshown?: TaskContext;
  readonly parentTaskId?: number;
  readonly hostId?: number;
  /** The OceanBase cluster the task is about; of a row only what documents show goes into the plan. */
  readonly cluster?: NonNullable<Plan['cluster']>;
  /** Default: the one that the operation has declared. */
  readonly tenant?: NonNullable<Plan['tenant']>;
  /** Where subtasks work that are not split. */
  readonly place?: string;
  /** Where elements are: `{ host_ids: { '1': '10.0.0.1' } }`. */
  readonly places?: NonNullable<Plan['places']>;
  /** What the task changes; see locks.ts. */
  readonly locks: readonly LockWish[];
  /** Every task of the request, this one included: they share their locks. */
  readonly groupTaskIds: readonly number[];
}

/**
 * Makes the plan of a chain, stores the task's row and takes its locks. In a dry run it only plans.
 * Throws Refusal naming the task that holds a lock, 400 with the limit for a task that is too large.
 */
export async function planTask(scope: PrepareScope, draft: TaskDraft): Promise<Plan> {
  const { taskId, chain, context, cluster, locks, groupTaskIds, ...shown } = draft;
  const { unshown } = shown;
  const nodes = plannedNodes(chain, {
    stringMap: { ...unshown?.stringMap, ...context.stringMap },
    listMap: {},
  });
  const size = sizeOf({ nodes, context, ...(unshown === undefined ? {} : { unshown }) });
  const plan: Plan = {
    taskId,
    ...(scope.tenant === undefined ? {} : { tenant: scope.tenant }),
    ...shown,
    ...(cluster === undefined ? {} : { cluster: shownCluster(cluster) }),
    creator: scope.user,
    executor: scope.executor,
    createTime: scope.createTime,
    traceId: scope.traceId,
    context,
    concurrency: CONCURRENCY,
    ...(scope.continueAfter === undefined ? {} : { continueAfter: scope.continueAfter }),
    firstSubtaskId: await scope.reserveSubtasks(size.subtasks),
    nodes,
  };
  refuseTooLarge({ ...size, bytes: Buffer.byteLength(JSON.stringify(plan)) });
  if (scope.dryRun) return plan;
  await scope.store.tasks.add({ plan, workflowType: scope.workflow });
  const held = await scope.store.locks.take(taskId, locks, groupTaskIds);
  if (held !== undefined) throw await lockRefusal(scope.store, held.resource, held.taskId);
  return plan;
}

function shownCluster({
  id,
  name,
  obClusterId,
  type,
}: NonNullable<Plan['cluster']>): NonNullable<Plan['cluster']> {
  return { id, name, obClusterId, type };
}

function sizeOf(plan: Pick<Plan, 'nodes' | 'context' | 'unshown'>): { subtasks: number; edges: number } {
  const size = expansionSize(plan);
  refuseTooLarge({ subtasks: size.subtasks });
  return size;
}

function refuseTooLarge(size: Partial<TaskSize>): void {
  const beyond = beyondLargest(size);
  if (beyond === undefined) return;
  const { what, asked, most } = beyond;
  const text = say('task.tooLarge', { asked, unit: say(UNITS[what]), most });
  throw new Refusal(400, 'COM10001', text, { target: 'request' });
}

/** Refuses when another task holds one of the resources, before anything is written. */
export async function refuseWhenHeld(store: Store, resources: readonly LockWish[]): Promise<void> {
  const held = await store.locks.firstHeld(resources);
  if (held !== undefined) throw await lockRefusal(store, held.resource, held.taskId);
}

/** What a lock is called, and OCP's code for it being busy. */
const LOCKED = {
  HOST: ['thing.host', 'CMP07004'],
  OBPROXY_CLUSTER: ['thing.obproxyCluster', 'ODP21010'],
  OB_CLUSTER: ['thing.obCluster', 'OBE11020'],
  PACKAGE: ['thing.package', 'PKG10007'],
} as const;

/** 409: OCP's reference mapping for conflicts. */
async function lockRefusal(store: Store, resource: string, taskId: number): Promise<Refusal> {
  const task = await store.tasks.find(taskId);
  const { kind, id } = lockedObject(resource) ?? { kind: 'OBPROXY_CLUSTER', id: '' };
  const [thing, code] = LOCKED[kind];
  const label = task === undefined ? '' : ` ("${task.name}")`;
  const next =
    task?.status === 'FAILED' ? say('held.byFailed', { task: taskId }) : say('held.byOpen', { task: taskId });
  const said = say('held.by', { what: say(thing, { id }), task: `${taskId}${label}`, next });
  return new Refusal(409, code, said, { target: resource, heldBy: taskId });
}

/** Who asks, and what the plans of the request say of it. */
export interface RequestOrigin {
  readonly store: Store;
  readonly user: PrepareScope['user'];
  readonly executor: string;
  readonly traceId: string;
  readonly createTime: string;
  readonly publicUrl: string;
  readonly continueAfter?: number;
  readonly contacted?: NonNullable<RequestScope['contacted']>;
  readonly newCluster?: NonNullable<RequestScope['newCluster']>;
  readonly proxyParameters?: NonNullable<RequestScope['proxyParameters']>;
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
