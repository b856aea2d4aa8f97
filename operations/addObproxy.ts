import { z } from 'zod';
import { versionRelease } from '../oceanbase/packageName';
import { fault } from '../runtime/messages/catalogue';
import { configUrlReachesHosts, installFindings } from './configUrl';
import { INSTALL_ON_ONE_HOST, INSTALL_TASK_NAME, installContext } from './installChain';
import { hostProxyLock, obproxyClusterMemberLock } from './locks';
import { planTask, refuseWhenHeld } from './planTask';
import {
  hostsByIds,
  noProxyOnHosts,
  obproxyClusterById,
  obproxyPackage,
  obproxyPorts,
  packageFitsHosts,
  portsFreeOnHosts,
  startParametersFit,
} from './preconditions';
import { HostIds, IdPath, PackageFileName, refuseEqualPorts, ServicePort } from './schemas';
import { catalogued } from './types';

const Body = z
  .object({
    hostIds: HostIds.min(1, fault('must.nameHost')).describe('Hosts where an OBProxy is added.'),
    sqlPort: ServicePort.describe('SQL port of the OBProxies, e.g. 2883.'),
    exporterPort: ServicePort.optional().describe('Port of the metrics, e.g. 2884.'),
    exportPort: ServicePort.optional().describe('The same as exporterPort, as older pages spell it.'),
    rpcPort: ServicePort.optional().describe('RPC port; OBProxy 4.3.0 and later.'),
    version: PackageFileName.describe('File name of an uploaded package.'),
  })
  .transform(({ exportPort, ...body }, context) => {
    const exporterPort = body.exporterPort ?? exportPort;
    if (exporterPort === undefined) {
      context.addIssue({ code: 'custom', path: ['exporterPort'], message: fault('is.required') });
      return z.NEVER;
    }
    refuseEqualPorts(
      [
        { field: ['sqlPort'], port: body.sqlPort },
        { field: ['exporterPort'], port: exporterPort },
        { field: ['rpcPort'], port: body.rpcPort },
      ],
      context,
    );
    return { ...body, exporterPort };
  });

/** `POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd` (OCP documentation, "Add an OBProxy"). */
export const addObproxy = catalogued({
  id: 'addObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/obproxies/batchAdd',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Add OBProxies to an OBProxy cluster',
  description:
    'Installs and starts one OBProxy on every host named. Answers one task "Install obproxy" per host. ' +
    'With dryRun every host is tried for what the task needs there, the config URL included, and findings[] has what is short.',
  params: IdPath,
  body: Body,
  answer: 'tasks',
  sample: 'add-obproxy',
  look: {
    hosts: ({ body }) => body.hostIds,
    async findings(scope, { params, body }) {
      const cluster = await obproxyClusterById(scope.store, params.id);
      const { home } = await obproxyPackage(scope.store, body.version, 'version');
      const clusterNames = cluster.obLinks.map(({ clusterName }) => clusterName);
      return installFindings(scope, body.hostIds, { ...cluster, home, clusterNames });
    },
  },

  async prepare(scope, { params, body }) {
    const { store } = scope;
    const { sqlPort, exporterPort, rpcPort } = body;
    const cluster = await obproxyClusterById(store, params.id);
    const hosts = await hostsByIds(store, body.hostIds);
    const softwarePackage = await obproxyPackage(store, body.version, 'version');
    const lock = obproxyClusterMemberLock(cluster.id);
    await refuseWhenHeld(store, [...hosts.map(({ id }) => hostProxyLock(id)), lock]);
    await noProxyOnHosts(store, hosts);
    configUrlReachesHosts(scope.publicUrl, cluster, hosts);
    packageFitsHosts(softwarePackage, hosts);
    startParametersFit(softwarePackage, cluster);
    const ports = obproxyPorts(softwarePackage, body, (field) => field);
    await portsFreeOnHosts(store, hosts, ports);

    const groupTaskIds = await scope.reserveTasks(hosts.length);
    const context = installContext(cluster, softwarePackage);
    const plans = [];
    for (const [index, host] of hosts.entries()) {
      const taskId = groupTaskIds[index] ?? 0;
      const serverId = scope.dryRun
        ? -1 - index
        : await store.obproxy.addServer({
            clusterId: cluster.id,
            hostId: host.id,
            sqlPort,
            exporterPort,
            rpcPort: rpcPort ?? null,
            version: versionRelease(softwarePackage),
            packageId: softwarePackage.id,
            parameterVersion: cluster.parameterVersion,
            taskId,
          });
      plans.push(
        await planTask(scope, {
          taskId,
          name: INSTALL_TASK_NAME,
          chain: INSTALL_ON_ONE_HOST,
          context: {
            ...context,
            stringMap: {
              ...context.stringMap,
              host_id: String(host.id),
              obproxy_server_id: String(serverId),
            },
          },
          hostId: host.id,
          place: host.ip,
          locks: [hostProxyLock(host.id), lock],
          groupTaskIds,
        }),
      );
    }
    return { plans };
  },
});
