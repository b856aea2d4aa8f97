import { z } from 'zod';
import {
  BootstrapOb,
  CreateDefaultUser,
  DoIoBench,
  InstallRpm,
  LinkObproxy,
  MakeDirForOb,
  PreCheckForInstallOb,
  PrepareInstallObCluster,
  RefreshAgentConfig,
  RestartObServerProcess,
  SetSysPassword,
  SetSysPrimaryZone,
  StartOcpAgentService,
  SyncAllTenantInfo,
  SyncClusterInfo,
  TriggerCompaction,
  UpdateObClusterStatus,
  WaitNode,
  WaitObClusterAccessible,
  WaitObServerAccessible,
} from '../activities/subtasks';
import { PROXYRO } from '../contact/foreignCluster';
import { RUN_USER } from '../oceanbase/observerLayout';
import { randomPassword } from '../oceanbase/passwords';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node, type SubtaskDefinition } from '../workflows/chain';
import { CreateObClusterBody } from './createObClusterBody';
import { expectedDuration } from './expectedDuration';
import { firstContactFindings } from './firstContact';
import { hostObserverLock, obClusterLock, obproxyClusterLock } from './locks';
import {
  creationWarnings,
  freeIdentity,
  linkableProxies,
  observerPackageNamed,
  type PlacedZone,
  passwordFits,
  pathsFit,
  placedZones,
  primaryZoneFits,
} from './obClusterCreation';
import { hostsWithoutObserver, oneArchitecture } from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds, packageFitsHosts, portsFreeOnHosts } from './preconditions';
import { catalogued, type Prepared, type PrepareScope } from './types';

const perHost = (subtask: SubtaskDefinition): ChainNode => node(subtask, { split: 'host_ids' });

/**
 * The documented 23 nodes. "Restart observer process" goes from host to host, so that the sys tenant keeps its majority where it
 * has one to lose.
 */
export const CREATE_OB_CLUSTER: readonly ChainNode[] = [
  node(PrepareInstallObCluster),
  perHost(PreCheckForInstallOb),
  node(WaitNode),
  perHost(InstallRpm),
  node(WaitNode),
  perHost(MakeDirForOb),
  node(WaitNode),
  perHost(DoIoBench),
  node(BootstrapOb),
  node(RestartObServerProcess, { split: 'host_ids', serial: true }),
  node(WaitObServerAccessible),
  node(SetSysPassword),
  node(CreateDefaultUser),
  node(SetSysPrimaryZone),
  node(WaitObClusterAccessible),
  perHost(RefreshAgentConfig),
  node(WaitNode),
  perHost(StartOcpAgentService),
  node(SyncClusterInfo),
  node(SyncAllTenantInfo),
  node(UpdateObClusterStatus),
  node(TriggerCompaction),
  node(LinkObproxy),
];

interface Wished {
  readonly body: CreateObClusterBody;
  readonly taskId: number;
  readonly obClusterId: number;
  readonly part: { readonly id: number; readonly version: string };
  readonly zones: readonly PlacedZone[];
}

/**
 * Rows of the cluster, and its credentials. root@sys has no password until "Set sys password": until then both are kept, the
 * empty one and the wished.
 */
async function storeCluster({ store }: PrepareScope, { body, taskId, obClusterId, part, zones }: Wished) {
  const { name, password, obproxyPassword, sqlPort, rpcPort, startupParameters } = body;
  const add = async (username: string, secret: string) => {
    const wished = `${username}.${name}.${obClusterId}`;
    const free = (await store.credentials.find(wished)) === undefined;
    return store.credentials.add({
      ...{ name: free ? wished : `${wished}-${taskId}`, kind: 'DATABASE', username, secret },
      description: null,
    });
  };
  const sysCredentialId = await add('root', '');
  await store.credentials.propose(sysCredentialId, password, { secret: '' });
  const proxyroCredentialId = await add(PROXYRO, obproxyPassword ?? randomPassword());
  return store.obClusters.create({
    ...{ name, obClusterId, version: part.version, type: 'PRIMARY', sysCredentialId, proxyroCredentialId },
    rootServers: zones.map(({ root }) => ({ ip: root.ip, sqlPort, rpcPort })),
    zones: zones.map((zone) => ({ name: zone.name, region: zone.region, idc: zone.idcName })),
    servers: zones.flatMap((zone) =>
      zone.hosts.map((host) => ({
        ...{ zone: zone.name, hostId: host.id, ip: host.ip, rpcPort, sqlPort },
        ...{ packageId: part.id, startupParameters },
      })),
    ),
    origin: {
      taskId,
      credentialIds: [sysCredentialId, proxyroCredentialId],
      hostIds: [],
      bootstrap: { state: 'NONE', at: new Date().toISOString() },
    },
  });
}

async function prepare(
  scope: PrepareScope,
  { body }: { readonly body: CreateObClusterBody },
): Promise<Prepared> {
  const { store } = scope;
  const { name, primaryZone, sqlPort, rpcPort, startupParameters, obproxyClusterIds } = body;
  passwordFits(body.password);
  const obClusterId = await freeIdentity(store, body);
  const part = await observerPackageNamed(store, body.rpmName);
  const zones = await placedZones(store, body);
  const hosts = zones.flatMap((zone) => zone.hosts);
  primaryZoneFits(body, zones, part.version);
  pathsFit(body, part);
  await linkableProxies(store, body);
  const others = [
    ...hosts.map(({ id }) => hostObserverLock(id)),
    ...obproxyClusterIds.map(obproxyClusterLock),
  ];
  await refuseWhenHeld(store, others);
  await hostsWithoutObserver(store, hosts);
  oneArchitecture(hosts);
  packageFitsHosts(part, hosts);
  await portsFreeOnHosts(store, hosts, [
    { field: 'sqlPort', port: sqlPort },
    { field: 'rpcPort', port: rpcPort },
  ]);

  const [taskId = 0] = await scope.reserveTasks(1);
  const row = scope.dryRun
    ? { id: -1, serverIds: hosts.map((_, index) => -1 - index) }
    : await storeCluster(scope, { body, taskId, obClusterId, part, zones });
  const roots = zones.map(({ root }) => root);
  const ids = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => String(id));
  const plan = await planTask(scope, {
    taskId,
    name: 'Create primary OB cluster',
    chain: CREATE_OB_CLUSTER,
    context: {
      stringMap: {
        cluster_version: part.version,
        cluster_name: name,
        startup_option_string: startupParameters.map((one) => `${one.name}=${one.value}`).join(','),
        ob_version: part.version,
        service_name: `${name}:${obClusterId}`,
        ob_connect_address: roots[0]?.ip ?? '',
        cluster_type: 'PRIMARY',
        ob_cluster_id: String(obClusterId),
        link_obproxy: String(obproxyClusterIds.length > 0),
        ...Object.fromEntries(zones.map((zone) => [`${zone.name}.idc`, zone.idcName])),
        primary_zone: primaryZone,
        sql_port: String(sqlPort),
        service_type: 'OB_CLUSTER',
        cluster_id: String(row.id),
        rpm_name: part.fileName,
        target_cluster_status: 'RUNNING',
      },
      listMap: {
        root_servers: ids(roots),
        root_server_ips: roots.map(({ ip }) => ip),
        host_ids: ids(hosts),
        ...Object.fromEntries(zones.map((zone) => [`${zone.name}.host_ids`, ids(zone.hosts)])),
        zone_names: zones.map((zone) => zone.name),
      },
    },
    unshown: {
      stringMap: {},
      listMap: {
        server_ids: row.serverIds.map(String),
        linked_obproxy_cluster_ids: obproxyClusterIds.map(String),
      },
    },
    cluster: { id: row.id, name, obClusterId, type: 'PRIMARY' },
    place: name,
    places: { host_ids: Object.fromEntries(hosts.map((host) => [String(host.id), host.ip])) },
    locks: [obClusterLock(row.id), ...others],
    groupTaskIds: [taskId],
  });
  const audit = `OceanBase cluster created: ${name}:${obClusterId}`;
  return { plans: [plan], findings: creationWarnings(zones), audit };
}

/** `POST /api/v2/ob/clusters` (OCP documentation, "Create primary OB cluster"). */
export const createObCluster = catalogued({
  id: 'createObCluster',
  method: 'POST',
  path: '/api/v2/ob/clusters',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Create an OceanBase cluster',
  description:
    'Installs an OBServer on every host named, makes a cluster of them, and sets the password of root@sys. Answers one task ' +
    '"Create primary OB cluster" in the documented older form (tasks, context as text), with the modern subtasks beside it. ' +
    'BOOTSTRAP is sent once: when it fails, the task is rolled back, which stops the observers and empties what it has made. ' +
    'With dryRun every host is tried for what the task needs there, and findings[] has what is short.',
  params: z.object({}),
  body: CreateObClusterBody,
  answer: 'legacyTask',
  sample: 'create-ob-cluster',
  command: 'ob create',
  look: {
    hosts: ({ body }) => body.zones.flatMap(({ servers }) => servers),
    async findings(scope, { body }) {
      const hosts = await hostsByIds(
        scope.store,
        body.zones.flatMap(({ servers }) => servers),
      );
      const { home } = await observerPackageNamed(scope.store, body.rpmName);
      const ids = hosts.map(({ id }) => id);
      return [
        { level: 'INFO', message: say('dry.nothingStops') },
        ...(await firstContactFindings(scope, ids, { programs: [home], user: RUN_USER })),
        await expectedDuration(scope, {
          ...{ workflow: 'createObCluster', name: 'Create primary OB cluster', chain: CREATE_OB_CLUSTER },
          elements: { host_ids: ids.length },
        }),
      ];
    },
  },
  prepare,
});
