import { type Expression, expressionBuilder, type Kysely, type Selectable, type SqlBool, sql } from 'kysely';
import { say } from '../../runtime/messages/catalogue';
import type { Plan } from '../../workflows/plan';
import { contains, direction, pageOf } from '../database/paging';
import { now, type Schema, utc } from '../database/schema';
import type { Scope } from '../database/scope';
import { claimTemporal, type OwnTemporal } from '../temporalOfTasks';
import { DuplicateError, type TaskFilter, type TaskRow, type Tasks } from '../types';
import { releaseHeld } from './locks';
import { taskLogRepository } from './taskLog';
import { taskPruning } from './taskPruning';
import { taskStates } from './taskStates';
import { taskWarningsRepository } from './taskWarnings';

const SORT_FIELDS = {
  id: 'tasks.id',
  name: 'tasks.name',
  status: 'tasks.status',
  createTime: 'tasks.create_time',
  startTime: 'tasks.create_time',
  finishTime: 'tasks.finish_time',
};
const CHUNK = 1000;

/** The wide texts of the given rows only: a page parses its own plans, not those of 100 000 tasks. */
async function withTexts(
  db: Kysely<Schema>,
  rows: readonly Selectable<Schema['tasks']>[],
): Promise<TaskRow[]> {
  const texts = new Map<number, { plan: string; document: string | null }>();
  for (let at = 0; at < rows.length; at += CHUNK) {
    const ids = rows.slice(at, at + CHUNK).map((row) => row.id);
    for (const text of await db.selectFrom('task_texts').selectAll().where('task_id', 'in', ids).execute()) {
      texts.set(text.task_id, text);
    }
  }
  return rows.flatMap((row) => {
    const text = texts.get(row.id);
    return text === undefined ? [] : [taskRow(row, text)];
  });
}

function taskRow(row: Selectable<Schema['tasks']>, text: { plan: string; document: string | null }): TaskRow {
  return {
    id: row.id,
    name: row.name,
    workflowType: row.workflow_type,
    status: row.status,
    operation: row.operation,
    closed: row.closed === 1,
    started: row.started === 1,
    creator: { id: row.creator_id, name: row.creator_name },
    hostId: row.host_id,
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    type: row.type,
    createTime: row.create_time,
    finishTime: row.finish_time,
    parentTaskId: row.parent_task_id,
    plan: JSON.parse(text.plan) as Plan,
    document: text.document === null ? null : (JSON.parse(text.document) as unknown),
  };
}

/** Tasks whose OBProxy cluster is such a one. */
function ofObproxyCluster(cluster: Expression<SqlBool>): Expression<SqlBool> {
  return expressionBuilder<Schema, 'tasks'>()('tasks.id', 'in', (query) =>
    query.selectFrom('task_obproxy_clusters').select('task_obproxy_clusters.task_id').where(cluster),
  );
}

function conditions(filter: TaskFilter): Expression<SqlBool>[] {
  const eb = expressionBuilder<Schema, 'tasks'>();
  const all: Expression<SqlBool>[] = [];
  if (filter.name !== undefined && filter.name !== '') all.push(contains('tasks.name', filter.name));
  if (filter.clusterName !== undefined && filter.clusterName !== '') {
    all.push(contains('tasks.cluster_name', filter.clusterName));
  }
  if (filter.anyClusterName !== undefined && filter.anyClusterName !== '') {
    const { anyClusterName } = filter;
    all.push(
      eb.or([
        contains('tasks.cluster_name', anyClusterName),
        ofObproxyCluster(contains('task_obproxy_clusters.name', anyClusterName)),
      ]),
    );
  }
  if (filter.obproxyClusterName !== undefined && filter.obproxyClusterName !== '') {
    all.push(ofObproxyCluster(contains('task_obproxy_clusters.name', filter.obproxyClusterName)));
  }
  if (filter.obproxyClusterId !== undefined) {
    all.push(ofObproxyCluster(sql<SqlBool>`task_obproxy_clusters.cluster_id = ${filter.obproxyClusterId}`));
  }
  if (filter.waiting === true) {
    all.push(eb('tasks.status', '=', 'FAILED'), eb('tasks.closed', '=', 0));
  }
  if (filter.status !== undefined && filter.status.length > 0) {
    all.push(eb(sql<string>`tasks.status`, 'in', [...filter.status]));
  }
  if (filter.type !== undefined) all.push(eb(sql<string>`tasks.type`, '=', filter.type));
  if (filter.tenantName !== undefined) all.push(eb('tasks.tenant_name', '=', filter.tenantName));
  if (filter.clusterId !== undefined) all.push(eb('tasks.cluster_id', '=', filter.clusterId));
  if (filter.tenantId !== undefined) all.push(eb('tasks.tenant_id', '=', filter.tenantId));
  if (filter.hostId !== undefined) {
    const { hostId } = filter;
    all.push(
      eb('tasks.id', 'in', (query) =>
        query.selectFrom('task_hosts').select('task_hosts.task_id').where('task_hosts.host_id', '=', hostId),
      ),
    );
  }
  return all;
}

/** The plan's own tenant, else the tenant keys of OCP's context; operations on OBProxy have none. */
function tenant(plan: Plan): { tenant_id: number | null; tenant_name: string | null } {
  const { tenant_id: id, tenant_name: name } = plan.context.stringMap;
  const known = id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : null;
  return {
    tenant_id: plan.tenant === undefined ? known : (plan.tenant.id ?? null),
    tenant_name: plan.tenant?.name ?? name ?? null,
  };
}

function obproxyClusterOf(plan: Plan): { name: string; cluster_id: number | null } | undefined {
  const { obproxy_cluster_name: name, obproxy_cluster_id: id = '' } = {
    ...plan.unshown?.stringMap,
    ...plan.context.stringMap,
  };
  return name === undefined ? undefined : { name, cluster_id: /^\d{1,15}$/.test(id) ? Number(id) : null };
}

/** The plan's own host, and those that it is split by. */
function hostsOf(plan: Plan): number[] {
  const split = (plan.context.listMap.host_ids ?? []).filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  return [...new Set([...(plan.hostId === undefined ? [] : [plan.hostId]), ...split])];
}

const cameToNothing = ({ status, operation }: Pick<TaskRow, 'status' | 'operation'>): boolean =>
  status === 'FAILED' || operation === 'ROLLBACK';

/** @param own where the workflows of the tasks that are added will be */
export function tasksRepository(scope: Scope, own: OwnTemporal): Tasks {
  return {
    ...taskLogRepository(scope),
    ...taskWarningsRepository(scope),
    ...taskStates(scope),
    ...taskPruning(scope),

    add: ({ plan, workflowType, parentSubtaskId }) =>
      scope.write(async (db) => {
        if (own.namespace !== undefined) await claimTemporal(db, own.namespace);
        const added = await db
          .insertInto('tasks')
          .values({
            id: plan.taskId,
            name: plan.name,
            workflow_type: workflowType,
            status: 'RUNNING',
            operation: 'EXECUTE',
            sequence: -1,
            closed: 0,
            started: 0,
            archived: 0,
            creator_id: plan.creator.id,
            creator_name: plan.creator.name,
            host_id: plan.hostId ?? null,
            cluster_id: plan.cluster?.id ?? null,
            cluster_name: plan.cluster?.name ?? null,
            ...tenant(plan),
            type: 'MANUAL',
            create_time: utc(plan.createTime),
            finish_time: null,
            parent_task_id: plan.parentTaskId ?? null,
            parent_subtask_id: parentSubtaskId ?? null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        if (added === undefined) throw new DuplicateError(say('taken.task', { task: plan.taskId }));
        await db
          .insertInto('task_texts')
          .values({ task_id: plan.taskId, plan: JSON.stringify(plan), document: null })
          .execute();
        const hosts = hostsOf(plan).map((id) => ({ host_id: id, task_id: plan.taskId }));
        if (hosts.length > 0) await db.insertInto('task_hosts').values(hosts).execute();
        const cluster = obproxyClusterOf(plan);
        if (cluster !== undefined) {
          await db
            .insertInto('task_obproxy_clusters')
            .values({ task_id: plan.taskId, ...cluster })
            .execute();
        }
      }),

    async childOf(parentTaskId, parentSubtaskId) {
      const rows = await scope.db
        .selectFrom('tasks')
        .selectAll()
        .where('parent_task_id', '=', parentTaskId)
        .where('parent_subtask_id', '=', parentSubtaskId)
        .execute();
      return (await withTexts(scope.db, rows))[0];
    },

    async childrenOf(parentTaskId) {
      const rows = await scope.db
        .selectFrom('tasks')
        .select('id')
        .where('parent_task_id', '=', parentTaskId)
        .orderBy('id')
        .execute();
      return rows.map(({ id }) => id);
    },

    async find(id) {
      const rows = await scope.db.selectFrom('tasks').selectAll().where('id', '=', id).execute();
      return (await withTexts(scope.db, rows))[0];
    },

    async list(filter, request) {
      const page = pageOf(request, SORT_FIELDS, { descending: true, nullable: ['tasks.finish_time'] });
      const where = expressionBuilder<Schema, 'tasks'>().and(conditions(filter));
      let query = scope.db.selectFrom('tasks').selectAll().where(where).limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('tasks')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .where(where)
        .executeTakeFirstOrThrow();
      return { contents: await withTexts(scope.db, await query.execute()), totalElements: total };
    },

    async claimStart(id, ms) {
      const row = await scope.db
        .updateTable('tasks')
        .set({ starting_until: new Date(Date.now() + ms).toISOString() })
        .where('id', '=', id)
        .where('started', '=', 0)
        .where('closed', '=', 0)
        .where((or) => or.or([or('starting_until', 'is', null), or('starting_until', '<', now())]))
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async releaseStart(id) {
      await scope.db.updateTable('tasks').set({ starting_until: null }).where('id', '=', id).execute();
    },

    async markStarted(id) {
      await scope.db
        .updateTable('tasks')
        .set({ started: 1, starting_until: null })
        .where('id', '=', id)
        .execute();
    },

    async listUnstarted(before) {
      const rows = await scope.db
        .selectFrom('tasks')
        .select('id')
        .where('started', '=', 0)
        .where('closed', '=', 0)
        .where('create_time', '<', utc(before))
        .orderBy('create_time')
        .orderBy('id')
        .execute();
      return rows.map(({ id }) => id);
    },

    async listOpen() {
      const rows = await scope.db
        .selectFrom('tasks')
        .select(['id', 'started', 'closed'])
        .where('archived', '=', 0)
        .orderBy('id')
        .execute();
      return rows.map(({ id, started, closed }) => ({ id, started: started === 1, closed: closed === 1 }));
    },

    applyStateChange: (change) =>
      scope.write(async (db) => {
        await db
          .updateTable('tasks')
          .set({
            status: change.status,
            operation: change.operation,
            sequence: change.sequence,
            closed: change.closed ? 1 : 0,
            // Only a workflow that runs reports a state, whatever became of the API that started it.
            started: 1,
            finish_time: change.status === 'RUNNING' ? null : now(),
          })
          .where('id', '=', change.taskId)
          .where('sequence', '<', change.sequence)
          .where('closed', '=', 0)
          .execute();
        if (change.closed) await releaseHeld(db, change.taskId, cameToNothing(change));
      }),

    async archive(id, { parts, document, ...final }) {
      let part = 0;
      // Whoever else archives the task writes the same.
      for await (const subtasks of parts ?? []) {
        const text = JSON.stringify(subtasks);
        await scope.db
          .insertInto('task_document_parts')
          .values({ task_id: id, part, subtasks: text })
          .onConflict((conflict) => conflict.columns(['task_id', 'part']).doUpdateSet({ subtasks: text }))
          .execute();
        part += 1;
      }
      await scope.write(async (db) => {
        await db
          .updateTable('tasks')
          .set({
            status: final.status,
            operation: final.operation,
            closed: 1,
            started: 1,
            archived: 1,
            finish_time: utc(final.finishTime),
          })
          .where('id', '=', id)
          .execute();
        await db
          .updateTable('task_texts')
          .set({ document: JSON.stringify(document) })
          .where('task_id', '=', id)
          .execute();
        await releaseHeld(db, id, cameToNothing(final));
      });
    },

    async documentPart(id, part) {
      const row = await scope.db
        .selectFrom('task_document_parts')
        .select('subtasks')
        .where('task_id', '=', id)
        .where('part', '=', part)
        .executeTakeFirst();
      if (row === undefined) throw new Error(`Part ${part} of the document of task ${id} has been deleted`);
      return JSON.parse(row.subtasks) as unknown[];
    },
  };
}
