import type { Request } from 'express';
import { z } from 'zod';
import { driftOf } from '../../contact/configUrlDrift';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { isSecretParameter, type ParameterValue } from '../../oceanbase/parameters';
import { serversOf, someObproxyServerIds } from '../../operations/obproxyServers';
import { OBPROXY_WARNINGS, obproxyWarnings } from '../../operations/obproxyWarnings';
import { obproxyClusterById } from '../../operations/preconditions';
import { Refusal } from '../../operations/refusal';
import { publishedSample } from '../../operations/samples';
import { AccessAddress, AccessPort, IdPath } from '../../operations/schemas';
import { say } from '../../runtime/messages/catalogue';
import { OBPROXY_STATUSES } from '../../store/statuses';
import type { ObproxyClusterRow, ObproxyServerRow, Observation } from '../../store/types';
import { listOf, pagedOf, Time, Whole } from '../http/answers';
import { pageOf } from '../http/envelope';
import { answerLanguage, type Language, spoken } from '../http/messages/language';
import { listed, PAGING, pageRequest } from '../http/paging';
import { ocpTime } from '../http/time';
import { PUSH_OUTCOMES, pushConfigUrl } from '../objects/pushConfigUrl';
import { type ApiServices, type Route, route } from '../route';
import { Observed, observedField } from './observed';
import { outcomeDocument, outcomesOf } from './outcomes';

const Parameters = listOf(z.object({ name: z.string(), value: z.string() }));

const ServerDocument = z
  .object({
    id: Whole,
    clusterId: Whole,
    hostId: Whole,
    ip: z.string(),
    idcName: z.string(),
    architecture: z.string().nullable(),
    sqlPort: Whole,
    exporterPort: Whole.exactOptional(),
    rpcPort: Whole.exactOptional(),
    version: z.string().exactOptional().describe('Version and release without dist tag.'),
    parameterVersion: Whole,
    status: z.enum(OBPROXY_STATUSES),
    operateStatus: z.enum(['NORMAL', 'OPERATING']),
    lastActiveTime: Time.exactOptional().describe('When it was last seen at work.'),
    observed: Observed.exactOptional(),
    adopted: z
      .object({
        home: z.string(),
        user: z.string(),
        program: z.string(),
        package: z.string().nullable(),
        keeper: z.enum(['obproxyd.sh', 'systemd', 'obflow', 'none']),
        keeperDetail: z.string(),
      })
      .exactOptional()
      .describe('How a proxy that was taken over lives on its host.'),
    parameterDrift: listOf(
      z.object({ name: z.string(), value: z.string().nullable(), expectedValue: z.string() }),
    )
      .exactOptional()
      .describe(
        'In what the process of the proxy differs from its cluster: parameters that wait for its restart, or that its version does not know; and the config URL (obproxy_config_server_url) that it was given before OBFLOW_PUBLIC_URL changed. rootservice_list: the root servers that it was started with, since servers have come or gone.',
      ),
    warnings: listOf(
      z.object({
        kind: z
          .enum(OBPROXY_WARNINGS)
          .describe(
            'PARAMETER_DRIFT, CONFIG_URL_DRIFT: one of parameterDrift. CONFIG_URL_UNREACHABLE: OBFLOW_PUBLIC_URL leads its host to itself. NO_KEEPER: nobody starts it again when it dies.',
          ),
        text: z.string().describe('In the language of the request.'),
      }),
    )
      .exactOptional()
      .describe('What its tasks have warned of, as far as it is so still; absent: nothing.'),
  })
  .meta({ id: 'ObproxyServer' });
export type ObproxyServerDocument = Readonly<z.output<typeof ServerDocument>>;

const ClusterDocument = z
  .object({
    id: Whole,
    name: z.string(),
    address: z.string().nullable(),
    port: Whole.nullable(),
    workMode: z.enum(['CONFIG_URL', 'RS_LIST']),
    configUrl: z.string(),
    parameterVersion: Whole,
    creatorId: Whole,
    creatorName: z.string(),
    createTime: Time,
    updateTime: Time,
    versions: listOf(z.object({ version: z.string(), count: Whole })),
    topo: listOf(z.object({ idcName: z.string(), count: Whole })),
    obLinks: listOf(
      z.object({
        clusterId: Whole,
        clusterName: z.string(),
        clusterType: z.enum(['PRIMARY', 'STANDBY']),
        obClusterId: Whole,
        username: z.string(),
        status: z.enum(['RUNNING', 'CREATING']),
        connections: Whole,
      }),
    ),
    obproxies: listOf(ServerDocument),
    startupParameters: Parameters,
    parameters: Parameters,
  })
  .meta({ id: 'ObproxyCluster' });
export type ObproxyClusterDocument = Readonly<z.output<typeof ClusterDocument>>;

/** What no documented call changes; asked for, it is refused rather than ignored. */
const FIXED = ['name', 'workMode', 'sqlPort', 'exporterPort', 'runUser'] as const;

const Access = z
  .object({
    address: AccessAddress.optional().describe(
      'Virtual address or domain by which clients reach the cluster.',
    ),
    port: AccessPort.optional(),
  })
  .catchall(z.unknown());

/** By what a document is made, besides its rows. */
interface Reading {
  readonly publicUrl: string;
  readonly language: Language;
}

/** ObproxyCluster as documented; `workMode` stands only in the samples. */
function clusterDocument(
  row: ObproxyClusterRow,
  { publicUrl, language }: Reading,
  observed: ReadonlyMap<number, Observation>,
): z.input<typeof ClusterDocument> {
  const running = row.servers.some((server) => server.status === 'RUNNING');
  return {
    id: row.id,
    name: row.name,
    address: row.address,
    port: row.port,
    workMode: row.workMode,
    configUrl: obproxyConfigUrl(publicUrl, row.name),
    parameterVersion: row.parameterVersion,
    creatorId: row.creator.id,
    creatorName: row.creator.name,
    createTime: ocpTime(row.createTime),
    updateTime: ocpTime(row.updateTime),
    versions: counted(
      row.servers.filter(({ version }) => version !== ''),
      (server) => server.version,
    ).map(([version, count]) => ({
      version,
      count,
    })),
    topo: counted(row.servers, (server) => server.idcName).map(([idcName, count]) => ({ idcName, count })),
    obLinks: row.obLinks.map((link) => ({
      clusterId: link.clusterId,
      clusterName: link.clusterName,
      clusterType: link.clusterType,
      obClusterId: link.obClusterId,
      username: link.username,
      status: running ? 'RUNNING' : 'CREATING',
      // Sessions of the proxies are not counted here.
      connections: 0,
    })),
    obproxies: row.servers.map((server) =>
      serverDocument(row, server, { publicUrl, language }, observed.get(server.id)),
    ),
    startupParameters: row.startupParameters.map(withoutSecret),
    parameters: row.parameters.map(withoutSecret),
  };
}

/** A password among the parameters is for the proxies, not for whoever may look at the cluster. */
function withoutSecret({ name, value }: ParameterValue): ParameterValue {
  return { name, value: isSecretParameter(name) ? '***' : value };
}

/** ObproxyServer as documented. */
function serverDocument(
  cluster: ObproxyClusterRow,
  server: ObproxyServerRow,
  { publicUrl, language }: Reading,
  observed: Observation | undefined,
): z.input<typeof ServerDocument> {
  const drift = driftOf(cluster, server, publicUrl);
  const warnings = obproxyWarnings(cluster, server, publicUrl);
  return {
    id: server.id,
    clusterId: server.clusterId,
    hostId: server.hostId,
    ip: server.ip,
    idcName: server.idcName,
    architecture: server.architecture,
    sqlPort: server.sqlPort,
    ...(server.exporterPort === 0 ? {} : { exporterPort: server.exporterPort }),
    ...(server.rpcPort === null ? {} : { rpcPort: server.rpcPort }),
    ...(server.version === '' ? {} : { version: server.version }),
    parameterVersion: server.parameterVersion,
    status: server.status,
    operateStatus: server.operateStatus,
    ...(server.lastActiveTime === null ? {} : { lastActiveTime: ocpTime(server.lastActiveTime) }),
    ...observedField(observed),
    // Ours: how a proxy that was taken over lives, and in what a proxy differs from its cluster.
    ...(server.adopted === null ? {} : { adopted: server.adopted }),
    ...(server.adopted === null && drift.length === 0 ? {} : { parameterDrift: drift }),
    ...(warnings.length === 0
      ? {}
      : { warnings: warnings.map(({ kind, text }) => ({ kind, text: spoken(text, language) })) }),
  };
}

function counted<T>(items: readonly T[], key: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts];
}

const PushBody = z.object({
  obproxyServerIds: someObproxyServerIds(200)
    .optional()
    .describe('OBProxies of the cluster; all of them when absent.'),
});

const PushAnswer = z.object({
  configUrl: z.string(),
  contents: outcomesOf(
    PUSH_OUTCOMES,
    'PUSHED: set and read back. UNCHANGED: it had it. SKIPPED: a task works on it. FAILED: it asks what it asked before.',
  ),
});

export function obproxyClusterRoutes(services: ApiServices): Route[] {
  const { store, config } = services;
  const documents = async (rows: readonly ObproxyClusterRow[], request: Request) => {
    const reading = { publicUrl: config.publicUrl, language: answerLanguage(request) };
    const ids = rows.flatMap(({ servers }) => servers.map(({ id }) => id));
    const observed = await store.observations.of('obproxyServer', ids);
    return rows.map((row) => clusterDocument(row, reading, observed));
  };
  return [
    route(
      {
        method: 'GET',
        path: '/api/v2/obproxy/clusters',
        permission: 'OBPROXY_VIEWER',
        tag: 'OBProxy',
        summary: 'List OBProxy clusters',
        query: z.object(PAGING),
        answer: pagedOf(ClusterDocument),
      },
      async ({ query, request }) => {
        const page = pageRequest(query);
        const found = await listed(query, () => store.obproxy.listClusters(page));
        return pageOf(await documents(found.contents, request), {
          number: page.page,
          size: page.size,
          totalElements: found.totalElements,
        });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v2/obproxy/clusters/{id}',
        permission: 'OBPROXY_VIEWER',
        tag: 'OBProxy',
        summary: 'Get an OBProxy cluster',
        params: IdPath,
        answer: ClusterDocument,
      },
      async ({ params, request }) => {
        const [document] = await documents([await obproxyClusterById(store, params.id)], request);
        if (document === undefined) throw new Error('a cluster that was found has a document');
        return document;
      },
    ),
    route(
      {
        method: 'PATCH',
        path: '/api/v2/obproxy/clusters/{id}',
        permission: 'OBPROXY_MANAGER',
        tag: 'OBProxy',
        summary: 'Change the access address of an OBProxy cluster',
        description:
          'What is absent stays as it is. The address is what clients are told; no listener of an OBProxy changes.',
        params: IdPath,
        body: Access,
        answer: ClusterDocument,
        refuses: [404],
        sample: publishedSample('change-obproxy-cluster'),
      },
      async ({ params, body, request }) => {
        await obproxyClusterById(store, params.id);
        const fixed = FIXED.find((field) => body[field] !== undefined);
        if (fixed !== undefined) {
          throw new Refusal(400, 'ODP21107', say('obproxyCluster.fixed', { field: fixed }), {
            target: fixed,
          });
        }
        const { address, port } = body;
        await store.obproxy.setAccess(params.id, {
          ...(address === undefined ? {} : { address }),
          ...(port === undefined ? {} : { port }),
        });
        const [document] = await documents([await obproxyClusterById(store, params.id)], request);
        if (document === undefined) throw new Error('a cluster that was found has a document');
        return document;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/obproxy/clusters/{id}/configUrl/push',
        permission: 'OBPROXY_MANAGER',
        tag: 'OBProxy',
        summary: 'Give running OBProxies the present config URL',
        description:
          'After OBFLOW_PUBLIC_URL has changed. Every host asks for the URL first; what was set is read back; nothing is restarted. ' +
          'OBProxies that cannot be reached are named as FAILED. `obflow proxy push-url` does it for all clusters.',
        params: IdPath,
        body: PushBody,
        answer: PushAnswer,
        refuses: [404],
      },
      async ({ params, body, notes, request }) => {
        notes.command = 'push config URL';
        const cluster = await obproxyClusterById(store, params.id);
        if (cluster.workMode !== 'CONFIG_URL') {
          const text = say('obproxyCluster.noConfigUrl', { name: cluster.name });
          throw new Refusal(400, 'COM10001', text, { target: 'id' });
        }
        const ids = body.obproxyServerIds;
        const servers = ids === undefined ? cluster.servers : await serversOf(store, cluster, ids);
        const language = answerLanguage(request);
        const pushed = await pushConfigUrl(services, cluster, servers);
        return {
          configUrl: obproxyConfigUrl(config.publicUrl, cluster.name),
          contents: pushed.map((one) => outcomeDocument(one, language)),
        };
      },
    ),
  ];
}
