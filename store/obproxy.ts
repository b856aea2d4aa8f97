import type { Kysely, Selectable } from 'kysely';
import { say } from '../runtime/messages/catalogue';
import { direction, pageOf } from './database/paging';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { MasterKey } from './masterKey';
import { configurationRepository, passwordPlace } from './obproxyConfiguration';
import { selectServers, serverRow, serversRepository } from './obproxyServers';
import {
  DuplicateError,
  InUseError,
  type ObproxyClusterRow,
  type ObproxyRepository,
  type Parameter,
} from './types';

const SORT_FIELDS = {
  id: 'obproxy_clusters.id',
  name: 'obproxy_clusters.name',
  workMode: 'obproxy_clusters.work_mode',
  createTime: 'obproxy_clusters.create_time',
  updateTime: 'obproxy_clusters.update_time',
};

function parameters(json: string): Parameter[] {
  return JSON.parse(json) as Parameter[];
}

/** Clusters with their links and servers: two more statements, however many clusters. */
async function assembled(
  db: Kysely<Schema>,
  rows: readonly Selectable<Schema['obproxy_clusters']>[],
): Promise<ObproxyClusterRow[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const links = await db
    .selectFrom('obproxy_links as link')
    .innerJoin('ob_clusters as cluster', 'cluster.id', 'link.ob_cluster_id')
    .select([
      'link.obproxy_cluster_id',
      'link.username',
      'cluster.id',
      'cluster.name',
      'cluster.ob_cluster_id',
      'cluster.type',
    ])
    .where('link.obproxy_cluster_id', 'in', ids)
    .orderBy('link.obproxy_cluster_id')
    .orderBy('link.position')
    .execute();
  const servers = await selectServers(db)
    .where('server.cluster_id', 'in', ids)
    .orderBy('server.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    address: row.address,
    port: row.port,
    workMode: row.work_mode,
    parameterVersion: row.parameter_version,
    startupParameters: parameters(row.startup_parameters),
    parameters: parameters(row.parameters),
    runUser: row.run_user,
    creator: { id: row.creator_id, name: row.creator_name },
    obLinks: links
      .filter((link) => link.obproxy_cluster_id === row.id)
      .map((link) => ({
        clusterId: link.id,
        clusterName: link.name,
        obClusterId: link.ob_cluster_id,
        clusterType: link.type,
        username: link.username,
      })),
    servers: servers.filter((server) => server.cluster_id === row.id).map(serverRow),
    createTime: row.create_time,
    updateTime: row.update_time,
  }));
}

export function obproxyRepository(scope: Scope, key: MasterKey): ObproxyRepository {
  return {
    ...serversRepository(scope, key),
    ...configurationRepository(scope, key),

    addCluster: (cluster) =>
      scope.write(async (db) => {
        const time = now();
        const added = await db
          .insertInto('obproxy_clusters')
          .values({
            name: cluster.name,
            address: cluster.address,
            port: cluster.port,
            work_mode: cluster.workMode,
            parameter_version: 1,
            startup_parameters: JSON.stringify(cluster.startupParameters),
            parameters: JSON.stringify(cluster.parameters),
            run_user: cluster.runUser,
            proxysys_password: key.seal(cluster.proxysysPassword, passwordPlace(cluster.name)),
            creator_id: cluster.creator.id,
            creator_name: cluster.creator.name,
            create_time: time,
            update_time: time,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        if (added === undefined)
          throw new DuplicateError(say('taken.obproxyCluster', { name: cluster.name }));
        const links = cluster.links.map((link, position) => ({
          obproxy_cluster_id: added.id,
          position,
          ob_cluster_id: link.clusterId,
          username: link.username,
        }));
        if (links.length > 0) await db.insertInto('obproxy_links').values(links).execute();
        return added.id;
      }),

    async findCluster(id) {
      const rows = await scope.db.selectFrom('obproxy_clusters').selectAll().where('id', '=', id).execute();
      return (await assembled(scope.db, rows))[0];
    },

    async findClusterByName(name) {
      const rows = await scope.db
        .selectFrom('obproxy_clusters')
        .selectAll()
        .where('name', '=', name)
        .execute();
      return (await assembled(scope.db, rows))[0];
    },

    async clustersLinkedTo(obClusterId) {
      return scope.db
        .selectFrom('obproxy_clusters')
        .innerJoin('obproxy_links', 'obproxy_links.obproxy_cluster_id', 'obproxy_clusters.id')
        .select(['obproxy_clusters.id', 'obproxy_clusters.name'])
        .where('obproxy_links.ob_cluster_id', '=', obClusterId)
        .distinct()
        .orderBy('obproxy_clusters.id')
        .execute();
    },

    async listClusters(request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      let query = scope.db.selectFrom('obproxy_clusters').selectAll().limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('obproxy_clusters')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      return { contents: await assembled(scope.db, await query.execute()), totalElements: total };
    },

    async setAccess(id, access) {
      if (Object.keys(access).length === 0) return;
      await scope.db
        .updateTable('obproxy_clusters')
        .set({ ...access, update_time: now() })
        .where('id', '=', id)
        .execute();
    },

    deleteCluster: (id) =>
      scope.write(async (db) => {
        const servers = await db
          .selectFrom('obproxy_servers')
          .select('id')
          .where('cluster_id', '=', id)
          .orderBy('id')
          .execute();
        if (servers.length > 0) {
          const list = servers.map((server) => server.id).join(', ');
          throw new InUseError(say('used.obproxyCluster', { id, list }));
        }
        await db.deleteFrom('obproxy_clusters').where('id', '=', id).execute();
      }),
  };
}
