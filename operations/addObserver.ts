import { z } from 'zod';
import {
  AddObServer,
  InstallRpm,
  MakeDirForOb,
  PreCheckForInstallOb,
  PrepareAddObServer,
  ReserveHost,
  RestartObServerProcess,
  StartObServerProcessWithParam,
  StartOcpAgentService,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerActive,
} from '../activities/subtasks';
import { RUN_USER } from '../oceanbase/observerLayout';
import { fault } from '../runtime/messages/catalogue';
import { type ChainNode, node, type SubtaskDefinition } from '../workflows/chain';
import { firstContactFindings } from './firstContact';
import { hostObserverLock, obClusterLock } from './locks';
import { StartupParameters, ZoneName } from './observerFields';
import {
  activeZone,
  clusterRuns,
  hostsInRegion,
  hostsWithoutObserver,
  obClusterById,
  observerPackage,
  oneArchitecture,
} from './observerPreconditions';
import { planTask, refuseWhenHeld } from './planTask';
import { hostsByIds, portsFreeOnHosts } from './preconditions';
import { DistTag, HostIds, IdPath, refuseEqualPorts, ServicePort } from './schemas';
import { catalogued } from './types';

const perHost = (subtask: SubtaskDefinition): ChainNode => node(subtask, { split: 'host_ids' });

/** The documented 21 nodes; what works on hosts is split, and "Wait node" is where all of them meet. */
export const ADD_OB_SERVER: readonly ChainNode[] = [
  node(PrepareAddObServer),
  perHost(ReserveHost),
  perHost(PreCheckForInstallOb),
  node(WaitNode),
  perHost(InstallRpm),
  node(WaitNode),
  perHost(MakeDirForOb),
  node(WaitNode),
  perHost(StartObServerProcessWithParam),
  node(WaitNode),
  perHost(AddObServer),
  perHost(WaitObServerActive),
  perHost(RestartObServerProcess),
  perHost(WaitObServerActive),
  perHost(StartOcpAgentService),
  node(WaitNode),
  perHost(UpdateObServerStatus),
  node(WaitNode),
  node(UpdateObZoneStatus),
  node(SyncClusterInfo),
  node(UpdateObClusterStatus),
];

const Body = z
  .object({
    zoneName: ZoneName.describe('Zone of the cluster that the servers join.'),
    servers: HostIds.min(1, fault('must.nameHost')).describe('Ids of the hosts (not of servers).'),
    packageOperatingSystem: DistTag.optional().describe('Restricts the choice of the package, e.g. el7.'),
    startupParameters: StartupParameters.default([]).describe('Parameters of the first start (-o).'),
    sqlPort: ServicePort.default(2881).describe('Not in OCP: SQL port of the new servers.'),
    rpcPort: ServicePort.default(2882).describe('Not in OCP: RPC port of the new servers.'),
  })
  .superRefine(({ sqlPort, rpcPort }, context) => {
    refuseEqualPorts(
      [
        { field: ['sqlPort'], port: sqlPort },
        { field: ['rpcPort'], port: rpcPort },
      ],
      context,
    );
  });

/** `POST /api/v2/ob/clusters/{id}/servers` (OCP documentation, "Add OBServers"). */
export const addObserver = catalogued({
  id: 'addObserver',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/servers',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Add OBServers to an OceanBase cluster',
  description:
    'Installs an OBServer of the cluster\'s version on every host named and adds it to the zone. Answers one task "Add ' +
    'OB server" in the documented older form (tasks, context as text), with the modern subtasks beside it. ' +
    'With dryRun every host is tried for what the task needs there, and findings[] has what is short.',
  params: IdPath,
  body: Body,
  answer: 'legacyTask',
  sample: 'add-observer',
  look: {
    hosts: ({ body }) => body.servers,
    obCluster: ({ params }) => params.id,
    async findings(scope, { params, body }) {
      const cluster = await obClusterById(scope.store, params.id);
      const hosts = await hostsByIds(scope.store, body.servers);
      const { home } = await observerPackage(scope.store, cluster, hosts, body.packageOperatingSystem);
      return firstContactFindings(scope, body.servers, { programs: [home], user: RUN_USER });
    },
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const { zoneName, sqlPort, rpcPort } = body;
    const cluster = await obClusterById(store, params.id);
    const hosts = await hostsByIds(store, body.servers);
    const locks = [obClusterLock(cluster.id), ...hosts.map(({ id }) => hostObserverLock(id))];
    await refuseWhenHeld(store, locks);
    const zone = await activeZone(store, cluster, zoneName);
    clusterRuns(cluster);
    await hostsWithoutObserver(store, hosts);
    await hostsInRegion(store, cluster, zone, hosts);
    oneArchitecture(hosts);
    await portsFreeOnHosts(store, hosts, [
      { field: 'sqlPort', port: sqlPort },
      { field: 'rpcPort', port: rpcPort },
    ]);
    const part = await observerPackage(store, cluster, hosts, body.packageOperatingSystem);

    const [taskId = 0] = await scope.reserveTasks(1);
    const serverIds: number[] = [];
    for (const [index, host] of hosts.entries()) {
      serverIds.push(
        scope.dryRun
          ? -1 - index
          : await store.obServers.add({
              clusterId: cluster.id,
              zone: zoneName,
              hostId: host.id,
              ip: host.ip,
              rpcPort,
              sqlPort,
              packageId: part.id,
              startupParameters: body.startupParameters,
              taskId,
            }),
      );
    }
    const ips = Object.fromEntries(hosts.map((host) => [String(host.id), host.ip]));
    const plan = await planTask(scope, {
      taskId,
      name: 'Add OB server',
      chain: ADD_OB_SERVER,
      context: {
        stringMap: {
          cluster_name: cluster.name,
          cluster_id: String(cluster.id),
          service_type: 'OB_CLUSTER',
          rpm_name: part.fileName,
          service_name: `${cluster.name}:${cluster.obClusterId}`,
          service_version: part.version,
          ...Object.fromEntries(hosts.map(({ id }) => [`host.${id}.zone`, zoneName])),
          ob_cluster_id: String(cluster.obClusterId),
        },
        listMap: {
          root_server_ips: cluster.rootServers.map(({ ip }) => ip),
          server_ids: serverIds.map(String),
          host_ids: hosts.map(({ id }) => String(id)),
          zone_names: [zoneName],
        },
      },
      cluster: {
        id: cluster.id,
        name: cluster.name,
        obClusterId: cluster.obClusterId,
        type: cluster.type,
      },
      place: cluster.name,
      places: { host_ids: ips },
      locks,
      groupTaskIds: [taskId],
    });
    return { plans: [plan] };
  },
});
