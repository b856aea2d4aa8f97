import type { Kysely, Selectable } from 'kysely';
import { direction, pageOf } from './database/paging';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { broughtRows } from './obClustersBrought';
import { workOf } from './tasks/work';
import type { ClusterOrigin, NewObCluster, ObClusterRow, ObClusters, RootServer } from './types';

const SORT_FIELDS = {
  id: 'ob_clusters.id',
  name: 'ob_clusters.name',
  obClusterId: 'ob_clusters.ob_cluster_id',
  version: 'ob_clusters.version',
  type: 'ob_clusters.type',
  createTime: 'ob_clusters.create_time',
  updateTime: 'ob_clusters.update_time',
};

/** Rows with their root servers, in the order declared. */
async function withRootServers(
  db: Kysely<Schema>,
  rows: readonly Selectable<Schema['ob_clusters']>[],
): Promise<ObClusterRow[]> {
  if (rows.length === 0) return [];
  const servers = await db
    .selectFrom('ob_root_servers')
    .selectAll()
    .where(
      'cluster_id',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('cluster_id')
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    obClusterId: row.ob_cluster_id,
    version: row.version,
    type: row.type,
    rootServers: servers
      .filter((server) => server.cluster_id === row.id)
      .map((server) => ({ ip: server.ip, sqlPort: server.sql_port, rpcPort: server.rpc_port })),
    sysCredentialId: row.sys_credential_id,
    proxyroCredentialId: row.proxyro_credential_id,
    origin: row.take_over === null ? null : (JSON.parse(row.take_over) as ClusterOrigin),
    status: row.status,
    work: workOf(row),
    createTime: row.create_time,
    updateTime: row.update_time,
  }));
}

async function stored(db: Kysely<Schema>, cluster: NewObCluster): Promise<ObClusterRow | undefined> {
  const rows = await db
    .selectFrom('ob_clusters')
    .selectAll()
    .where('name', '=', cluster.name)
    .where('ob_cluster_id', '=', cluster.obClusterId)
    .execute();
  return (await withRootServers(db, rows))[0];
}

async function replaceRootServers(
  db: Kysely<Schema>,
  clusterId: number,
  rootServers: readonly RootServer[],
): Promise<void> {
  await db.deleteFrom('ob_root_servers').where('cluster_id', '=', clusterId).execute();
  if (rootServers.length === 0) return;
  const rows = rootServers.map((server, position) => ({
    cluster_id: clusterId,
    position,
    ip: server.ip,
    sql_port: server.sqlPort,
    rpc_port: server.rpcPort,
  }));
  await db.insertInto('ob_root_servers').values(rows).execute();
}

/** The order of root servers says nothing. */
function sameServers(left: readonly RootServer[], right: readonly RootServer[]): boolean {
  const text = (servers: readonly RootServer[]) =>
    servers
      .map((server) => `${server.ip} ${server.sqlPort} ${server.rpcPort}`)
      .sort()
      .join('\n');
  return text(left) === text(right);
}

function difference(row: ObClusterRow | undefined, wanted: NewObCluster): 'added' | 'changed' | 'unchanged' {
  if (row === undefined) return 'added';
  const same =
    row.version === wanted.version &&
    row.type === wanted.type &&
    row.sysCredentialId === wanted.sysCredentialId &&
    row.proxyroCredentialId === wanted.proxyroCredentialId &&
    sameServers(row.rootServers, wanted.rootServers);
  return same ? 'unchanged' : 'changed';
}

export function obClustersRepository(scope: Scope): ObClusters {
  return {
    ...broughtRows(scope),

    put: (cluster) =>
      scope.write(async (db) => {
        const row = await stored(db, cluster);
        const change = difference(row, cluster);
        if (row !== undefined && change === 'unchanged') return { id: row.id, change };
        const time = now();
        const values = {
          version: cluster.version,
          type: cluster.type,
          sys_credential_id: cluster.sysCredentialId,
          proxyro_credential_id: cluster.proxyroCredentialId,
          update_time: time,
        };
        let id: number;
        if (row === undefined) {
          const added = await db
            .insertInto('ob_clusters')
            .values({
              ...values,
              name: cluster.name,
              ob_cluster_id: cluster.obClusterId,
              create_time: time,
            })
            .returning('id')
            .executeTakeFirstOrThrow();
          id = added.id;
        } else {
          id = row.id;
          await db.updateTable('ob_clusters').set(values).where('id', '=', id).execute();
        }
        await replaceRootServers(db, id, cluster.rootServers);
        return { id, change };
      }),

    compare: async (cluster) => difference(await stored(scope.db, cluster), cluster),

    async find(id) {
      const rows = await scope.db.selectFrom('ob_clusters').selectAll().where('id', '=', id).execute();
      return (await withRootServers(scope.db, rows))[0];
    },

    async findByName(name) {
      const rows = await scope.db
        .selectFrom('ob_clusters')
        .selectAll()
        .where('name', '=', name)
        .orderBy('id')
        .execute();
      return withRootServers(scope.db, rows);
    },

    async recordStatus(id, status) {
      await scope.db
        .updateTable('ob_clusters')
        .set({ status, update_time: now() })
        .where('id', '=', id)
        .where('status', '!=', status)
        .where('work_task_id', 'is', null)
        .execute();
    },

    recordRootServers: (id, rootServers) =>
      scope.write(async (db) => {
        await replaceRootServers(db, id, rootServers);
        await db.updateTable('ob_clusters').set({ update_time: now() }).where('id', '=', id).execute();
      }),

    async list(request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      let query = scope.db.selectFrom('ob_clusters').selectAll().limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('ob_clusters')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      return { contents: await withRootServers(scope.db, await query.execute()), totalElements: total };
    },
  };
}
