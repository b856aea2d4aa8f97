import { type Kysely, type RawBuilder, sql } from 'kysely';
import { now, type Schema } from '../database/schema';
import type { Scope } from '../database/scope';
import type { ObjectWork, StatusOf, Work, WorkKind, WorkObject } from '../types';

/** Tables of the objects; all of them have the same columns about work. */
const TABLES = {
  obproxyServer: 'obproxy_servers',
  obServer: 'ob_servers',
  obZone: 'ob_zones',
  obCluster: 'ob_clusters',
} as const satisfies Record<WorkKind, keyof Schema>;

interface Columns {
  readonly status: string;
  readonly work_task_id: number | null;
  readonly work_status: string | null;
  readonly former_status: string | null;
  readonly end_status: string | null;
}

/** The columns about work as rows show them. */
export function workOf<S extends string>(row: Columns): ObjectWork<S> | null {
  if (row.work_task_id === null) return null;
  return {
    taskId: row.work_task_id,
    status: (row.work_status ?? row.status) as S,
    formerStatus: row.former_status as S | null,
    endStatus: row.end_status as S | null,
  };
}

/** Nobody works on it. */
const NO_WORK = sql`work_task_id = null, work_status = null, former_status = null, end_status = null`;

/** For a row that a task makes: it works on it from the beginning. */
export function madeBy<S extends string>(taskId: number, status: S) {
  return { status, work_task_id: taskId, work_status: status };
}

function place(object: WorkObject): { table: RawBuilder<unknown>; where: RawBuilder<unknown> } {
  return {
    table: sql.table(TABLES[object.kind]),
    where:
      object.kind === 'obZone'
        ? sql`cluster_id = ${object.clusterId} and name = ${object.name}`
        : sql`id = ${object.id}`,
  };
}

/** The proxies' second status, and the time of the change where there is one. */
function beside({ kind }: Pick<WorkObject, 'kind'>, working: boolean): RawBuilder<unknown> {
  if (kind === 'obproxyServer') return sql`, operate_status = ${working ? 'OPERATING' : 'NORMAL'}`;
  return sql`, update_time = ${now()}`;
}

async function read(db: Kysely<Schema>, object: WorkObject): Promise<Columns | undefined> {
  const { table, where } = place(object);
  const { rows } = await sql<Columns>`
    select status, work_task_id, work_status, former_status, end_status from ${table} where ${where}`.execute(
    db,
  );
  return rows[0];
}

async function write(db: Kysely<Schema>, object: WorkObject, set: RawBuilder<unknown>): Promise<void> {
  const { table, where } = place(object);
  await sql`update ${table} set ${set} where ${where}`.execute(db);
}

export function workRepository(scope: Scope): Work {
  /** Does `change` when the task works on the object. */
  const own = (
    object: WorkObject,
    taskId: number,
    change: (db: Kysely<Schema>, row: Columns) => Promise<void>,
  ): Promise<Columns | undefined> =>
    scope.write(async (db) => {
      const row = await read(db, object);
      if (row?.work_task_id !== taskId) return undefined;
      await change(db, row);
      return row;
    });

  return {
    async find<K extends WorkKind>(object: WorkObject<K>) {
      const row = await read(scope.db, object);
      if (row === undefined) return undefined;
      return { status: row.status as StatusOf[K], work: workOf<StatusOf[K]>(row) };
    },

    begin: <K extends WorkKind>(
      object: WorkObject<K>,
      { taskId, status, from, endStatus }: Parameters<Work['begin']>[1],
    ) =>
      scope.write(async (db) => {
        const row = await read(db, object);
        if (row === undefined) return undefined;
        if (row.work_task_id === taskId) return { former: (row.former_status ?? row.status) as StatusOf[K] };
        const allowed: readonly string[] = from;
        if (row.work_task_id !== null || !allowed.includes(row.status)) {
          return { refused: { status: row.status, taskId: row.work_task_id } };
        }
        await write(
          db,
          object,
          sql`status = ${status}, work_task_id = ${taskId}, work_status = ${status},
            former_status = ${row.status}, end_status = ${endStatus ?? null}${beside(object, true)}`,
        );
        return { former: row.status as StatusOf[K] };
      }),

    async endAs(object, taskId, endStatus) {
      const row = await own(object, taskId, (db) => write(db, object, sql`end_status = ${endStatus}`));
      return row !== undefined;
    },

    settle: (object, taskId, status) =>
      scope.write(async (db) => {
        const row = await read(db, object);
        if (row !== undefined && row.work_task_id !== null && row.work_task_id !== taskId) {
          return { taskId: row.work_task_id };
        }
        await write(db, object, sql`status = ${status}${beside(object, false)}`);
        return undefined;
      }),

    async unsettle(object, taskId) {
      const row = await own(object, taskId, (db) =>
        write(db, object, sql`status = coalesce(work_status, status)${beside(object, true)}`),
      );
      return row !== undefined;
    },

    async restore<K extends WorkKind>(object: WorkObject<K>, taskId: number) {
      const row = await own(object, taskId, async (db, { former_status: former }) => {
        if (former === null) return;
        await write(db, object, sql`status = ${former}, ${NO_WORK}${beside(object, false)}`);
      });
      return (row?.former_status ?? undefined) as StatusOf[K] | undefined;
    },
  };
}

/**
 * What an ended task has left unsettled becomes what it was, or what the task has said; what it has made and not settled
 * goes when it came to nothing. Nobody works on any of it any more.
 */
export async function endWork(db: Kysely<Schema>, taskId: number, failed: boolean): Promise<void> {
  for (const [kind, name] of Object.entries(TABLES) as [WorkKind, string][]) {
    const table = sql.table(name);
    if (failed) {
      await sql`
        delete from ${table}
        where work_task_id = ${taskId} and status = work_status
          and former_status is null and end_status is null`.execute(db);
    }
    // A task that ended well and yet settled nothing (that subtask was skipped) knows no better than what it declared.
    const otherwise = failed ? sql`coalesce(former_status, status)` : sql`status`;
    await sql`
      update ${table}
      set status = case when status = work_status then coalesce(end_status, ${otherwise}) else status end,
        ${NO_WORK}${beside({ kind }, false)}
      where work_task_id = ${taskId}`.execute(db);
  }
}
