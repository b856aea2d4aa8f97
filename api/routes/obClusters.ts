import { z } from 'zod';
import { obClusterById } from '../../operations/observerPreconditions';
import { IdPath, QueryText } from '../../operations/schemas';
import { addressText } from '../../runtime/addressText';
import type { Said } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { OB_CLUSTER_STATUSES } from '../../store/statuses';
import type { HostRow, ObClusterRow, ObServerRow, Observation, ObZoneRow } from '../../store/types';
import { contentsOf, pagedOf } from '../http/answers';
import { pageOf } from '../http/envelope';
import { answerLanguage, type Language, spoken } from '../http/messages/language';
import { allPages, listed, listOfWords, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ClusterLook, type Looking, lookAtCluster } from '../objects/lookAtCluster';
import { type ApiServices, type Route, route } from '../route';
import { ObClusterDocument, ObServerDocument, ObZoneDocument } from './obClusterSchemas';
import { observedField } from './observed';

/** A cluster with what it said just now, or why it said nothing. */
interface ClusterView {
  readonly cluster: ObClusterRow;
  readonly servers: readonly ObServerRow[];
  readonly zones: readonly ObZoneRow[];
  readonly hosts: ReadonlyMap<number, HostRow>;
  readonly reason: Said | undefined;
  /** Undefined when it does not answer, or its version does not tell. */
  readonly tenantCount: number | undefined;
  /** By zone. */
  readonly compaction: ReadonlyMap<string, string>;
  /** By server. */
  readonly observed: ReadonlyMap<number, Observation>;
}

/** OCP's word for a time that is none. */
const NEVER = '1970-01-01T00:00:00.000Z';

async function viewOf(services: Looking, row: ObClusterRow): Promise<ClusterView> {
  const { store } = services;
  const look: ClusterLook | { readonly reason: Said } = await lookAtCluster(services, row);
  const cluster = (await store.obClusters.find(row.id)) ?? row;
  const servers = await store.obServers.ofCluster(row.id);
  const zones = await store.obServers.zones(row.id);
  const hosts = await store.hosts.findMany(servers.flatMap(({ hostId }) => hostId ?? []));
  return {
    cluster,
    servers,
    zones,
    hosts: new Map(hosts.map((host) => [host.id, host])),
    observed: await store.observations.of(
      'obServer',
      servers.map(({ id }) => id),
    ),
    ...('reason' in look
      ? { reason: look.reason, tenantCount: undefined, compaction: new Map() }
      : { reason: undefined, tenantCount: look.tenantCount, compaction: look.compaction }),
  };
}

function serverDocument(
  server: ObServerRow,
  { hosts, zones, observed }: ClusterView,
): z.input<typeof ObServerDocument> {
  const host = server.hostId === null ? undefined : hosts.get(server.hostId);
  const zone = zones.find(({ name }) => name === server.zone);
  const regionName = host?.idc.region.name ?? zone?.region;
  const idcName = host?.idc.name ?? zone?.idc;
  return {
    id: server.id,
    clusterId: server.clusterId,
    ip: server.ip,
    port: server.rpcPort,
    sqlPort: server.sqlPort,
    zoneName: server.zone,
    ...(regionName === undefined ? {} : { regionName }),
    ...(idcName === undefined ? {} : { idcName }),
    ...(server.hostId === null ? {} : { hostId: server.hostId }),
    status: server.status,
    ...(server.innerStatus === null ? {} : { innerStatus: server.innerStatus }),
    ...(server.buildVersion === null ? {} : { version: server.buildVersion }),
    withRootserver: server.withRootserver,
    ...(server.startTime === null ? {} : { startTime: ocpTime(server.startTime) }),
    stopTime: ocpTime(server.stopTime ?? NEVER),
    updateTime: ocpTime(server.updateTime),
    ...observedField(observed.get(server.id)),
    availableOperations: [],
  };
}

function rootServerDocument(
  { ip, rpcPort, sqlPort }: { ip: string; rpcPort: number; sqlPort: number },
  servers: readonly ObServerRow[],
): z.input<typeof ObClusterDocument>['rootServers'][number] {
  const leads = servers.some(
    (server) => server.ip === ip && server.rpcPort === rpcPort && server.withRootserver,
  );
  return {
    address: addressText(ip, rpcPort),
    role: leads ? 'LEADER' : 'FOLLOWER',
    sql_port: sqlPort,
  };
}

function zoneDocument(zone: ObZoneRow, view: ClusterView): z.input<typeof ObZoneDocument> {
  const { cluster } = view;
  const servers = view.servers.filter((server) => server.zone === zone.name);
  const root = cluster.rootServers.find(({ ip, rpcPort }) =>
    servers.some((server) => server.ip === ip && server.rpcPort === rpcPort),
  );
  const hosts = servers.flatMap(({ hostId }) => (hostId === null ? [] : (view.hosts.get(hostId) ?? [])));
  const idc = hosts.find(({ idc }) => idc.name === zone.idc)?.idc ?? hosts[0]?.idc;
  const compactionStatus = view.compaction.get(zone.name);
  const worked = [zone, ...servers].some(({ work, status }) => work !== null || status === 'DELETING');
  return {
    name: zone.name,
    ...(idc === undefined ? {} : { idcId: idc.id }),
    idcName: zone.idc === '' ? (idc?.name ?? '') : zone.idc,
    regionName: zone.region,
    clusterId: cluster.id,
    obClusterId: cluster.obClusterId,
    serverCount: servers.length,
    hostCount: new Set(servers.map(({ ip }) => ip)).size,
    servers: servers.map((server) => serverDocument(server, view)),
    status: zone.status,
    innerStatus: zone.innerStatus,
    operateStatus: worked ? 'OPERATING' : 'NORMAL',
    ...(compactionStatus === undefined ? {} : { compactionStatus }),
    ...(root === undefined ? {} : { rootServer: rootServerDocument(root, servers) }),
    createTime: ocpTime(zone.createTime),
    updateTime: ocpTime(zone.updateTime),
  };
}

function clusterDocument(view: ClusterView, language: Language): z.input<typeof ObClusterDocument> {
  const { cluster, servers, zones, reason, tenantCount } = view;
  return {
    id: cluster.id,
    name: cluster.name,
    obClusterId: cluster.obClusterId,
    obVersion: cluster.version,
    status: cluster.status,
    type: cluster.type,
    regionCount: new Set(zones.map(({ region }) => region)).size,
    serverCount: servers.length,
    ...(tenantCount === undefined ? {} : { tenantCount }),
    rootServers: cluster.rootServers.map((server) => rootServerDocument(server, servers)),
    zones: zones.map((zone) => zoneDocument(zone, view)),
    standbyClusters: [],
    createTime: ocpTime(cluster.createTime),
    updateTime: ocpTime(cluster.updateTime),
    ...(reason === undefined ? {} : { failToQueryFromObReason: spoken(reason, language) }),
  };
}

const TAG = 'OceanBase';
/** A list of many clusters is asked so many at a time. */
const PARALLEL_LOOKS = 8;

function viewsOf(services: Looking, rows: readonly ObClusterRow[]): Promise<ClusterView[]> {
  return someAtATime(rows, PARALLEL_LOOKS, (row) => viewOf(services, row));
}

/** OceanBase clusters from the inventory, after each was asked by SQL (at most 1.5 s a server that does not answer). */
export function obClusterRoutes(services: ApiServices): Route[] {
  const { store } = services;
  const view = async (id: number) => viewOf(services, await obClusterById(store, id));
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'List OceanBase clusters',
        query: z.object({
          name: QueryText.optional().describe('Part of the name.'),
          status: listOfWords(OB_CLUSTER_STATUSES)
            .optional()
            .describe('RUNNING, UNAVAILABLE, STOPPED …; comma separated.'),
          ...PAGING,
        }),
        answer: pagedOf(ObClusterDocument),
      },
      async ({ query, request }) => {
        const language = answerLanguage(request);
        const inWords = (view: ClusterView) => clusterDocument(view, language);
        const page = pageRequest(query);
        const { name, status } = query;
        if (name === undefined && status === undefined) {
          const found = await listed(query, () => store.obClusters.list(page));
          const views = await viewsOf(services, found.contents);
          return pageOf(views.map(inWords), {
            number: page.page,
            size: page.size,
            totalElements: found.totalElements,
          });
        }
        const sort = page.sort === undefined ? {} : { sort: page.sort };
        const all = await listed(query, () =>
          allPages((part) => store.obClusters.list({ ...part, ...sort })),
        );
        const named = all.filter((row) => row.name.toLowerCase().includes((name ?? '').toLowerCase()));
        const fitting = (await viewsOf(services, named)).filter(
          ({ cluster }) => status === undefined || status.length === 0 || status.includes(cluster.status),
        );
        const from = (page.page - 1) * page.size;
        return pageOf(fitting.slice(from, from + page.size).map(inWords), {
          number: page.page,
          size: page.size,
          totalElements: fitting.length,
        });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters/{id}',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'Get an OceanBase cluster',
        params: IdPath,
        answer: ObClusterDocument,
      },
      async ({ params, request }) => clusterDocument(await view(params.id), answerLanguage(request)),
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters/{id}/servers',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'List the OBServers of a cluster',
        params: IdPath,
        answer: contentsOf(ObServerDocument),
        query: z.object({ regionName: QueryText.optional(), idcName: QueryText.optional() }),
      },
      async ({ params, query }) => {
        const found = await view(params.id);
        const contents = found.servers
          .map((server) => serverDocument(server, found))
          .filter(
            ({ regionName, idcName }) =>
              (query.regionName ?? regionName) === regionName && (query.idcName ?? idcName) === idcName,
          );
        return { contents };
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/ob/clusters/{id}/zones',
        permission: 'CLUSTER_VIEWER',
        tag: TAG,
        summary: 'List the zones of a cluster',
        params: IdPath,
        answer: contentsOf(ObZoneDocument),
      },
      async ({ params }) => {
        const found = await view(params.id);
        return { contents: found.zones.map((zone) => zoneDocument(zone, found)) };
      },
    ),
  ];
}
