/** What looks have seen, written beside what is recorded; and the changes of status that follow, in the audit. */
import type { AddressPolicy } from '../runtime/addresses';
import type {
  HostRow,
  ObproxyToLookAt,
  Observation,
  ObservedKind,
  RecordedLook,
  Seen,
  Store,
} from '../store/types';

/** Audit events of this method are no calls: somebody looked, and the status changed. */
export const LOOK_METHOD = 'LOOK';
export const LOOK_COMMAND = 'observed';

/** A look, and where the object is in the API. */
export interface PlacedLook extends RecordedLook {
  readonly path: string;
}

/** RUNNING and UNAVAILABLE follow what is seen. Every other status says what was wished or is under way. */
export function obproxyLook(proxy: ObproxyToLookAt, seen: Seen, time: string): PlacedLook {
  const { id, clusterId, status, lastActiveTime } = proxy;
  const to = seen.state === 'ALIVE' ? 'RUNNING' : seen.state === 'UNKNOWN' ? status : 'UNAVAILABLE';
  const follows = (status === 'RUNNING' || status === 'UNAVAILABLE') && to !== status;
  return {
    ...seen,
    kind: 'obproxyServer',
    id,
    time,
    path: `/api/v2/obproxy/clusters/${clusterId}/obproxies/${id}`,
    ...(follows ? { change: { from: status, to, lastActiveTime } } : {}),
  };
}

/**
 * AVAILABLE and OFFLINE follow what is seen. OFFLINE says that the last contact failed: only a log-in takes that back.
 *
 * @param fault why the log-in failed; undefined when it did not, or was not tried
 */
export function hostLook(
  host: HostRow,
  greeted: Seen,
  {
    fault,
    addresses,
    time,
  }: { readonly fault: string | undefined; readonly addresses: AddressPolicy; readonly time: string },
): PlacedLook {
  const { id, ip, status } = host;
  const alive = greeted.state === 'ALIVE';
  const back = status === 'OFFLINE' && alive && fault === undefined;
  const away = status === 'AVAILABLE' && !alive && addresses.fault(ip) === undefined;
  const to = back ? 'AVAILABLE' : away ? 'OFFLINE' : status;
  return {
    ...greeted,
    ...(fault === undefined ? {} : { reason: fault }),
    ...{ kind: 'host', id, time, path: `/api/v2/compute/hosts/${id}` },
    ...(to === status ? {} : { change: { from: status, to } }),
  };
}

/** Whether it is worth a write: something is new, or what is known of the last look is this old (milliseconds). */
export function isNews(look: RecordedLook, before: Observation | undefined, oldMs: number): boolean {
  return (
    before === undefined ||
    look.change !== undefined ||
    look.state !== before.state ||
    look.by !== before.by ||
    Date.parse(look.time) - Date.parse(before.lookTime) >= oldMs
  );
}

/** A status that has become another because somebody looked. */
export interface StatusChange {
  readonly kind: ObservedKind | 'obCluster';
  readonly id: number;
  /** Where the object is in the API. */
  readonly path: string;
  readonly time: string;
  readonly from: string;
  readonly to: string;
  /** What was seen. */
  readonly why: string;
}

/** Undefined for a look that changes no status. */
function changeBy({ kind, id, path, time, change, reason, by }: PlacedLook): StatusChange | undefined {
  if (change === undefined) return undefined;
  const { from, to } = change;
  return { kind, id, path, time, from, to, why: reason ?? `seen at work (${by})` };
}

/**
 * @param changed changes of status that are made already, which only the audit does not know
 * @param who address of this process
 * @returns all changes of status
 */
export async function recordLooks(
  store: Store,
  who: string,
  looks: readonly PlacedLook[],
  changed: readonly StatusChange[] = [],
): Promise<StatusChange[]> {
  if (looks.length === 0 && changed.length === 0) return [];
  return store.transaction(async (inside) => {
    const made = new Set<RecordedLook>(await inside.observations.record(looks));
    const all = [
      ...looks.filter((look) => made.has(look)).flatMap((look) => changeBy(look) ?? []),
      ...changed,
    ];
    for (const { time, path, from, to, why } of all) {
      await inside.audit.add({
        ...{ time, path, address: who, traceId: '', method: LOOK_METHOD, taskIds: [], status: 200 },
        ...{ command: LOOK_COMMAND, why: `${from} → ${to}: ${why}` },
      });
    }
    return all;
  });
}
