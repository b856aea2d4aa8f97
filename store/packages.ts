import { type Expression, expressionBuilder, type Kysely, type Selectable, type SqlBool, sql } from 'kysely';
import { say } from '../runtime/messages/catalogue';
import { contains, direction, pageOf } from './database/paging';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import { DuplicateError, InUseError, type PackageRow, type Packages, type PackageUse } from './types';

const SORT_FIELDS = {
  id: 'packages.id',
  name: 'packages.name',
  fileName: 'packages.file_name',
  version: 'packages.version',
  type: 'packages.type',
  architecture: 'packages.architecture',
  operatingSystem: 'packages.operating_system',
  size: 'packages.size',
  createTime: 'packages.create_time',
};

function packageRow(row: Selectable<Schema['packages']>): PackageRow {
  return {
    id: row.id,
    fileName: row.file_name,
    name: row.name,
    version: row.version,
    release: row.release,
    architecture: row.architecture,
    operatingSystem: row.operating_system,
    size: row.size,
    sha256: row.sha256,
    sha1: row.sha1,
    type: row.type,
    home: row.home,
    createTime: row.create_time,
  };
}

function byFileName(db: Kysely<Schema>, fileName: string) {
  return db.selectFrom('packages').selectAll().where('file_name', '=', fileName).executeTakeFirst();
}

async function serversFrom(
  db: Kysely<Schema>,
  table: 'obproxy_servers' | 'ob_servers',
  id: number,
): Promise<number[]> {
  const rows = await db.selectFrom(table).select('id').where('package_id', '=', id).orderBy('id').execute();
  return rows.map((row) => row.id);
}

const SERVERS = {
  OBPROXY_CLUSTER: ['obproxy_servers', 'obproxy_clusters'],
  OB_CLUSTER: ['ob_servers', 'ob_clusters'],
} as const;

async function clustersFrom(
  db: Kysely<Schema>,
  kind: PackageUse['kind'],
  ids: readonly number[],
): Promise<PackageUse[]> {
  const [servers, clusters] = SERVERS[kind];
  const { rows } = await sql<Omit<PackageUse, 'kind'>>`
    select s.package_id as "packageId", c.id as id, c.name as name, count(*) as servers
    from ${sql.table(servers)} s join ${sql.table(clusters)} c on c.id = s.cluster_id
    where s.package_id in (${sql.join(ids.length === 0 ? [null] : ids)})
    group by s.package_id, c.id, c.name order by c.name`.execute(db);
  return rows.map((row) => ({ ...row, kind, servers: Number(row.servers) }));
}

function conditions(filter: Parameters<Packages['list']>[0]): Expression<SqlBool>[] {
  const eb = expressionBuilder<Schema, 'packages'>();
  const all: Expression<SqlBool>[] = [];
  // The file name holds name, version, release and architecture.
  if (filter.keyword !== undefined && filter.keyword !== '') {
    all.push(contains('packages.file_name', filter.keyword));
  }
  const lists = [
    ['packages.type', filter.type],
    ['packages.version', filter.version],
    ['packages.operating_system', filter.operatingSystem],
    ['packages.architecture', filter.architecture],
  ] as const;
  for (const [column, values] of lists) {
    if (values !== undefined && values.length > 0) all.push(eb(column, 'in', [...values]));
  }
  return all;
}

export function packagesRepository(scope: Scope): Packages {
  return {
    add: (row) =>
      scope.write(async (db) => {
        const stored = await byFileName(db, row.fileName);
        if (stored !== undefined) {
          if (stored.sha256 === row.sha256) return packageRow(stored);
          throw new DuplicateError(
            say('taken.package', { file: row.fileName, sha256: stored.sha256, id: stored.id }),
          );
        }
        const added = await db
          .insertInto('packages')
          .values({
            file_name: row.fileName,
            name: row.name,
            version: row.version,
            release: row.release,
            architecture: row.architecture,
            operating_system: row.operatingSystem,
            size: row.size,
            sha256: row.sha256,
            sha1: row.sha1,
            type: row.type,
            home: row.home,
            create_time: now(),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return packageRow(added);
      }),

    async find(id) {
      const row = await scope.db.selectFrom('packages').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : packageRow(row);
    },

    async findByFileName(fileName) {
      const row = await byFileName(scope.db, fileName);
      return row === undefined ? undefined : packageRow(row);
    },

    async list(filter, request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      const where = expressionBuilder<Schema, 'packages'>().and(conditions(filter));
      let query = scope.db
        .selectFrom('packages')
        .selectAll()
        .where(where)
        .limit(page.limit)
        .offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('packages')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .where(where)
        .executeTakeFirstOrThrow();
      return { contents: (await query.execute()).map(packageRow), totalElements: total };
    },

    users: (id) => serversFrom(scope.db, 'obproxy_servers', id),
    observers: (id) => serversFrom(scope.db, 'ob_servers', id),

    usedBy: async (ids) => [
      ...(await clustersFrom(scope.db, 'OBPROXY_CLUSTER', ids)),
      ...(await clustersFrom(scope.db, 'OB_CLUSTER', ids)),
    ],

    delete: (id) =>
      scope.write(async (db) => {
        const proxies = await serversFrom(db, 'obproxy_servers', id);
        if (proxies.length > 0) {
          throw new InUseError(say('used.packageByProxy', { id, proxies: proxies.join(', ') }));
        }
        const servers = await serversFrom(db, 'ob_servers', id);
        if (servers.length > 0) {
          throw new InUseError(say('used.packageByServer', { id, servers: servers.join(', ') }));
        }
        await db.deleteFrom('packages').where('id', '=', id).execute();
      }),
  };
}
