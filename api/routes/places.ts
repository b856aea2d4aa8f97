/** Regions, their IDCs, and host types (OCP documentation, "Host management"); the inventory file makes the first two by name. */
import { z } from 'zod';
import { Refusal } from '../../operations/refusal';
import { Description, Id, IdText, PlaceName } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import {
  DuplicateError,
  type HostType,
  type Idc,
  type PlaceKind,
  type PlaceTimes,
  type Region,
  type Store,
} from '../../store/types';
import type { Text } from '../../workflows/text';
import { NoData, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { listed, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ApiServices, type Route, route } from '../route';

const tag = 'Hosts';
const COMPUTE = '/api/v2/compute';

const PLACE = {
  id: Whole,
  name: z.string(),
  description: z.string().nullable(),
  createTime: Time.nullable().describe('Null: it was declared before this was kept.'),
  updateTime: Time.nullable(),
};
const RegionDocument = z.object(PLACE).meta({ id: 'Region' });
const HostTypeDocument = z.object(PLACE).meta({ id: 'HostType' });
const IdcDocument = z.object({ ...PLACE, regionId: Whole, regionName: z.string() }).meta({ id: 'Idc' });

type PlaceDocument = typeof RegionDocument | typeof HostTypeDocument | typeof IdcDocument;

const NewPlaceBody = z.object({ name: PlaceName, description: Description.optional() });
const NewIdcBody = NewPlaceBody.extend({ regionId: Id.describe('Region in which it lies.') });

const timeOf = (time: string | null) => (time === null ? null : ocpTime(time));

function placeDocument({ id, name, description, createTime, updateTime }: (Region | HostType) & PlaceTimes) {
  return { id, name, description, createTime: timeOf(createTime), updateTime: timeOf(updateTime) };
}

function idcDocument(idc: Idc & PlaceTimes): z.input<typeof IdcDocument> {
  return { ...placeDocument(idc), regionId: idc.region.id, regionName: idc.region.name };
}

/** What the routes of one kind of place differ in. */
interface Served<Row> {
  /** Last part of the path: `regions`. */
  readonly path: string;
  readonly parameter: string;
  /** In summaries and in the audit: `a region`, `regions`. */
  readonly what: string;
  readonly plural: string;
  readonly document: PlaceDocument;
  readonly show: (row: Row) => z.input<PlaceDocument>;
  readonly of: (store: Store) => Omit<PlaceKind<Row, never>, 'add'>;
  readonly unknown: (id: number) => Text;
  readonly inUse: (name: string, children: string) => Text;
}

const targetOf = ({ parameter }: { readonly parameter: string }, id: number) =>
  `${parameter.slice(0, -2)}:${id}`;

function unknown<Row>(served: Served<Row>, id: number): Refusal {
  return new Refusal(404, 'COM10002', served.unknown(id), { target: targetOf(served, id) });
}

/** List, get and delete: the same for every kind. */
function common<Row extends { readonly name: string }>({ store }: ApiServices, served: Served<Row>): Route[] {
  const { path, parameter, what, plural, document, show, of } = served;
  const one = {
    path: `${COMPUTE}/${path}/{${parameter}}`,
    params: z.object({ [parameter]: IdText }),
    tag,
  } as const;
  const idOf = (params: Record<string, number>) => params[parameter] ?? 0;
  return [
    route(
      {
        method: 'GET',
        path: `${COMPUTE}/${path}`,
        permission: 'HOST_VIEWER',
        tag,
        summary: `List ${plural}`,
        query: z.object(PAGING),
        answer: pagedOf(document),
      },
      async ({ query }) => {
        const page = pageRequest(query);
        const found = await listed(query, () => of(store).list(page));
        return pageOf(found.contents.map(show), {
          number: page.page,
          size: page.size,
          totalElements: found.totalElements,
        });
      },
    ),
    route(
      { ...one, method: 'GET', permission: 'HOST_VIEWER', summary: `Get ${what}`, answer: document },
      async ({ params }) => {
        const id = idOf(params);
        const row = await of(store).find(id);
        if (row === undefined) throw unknown(served, id);
        return show(row);
      },
    ),
    route(
      {
        ...one,
        method: 'DELETE',
        permission: 'HOST_MANAGER',
        summary: `Delete ${what} that nothing uses`,
        answer: NoData,
      },
      async ({ params, once, notes }) => {
        const id = idOf(params);
        await store.transaction(async (transaction) => {
          const places = of(transaction);
          const row = await places.find(id);
          if (row === undefined) throw unknown(served, id);
          const children = await places.children(id);
          if (children.length > 0) {
            throw new Refusal(409, 'CMP07000', served.inUse(row.name, children.join(', ')), {
              target: targetOf(served, id),
            });
          }
          await places.remove(id);
          notes.command = `${what.replace(/^an? /, '')} ${row.name}: deleted`;
          await once.remember(transaction, undefined);
        });
      },
    ),
  ];
}

/** Refusal COM10006 instead of the database's word for it. */
async function named<T>(name: string, add: () => Promise<T>): Promise<T> {
  try {
    return await add();
  } catch (error) {
    if (!(error instanceof DuplicateError)) throw error;
    throw new Refusal(409, 'COM10006', say('name.taken', { name }), { target: 'name' });
  }
}

export function placeRoutes(services: ApiServices): Route[] {
  const { store } = services;
  const regions: Served<Region & PlaceTimes> = {
    ...{ path: 'regions', plural: 'regions', parameter: 'regionId', what: 'a region' },
    document: RegionDocument,
    show: placeDocument,
    of: (where) => where.places.regions,
    unknown: (id) => say('region.unknown', { id }),
    inUse: (name, children) => say('region.inUse', { name, children }),
  };
  const idcs: Served<Idc & PlaceTimes> = {
    ...{ path: 'idcs', plural: 'IDCs', parameter: 'idcId', what: 'an IDC' },
    document: IdcDocument,
    show: idcDocument,
    of: (where) => where.places.idcs,
    unknown: (id) => say('idc.unknown', { id }),
    inUse: (name, children) => say('idc.inUse', { name, children }),
  };
  const hostTypes: Served<HostType & PlaceTimes> = {
    ...{ path: 'hostTypes', plural: 'host types', parameter: 'hostTypeId', what: 'a host type' },
    document: HostTypeDocument,
    show: placeDocument,
    of: (where) => where.places.hostTypes,
    unknown: (id) => say('hostType.unknown', { id }),
    inUse: (name, children) => say('hostType.inUse', { name, children }),
  };
  return [
    ...common(services, regions),
    ...common(services, idcs),
    ...common(services, hostTypes),
    route(
      {
        method: 'POST',
        path: `${COMPUTE}/regions`,
        permission: 'HOST_MANAGER',
        tag,
        summary: 'Add a region',
        body: NewPlaceBody,
        answer: RegionDocument,
      },
      async ({ body: { name, description = null }, notes }) => {
        const row = await named(name, () => store.places.regions.add({ name, description }));
        notes.command = `region ${name}: added`;
        return placeDocument(row);
      },
    ),
    route(
      {
        method: 'POST',
        path: `${COMPUTE}/idcs`,
        permission: 'HOST_MANAGER',
        tag,
        summary: 'Add an IDC to a region',
        description: 'Its name is unique in its region, as in the inventory file.',
        body: NewIdcBody,
        answer: IdcDocument,
      },
      async ({ body: { name, description = null, regionId }, notes }) => {
        const row = await named(name, () =>
          store.transaction(async ({ places }) => {
            if ((await places.regions.find(regionId)) === undefined) {
              throw new Refusal(
                400,
                'COM10002',
                say('request.fault', { field: 'regionId', fault: say('names.noRegion') }),
                {
                  target: 'regionId',
                  subErrors: [{ field: 'regionId', rejectedValue: regionId, message: say('names.noRegion') }],
                },
              );
            }
            return places.idcs.add({ name, description, regionId });
          }),
        );
        notes.command = `IDC ${name}: added`;
        return idcDocument(row);
      },
    ),
    route(
      {
        method: 'POST',
        path: `${COMPUTE}/hostTypes`,
        permission: 'HOST_MANAGER',
        tag,
        summary: 'Add a host type',
        body: NewPlaceBody,
        answer: HostTypeDocument,
      },
      async ({ body: { name, description = null }, notes }) => {
        const row = await named(name, () => store.places.hostTypes.add({ name, description }));
        notes.command = `host type ${name}: added`;
        return placeDocument(row);
      },
    ),
  ];
}
