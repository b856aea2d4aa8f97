import { type Expression, expressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { contains, direction, pageOf } from './database/paging';
import { now, type Schema } from './database/schema';
import type { Scope } from './database/scope';
import type { HostDetails, HostFilter, HostRow, HostsRepository, NewHost } from './types';

const SORT_FIELDS = {
  id: 'hosts.id',
  name: 'name',
  innerIpAddress: 'hosts.ip',
  ip: 'hosts.ip',
  sshPort: 'hosts.ssh_port',
  status: 'hosts.status',
  createTime: 'hosts.create_time',
  updateTime: 'hosts.update_time',
};
const CHUNK = 1000;

function selectHosts(db: Kysely<Schema>) {
  return db
    .selectFrom('hosts')
    .innerJoin('idcs', 'idcs.id', 'hosts.idc_id')
    .innerJoin('regions', 'regions.id', 'idcs.region_id')
    .leftJoin('host_types', 'host_types.id', 'hosts.type_id')
    .selectAll('hosts')
    .select((eb) => eb.fn.coalesce('hosts.declared_name', 'hosts.hostname').as('name'))
    .select([
      'idcs.name as idc_name',
      'idcs.description as idc_description',
      'regions.id as region_id',
      'regions.name as region_name',
      'regions.description as region_description',
      'host_types.name as type_name',
      'host_types.description as type_description',
    ]);
}
type Row = Awaited<ReturnType<ReturnType<typeof selectHosts>['executeTakeFirstOrThrow']>>;

function hostRow(row: Row): HostRow {
  return {
    id: row.id,
    ip: row.ip,
    sshPort: row.ssh_port,
    name: row.name,
    credentialId: row.credential_id,
    hostKey: row.host_key,
    hostKeySource: row.host_key_source,
    idc: {
      id: row.idc_id,
      name: row.idc_name,
      description: row.idc_description,
      region: { id: row.region_id, name: row.region_name, description: row.region_description },
    },
    architecture: row.architecture,
    kernel: row.kernel,
    osId: row.os_id,
    osLike: row.os_like,
    osMajor: row.os_major,
    status: row.status,
    type:
      row.type_id === null || row.type_name === null
        ? null
        : { id: row.type_id, name: row.type_name, description: row.type_description },
    taskId: row.task_id,
    alias: row.alias,
    description: row.description,
    kind: row.kind ?? 'DEDICATED_PHYSICAL_MACHINE',
    serialNumber: row.serial_number,
    publishPorts: row.publish_ports === null ? null : (JSON.parse(row.publish_ports) as string[]),
    createTime: row.create_time,
    updateTime: row.update_time,
  };
}

function byAddress(db: Kysely<Schema>, ip: string, sshPort: number): Promise<Row | undefined> {
  return selectHosts(db).where('hosts.ip', '=', ip).where('hosts.ssh_port', '=', sshPort).executeTakeFirst();
}

/** A host key that is not given leaves the pinned one alone; a given one that is already pinned becomes GIVEN. */
function difference(stored: Row | undefined, wanted: NewHost): 'added' | 'changed' | 'unchanged' {
  if (stored === undefined) return 'added';
  const same =
    stored.declared_name === wanted.name &&
    stored.credential_id === wanted.credentialId &&
    stored.idc_name === wanted.idcName &&
    stored.region_name === wanted.regionName &&
    (wanted.hostKey === null || (stored.host_key === wanted.hostKey && stored.host_key_source === 'GIVEN'));
  return same ? 'unchanged' : 'changed';
}

/** Columns of what is given. */
function detailColumns(details: HostDetails) {
  const { idcId, typeId, credentialId, alias, description, kind, serialNumber, publishPorts } = details;
  return {
    ...(idcId === undefined ? {} : { idc_id: idcId }),
    ...(typeId === undefined ? {} : { type_id: typeId }),
    ...(credentialId === undefined ? {} : { credential_id: credentialId }),
    ...(alias === undefined ? {} : { alias }),
    ...(description === undefined ? {} : { description }),
    ...(kind === undefined ? {} : { kind }),
    ...(serialNumber === undefined ? {} : { serial_number: serialNumber }),
    ...(publishPorts === undefined
      ? {}
      : { publish_ports: publishPorts === null ? null : JSON.stringify(publishPorts) }),
  };
}

async function idcId(db: Kysely<Schema>, idcName: string, regionName: string): Promise<number> {
  const time = now();
  const times = { create_time: time, update_time: time };
  await db
    .insertInto('regions')
    .values({ name: regionName, ...times })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const region = await db
    .selectFrom('regions')
    .select('id')
    .where('name', '=', regionName)
    .executeTakeFirstOrThrow();
  await db
    .insertInto('idcs')
    .values({ name: idcName, region_id: region.id, ...times })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const idc = await db
    .selectFrom('idcs')
    .select('id')
    .where('name', '=', idcName)
    .where('region_id', '=', region.id)
    .executeTakeFirstOrThrow();
  return idc.id;
}

/** A service of the host, by the documented service type; other types run nowhere here. */
function hasService(type: string): Expression<SqlBool> {
  if (type === 'OB_PROXY') {
    return sql<SqlBool>`exists (select 1 from obproxy_servers where obproxy_servers.host_id = hosts.id)`;
  }
  if (type === 'OB_CLUSTER') {
    return sql<SqlBool>`(exists (select 1 from ob_root_servers where ob_root_servers.ip = hosts.ip)
      or exists (select 1 from ob_servers where ob_servers.host_id = hosts.id or ob_servers.ip = hosts.ip))`;
  }
  return sql<SqlBool>`1 = 0`;
}

function conditions(filter: HostFilter): Expression<SqlBool>[] {
  const eb = expressionBuilder<Schema, 'hosts'>();
  const all: Expression<SqlBool>[] = [];
  if (filter.status !== undefined && filter.status.length > 0) {
    all.push(eb(sql<string>`hosts.status`, 'in', [...filter.status]));
  }
  if (filter.keyword !== undefined && filter.keyword !== '') {
    const part = filter.keyword;
    all.push(
      eb.or([
        contains('hosts.declared_name', part),
        eb.and([eb('hosts.declared_name', 'is', null), contains('hosts.hostname', part)]),
        contains('hosts.ip', part),
        sql<SqlBool>`exists (select 1 from obproxy_servers s join obproxy_clusters c on c.id = s.cluster_id
          where s.host_id = hosts.id and ${contains('c.name', part)})`,
        // The service of an OceanBase cluster is called `name:obClusterId`.
        sql<SqlBool>`exists (select 1 from ob_root_servers r
          join (select id, name || ':' || ob_cluster_id as service from ob_clusters) o on o.id = r.cluster_id
          where r.ip = hosts.ip and ${contains('o.service', part)})`,
        sql<SqlBool>`exists (select 1 from ob_servers r
          join (select id, name || ':' || ob_cluster_id as service from ob_clusters) o on o.id = r.cluster_id
          where (r.host_id = hosts.id or r.ip = hosts.ip) and ${contains('o.service', part)})`,
      ]),
    );
  }
  if (filter.idcId !== undefined) all.push(eb('hosts.idc_id', '=', filter.idcId));
  if (filter.includedServiceType !== undefined) all.push(hasService(filter.includedServiceType));
  if (filter.excludedServiceType !== undefined) all.push(eb.not(hasService(filter.excludedServiceType)));
  return all;
}

export function hostsRepository(scope: Scope): HostsRepository {
  return {
    put: (host) =>
      scope.write(async (db) => {
        const stored = await byAddress(db, host.ip, host.sshPort);
        const change = difference(stored, host);
        if (stored !== undefined && change === 'unchanged') return { id: stored.id, change };
        const time = now();
        const values = {
          declared_name: host.name,
          credential_id: host.credentialId,
          idc_id: await idcId(db, host.idcName, host.regionName),
          update_time: time,
          ...(host.hostKey === null ? {} : { host_key: host.hostKey, host_key_source: 'GIVEN' as const }),
        };
        if (stored !== undefined) {
          await db.updateTable('hosts').set(values).where('id', '=', stored.id).execute();
          return { id: stored.id, change };
        }
        const { id } = await db
          .insertInto('hosts')
          .values({ ...values, ip: host.ip, ssh_port: host.sshPort, status: 'NEW', create_time: time })
          .returning('id')
          .executeTakeFirstOrThrow();
        return { id, change };
      }),

    compare: async (host) => difference(await byAddress(scope.db, host.ip, host.sshPort), host),

    async add({ ip, sshPort, idcId: idc, credentialId, hostKey, taskId, ...details }) {
      const time = now();
      const { id } = await scope.db
        .insertInto('hosts')
        .values({
          ...detailColumns(details),
          ip,
          ssh_port: sshPort,
          idc_id: idc,
          credential_id: credentialId,
          host_key: hostKey,
          host_key_source: hostKey === null ? null : 'FIRST_CONTACT',
          task_id: taskId,
          status: 'NEW',
          create_time: time,
          update_time: time,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      return id;
    },

    async change(id, { ip, sshPort, ...details }) {
      await scope.db
        .updateTable('hosts')
        .set({
          ...detailColumns(details),
          ...(ip === undefined ? {} : { ip }),
          ...(sshPort === undefined ? {} : { ssh_port: sshPort }),
          update_time: now(),
        })
        .where('id', '=', id)
        .execute();
    },

    async remove(id) {
      const { numDeletedRows } = await scope.db
        .deleteFrom('hosts')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },

    async findByAddress(ip, sshPort) {
      const row = await byAddress(scope.db, ip, sshPort);
      return row === undefined ? undefined : hostRow(row);
    },

    async findByIp(ip) {
      const rows = await selectHosts(scope.db).where('hosts.ip', '=', ip).orderBy('hosts.id').execute();
      return rows.map(hostRow);
    },

    async find(id) {
      const row = await selectHosts(scope.db).where('hosts.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : hostRow(row);
    },

    async findMany(ids) {
      const unique = [...new Set(ids)];
      const rows: Row[] = [];
      for (let at = 0; at < unique.length; at += CHUNK) {
        rows.push(
          ...(await selectHosts(scope.db)
            .where('hosts.id', 'in', unique.slice(at, at + CHUNK))
            .execute()),
        );
      }
      const byId = new Map(rows.map((row) => [row.id, hostRow(row)]));
      return unique.flatMap((id) => byId.get(id) ?? []);
    },

    async hasIdc(id) {
      const row = await scope.db.selectFrom('idcs').select('id').where('id', '=', id).executeTakeFirst();
      return row !== undefined;
    },

    async list(filter, request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      const where = expressionBuilder<Schema, 'hosts'>().and(conditions(filter));
      let query = selectHosts(scope.db).where(where).limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      const { total } = await scope.db
        .selectFrom('hosts')
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .where(where)
        .executeTakeFirstOrThrow();
      return { contents: (await query.execute()).map(hostRow), totalElements: total };
    },

    async pinHostKey(id, fingerprint) {
      await scope.db
        .updateTable('hosts')
        .set({ host_key: fingerprint, host_key_source: 'FIRST_CONTACT', update_time: now() })
        .where('id', '=', id)
        .where('host_key', 'is', null)
        .execute();
      const row = await scope.db
        .selectFrom('hosts')
        .select('host_key')
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined || row.host_key === null) {
        throw new PermanentError({
          type: 'HostMissing',
          tried: say('store.recordHostKey', { id }),
          cameBack: say('store.noHostOfId'),
          next: say('next.declare'),
        });
      }
      return row.host_key;
    },

    async recordFacts(id, facts) {
      await scope.db
        .updateTable('hosts')
        .set({
          hostname: facts.hostname,
          architecture: facts.architecture,
          kernel: facts.kernel,
          os_id: facts.osId,
          os_like: facts.osLike,
          os_major: facts.osMajor,
          update_time: now(),
        })
        .where('id', '=', id)
        .execute();
    },

    async recordStatus(id, status) {
      await scope.db
        .updateTable('hosts')
        .set({ status, update_time: now() })
        .where('id', '=', id)
        .where('status', '!=', status)
        .execute();
    },
  };
}
