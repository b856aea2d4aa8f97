import { z } from 'zod';
import { versionRelease } from '../oceanbase/packageName';
import { randomPassword } from '../oceanbase/passwords';
import { say } from '../runtime/messages/catalogue';
import { configUrlReachesHosts, configUrlWarnings, installFindings } from './configUrl';
import { CreateObproxyClusterBody } from './createObproxyClusterBody';
import { CREATE_WITHOUT_HOSTS, INSTALL_ON_HOSTS, INSTALL_TASK_NAME, installContext } from './installChain';
import { hostProxyLock, obproxyClusterLock } from './locks';
import { knownLinks, passwordsFit } from './obLinks';
import { planTask, refuseWhenHeld } from './planTask';
import {
  fieldRefusal,
  hostsByIds,
  noProxyOnHosts,
  obproxyPackage,
  obproxyPorts,
  packageFitsHosts,
  portsFreeOnHosts,
  startParametersFit,
} from './preconditions';
import { Refusal } from './refusal';
import { catalogued, type Prepared, type PrepareScope } from './types';

/** The hosts of the request and the package for them, checked; undefined without hosts. */
async function installation({ store, publicUrl }: PrepareScope, body: CreateObproxyClusterBody) {
  const { install, installPath } = body;
  if (install === undefined) {
    if (installPath === undefined) return undefined;
    throw fieldRefusal('installPath', installPath, say('cannot.homeWithoutPackage'));
  }
  const at = (field: string) => `obproxyInstallParam.${field}`;
  const hosts = await hostsByIds(store, install.hostIds);
  const softwarePackage = await obproxyPackage(store, install.version, at('version'));
  await refuseWhenHeld(
    store,
    hosts.map(({ id }) => hostProxyLock(id)),
  );
  await noProxyOnHosts(store, hosts);
  configUrlReachesHosts(publicUrl, body, hosts);
  packageFitsHosts(softwarePackage, hosts);
  startParametersFit(softwarePackage, body, (list, index) => `${list}[${index}].value`);
  if (installPath !== undefined && installPath.replace(/\/+$/, '') !== softwarePackage.home) {
    throw fieldRefusal(
      'installPath',
      installPath,
      say('cannot.chooseHome', { file: softwarePackage.fileName, home: softwarePackage.home }),
    );
  }
  await portsFreeOnHosts(store, hosts, obproxyPorts(softwarePackage, install, at));
  return { ...install, hosts, softwarePackage };
}

async function prepare(
  scope: PrepareScope,
  { body }: { readonly body: CreateObproxyClusterBody },
): Promise<Prepared> {
  const { store } = scope;
  if ((await store.obproxy.findClusterByName(body.name)) !== undefined) {
    throw new Refusal(409, 'COM10006', say('obproxyCluster.taken', { name: body.name }), {
      target: 'name',
      subErrors: [{ field: 'name', rejectedValue: body.name, message: say('is.taken') }],
    });
  }
  const linked = await knownLinks(store, body.obLinks);
  await passwordsFit(store, linked);
  const install = await installation(scope, body);

  const clusterId = scope.dryRun
    ? -1
    : await store.obproxy.addCluster({
        name: body.name,
        address: body.address ?? null,
        port: body.port ?? null,
        workMode: body.workMode,
        startupParameters: body.startupParameters,
        parameters: body.parameters,
        runUser: body.runUser,
        proxysysPassword: body.password ?? randomPassword(),
        creator: scope.user,
        links: linked,
      });
  const [taskId = 0] = await scope.reserveTasks(1);
  const task = {
    taskId,
    name: INSTALL_TASK_NAME,
    groupTaskIds: [taskId],
  };
  const extra = { obproxyClusterId: clusterId };
  if (install === undefined) {
    const plan = await planTask(scope, {
      ...task,
      chain: CREATE_WITHOUT_HOSTS,
      context: { stringMap: { prohibit_rollback: 'false' }, listMap: {} },
      // The documented context is that short; the undo must know all the same which cluster this task has made.
      unshown: {
        stringMap: {
          obproxy_cluster_id: String(clusterId),
          obproxy_cluster_name: body.name,
          obproxy_need_delete_cluster: 'true',
        },
        listMap: {},
      },
      place: body.name,
      locks: [obproxyClusterLock(clusterId)],
    });
    return { plans: [plan], extra, findings: configUrlWarnings(scope.publicUrl, body) };
  }

  const { hosts, softwarePackage } = install;
  const parameterVersion = scope.dryRun
    ? 1
    : ((await store.obproxy.findCluster(clusterId))?.parameterVersion ?? 1);
  const serverIds: number[] = [];
  for (const [index, host] of hosts.entries()) {
    serverIds.push(
      scope.dryRun
        ? -1 - index
        : await store.obproxy.addServer({
            clusterId,
            hostId: host.id,
            sqlPort: install.sqlPort,
            exporterPort: install.exporterPort,
            rpcPort: install.rpcPort ?? null,
            version: versionRelease(softwarePackage),
            packageId: softwarePackage.id,
            parameterVersion,
            taskId,
          }),
    );
  }
  const context = installContext({ id: clusterId, name: body.name, parameterVersion }, softwarePackage);
  const ips = Object.fromEntries(hosts.map((host) => [String(host.id), host.ip]));
  const plan = await planTask(scope, {
    ...task,
    chain: INSTALL_ON_HOSTS,
    context: {
      // The cluster came with this task, so undoing the task removes it too.
      stringMap: { ...context.stringMap, obproxy_need_delete_cluster: 'true' },
      listMap: {
        ...context.listMap,
        host_ids: hosts.map(({ id }) => String(id)),
        obproxy_server_ids: serverIds.map(String),
      },
    },
    place: body.name,
    places: { host_ids: ips },
    locks: [obproxyClusterLock(clusterId), ...hosts.map(({ id }) => hostProxyLock(id))],
  });
  return { plans: [plan], extra };
}

/** `POST /api/v2/obproxy/clusters` (OCP documentation, "Create an OBProxy cluster"). */
export const createObproxyCluster = catalogued({
  id: 'createObproxyCluster',
  method: 'POST',
  path: '/api/v2/obproxy/clusters',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Create an OBProxy cluster',
  description:
    'Creates an OBProxy cluster and, with hostIds, installs an OBProxy on every host. Answers one task ' +
    '"Install obproxy", with the id of the new cluster in obproxyClusterId. ' +
    'With dryRun every host is tried for what the task needs there, and findings[] has what is short.',
  params: z.object({}),
  body: CreateObproxyClusterBody,
  answer: 'task',
  sample: 'create-obproxy-cluster',
  extra: { obproxyClusterId: z.int().describe('-1 in a dry run.') },
  look: {
    hosts: ({ body }) => body.install?.hostIds ?? [],
    async findings(scope, { body }) {
      const { install, runUser, workMode, obLinks } = body;
      if (install === undefined) return [];
      const { home } = await obproxyPackage(scope.store, install.version, 'obproxyInstallParam.version');
      const clusterNames = obLinks.map(({ clusterName }) => clusterName);
      return installFindings(scope, install.hostIds, { runUser, workMode, home, clusterNames });
    },
  },
  prepare,
});
