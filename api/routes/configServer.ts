import { type Response, raw } from 'express';
import { z } from 'zod';
import {
  configServerAnswer,
  idcRegionInfo,
  obproxyConfig,
  obproxyConfigVersion,
  rootServiceInfo,
} from '../../oceanbase/configServer';
import { IdText, QueryText } from '../../operations/schemas';
import type { ObClusterRow, Store } from '../../store/types';
import { clientAddress } from '../http/address';
import { ErrorAnswer, Whole } from '../http/answers';
import { allPages } from '../http/paging';
import { readBody } from '../login/signedBody';
import {
  type Registered,
  type Registrar,
  registerCluster,
  registerRootServers,
  unregisterCluster,
} from '../objects/registerRootService';
import { type ApiServices, bareRoute, type Call, type Route } from '../route';

/** Other parameters (User_ID, UID, ObRegionId, …) are understood by nobody and change nothing. */
const Query = z.object({
  Action: QueryText.optional(),
  ObproxyClusterName: QueryText.optional().describe(
    'Restricts the list to the clusters linked to this OBProxy cluster.',
  ),
  VersionOnly: QueryText.optional(),
  ObCluster: QueryText.optional(),
  ObRegion: QueryText.optional().describe('The same as ObCluster, as OBProxy spells it.'),
  ObClusterId: IdText.optional(),
  ClusterName: QueryText.optional().describe('The same as ObCluster, as obd spells it when it deletes.'),
  version: QueryText.optional().describe('2: several clusters may have one name.'),
  token: QueryText.optional().describe('OBFLOW_SERVICES_TOKEN, for what changes something.'),
});
type Query = z.output<typeof Query>;

const ABOUT = { Trace: z.string(), Server: z.string(), Cost: Whole.describe('Milliseconds.') };
const Text = z.string();
const Config = z.object({
  ObProxyBinUrl: Text,
  ObProxyDatabaseInfo: z.object({ DataBase: Text, MetaDataBase: Text, User: Text, Password: Text }),
  ObRootServiceInfoUrlList: z.array(z.object({ ObRegion: Text, ObRootServiceInfoUrl: Text })),
  Version: Text,
});
const Version = Config.pick({ Version: true });
const RootService = z.object({
  ObClusterId: Whole,
  ObRegionId: Whole,
  ObCluster: Text,
  ObRegion: Text,
  Type: z.enum(['PRIMARY', 'STANDBY']),
  timestamp: Whole,
  RsList: z.array(z.object({ address: Text, role: Text, sql_port: Whole })),
  ReadonlyRsList: z.array(z.never()),
});
const IdcRegion = z.object({
  ObRegion: Text,
  ObRegionId: Whole,
  IDCList: z.array(z.object({ idc: Text, region: Text })),
  ReadonlyRsList: z.array(z.never()),
});
const Answer = z.object({
  Code: z.literal(200),
  Message: z.literal('successful'),
  Success: z.literal(true),
  Data: z.union([Config, Version, RootService, IdcRegion]),
  ...ABOUT,
});
const Done = Answer.extend({ Data: RootService.nullable() });
const Missing = z.object({
  Code: Whole.describe('The status.'),
  Message: Text,
  Success: z.literal(false),
  Data: z.null(),
  ...ABOUT,
});

/** Names of the OceanBase clusters an OBProxy cluster is linked to; of all without a name; undefined: no such one. */
async function linkedNames(store: Store, obproxyCluster?: string): Promise<string[] | undefined> {
  if (obproxyCluster === undefined) {
    const all = await allPages((page) => store.obClusters.list(page));
    return [...new Set(all.map(({ name }) => name))];
  }
  const cluster = await store.obproxy.findClusterByName(obproxyCluster);
  return cluster && [...new Set(cluster.obLinks.map(({ clusterName }) => clusterName))];
}

/** The cluster asked for; of several of one name the PRIMARY unless an id says otherwise. */
async function asked(store: Store, query: Query): Promise<ObClusterRow | undefined> {
  const name = query.ObCluster ?? query.ObRegion ?? query.ClusterName;
  if (name === undefined) return undefined;
  const named = await store.obClusters.findByName(name);
  return query.ObClusterId === undefined
    ? (named.find(({ type }) => type === 'PRIMARY') ?? named[0])
    : named.find(({ obClusterId }) => obClusterId === query.ObClusterId);
}

const ACTIONS =
  'Action=GetObProxyConfig, Action=ObRootServiceInfo&ObCluster=<name> or Action=ObIDCRegionInfo&ObCluster=<name>';

/** The answer's `Data`, or a text that says why there is none. */
async function data(services: ApiServices, query: Query): Promise<{ data: unknown } | { missing: string }> {
  const { store, config } = services;
  switch (query.Action) {
    case 'GetObProxyConfig': {
      const names = await linkedNames(store, query.ObproxyClusterName);
      if (names === undefined)
        return { missing: `There is no OBProxy cluster ${query.ObproxyClusterName} here.` };
      return {
        data:
          query.VersionOnly?.toLowerCase() === 'true'
            ? obproxyConfigVersion(config.publicUrl, names)
            : obproxyConfig(config.publicUrl, names),
      };
    }
    case 'ObRootServiceInfo': {
      const cluster = await asked(store, query);
      return cluster === undefined
        ? { missing: `There is no OceanBase cluster ${query.ObCluster ?? query.ObRegion} here.` }
        : { data: rootServiceInfo(cluster, Date.now()) };
    }
    case 'ObIDCRegionInfo': {
      const cluster = await asked(store, query);
      if (cluster === undefined)
        return { missing: `There is no OceanBase cluster ${query.ObCluster ?? query.ObRegion} here.` };
      const hosts = await allPages((page) => store.hosts.list({}, page));
      const places = new Map(
        hosts.map(({ idc }) => [
          `${idc.region.name}/${idc.name}`,
          { idc: idc.name, region: idc.region.name },
        ]),
      );
      return { data: idcRegionInfo(cluster, [...places.values()]) };
    }
    default:
      return {
        missing:
          query.Action === undefined
            ? `Say what you want: /services?${ACTIONS}.`
            : `There is no action "${query.Action.slice(0, 100)}". Ask for /services?${ACTIONS}.`,
      };
  }
}

async function answer(
  services: ApiServices,
  call: Call<unknown, Query, unknown>,
  response: Response,
): Promise<void> {
  const found = await data(services, call.query);
  send(services, call, response, 'data' in found ? found : { status: 404, ...found });
}

function send(
  services: ApiServices,
  call: Pick<Call<unknown, Query, unknown>, 'traceId' | 'receivedAt'>,
  response: Response,
  found: Registered,
): void {
  const about = {
    trace: call.traceId,
    server: services.address,
    costMs: Math.max(0, Date.now() - call.receivedAt),
  };
  if ('data' in found) {
    response.json(configServerAnswer(found.data, about));
    return;
  }
  response.status(found.status).json({
    Code: found.status,
    Message: found.missing,
    Success: false,
    Data: null,
    Trace: about.trace,
    Server: about.server,
    Cost: about.costMs,
  });
}

const CHANGES =
  'Action=ObRootServiceInfo&ObCluster=<name>, Action=ObRootServiceRegister&ObCluster=<name> or Action=DeleteObRootServiceInfoByClusterName&ClusterName=<name>';
/** Observers name no Content-Type that could be relied on. */
const readAny = raw({ type: () => true, limit: '64kb' });

/** What observers and obd say; everything is about a cluster that is declared. */
async function change(
  services: ApiServices,
  call: Call<unknown, Query, unknown>,
  response: Response,
): Promise<void> {
  const { query, request, notes } = call;
  notes.command = `config server: ${(query.Action ?? 'no action').slice(0, 50)}`;
  const action = request.method === 'DELETE' ? `DELETE ${query.Action}` : query.Action;
  const cluster = await asked(services.store, query);
  const registrar: Registrar = { address: clientAddress(request), token: query.token };
  const answered = async (): Promise<Registered> => {
    switch (action) {
      case 'ObRootServiceInfo':
      case 'ObRootServiceRegister':
      case 'DeleteObRootServiceInfoByClusterName':
      case 'DELETE ObRootServiceInfo':
        break;
      default:
        return { status: 404, missing: `There is no such action. Send /services?${CHANGES}.` };
    }
    if (cluster === undefined) {
      const name = query.ObCluster ?? query.ObRegion ?? query.ClusterName;
      return {
        status: 404,
        missing: `There is no OceanBase cluster ${name} here. Declare it with obflow apply.`,
      };
    }
    if (action === 'ObRootServiceRegister') return registerCluster(services, cluster, registrar);
    if (action !== 'ObRootServiceInfo') return unregisterCluster(services, cluster, registrar);
    await readBody(readAny, request, response);
    const body = parsed(request.body);
    return registerRootServers(services, cluster, registrar, { body, version: query.version });
  };
  send(services, call, response, await answered());
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

/** What OBProxies in CONFIG_URL mode ask for: no login, plain GET, no headers of their own (OBProxy 4.3.1, observed). */
export function configServerRoutes(services: ApiServices): Route[] {
  return [
    bareRoute(
      {
        method: 'GET',
        path: '/services',
        permission: undefined,
        tag: 'Config server',
        summary: 'Config server of OBProxies: GetObProxyConfig, ObRootServiceInfo, ObIDCRegionInfo',
        query: Query,
        answers: {
          200: { type: 'application/json', schema: Answer },
          404: {
            type: 'application/json',
            schema: Missing,
            description: 'There is nothing of that name here.',
          },
        },
      },
      (call, response) => answer(services, call, response),
    ),
    ...(['POST', 'DELETE'] as const).map((method) =>
      bareRoute(
        {
          method,
          path: '/services',
          permission: undefined,
          tag: 'Config server',
          summary:
            method === 'POST'
              ? 'Observers register their root servers (ObRootServiceInfo); obd: ObRootServiceRegister, DeleteObRootServiceInfoByClusterName'
              : 'The same as POST DeleteObRootServiceInfoByClusterName, with Action=ObRootServiceInfo',
          description:
            "From an address of the cluster's own servers, or with the token of OBFLOW_SERVICES_TOKEN. Only servers of the cluster become root servers.",
          query: Query,
          answers: {
            200: { type: 'application/json', schema: Done },
            400: {
              type: 'application/json',
              schema: z.union([Missing, ErrorAnswer]),
              description: 'The body is none of an observer, or the query cannot be accepted.',
            },
            403: {
              type: 'application/json',
              schema: Missing,
              description: 'A stranger, or strange servers.',
            },
            404: { type: 'application/json', schema: Missing, description: 'No such action or cluster.' },
            409: { type: 'application/json', schema: Missing, description: 'It is declared otherwise here.' },
          },
        },
        (call, response) => change(services, call, response),
      ),
    ),
  ];
}
