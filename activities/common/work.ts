/**
 * Working on what exists. A Prepare subtask begins: the object shows the working status and keeps the former one. A subtask
 * that is about to make the former one untrue says what the object becomes if the task ends half-way. The Update subtask
 * settles what it has seen. Undo of Update shows the working status again, undo of Prepare the former one. The end of a
 * task does the rest (store/tasks/work.ts), whatever the statuses are called.
 */
import { PermanentError } from '../../runtime/errors';
import { joined, type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { StatusOf, WorkKind, WorkObject } from '../../store/types';
import type { SubtaskResult } from '../../workflows/plan';
import type { SubtaskScope } from '../types';

/** An object to work on, with words for people: `OBProxy 10.0.0.7:2883`. */
export interface Worked<K extends WorkKind> {
  readonly object: WorkObject<K>;
  readonly what: string;
}

/** OCP's codes: the status does not allow it; a task works on it; it is not there. */
const CODES: Readonly<Record<WorkKind, { unfit: string; busy: string; absent: string }>> = {
  obproxyServer: { unfit: 'ODP21016', busy: 'ODP21010', absent: 'ODP21002' },
  obServer: { unfit: 'OBE19003', busy: 'OBE19012', absent: 'OBE19001' },
  obZone: { unfit: 'OBE18004', busy: 'OBE18008', absent: 'OBE18002' },
  obCluster: { unfit: 'OBE11007', busy: 'OBE11020', absent: 'OBE11001' },
};

/** The context's keys for what was; OCP documents those of clusters, zones and servers. */
const FORMER_KEYS: Readonly<Record<WorkKind, string>> = {
  obproxyServer: 'former_obproxy_status',
  obServer: 'former_server_status',
  obZone: 'former_zone_status',
  obCluster: 'former_cluster_status',
};

function unfit(tried: Text, code: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({ type: 'StatusUnfit', code, tried, cameBack, next });
}

/**
 * Begins the work of this task on an object; repeated, it changes nothing. Resolves to the status before, which the undo
 * of Prepare and the end of the task restore.
 *
 * @throws PermanentError StatusUnfit when the status is none of `from`, another task works on it, or it is not there
 */
export async function beginWork<K extends WorkKind>(
  scope: SubtaskScope,
  { object, what }: Worked<K>,
  work: {
    readonly status: StatusOf[K];
    readonly from: readonly StatusOf[K][];
    /** What it becomes when the task ends without having settled it; absent: what it was. */
    readonly endStatus?: StatusOf[K];
  },
): Promise<StatusOf[K]> {
  const codes = CODES[object.kind as WorkKind];
  const tried = say('work.make', { what, status: work.status });
  const begun = await scope.store.work.begin(object, { taskId: scope.input.taskId, ...work });
  if (begun === undefined) {
    const text = say('work.gone');
    throw unfit(tried, codes.absent, text, say('next.whoRemoved'));
  }
  if ('former' in begun) {
    scope.log.info(say('work.begun', { what, status: work.status, former: begun.former }));
    return begun.former;
  }
  const { taskId, status } = begun.refused;
  if (taskId !== null) {
    const text = say('work.busyAs', { task: taskId, status });
    throw unfit(tried, codes.busy, text, say('next.waitForTask'));
  }
  const next = say('next.bringTo', { statuses: joined(work.from, 'list.or') });
  throw unfit(tried, codes.unfit, say('work.is', { status }), next);
}

/**
 * What was, for the context: documented as one value, so only for a node that is not split (upstreams that give a key
 * different values are a conflict); the object itself keeps it as well.
 */
export function formerStatus(kind: WorkKind, status: string): SubtaskResult {
  return { stringMap: { [FORMER_KEYS[kind]]: status } };
}

/** What the object was before this task began to work on it; undefined when it works on it no more, or not yet. */
export async function formerOf<K extends WorkKind>(
  scope: SubtaskScope,
  { object }: Worked<K>,
): Promise<StatusOf[K] | undefined> {
  const found = await scope.store.work.find(object);
  return found?.work?.taskId === scope.input.taskId ? (found.work.formerStatus ?? undefined) : undefined;
}

/** Whether this very task has made the object's row, and what it has said the object becomes: null before `endsAs`. */
export async function madeByThisTask<K extends WorkKind>(
  scope: SubtaskScope,
  { object }: Worked<K>,
): Promise<{ readonly endStatus: StatusOf[K] | null } | undefined> {
  const work = (await scope.store.work.find(object))?.work;
  if (work?.taskId !== scope.input.taskId || work.formerStatus !== null) return undefined;
  return { endStatus: work.endStatus };
}

/**
 * From here on nobody can say that the object is what it was: it becomes `status` if the task ends half-way. Null: it is
 * again what it was, and what the task has made goes with it.
 */
export async function endsAs<K extends WorkKind>(
  scope: SubtaskScope,
  { object }: Worked<K>,
  status: StatusOf[K] | null,
): Promise<void> {
  await scope.store.work.endAs(object, scope.input.taskId, status);
}

/** Writes what the object is, as it was just seen. PermanentError when another task works on it. */
export async function settleWork<K extends WorkKind>(
  scope: SubtaskScope,
  { object, what }: Worked<K>,
  status: StatusOf[K],
): Promise<void> {
  const other = await scope.store.work.settle(object, scope.input.taskId, status);
  if (other !== undefined) {
    const text = say('work.busy', { task: other.taskId });
    const code = CODES[object.kind as WorkKind].busy;
    throw unfit(say('work.record', { what, status }), code, text, say('next.lookAtTask'));
  }
  scope.log.info(say('work.settled', { what, status }));
}

/** For the undo of an Update subtask: the object shows the working status again. False when it is not this task's work. */
export async function unsettleWork(
  scope: SubtaskScope,
  { object, what }: Worked<WorkKind>,
): Promise<boolean> {
  const again = await scope.store.work.unsettle(object, scope.input.taskId);
  const found = again ? await scope.store.work.find(object) : undefined;
  if (found !== undefined) scope.log.info(say('work.again', { what, status: found.status }));
  return again;
}

/** For the undo of a Prepare subtask that began the work: what the object was. */
export async function restoreWork<K extends WorkKind>(
  scope: SubtaskScope,
  { object, what }: Worked<K>,
): Promise<void> {
  const former = await scope.store.work.restore(object, scope.input.taskId);
  scope.log.info(
    former === undefined ? say('work.unchanged', { what }) : say('work.again', { what, status: former }),
  );
}
