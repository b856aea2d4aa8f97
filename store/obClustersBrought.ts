/** The rows of a cluster that a task brings into the inventory, by taking it over or by making it: all in one, and their end. */
import type { Insertable, Kysely } from 'kysely';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { madeBy } from './tasks/work';
import type { ClusterOrigin, NewObCluster, ObClusters } from './types';

type ZoneValues = Pick<Insertable<Schema['ob_zones']>, 'name' | 'region' | 'idc' | 'inner_status'>;
type ServerValues = Omit<
  Insertable<Schema['ob_servers']>,
  'id' | 'cluster_id' | 'status' | 'create_time' | 'update_time' | 'work_task_id' | 'work_status'
>;

interface Brought extends NewObCluster {
  readonly origin: ClusterOrigin;
}

/** The task works on all of the rows from now on. */
async function bring(
  db: Kysely<Schema>,
  { origin, rootServers, ...cluster }: Brought,
  statuses: { readonly cluster: 'TAKINGOVER' | 'CREATING'; readonly members: 'OPERATING' | 'CREATING' },
  members: { readonly zones: readonly ZoneValues[]; readonly servers: readonly ServerValues[] },
): Promise<{ id: number; serverIds: number[] }> {
  const { taskId } = origin;
  const times = { create_time: now(), update_time: now() };
  const { id } = await db
    .insertInto('ob_clusters')
    .values({
      ...times,
      ...madeBy(taskId, statuses.cluster),
      name: cluster.name,
      ob_cluster_id: cluster.obClusterId,
      version: cluster.version,
      type: cluster.type,
      sys_credential_id: cluster.sysCredentialId,
      proxyro_credential_id: cluster.proxyroCredentialId,
      take_over: JSON.stringify(origin),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const [position, { ip, sqlPort, rpcPort }] of rootServers.entries()) {
    await db
      .insertInto('ob_root_servers')
      .values({ cluster_id: id, position, ip, sql_port: sqlPort, rpc_port: rpcPort })
      .execute();
  }
  const made = { ...times, ...madeBy(taskId, statuses.members), cluster_id: id };
  for (const zone of members.zones) {
    await db
      .insertInto('ob_zones')
      .values({ ...made, ...zone })
      .execute();
  }
  const serverIds: number[] = [];
  for (const server of members.servers) {
    const added = await db
      .insertInto('ob_servers')
      .values({ ...made, ...server })
      .returning('id')
      .executeTakeFirstOrThrow();
    serverIds.push(added.id);
  }
  return { id, serverIds };
}

/** Writes what `change` makes of it; false when that is undefined, or there is nothing to change. */
async function changeOrigin(
  db: Kysely<Schema>,
  id: number,
  change: (known: ClusterOrigin) => ClusterOrigin | undefined,
): Promise<boolean> {
  const row = await db.selectFrom('ob_clusters').select('take_over').where('id', '=', id).executeTakeFirst();
  if (row?.take_over == null) return false;
  const next = change(JSON.parse(row.take_over) as ClusterOrigin);
  if (next === undefined) return false;
  await db
    .updateTable('ob_clusters')
    .set({ take_over: JSON.stringify(next) })
    .where('id', '=', id)
    .execute();
  return true;
}

export function broughtRows(
  scope: Scope,
): Pick<ObClusters, 'takeOver' | 'create' | 'recordOrigin' | 'claimBootstrap' | 'remove'> {
  return {
    takeOver: ({ zones, servers, ...cluster }) =>
      scope.write((db) =>
        bring(
          db,
          cluster,
          { cluster: 'TAKINGOVER', members: 'OPERATING' },
          {
            zones: zones.map(({ innerStatus, name, region, idc }) => ({
              ...{ name, region, idc },
              inner_status: innerStatus,
            })),
            servers: servers.map((server) => ({
              zone: server.zone,
              host_id: server.hostId,
              ip: server.ip,
              rpc_port: server.rpcPort,
              sql_port: server.sqlPort,
              inner_status: server.innerStatus,
              with_rootserver: server.withRootserver ? 1 : 0,
              start_time: server.startTime,
              stop_time: server.stopTime,
              build_version: server.buildVersion,
              package_id: null,
              startup_parameters: '[]',
              // It was there before: no undo of a creation may take it for one that this task has made.
              task_id: null,
            })),
          },
        ),
      ),

    create: ({ zones, servers, ...cluster }) =>
      scope.write((db) =>
        bring(
          db,
          cluster,
          { cluster: 'CREATING', members: 'CREATING' },
          {
            zones: zones.map(({ name, region, idc }) => ({ name, region, idc, inner_status: 'INACTIVE' })),
            servers: servers.map((server) => ({
              zone: server.zone,
              host_id: server.hostId,
              ip: server.ip,
              rpc_port: server.rpcPort,
              sql_port: server.sqlPort,
              inner_status: null,
              with_rootserver: 0,
              start_time: null,
              stop_time: null,
              build_version: null,
              package_id: server.packageId,
              startup_parameters: JSON.stringify(server.startupParameters),
              task_id: cluster.origin.taskId,
            })),
          },
        ),
      ),

    recordOrigin: async (id, more) => {
      await scope.write((db) => changeOrigin(db, id, (known) => ({ ...known, ...more })));
    },

    claimBootstrap: (id, process) =>
      scope.write((db) =>
        changeOrigin(db, id, (known) =>
          known.bootstrap?.state === 'NONE'
            ? { ...known, bootstrap: { state: 'SENT', at: now(), process } }
            : undefined,
        ),
      ),

    async remove(id) {
      await scope.db.deleteFrom('ob_clusters').where('id', '=', id).execute();
    },
  };
}
