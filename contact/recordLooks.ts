/** What looks have seen, written beside what is recorded; and the changes of status that follow, in the audit. */
import type { ObproxyToLookAt, Observation, RecordedLook, Seen, Store } from '../store/types';

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

/**
 * @param changed changes of status that are made already, which only the audit does not know
 * @param who address of this process
 * @returns the looks that have changed a status
 */
export async function recordLooks(
  store: Store,
  who: string,
  looks: readonly PlacedLook[],
  changed: readonly PlacedLook[] = [],
): Promise<PlacedLook[]> {
  if (looks.length === 0 && changed.length === 0) return [];
  return store.transaction(async (inside) => {
    const made = new Set<RecordedLook>(await inside.observations.record(looks));
    const all = [...looks.filter((look) => made.has(look)), ...changed];
    for (const { time, path, change, reason, by } of all) {
      if (change === undefined) continue;
      await inside.audit.add({
        time,
        path,
        address: who,
        traceId: '',
        method: LOOK_METHOD,
        taskIds: [],
        command: LOOK_COMMAND,
        why: `${change.from} → ${change.to}: ${reason ?? `seen at work (${by})`}`,
        status: 200,
      });
    }
    return all;
  });
}
