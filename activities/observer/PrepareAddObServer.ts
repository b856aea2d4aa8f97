import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { compareVersions } from '../../oceanbase/versions';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { joined, type Said, say, type Text } from '../../runtime/messages/catalogue';
import { CLUSTER, clusterOf, withCluster } from '../cluster/cluster';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import type { Needs, SubtaskScope } from '../types';

const TRIED = say('observer.prepareCluster');

function refuse(where: string, code: string, cameBack: Said, next: Text): PermanentError {
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
    say('observer.otherVersions', { versions: joined(versions, 'list.and'), version }),
    say('next.declareVersion'),
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
      const text = say('observer.recordsMissing', { count: rows.length, wanted });
      throw refuse(cluster.name, 'OBE19001', text, say('next.sendAgain'));
    }
    const part = await scope.store.packages.find(rows[0]?.packageId ?? 0);
    if (part === undefined) {
      throw refuse(cluster.name, 'PKG10014', say('package.gone'), say('next.uploadIt'));
    }
    await withCluster(scope, cluster, TRIED, async (session) => {
      const servers = await session.servers();
      const serving = servers.filter(isServing).length;
      scope.log.info(
        say('observer.clusterAnswers', {
          cluster: cluster.name,
          at: session.at,
          version: session.version,
          serving,
          total: servers.length,
        }),
      );
      checkVersions(cluster.name, servers, part.version);
      const community = await session.isCommunity();
      if (community !== (part.name === 'oceanbase-ce')) {
        const edition = community ? say('observer.community') : say('observer.noCommunity');
        const next = say('next.sameEdition');
        throw refuse(
          cluster.name,
          'OBE11013',
          say('observer.otherEdition', { edition, file: part.fileName }),
          next,
        );
      }
      const zones = await session.zones();
      for (const row of rows) {
        const zone = zones.find(({ name }) => name === row.zone);
        if (zone?.innerStatus !== 'ACTIVE') {
          const text =
            zone === undefined
              ? say('zone.none', { zone: row.zone })
              : say('zone.is', { zone: row.zone, status: zone.innerStatus });
          throw refuse(cluster.name, 'OBE18004', text, say('next.startZone'));
        }
        const listed = servers.find(({ ip, rpcPort }) => ip === row.ip && rpcPort === row.rpcPort);
        if (listed !== undefined) {
          const text = say('observer.listedAlready', {
            address: addressText(row.ip, row.rpcPort),
            zone: listed.zone,
            status: listed.innerStatus,
          });
          throw refuse(cluster.name, 'OBE11021', text, say('next.chooseOtherHost'));
        }
      }
      const place = rows.map(({ ip, rpcPort, zone }) => `${addressText(ip, rpcPort)} (${zone})`).join(', ');
      scope.log.info(say('observer.canBeAdded', { place, file: part.fileName }));
    });
    return undefined;
  },

  async rollback(scope) {
    for (const row of await ownRows(scope)) {
      await scope.store.obServers.delete(row.id);
      scope.log.info(say('observer.recordRemoved', { address: addressText(row.ip, row.rpcPort) }));
    }
    await forgetTask(scope, (scope.list('host_ids') ?? []).map(Number));
  },
});
