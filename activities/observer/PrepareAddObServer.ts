import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { compareVersions } from '../../oceanbase/versions';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { CLUSTER, clusterOf, withCluster } from '../cluster/cluster';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import type { Needs, SubtaskScope } from '../types';

const TRIED = 'prepare the OceanBase cluster for a new server';

function refuse(where: string, code: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type: 'ClusterUnfit', code, tried: TRIED, where, cameBack, next });
}

/** `4.2.1.2_102000042023120514-…(…)` → `4.2.1.2`. */
function bare(buildVersion: string): string {
  return /^[^_(\s]+/.exec(buildVersion)?.[0] ?? '';
}

const PREPARE = { ...CLUSTER, server_ids: 'list', host_ids: 'list?' } as const satisfies Needs;

/** Only rows that this task made: whatever else the ids name is none of its business. */
async function ownRows(scope: SubtaskScope<typeof PREPARE>) {
  const ids = scope.list('server_ids').map(Number);
  const rows = await Promise.all(ids.map((id) => scope.store.obServers.find(id)));
  return rows.flatMap((row) => (row?.taskId === scope.input.taskId ? [row] : []));
}

function checkVersions(name: string, servers: readonly ClusterServer[], version: string): void {
  const versions = [...new Set(servers.map(({ buildVersion }) => bare(buildVersion)))].filter(Boolean);
  const other = versions.find((found) => compareVersions(found, version) !== 0);
  if (other === undefined) return;
  throw refuse(
    name,
    'OBE11013',
    `its servers run ${versions.join(' and ')}, the package is of ${version}`,
    `Declare the cluster's version, upload its package and send the request again.`,
  );
}

/** "Prepare add observer": what the request was told of the cluster is asked again, by SQL. Changes nothing. */
export const PrepareAddObServer = subtask({
  name: 'Prepare add observer',
  className: 'server.PrepareAddObServerTask',
  timeout: 300,
  needs: PREPARE,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const rows = await ownRows(scope);
    const wanted = scope.list('server_ids').length;
    if (rows.length < wanted) {
      const text = `${rows.length} of ${wanted} servers of this task are recorded`;
      throw refuse(cluster.name, 'OBE19001', text, 'Send the request again.');
    }
    const part = await scope.store.packages.find(rows[0]?.packageId ?? 0);
    if (part === undefined) {
      throw refuse(cluster.name, 'PKG10014', 'the package is not there any more', 'Upload it and retry.');
    }
    await withCluster(scope, cluster, TRIED, async (session) => {
      const servers = await session.servers();
      const serving = servers.filter(isServing).length;
      scope.log.info(
        `${cluster.name} answers at ${session.at}: OceanBase ${session.version}, ${serving} of ${servers.length} servers serve`,
      );
      checkVersions(cluster.name, servers, part.version);
      const community = await session.isCommunity();
      if (community !== (part.name === 'oceanbase-ce')) {
        const edition = community ? 'the community edition' : 'no community edition';
        const next = 'Upload the package of the same edition, delete this one, and send the request again.';
        throw refuse(cluster.name, 'OBE11013', `it is ${edition}, the package is ${part.fileName}`, next);
      }
      const zones = await session.zones();
      for (const row of rows) {
        const zone = zones.find(({ name }) => name === row.zone);
        if (zone?.innerStatus !== 'ACTIVE') {
          const text =
            zone === undefined ? `it has no zone ${row.zone}` : `${row.zone} is ${zone.innerStatus}`;
          throw refuse(cluster.name, 'OBE18004', text, 'Start the zone and retry.');
        }
        const listed = servers.find(({ ip, rpcPort }) => ip === row.ip && rpcPort === row.rpcPort);
        if (listed !== undefined) {
          const text = `${addressText(row.ip, row.rpcPort)} is a server of it already (${listed.zone}, ${listed.innerStatus})`;
          throw refuse(cluster.name, 'OBE11021', text, 'Choose another host.');
        }
      }
      const place = rows.map(({ ip, rpcPort, zone }) => `${addressText(ip, rpcPort)} (${zone})`).join(', ');
      scope.log.info(`${place} can be added, from ${part.fileName}`);
    });
    return undefined;
  },

  async rollback(scope) {
    for (const row of await ownRows(scope)) {
      await scope.store.obServers.delete(row.id);
      scope.log.info(`The record of ${addressText(row.ip, row.rpcPort)} is removed`);
    }
    await forgetTask(scope, (scope.list('host_ids') ?? []).map(Number));
  },
});
