/** One look at the OBServers of a cluster: the cluster is asked for all of them in one log-in. */
import { isDeepStrictEqual } from 'node:util';
import type { ClusterSession } from '../oceanbase/clusterSession';
import { serverStatus } from '../oceanbase/clusterSql';
import { couldNotAsk, SqlError } from '../oceanbase/sqlSession';
import type { AddressPolicy } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import type { ObClusterRow, ObServerRow, ObZoneRow, Seen, Store } from '../store/types';
import { askCluster, type ClusterState, openAsSys, recordState } from './clusterState';

const ANSWER_MS = 2_000;

export type ObServersLook =
  | {
      /** The rows as they are now, and as they were: whose status has changed. */
      readonly servers: readonly {
        readonly row: ObServerRow;
        readonly seen: Seen;
        readonly formerStatus: string;
      }[];
    }
  /** `refused`: it answered, and let nobody in. */
  | { readonly reason: string; readonly refused: boolean };

/** Asks, and records what has changed; what is as it was is not written again. */
export async function lookAtObServers(
  store: Store,
  cluster: ObClusterRow,
  { addresses, signal }: { readonly addresses: AddressPolicy; readonly signal?: AbortSignal },
): Promise<ObServersLook> {
  let session: ClusterSession | undefined;
  let state: ClusterState;
  try {
    session = await openAsSys(store, cluster, {
      ...{ addresses, timeoutMs: ANSWER_MS },
      ...(signal === undefined ? {} : { signal }),
    });
    state = await askCluster(session);
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return { reason, refused: error instanceof SqlError && !couldNotAsk(error) };
  } finally {
    session?.close();
  }
  const before = await store.obServers.ofCluster(cluster.id);
  const known = isKnown(state, before, await store.obServers.zones(cluster.id));
  if (!known) await recordState(store, cluster.id, state);
  const now = known ? before : await store.obServers.ofCluster(cluster.id);
  return {
    servers: now
      .filter(({ work }) => work === null)
      .map((row) => ({
        row,
        seen: seenOf(row),
        formerStatus: before.find(({ id }) => id === row.id)?.status ?? row.status,
      })),
  };
}

function seenOf({ innerStatus, ip, rpcPort }: ObServerRow): Seen {
  if (innerStatus === 'ACTIVE') return { state: 'ALIVE', by: 'SQL', reason: null };
  const reason = `the cluster says of ${addressText(ip, rpcPort)}: ${innerStatus ?? 'nothing'}`;
  return { state: 'SILENT', by: 'SQL', reason };
}

/** Whether the inventory says what the cluster says. */
function isKnown(
  { servers, zones }: ClusterState,
  rows: readonly ObServerRow[],
  zoneRows: readonly ObZoneRow[],
): boolean {
  const inOrder = <T>(items: readonly T[], key: (item: T) => string): T[] =>
    [...items].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  const place = ({ ip, rpcPort }: { ip: string; rpcPort: number }) => `${ip} ${rpcPort}`;
  const rowOf = new Map(rows.map((row) => [place(row), row]));
  const said = servers.map((server) => ({
    place: place(server),
    ...facts(server),
    // The status of what a task works on is the task's.
    status: rowOf.get(place(server))?.work ? null : serverStatus(server, zones),
  }));
  const stored = rows
    .filter((row) => row.work === null || said.some((server) => server.place === place(row)))
    .map((row) => ({ place: place(row), ...facts(row), status: row.work ? null : row.status }));
  const zone = ({
    name,
    region,
    idc,
    innerStatus,
  }: Omit<ObZoneRow, 'clusterId' | 'status' | 'work' | 'createTime' | 'updateTime'>) => ({
    name,
    region,
    idc,
    innerStatus,
  });
  const worked = new Set(zoneRows.filter(({ work }) => work !== null).map(({ name }) => name));
  return (
    isDeepStrictEqual(
      inOrder(said, (server) => server.place),
      inOrder(stored, (server) => server.place),
    ) &&
    isDeepStrictEqual(
      inOrder(zones.map(zone), ({ name }) => name),
      inOrder(
        zoneRows.filter(({ name }) => !worked.has(name) || zones.some((one) => one.name === name)).map(zone),
        ({ name }) => name,
      ),
    )
  );
}

function facts({
  zone,
  innerStatus,
  withRootserver,
  startTime,
  stopTime,
  buildVersion,
}: Pick<ObServerRow, 'zone' | 'innerStatus' | 'withRootserver' | 'startTime' | 'stopTime' | 'buildVersion'>) {
  return { zone, innerStatus, withRootserver, startTime, stopTime, buildVersion };
}
