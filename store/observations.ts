import { type Kysely, sql } from 'kysely';
import type { ObservationColumns, Schema } from './database/schema';
import type { Scope } from './database/scope';
import { recordedHome } from './obproxyHome';
import type {
  AdoptedObproxy,
  ObjectCount,
  ObproxyToLookAt,
  Observation,
  Observations,
  ObservedKind,
  RecordedLook,
} from './types';

const TABLES = {
  host: { observations: 'host_observations', objects: 'hosts' },
  obproxyServer: { observations: 'obproxy_observations', objects: 'obproxy_servers' },
  obServer: { observations: 'ob_server_observations', objects: 'ob_servers' },
} as const satisfies Record<ObservedKind, { observations: keyof Schema; objects: keyof Schema }>;

/** Objects that are what they say of themselves by SQL: nothing is observed beside it. */
const SAY_THEMSELVES = { obCluster: 'ob_clusters', obZone: 'ob_zones' } as const satisfies Record<
  string,
  keyof Schema
>;

/** Ids in one statement. */
const CHUNK = 500;

type Columns = Omit<ObservationColumns, 'object_id'>;

function observation(row: Columns): Observation {
  return {
    state: row.state,
    by: row.seen_by,
    reason: row.reason,
    since: row.since,
    lookTime: row.look_time,
    lastSeenTime: row.last_seen_time,
  };
}

/** Nobody works on it. Hosts are worked on by nobody: tasks work on what is on them. */
function untouched(kind: ObservedKind) {
  return kind === 'host' ? sql`1 = 1` : sql`work_task_id is null`;
}

async function write(db: Kysely<Schema>, look: RecordedLook): Promise<void> {
  const { kind, id, state, by, reason, time } = look;
  const { observations, objects } = TABLES[kind];
  const table = sql.table(observations);
  // In a select, so that an object that has gone meanwhile gets no row.
  await sql`
    insert into ${table} (object_id, state, seen_by, reason, since, look_time, last_seen_time)
    select id, ${state}, ${by}, ${reason}, ${time}, ${time}, ${state === 'ALIVE' ? time : null}
    from ${sql.table(objects)} where id = ${id} and ${untouched(kind)}
    on conflict (object_id) do update set
      state = excluded.state, seen_by = excluded.seen_by, reason = excluded.reason,
      since = case when ${table}.state = excluded.state then ${table}.since else excluded.since end,
      look_time = excluded.look_time,
      last_seen_time = coalesce(excluded.last_seen_time, ${table}.last_seen_time)`.execute(db);
}

/** Whether the object is what the look took it for, and has the new status now. */
async function changeStatus(db: Kysely<Schema>, look: RecordedLook): Promise<boolean> {
  const { kind, id, change } = look;
  if (change === undefined || kind === 'obServer') return false;
  const seenSince =
    kind === 'obproxyServer'
      ? sql`and operate_status = 'NORMAL' and coalesce(last_active_time, '') = ${change.lastActiveTime ?? ''}`
      : sql``;
  const beside = kind === 'host' ? sql`, update_time = ${look.time}` : sql``;
  const { numAffectedRows } = await sql`
    update ${sql.table(TABLES[kind].objects)} set status = ${change.to}${beside}
    where id = ${id} and status = ${change.from} and ${untouched(kind)} ${seenSince}`.execute(db);
  return numAffectedRows === 1n;
}

export function observationsRepository(scope: Scope): Observations {
  return {
    async of(kind, ids) {
      const found = new Map<number, Observation>();
      for (let at = 0; at < ids.length; at += CHUNK) {
        const rows = await scope.db
          .selectFrom(TABLES[kind].observations)
          .selectAll()
          .where('object_id', 'in', ids.slice(at, at + CHUNK))
          .execute();
        for (const row of rows) found.set(row.object_id, observation(row));
      }
      return found;
    },

    async obproxies(id) {
      let query = scope.db
        .selectFrom('obproxy_servers as server')
        .innerJoin('hosts', 'hosts.id', 'server.host_id')
        .leftJoin('packages', 'packages.id', 'server.package_id')
        .leftJoin('obproxy_observations as seen', 'seen.object_id', 'server.id')
        .select([
          'server.id',
          'server.cluster_id',
          'server.host_id',
          'server.sql_port',
          'server.exporter_port',
          'server.status',
          'server.last_active_time',
          'server.adopted',
          'server.home',
          'hosts.ip',
          'packages.home as package_home',
          'seen.state',
          'seen.seen_by',
          'seen.reason',
          'seen.since',
          'seen.look_time',
          'seen.last_seen_time',
        ])
        .where('server.work_task_id', 'is', null)
        .where('server.operate_status', '=', 'NORMAL')
        .orderBy('server.id');
      if (id !== undefined) query = query.where('server.id', '=', id);
      return (await query.execute()).map((row): ObproxyToLookAt => {
        const adopted = row.adopted === null ? null : (JSON.parse(row.adopted) as AdoptedObproxy);
        const { state, since, look_time, seen_by, reason, last_seen_time } = row;
        return {
          id: row.id,
          clusterId: row.cluster_id,
          hostId: row.host_id,
          ip: row.ip,
          sqlPort: row.sql_port,
          exporterPort: row.exporter_port,
          home: recordedHome({ home: row.home, adopted }, row.package_home),
          adopted,
          status: row.status,
          lastActiveTime: row.last_active_time,
          observed:
            state === null || since === null || look_time === null
              ? undefined
              : observation({ state, since, look_time, seen_by, reason, last_seen_time }),
        };
      });
    },

    record: (looks) =>
      looks.length === 0
        ? Promise.resolve([])
        : scope.write(async (db) => {
            const changed: RecordedLook[] = [];
            for (const look of looks) {
              await write(db, look);
              if (await changeStatus(db, look)) changed.push(look);
              if (look.kind !== 'obproxyServer' || look.state !== 'ALIVE') continue;
              await db
                .updateTable('obproxy_servers')
                .set({ last_active_time: look.time })
                .where('id', '=', look.id)
                .where('work_task_id', 'is', null)
                .where((eb) =>
                  eb.or([eb('last_active_time', 'is', null), eb('last_active_time', '<', look.time)]),
                )
                .execute();
            }
            return changed;
          }),

    async counts() {
      const all: ObjectCount[] = [];
      for (const [kind, { observations, objects }] of Object.entries(TABLES)) {
        const { rows } = await sql<{ status: string; observed: string; count: number }>`
          select o.status as status, coalesce(s.state, 'NEVER') as observed, count(*) as count
          from ${sql.table(objects)} o left join ${sql.table(observations)} s on s.object_id = o.id
          group by o.status, coalesce(s.state, 'NEVER')`.execute(scope.db);
        all.push(...rows.map((row) => ({ ...row, kind })));
      }
      for (const [kind, objects] of Object.entries(SAY_THEMSELVES)) {
        const { rows } = await sql<{ status: string; count: number }>`
          select status, count(*) as count from ${sql.table(objects)} group by status`.execute(scope.db);
        all.push(...rows.map((row) => ({ ...row, observed: '', kind })));
      }
      return all;
    },
  };
}
