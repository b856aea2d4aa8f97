/** Which OBServers a request to delete some means, what is against it, and what a dry run finds. */

import { DELETABLE_SERVER } from '../activities/observer/deletion';
import { lookAtDeletion } from '../contact/lookAtStop';
import type { ClusterSession } from '../oceanbase/clusterSession';
import { type DeleteVerdict, inGib, type Move } from '../oceanbase/deleteVerdict';
import { rpcAddress } from '../runtime/addressText';
import { joined, say, type Text } from '../runtime/messages/catalogue';
import type { ObClusterRow, ObServerRow, Store } from '../store/types';
import { leftFindings, processFindings } from './obServerFindings';
import { askingCluster, refuseUndeclaredMachine, serverLocks } from './obServers';
import { clusterRuns, obClusterById } from './observerPreconditions';
import { refuseWhenHeld } from './planTask';
import { Refusal } from './refusal';
import type { HostFinding, InspectScope } from './types';

/** So many refusals, or moves, are named. */
const NAMED = 5;

export interface ServersOf {
  readonly cluster: ObClusterRow;
  readonly servers: readonly ObServerRow[];
}

/** Ids of a request: of OBServers alone, or of what OCP's page calls hosts and its sample shows as neither. */
export interface AskedServers {
  readonly serverIds?: readonly number[] | undefined;
  readonly servers?: readonly number[] | undefined;
}

/** Throws Refusal OBE19001: 404 when no server has the id, 400 when it is another cluster's. */
async function byServerIds(
  store: Store,
  cluster: ObClusterRow,
  ids: readonly number[],
): Promise<ObServerRow[]> {
  const found: ObServerRow[] = [];
  for (const id of ids) {
    const server = await store.obServers.find(id);
    const target = `obServer:${id}`;
    if (server === undefined)
      throw new Refusal(404, 'OBE19001', say('obServer.unknown', { id, cluster: cluster.id }), { target });
    if (server.clusterId !== cluster.id) {
      const said = say('obServer.otherCluster', { id, other: server.clusterId, cluster: cluster.id });
      throw new Refusal(400, 'OBE19001', said, { target });
    }
    found.push(server);
  }
  return found;
}

/**
 * A wrong guess would delete the wrong server: ids that may be hosts as well as OBServers are taken when one reading fits all of
 * them, or both mean the same servers. Throws Refusal OBE19001.
 */
async function byEither(store: Store, cluster: ObClusterRow, ids: readonly number[]): Promise<ObServerRow[]> {
  const all = await store.obServers.ofCluster(cluster.id);
  const asServers = ids.map((id) => all.filter((server) => server.id === id));
  const asHosts = ids.map((id) => all.filter((server) => server.hostId === id));
  const fits = (reading: readonly (readonly ObServerRow[])[]) => reading.every((rows) => rows.length > 0);
  const set = (reading: readonly (readonly ObServerRow[])[]) => [...new Set(reading.flat())];
  if (!fits(asHosts)) return fits(asServers) ? set(asServers) : byServerIds(store, cluster, ids);
  const ofHosts = set(asHosts);
  if (!fits(asServers)) return ofHosts;
  const ofServers = set(asServers);
  if (ofServers.length === ofHosts.length && ofServers.every((server) => ofHosts.includes(server)))
    return ofServers;
  const list = (rows: readonly ObServerRow[]) => rows.map(rpcAddress).join(', ');
  const said = say('delete.twoReadings', {
    ids: ids.join(', '),
    servers: list(ofServers),
    hosts: list(ofHosts),
  });
  throw new Refusal(400, 'OBE19001', said, { target: 'servers' });
}

/**
 * The OBServers of a request, which no task holds and whose statuses allow it. Throws Refusal OBE11001, OBE19001, OBE11007,
 * OBE11020, OBE19011 for all servers of the cluster, OBE19003, CMP07005.
 */
export async function acceptedServers(
  store: Store,
  clusterId: number,
  { serverIds, servers = [] }: AskedServers,
): Promise<ServersOf> {
  const cluster = await obClusterById(store, clusterId);
  const found =
    serverIds === undefined
      ? await byEither(store, cluster, servers)
      : await byServerIds(store, cluster, serverIds);
  clusterRuns(cluster);
  await refuseWhenHeld(store, serverLocks(cluster, found));
  const target = `obCluster:${cluster.id}`;
  const { length } = await store.obServers.ofCluster(cluster.id);
  if (found.length === length) {
    const said = say('delete.refused', {
      text: say('delete.allServers', { count: length }),
      next: say('delete.nextCluster'),
    });
    throw new Refusal(409, 'OBE19011', said, { target });
  }
  for (const server of found) refuseUnfitServer(server);
  return { cluster, servers: found };
}

/** Throws Refusal OBE19003 for a status that does not allow a deletion, CMP07005 for a machine that is no host. */
export function refuseUnfitServer(server: ObServerRow): void {
  const { id, status } = server;
  if (!(DELETABLE_SERVER as readonly string[]).includes(status)) {
    const allowed = DELETABLE_SERVER.join(', ');
    const said = say('obServer.unfit', { address: rpcAddress(server), id, status, allowed });
    throw new Refusal(409, 'OBE19003', said, { target: `obServer:${id}` });
  }
  refuseUndeclaredMachine(server);
}

/** What the cluster is asked about servers that go. */
export type DeletionLook = (session: ClusterSession, targets: readonly string[]) => Promise<DeleteVerdict>;

/**
 * Throws Refusal with OCP's code when units find no room, or a log stream has no majority from which replicas could be made.
 *
 * @param counted what the refusal says beside it of the room that was counted with
 */
export async function refuseUnsafeDeletion(
  scope: InspectScope,
  { cluster, servers }: ServersOf,
  look: DeletionLook = lookAtDeletion,
  counted?: Text,
): Promise<void> {
  const verdict = await askingCluster(scope, cluster, (session) => look(session, servers.map(rpcAddress)));
  const [first] = verdict?.refusals ?? [];
  if (verdict === undefined || first === undefined) return;
  const texts = verdict.refusals.slice(0, NAMED).map((refusal) => refusal.text);
  const text = joined(counted === undefined ? texts : [...texts, counted], 'list.stop') as Text;
  throw new Refusal(409, first.code, say('delete.refused', { text, next: first.next }), {
    target: `obCluster:${cluster.id}`,
  });
}

function moveText({ unit, to }: Move): Text {
  const { id, tenant, server, size } = unit;
  return say('delete.wouldMove', { id, tenant, from: server, to, gib: inGib(size.memory) });
}

/** Which units would go where, and what is on the hosts. */
export async function deletionFindings(
  scope: InspectScope,
  { cluster, servers }: ServersOf,
  look: DeletionLook = lookAtDeletion,
): Promise<HostFinding[]> {
  const seen = await askingCluster(scope, cluster, async (session) => ({
    verdict: await look(session, servers.map(rpcAddress)),
    onDisk: await session.dataOnDisk(),
    listed: await session.servers(),
  }));
  const found: HostFinding[] = [];
  const info = (message: Text) => found.push({ level: 'INFO', message });
  if (servers.length > 0)
    info(
      say('dry.ends', {
        ...{ count: servers.length, cluster: cluster.name },
        addresses: servers.slice(0, NAMED).map(rpcAddress).join(', '),
      }),
    );
  if (seen !== undefined) {
    const { verdict, onDisk, listed } = seen;
    const bytes = servers.map((server) => onDisk.get(rpcAddress(server)));
    const known = bytes.filter((one) => one !== undefined);
    if (verdict.leaves !== undefined) info(verdict.leaves);
    if (verdict.moves.length === 0) info(say('delete.noUnits'));
    for (const move of verdict.moves.slice(0, NAMED)) info(moveText(move));
    if (verdict.moves.length > NAMED) info(say('delete.moreUnits', { count: verdict.moves.length - NAMED }));
    if (verdict.moves.length > 0 && known.length > 0)
      info(say('delete.howLong', { gib: inGib(known.reduce((sum, one) => sum + one, 0)) }));
    const rootServer = listed.find(
      (server) =>
        server.withRootserver &&
        servers.some((row) => row.ip === server.ip && row.rpcPort === server.rpcPort),
    );
    if (rootServer !== undefined) info(say('stop.rootService'));
  }
  return [
    ...found,
    ...(await processFindings(scope, servers, false)),
    ...(await leftFindings(scope, servers)),
  ];
}
