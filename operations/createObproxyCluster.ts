import { z } from 'zod';
import type { Inventory } from '../inventory/types';
import { versionRelease } from '../oceanbase/packageName';
import { randomPassword } from '../oceanbase/passwords';
import { CREATE_WITHOUT_HOSTS, INSTALL_ON_HOSTS, INSTALL_TASK_NAME, installContext } from './installChain';
import { hostProxyLock, obproxyClusterLock } from './locks';
import { planTask, refuseWhenHeld } from './planTask';
import {
  fieldRefusal,
  hostsByIds,
  noProxyOnHosts,
  obproxyPackage,
  obproxyPorts,
  packageFitsHosts,
  portsFreeOnHosts,
} from './preconditions';
import { Refusal } from './refusal';
import {
  AccessPort,
  HostIds,
  Id,
  ObproxyClusterName,
  ObproxyParameters,
  PackageFileName,
  ProxysysPassword,
  refuseEqualPorts,
  ServicePort,
} from './schemas';
import { catalogued, type Prepared, type PrepareScope } from './types';

const InstallPath = z
  .string()
  .max(255)
  .regex(/^\/[A-Za-z0-9_./-]+$/, 'must be an absolute path of letters, digits, "_", ".", "-" and "/"');

const InstallParam = z.object({
  hostIds: HostIds.default([]).describe('Hosts where an OBProxy is installed; empty: none yet.'),
  sqlPort: ServicePort.nullish(),
  exporterPort: ServicePort.nullish(),
  exportPort: ServicePort.nullish().describe('The same as exporterPort, as the documented table spells it.'),
  rpcPort: ServicePort.nullish().describe('OBProxy 4.3.0 and later.'),
  version: PackageFileName.nullish().describe('File name of an uploaded package.'),
  installPath: InstallPath.nullish(),
});

const ObLink = z.object({
  clusterName: z.string().min(1, 'must not be empty').max(128),
  clusterId: Id.nullish().describe('Id of the OceanBase cluster in obflow; optional.'),
  obClusterId: Id.nullish(),
  username: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a user name of letters, digits and "_"')
    .default('proxyro'),
});

const Body = z
  .object({
    name: ObproxyClusterName,
    address: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9._:-]*$/, 'must be an IP address or a domain name')
      .nullish(),
    port: AccessPort.nullish(),
    workMode: z.enum(['CONFIG_URL', 'RS_LIST'], 'must be CONFIG_URL or RS_LIST').default('CONFIG_URL'),
    obproxyInstallParam: InstallParam.default({ hostIds: [] }),
    obLinks: z.array(ObLink).max(200).default([]),
    startupParameters: ObproxyParameters.default([]),
    parameters: ObproxyParameters.default([]),
    password: ProxysysPassword.nullish().describe('Password of root@proxysys; a random one when absent.'),
    installPath: InstallPath.nullish().describe(
      "Only the package's own directory: its RPM is not relocatable.",
    ),
    runUser: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of a Linux user')
      .default('admin'),
    clientToken: z
      .string()
      .min(8, 'must have 8 to 64 characters')
      .max(64, 'must have 8 to 64 characters')
      .optional(),
  })
  .superRefine((body, context) => {
    if (body.workMode === 'RS_LIST' && body.obLinks.length !== 1) {
      context.addIssue({
        code: 'custom',
        path: ['obLinks'],
        message: `must name exactly one OceanBase cluster in RS_LIST mode, not ${body.obLinks.length}`,
      });
    }
    body.obLinks.forEach((link, index) => {
      const same = (other: typeof link) =>
        other.clusterName === link.clusterName && other.obClusterId === link.obClusterId;
      if (body.obLinks.findIndex(same) !== index) {
        context.addIssue({
          code: 'custom',
          path: ['obLinks', index, 'clusterName'],
          message: 'names a cluster a second time',
          input: link.clusterName,
        });
      }
    });
    const install = body.obproxyInstallParam;
    const at = (field: string) => ['obproxyInstallParam', field];
    const exporterPort = install.exporterPort ?? install.exportPort ?? undefined;
    refuseEqualPorts(
      [
        { field: at('sqlPort'), port: install.sqlPort ?? undefined },
        { field: at('exporterPort'), port: exporterPort },
        { field: at('rpcPort'), port: install.rpcPort ?? undefined },
      ],
      context,
    );
    if (install.hostIds.length === 0) return;
    for (const [field, value] of Object.entries({
      sqlPort: install.sqlPort,
      exporterPort,
      version: install.version,
    })) {
      if (value === undefined || value === null) {
        context.addIssue({ code: 'custom', path: at(field), message: 'is required with hostIds' });
      }
    }
  });
type Body = z.output<typeof Body>;

/** The linked OceanBase clusters as the inventory knows them. */
async function links(inventory: Inventory, body: Body): Promise<{ clusterId: number; username: string }[]> {
  const found: { clusterId: number; username: string }[] = [];
  for (const [index, link] of body.obLinks.entries()) {
    const field = `obLinks[${index}]`;
    const named = await inventory.obClusters.findByName(link.clusterName);
    const fitting = named.filter(
      (cluster) =>
        (link.obClusterId ?? cluster.obClusterId) === cluster.obClusterId &&
        (link.clusterId ?? cluster.id) === cluster.id,
    );
    const [cluster, other] = fitting;
    if (cluster === undefined) {
      const ids = link.obClusterId == null ? '' : ` with obClusterId ${link.obClusterId}`;
      const known = named.map((row) => `clusterId ${row.id}, obClusterId ${row.obClusterId}`).join('; ');
      throw new Refusal(
        404,
        'OBE11002',
        `${field}: there is no OceanBase cluster "${link.clusterName}"${ids}. ` +
          (known === ''
            ? 'Declare it with "obflow apply" first.'
            : `One of that name is known with other ids (${known}).`),
        { target: field },
      );
    }
    if (other !== undefined) {
      throw fieldRefusal(
        `${field}.obClusterId`,
        link.obClusterId,
        `is needed: several clusters are named "${link.clusterName}"`,
      );
    }
    if (found.some(({ clusterId }) => clusterId === cluster.id)) {
      throw fieldRefusal(`${field}.clusterName`, link.clusterName, 'names a cluster a second time');
    }
    found.push({ clusterId: cluster.id, username: link.username });
  }
  return found;
}

/** What the hosts of the request need, checked; undefined without hosts. */
async function installation(scope: PrepareScope, body: Body) {
  const { inventory } = scope;
  const install = body.obproxyInstallParam;
  const at = (field: string) => `obproxyInstallParam.${field}`;
  const installPath = install.installPath ?? body.installPath ?? undefined;
  const version = install.version ?? undefined;
  if (install.hostIds.length === 0) {
    if (installPath !== undefined) {
      throw fieldRefusal(
        'installPath',
        installPath,
        'can only be given with hostIds and version: it is a property of the package',
      );
    }
    return undefined;
  }
  const hosts = await hostsByIds(inventory, install.hostIds);
  const softwarePackage = await obproxyPackage(inventory, version ?? '', at('version'));
  const sqlPort = install.sqlPort ?? 0;
  const exporterPort = install.exporterPort ?? install.exportPort ?? 0;
  const rpcPort = install.rpcPort ?? undefined;
  await refuseWhenHeld(
    inventory,
    hosts.map(({ id }) => hostProxyLock(id)),
  );
  await noProxyOnHosts(inventory, hosts);
  packageFitsHosts(softwarePackage, hosts);
  if (installPath !== undefined && installPath.replace(/\/+$/, '') !== softwarePackage.home) {
    throw fieldRefusal(
      'installPath',
      installPath,
      `cannot be chosen: ${softwarePackage.fileName} is not relocatable and installs to ${softwarePackage.home}`,
    );
  }
  const ports = obproxyPorts(softwarePackage, { sqlPort, exporterPort, rpcPort }, at);
  await portsFreeOnHosts(inventory, hosts, ports);
  return { hosts, softwarePackage, sqlPort, exporterPort, rpcPort: rpcPort ?? null };
}

async function prepare(scope: PrepareScope, { body }: { readonly body: Body }): Promise<Prepared> {
  const { inventory } = scope;
  if ((await inventory.obproxy.findClusterByName(body.name)) !== undefined) {
    throw new Refusal(
      409,
      'COM10006',
      `There is already an OBProxy cluster named "${body.name}". Choose another name, or add proxies to that one by batchAdd.`,
      { target: 'name', subErrors: [{ field: 'name', rejectedValue: body.name, message: 'is taken' }] },
    );
  }
  const linked = await links(inventory, body);
  const install = await installation(scope, body);

  const clusterId = scope.dryRun
    ? -1
    : await inventory.obproxy.addCluster({
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
    workflowType: 'createObproxyCluster',
    groupTaskIds: [taskId],
  };
  const extra = { obproxyClusterId: clusterId };
  if (install === undefined) {
    const plan = await planTask(scope, {
      ...task,
      chain: CREATE_WITHOUT_HOSTS,
      context: { stringMap: { prohibit_rollback: 'false' }, listMap: {} },
      target: () => body.name,
      locks: [obproxyClusterLock(clusterId)],
    });
    return { plans: [plan], extra };
  }

  const { hosts, softwarePackage } = install;
  const parameterVersion = scope.dryRun
    ? 1
    : ((await inventory.obproxy.findCluster(clusterId))?.parameterVersion ?? 1);
  const serverIds: number[] = [];
  for (const [index, host] of hosts.entries()) {
    serverIds.push(
      scope.dryRun
        ? -1 - index
        : await inventory.obproxy.addServer({
            clusterId,
            hostId: host.id,
            sqlPort: install.sqlPort,
            exporterPort: install.exporterPort,
            rpcPort: install.rpcPort,
            version: versionRelease(softwarePackage),
            packageId: softwarePackage.id,
            parameterVersion,
            taskId,
          }),
    );
  }
  const context = installContext({ id: clusterId, name: body.name, parameterVersion }, softwarePackage);
  const ips = new Map(hosts.map((host) => [String(host.id), host.ip]));
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
    target: (element) => (element === undefined ? body.name : ips.get(element.value)),
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
  summary: 'Create an OBProxy cluster',
  description:
    'Creates an OBProxy cluster and, with hostIds, installs an OBProxy on every host. Answers one task ' +
    '"Install obproxy", with the id of the new cluster in obproxyClusterId.',
  params: z.object({}),
  body: Body,
  answer: 'task',
  hostIds: (body) => body.obproxyInstallParam.hostIds,
  prepare,
});
