/** The rows that a take-over of an OceanBase cluster makes, all in one, and their end. */
import type { Kysely } from 'kysely';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { madeBy } from './tasks/work';
import type { ClusterTakeOver, ClusterToTakeOver, ObClusters } from './types';

export function takeOverRows(scope: Scope): Pick<ObClusters, 'takeOver' | 'recordTakeOver' | 'remove'> {
  return {
    takeOver: ({ takeOver, zones, servers, rootServers, ...cluster }: ClusterToTakeOver) =>
      scope.write(async (db) => {
        const { taskId } = takeOver;
        const times = { create_time: now(), update_time: now() };
        const { id } = await db
          .insertInto('ob_clusters')
          .values({
            ...times,
            ...madeBy(taskId, 'TAKINGOVER' as const),
            name: cluster.name,
            ob_cluster_id: cluster.obClusterId,
            version: cluster.version,
            type: cluster.type,
            sys_credential_id: cluster.sysCredentialId,
            proxyro_credential_id: cluster.proxyroCredentialId,
            take_over: JSON.stringify(takeOver),
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        for (const [position, { ip, sqlPort, rpcPort }] of rootServers.entries()) {
          await db
            .insertInto('ob_root_servers')
            .values({ cluster_id: id, position, ip, sql_port: sqlPort, rpc_port: rpcPort })
            .execute();
        }
        for (const { name, region, idc, innerStatus } of zones) {
          await db
            .insertInto('ob_zones')
            .values({
              ...times,
              ...madeBy(taskId, 'OPERATING' as const),
              ...{ cluster_id: id, name, region, idc, inner_status: innerStatus },
            })
            .execute();
        }
        const serverIds: number[] = [];
        for (const server of servers) {
          const added = await db
            .insertInto('ob_servers')
            .values({
              ...times,
              ...madeBy(taskId, 'OPERATING' as const),
              cluster_id: id,
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
            })
            .returning('id')
            .executeTakeFirstOrThrow();
          serverIds.push(added.id);
        }
        return { id, serverIds };
      }),

    recordTakeOver: (id, more) =>
      scope.write(async (db) => {
        const row = await db
          .selectFrom('ob_clusters')
          .select('take_over')
          .where('id', '=', id)
          .executeTakeFirst();
        if (row?.take_over == null) return;
        const known = JSON.parse(row.take_over) as ClusterTakeOver;
        await db
          .updateTable('ob_clusters')
          .set({ take_over: JSON.stringify({ ...known, ...more }) })
          .where('id', '=', id)
          .execute();
      }),

    async remove(id) {
      await scope.db.deleteFrom('ob_clusters').where('id', '=', id).execute();
    },
  };
}

/** The credentials that this task has stored for the cluster that it takes over, while it works on it. */
export async function credentialsOfTakeOver(db: Kysely<Schema>, taskId: number): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('ob_clusters')
    .select('take_over')
    .where('work_task_id', '=', taskId)
    .where('take_over', 'is not', null)
    .execute();
  return rows
    .map(({ take_over }) => JSON.parse(take_over ?? '{}') as ClusterTakeOver)
    .filter((made) => made.taskId === taskId)
    .flatMap(({ credentialIds }) => credentialIds);
}
