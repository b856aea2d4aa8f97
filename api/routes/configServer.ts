import type { Response } from 'express';
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
import { Whole } from '../http/answers';
import { allPages } from '../http/paging';
import { type ApiServices, bareRoute, type Call, type Route } from '../route';

/** Other parameters (User_ID, UID, version, ObRegionId, …) are understood by nobody and change nothing. */
const Query = z.object({
  Action: QueryText.optional(),
  ObproxyClusterName: QueryText.optional().describe(
    'Restricts the list to the clusters linked to this OBProxy cluster.',
  ),
  VersionOnly: QueryText.optional(),
  ObCluster: QueryText.optional(),
  ObRegion: QueryText.optional().describe('The same as ObCluster, as OBProxy spells it.'),
  ObClusterId: IdText.optional(),
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
const Missing = z.object({
  Code: z.literal(404),
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
  const name = query.ObCluster ?? query.ObRegion;
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
  const about = {
    trace: call.traceId,
    server: services.address,
    costMs: Math.max(0, Date.now() - call.receivedAt),
  };
  const found = await data(services, call.query);
  if ('data' in found) {
    response.json(configServerAnswer(found.data, about));
    return;
  }
  response.status(404).json({
    Code: 404,
    Message: found.missing,
    Success: false,
    Data: null,
    Trace: about.trace,
    Server: about.server,
    Cost: about.costMs,
  });
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
  ];
}
