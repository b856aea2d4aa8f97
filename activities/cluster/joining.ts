/** What the Prepare subtasks of tasks that bring new servers into a cluster have in common. */
import { type ClusterServer, type ClusterZone, isServing } from '../../oceanbase/clusterSql';
import { compareVersions } from '../../oceanbase/versions';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { joined, type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow, ObServerRow, PackageRow } from '../../store/types';
import { forgetTask } from '../host/forgetTask';
import type { Needs, SubtaskScope } from '../types';
import { CLUSTER, clusterOf, withCluster } from './cluster';
import { recordUndone } from './clusterState';

const TRIED = say('observer.prepareCluster');

/** Keys by which the servers that the task has made are found. */
export const JOINING = { ...CLUSTER, server_ids: 'list', host_ids: 'list?' } as const satisfies Needs;

type JoiningScope = SubtaskScope<typeof JOINING>;

export function clusterUnfit(where: string, code: string, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({ type: 'ClusterUnfit', code, tried: TRIED, where, cameBack, next });
}

/** `4.2.1.2_102000042023120514-…(…)` → `4.2.1.2`. */
function bare(buildVersion: string): string {
  return /^[^_(\s]+/.exec(buildVersion)?.[0] ?? '';
}

/** Only rows that this task made: whatever else the ids name is none of its business. */
async function ownRows(scope: JoiningScope): Promise<ObServerRow[]> {
  const ids = scope.list('server_ids').map(Number);
  const rows = await Promise.all(ids.map((id) => scope.store.obServers.find(id)));
  return rows.flatMap((row) => (row?.taskId === scope.input.taskId ? [row] : []));
}

function proveVersions(name: string, servers: readonly ClusterServer[], version: string): void {
  const versions = [...new Set(servers.map(({ buildVersion }) => bare(buildVersion)))].filter(Boolean);
  const other = versions.find((found) => compareVersions(found, version) !== 0);
  if (other === undefined) return;
  throw clusterUnfit(
    name,
    'OBE11013',
    say('observer.otherVersions', { versions: joined(versions, 'list.and'), version }),
    say('next.declareVersion'),
  );
}

function proveEdition(name: string, community: boolean, part: PackageRow): void {
  if (community === (part.name === 'oceanbase-ce')) return;
  const edition = community ? say('observer.community') : say('observer.noCommunity');
  const text = say('observer.otherEdition', { edition, file: part.fileName });
  throw clusterUnfit(name, 'OBE11013', text, say('next.sameEdition'));
}

function proveUnlisted(name: string, servers: readonly ClusterServer[], row: ObServerRow): void {
  const listed = servers.find(({ ip, rpcPort }) => ip === row.ip && rpcPort === row.rpcPort);
  if (listed === undefined) return;
  const text = say('observer.listedAlready', {
    address: addressText(row.ip, row.rpcPort),
    zone: listed.zone,
    status: listed.innerStatus,
  });
  throw clusterUnfit(name, 'OBE11021', text, say('next.chooseOtherHost'));
}

async function recordedRows(scope: JoiningScope, cluster: ObClusterRow) {
  const rows = await ownRows(scope);
  const wanted = scope.list('server_ids').length;
  if (rows.length < wanted) {
    const text = say('observer.recordsMissing', { count: rows.length, wanted });
    throw clusterUnfit(cluster.name, 'OBE19001', text, say('next.sendAgain'));
  }
  const part = await scope.store.packages.find(rows[0]?.packageId ?? 0);
  if (part === undefined) {
    throw clusterUnfit(cluster.name, 'PKG10014', say('package.gone'), say('next.uploadIt'));
  }
  return { rows, part };
}

/**
 * What the request was told of the cluster is asked again, by SQL: version, edition, and that none of the servers is
 * listed. Changes nothing. PermanentError ClusterUnfit, and what `proveZone` throws for the zone of each server.
 */
export async function proveJoinable(
  scope: JoiningScope,
  cluster: ObClusterRow,
  proveZone: (zones: readonly ClusterZone[], row: ObServerRow) => void,
): Promise<void> {
  const { rows, part } = await recordedRows(scope, cluster);
  await withCluster(scope, cluster, TRIED, async (session) => {
    const servers = await session.servers();
    const serving = servers.filter(isServing).length;
    const { at, version } = session;
    const total = servers.length;
    scope.log.info(say('observer.clusterAnswers', { cluster: cluster.name, at, version, serving, total }));
    proveVersions(cluster.name, servers, part.version);
    proveEdition(cluster.name, await session.isCommunity(), part);
    const zones = await session.zones();
    for (const row of rows) {
      proveZone(zones, row);
      proveUnlisted(cluster.name, servers, row);
    }
    const place = rows.map(({ ip, rpcPort, zone }) => `${addressText(ip, rpcPort)} (${zone})`).join(', ');
    scope.log.info(say('observer.canBeAdded', { place, file: part.fileName }));
  });
}

/** For the undo of Prepare: the records of the servers go, and proxies are told no root server that has gone with them. */
export async function undoJoining(scope: JoiningScope): Promise<void> {
  const cluster = await clusterOf(scope);
  for (const row of await ownRows(scope)) {
    await scope.store.obServers.delete(row.id);
    scope.log.info(say('observer.recordRemoved', { address: addressText(row.ip, row.rpcPort) }));
  }
  await forgetTask(scope, (scope.list('host_ids') ?? []).map(Number));
  await recordUndone(scope, cluster);
}
