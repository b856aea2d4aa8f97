/** What a task holds, as its document says it: locks by the names that people know. */
import { type LockedObject, lockedObject } from '../../../operations/locks';
import type { HeldLock, Store } from '../../../store/types';
import { isKeyed, type Keyed, type Said } from '../../../workflows/text';
import type { LockDocument, TaskDocument } from './types';

/** Locks that a document shows; a task of 2 000 hosts holds more than 4 000. */
const SHOWN = 100;

type Stores = Pick<Store, 'locks' | 'hosts' | 'obproxy' | 'obClusters' | 'packages'>;

/**
 * The fields of an open task's document about locks.
 *
 * @param failure of the first subtask that is FAILED: it may have been refused what another task holds
 */
export async function lockFields(
  store: Stores,
  taskId: number,
  failure: Said | undefined,
): Promise<Pick<TaskDocument, 'lockCount' | 'locks' | 'waitsFor'>> {
  const { count, first } = await store.locks.ofTask(taskId, SHOWN);
  const wanted = await inTheWay(store, taskId, refusedLock(failure));
  const objects = [...first, ...wanted].flatMap(({ resource }) => lockedObject(resource) ?? []);
  const names = await namesOf(store, objects);
  const document = ({ resource, shared, others }: HeldLock): LockDocument[] => {
    const object = lockedObject(resource);
    if (object === undefined) return [];
    const name = names.get(keyOf(object));
    return [
      {
        resource,
        ...object,
        ...(name === undefined ? {} : { name }),
        ...(shared ? { shared } : {}),
        ...(others.length === 0 ? {} : { heldBy: others }),
      },
    ];
  };
  const [waitsFor] = wanted.flatMap(document);
  return {
    ...(count === 0 ? {} : { lockCount: count, locks: first.flatMap(document) }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
  };
}

/** What was refused, and who has it now; nothing when it is free by now: then a retry will do. */
async function inTheWay(store: Stores, taskId: number, resource: string | undefined): Promise<HeldLock[]> {
  if (resource === undefined) return [];
  const holders = (await store.locks.holders([resource])).map((one) => one.taskId);
  const others = holders.filter((id) => id !== taskId);
  return others.length === 0 ? [] : [{ resource, shared: false, others }];
}

function keyOf({ kind, id }: LockedObject): string {
  return `${kind} ${id}`;
}

async function namesOf(store: Stores, objects: readonly LockedObject[]): Promise<Map<string, string>> {
  const idsOf = (wanted: LockedObject['kind']) => [
    ...new Set(objects.filter(({ kind }) => kind === wanted).map(({ id }) => id)),
  ];
  const names = new Map<string, string>();
  for (const { id, ip } of await store.hosts.findMany(idsOf('HOST'))) names.set(`HOST ${id}`, ip);
  // A task has one cluster, and a package or two.
  const one = async <T>(
    kind: LockedObject['kind'],
    find: (id: number) => Promise<T | undefined>,
    nameOf: (row: T) => string,
  ) => {
    for (const id of idsOf(kind)) {
      const row = await find(id);
      if (row !== undefined) names.set(`${kind} ${id}`, nameOf(row));
    }
  };
  await one('OBPROXY_CLUSTER', store.obproxy.findCluster, ({ name }) => name);
  await one('OB_CLUSTER', store.obClusters.find, ({ name }) => name);
  await one('PACKAGE', store.packages.find, ({ fileName }) => fileName);
  return names;
}

/** Of a subtask that could not submit its task: the lock in the way. */
function refusedLock(failure: unknown): string | undefined {
  if (Array.isArray(failure)) return failure.map(refusedLock).find((found) => found !== undefined);
  if (!isKeyed(failure)) return undefined;
  const { key, args }: Keyed = failure;
  if (key !== 'child.locked') return refusedLock(Object.values(args));
  return typeof args.resource === 'string' ? args.resource : undefined;
}
