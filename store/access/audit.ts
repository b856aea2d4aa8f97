import { type Expression, expressionBuilder, type Selectable, type SqlBool } from 'kysely';
import { direction, pageOf } from '../database/paging';
import { deleteInBatches } from '../database/pruning';
import { now, type Schema, utc } from '../database/schema';
import type { Scope } from '../database/scope';
import type { Audit, AuditEvent, AuditFilter } from '../types';

const SORT_FIELDS = { id: 'audit_events.id', time: 'audit_events.time', user: 'audit_events.user_name' };
/** Rows in one statement: two parameters each, of the 32 766 that SQLite takes. */
const CHUNK = 1000;
/** Rows deleted in one transaction: a few milliseconds. */
const BATCH = 500;
/** Method of an event that was read in a workflow's history. */
const OBEYED = 'UPDATE';

function conditions(filter: AuditFilter): Expression<SqlBool>[] {
  const eb = expressionBuilder<Schema, 'audit_events'>();
  const all: Expression<SqlBool>[] = [];
  if (filter.user !== undefined) all.push(eb('audit_events.user_name', '=', filter.user));
  if (filter.from !== undefined) all.push(eb('audit_events.time', '>=', utc(filter.from)));
  if (filter.to !== undefined) all.push(eb('audit_events.time', '<', utc(filter.to)));
  if (filter.taskId !== undefined) {
    const { taskId } = filter;
    all.push(
      eb('audit_events.id', 'in', (query) =>
        query
          .selectFrom('audit_event_tasks')
          .select('audit_event_tasks.event_id')
          .where('audit_event_tasks.task_id', '=', taskId),
      ),
    );
  }
  return all;
}

function event(row: Selectable<Schema['audit_events']>, taskIds: readonly number[]): AuditEvent {
  const { user_id: id, user_name: name } = row;
  return {
    id: row.id,
    time: row.time,
    ...(id === null || name === null ? {} : { user: { id, name } }),
    address: row.address,
    traceId: row.trace_id,
    method: row.method,
    path: row.path,
    taskIds,
    ...(row.subtask_id === null ? {} : { subtaskId: row.subtask_id }),
    ...(row.command === null ? {} : { command: row.command }),
    ...(row.why === null ? {} : { why: row.why }),
    status: row.status,
    ...(row.code === null ? {} : { code: row.code }),
  };
}

export function auditRepository(scope: Scope): Audit {
  return {
    add: (added) =>
      scope.write(async (db) => {
        const call = {
          user_id: added.user?.id ?? null,
          user_name: added.user?.name ?? null,
          address: added.address,
          trace_id: added.traceId,
          method: added.method,
          path: added.path,
          subtask_id: added.subtaskId ?? null,
          command: added.command ?? null,
          why: added.why ?? null,
          status: added.status,
          code: added.code ?? null,
        };
        const commandId = added.commandId ?? null;
        if (commandId !== null) {
          const told = await db
            .updateTable('audit_events')
            .set(call)
            .where('command_id', '=', commandId)
            .where('method', '=', OBEYED)
            .returning('id')
            .executeTakeFirst();
          if (told !== undefined) return;
        }
        const insert = (command: string | null) =>
          db
            .insertInto('audit_events')
            .values({ time: added.time ?? now(), ...call, command_id: command })
            .onConflict((conflict) => conflict.column('command_id').doNothing())
            .returning('id');
        // A call that repeats a command is an event, too, but not the one that the command is known by.
        const { id } =
          (await insert(commandId).executeTakeFirst()) ?? (await insert(null).executeTakeFirstOrThrow());
        const tasks = [...new Set(added.taskIds)].map((taskId) => ({ task_id: taskId, event_id: id }));
        for (let at = 0; at < tasks.length; at += CHUNK) {
          await db
            .insertInto('audit_event_tasks')
            .values(tasks.slice(at, at + CHUNK))
            .execute();
        }
      }),

    async addObeyed(commands) {
      for (const { taskId, time, commandId, subtaskId, why, traceId, ...told } of commands) {
        await scope.write(async (db) => {
          const added = await db
            .insertInto('audit_events')
            .values({
              ...told,
              time: utc(time),
              trace_id: traceId,
              method: OBEYED,
              subtask_id: subtaskId ?? null,
              why: why ?? null,
              status: 200,
              command_id: commandId,
            })
            .onConflict((conflict) => conflict.column('command_id').doNothing())
            .returning('id')
            .executeTakeFirst();
          if (added === undefined) return;
          await db.insertInto('audit_event_tasks').values({ task_id: taskId, event_id: added.id }).execute();
        });
      }
    },

    async list(filter, request) {
      const page = pageOf(request, SORT_FIELDS, { descending: true, nullable: ['audit_events.user_name'] });
      const where = expressionBuilder<Schema, 'audit_events'>().and(conditions(filter));
      let query = scope.db
        .selectFrom('audit_events')
        .selectAll()
        .where(where)
        .limit(page.limit)
        .offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const rows = await query.execute();
      const { total } = await scope.db
        .selectFrom('audit_events')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .where(where)
        .executeTakeFirstOrThrow();
      const tasks = new Map<number, number[]>(rows.map(({ id }) => [id, []]));
      if (rows.length > 0) {
        const links = await scope.db
          .selectFrom('audit_event_tasks')
          .selectAll()
          .where('event_id', 'in', [...tasks.keys()])
          .orderBy('task_id')
          .execute();
        for (const link of links) tasks.get(link.event_id)?.push(link.task_id);
      }
      return { contents: rows.map((row) => event(row, tasks.get(row.id) ?? [])), totalElements: total };
    },

    async countBefore(time) {
      const { count } = await scope.db
        .selectFrom('audit_events')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('time', '<', time)
        .executeTakeFirstOrThrow();
      return count;
    },

    deleteBefore: (time) =>
      deleteInBatches(scope, BATCH, async (db) => {
        const rows = await db
          .selectFrom('audit_events')
          .select('id')
          .where('time', '<', time)
          .orderBy('time')
          .limit(BATCH)
          .execute();
        const ids = rows.map(({ id }) => id);
        if (ids.length > 0) await db.deleteFrom('audit_events').where('id', 'in', ids).execute();
        return ids.length;
      }),
  };
}
