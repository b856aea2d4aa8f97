import { direction, pageOf } from './database/paging';
import { now } from './database/schema';
import type { Scope } from './database/scope';
import type { HostType, Idc, NewPlace, PlaceKind, Places, PlaceTimes, Region } from './types';

const SORT_FIELDS = {
  id: 'id',
  name: 'name',
  createTime: 'create_time',
  updateTime: 'update_time',
};
/** So many of what keeps a place are named. */
const MOST_NAMED = 20;

interface PlaceRow {
  id: number;
  name: string;
  description: string | null;
  create_time: string | null;
  update_time: string | null;
}

function times({ create_time, update_time }: PlaceRow): PlaceTimes {
  return { createTime: create_time, updateTime: update_time };
}

function ofRow(row: PlaceRow): Region & PlaceTimes {
  return { id: row.id, name: row.name, description: row.description, ...times(row) };
}

function made({ name, description }: NewPlace) {
  const time = now();
  return { name, description, create_time: time, update_time: time };
}

/** Regions and host types: names without anything above them. */
function named(
  { db }: Scope,
  table: 'regions' | 'host_types',
  children: (id: number) => Promise<readonly string[]>,
): PlaceKind<(Region | HostType) & PlaceTimes, NewPlace> {
  return {
    async find(id) {
      const row = await db.selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : ofRow(row);
    },
    async list(request) {
      const page = pageOf(request, SORT_FIELDS, { descending: false });
      let query = db.selectFrom(table).selectAll().limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      return { contents: (await query.execute()).map(ofRow), totalElements: await countOf(db, table) };
    },
    async add(place) {
      const row = await db.insertInto(table).values(made(place)).returningAll().executeTakeFirstOrThrow();
      return ofRow(row);
    },
    children,
    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom(table).where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

async function countOf(db: Scope['db'], table: 'regions' | 'host_types' | 'idcs'): Promise<number> {
  const { total } = await db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return total;
}

function selectIdcs(db: Scope['db']) {
  return db
    .selectFrom('idcs')
    .innerJoin('regions', 'regions.id', 'idcs.region_id')
    .selectAll('idcs')
    .select(['regions.name as region_name', 'regions.description as region_description']);
}

function idcRow(
  row: Awaited<ReturnType<ReturnType<typeof selectIdcs>['executeTakeFirstOrThrow']>>,
): Idc & PlaceTimes {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    region: { id: row.region_id, name: row.region_name, description: row.region_description },
    ...times(row),
  };
}

const IDC_SORT_FIELDS = {
  id: 'idcs.id',
  name: 'idcs.name',
  regionName: 'regions.name',
  createTime: 'idcs.create_time',
  updateTime: 'idcs.update_time',
};

/** Regions, their IDCs, and host types. */
export function placesRepository(scope: Scope): Places {
  const { db } = scope;
  const hostsBy = (column: 'idc_id' | 'type_id') => async (id: number) => {
    const rows = await db
      .selectFrom('hosts')
      .select('ip')
      .where(column, '=', id)
      .orderBy('id')
      .limit(MOST_NAMED)
      .execute();
    return rows.map(({ ip }) => ip);
  };
  const idcs: Places['idcs'] = {
    async find(id) {
      const row = await selectIdcs(db).where('idcs.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : idcRow(row);
    },
    async list(request) {
      const page = pageOf(request, IDC_SORT_FIELDS, { descending: false });
      let query = selectIdcs(db).limit(page.limit).offset(page.offset);
      for (const { column, ...how } of page.order) query = query.orderBy(column, direction(how));
      return { contents: (await query.execute()).map(idcRow), totalElements: await countOf(db, 'idcs') };
    },
    async add({ regionId, ...place }) {
      const { id } = await db
        .insertInto('idcs')
        .values({ ...made(place), region_id: regionId })
        .returning('id')
        .executeTakeFirstOrThrow();
      return idcRow(await selectIdcs(db).where('idcs.id', '=', id).executeTakeFirstOrThrow());
    },
    children: hostsBy('idc_id'),
    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('idcs').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
  return {
    idcs,
    regions: named(scope, 'regions', async (id) => {
      const rows = await db
        .selectFrom('idcs')
        .select('name')
        .where('region_id', '=', id)
        .orderBy('id')
        .limit(MOST_NAMED)
        .execute();
      return rows.map(({ name }) => name);
    }),
    hostTypes: named(scope, 'host_types', hostsBy('type_id')),
  };
}
