/** The OBProxy that a subtask works on, as the inventory knows it. */

import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { type ObproxyAdmin, openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { mergeParameters, type ParameterValue } from '../../oceanbase/parameters';
import type { ObproxySource } from '../../oceanbase/proxyConfigDb';
import { hasRpcPort, type ObproxyFamily, obproxyFamily } from '../../oceanbase/versions';
import { PermanentError } from '../../runtime/errors';
import type { ObproxyClusterRow, ObproxyServerRow } from '../../store/types';
import type { InstallablePackage } from '../host/packageInstallation';
import type { SubtaskScope } from '../types';

export interface ObproxyInstance {
  readonly server: ObproxyServerRow;
  readonly cluster: ObproxyClusterRow;
  /** Dotted, without release. */
  readonly version: string;
  readonly family: ObproxyFamily;
  /** Ports the process will listen on, named as in the documented request. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** Startup and plain parameters. */
  readonly parameters: readonly ParameterValue[];
}

function gone(tried: string, cameBack: string, code: string, next: string): PermanentError {
  return new PermanentError({ type: 'InventoryIncomplete', code, tried, cameBack, next });
}

/** Every port that the proxy opens; the RPC port is 2885 unless the request names another. */
function portsOf(server: ObproxyServerRow): { name: string; port: number }[] {
  const ports = [
    { name: 'sqlPort', port: server.sqlPort },
    { name: 'exporterPort', port: server.exporterPort },
  ];
  const rpcPort = server.rpcPort ?? (hasRpcPort(server.version) ? 2885 : undefined);
  return rpcPort === undefined ? ports : [...ports, { name: 'rpcPort', port: rpcPort }];
}

/** Startup and plain parameters of a cluster as one list. */
export function clusterParameters(cluster: ObproxyClusterRow): ParameterValue[] {
  return mergeParameters(cluster.startupParameters, cluster.parameters);
}

/** The row of the proxy on `hostId`, which must belong to the task's cluster. */
export async function proxyOn(scope: SubtaskScope, hostId: number): Promise<ObproxyInstance> {
  const { obproxy } = scope.store;
  const clusterId = Number(scope.value('obproxy_cluster_id'));
  const tried = `find the OBProxy of host ${hostId} in the inventory`;
  const cluster = await obproxy.findCluster(clusterId);
  if (cluster === undefined) {
    const text = `there is no OBProxy cluster with id ${clusterId}`;
    throw gone(tried, text, 'ODP21001', 'Create the cluster again.');
  }
  const server = await obproxy.findServerOnHost(hostId);
  if (server === undefined) {
    const text = `no OBProxy of cluster ${cluster.name} is recorded for this host`;
    throw gone(tried, text, 'ODP21002', 'Add the proxy again by batchAdd.');
  }
  if (server.clusterId !== clusterId) {
    const text = `the proxy on this host belongs to cluster ${server.clusterId}, not to ${cluster.name}`;
    throw gone(tried, text, 'ODP21015', 'Choose another host.');
  }
  return {
    server,
    cluster,
    version: server.version.split('-')[0] ?? server.version,
    family: obproxyFamily(server.version),
    ports: portsOf(server),
    parameters: clusterParameters(cluster),
  };
}

export function proxyOf(scope: SubtaskScope): Promise<ObproxyInstance> {
  return proxyOn(scope, scope.hostId);
}

export type { InstallablePackage };

/** The package of the proxy, which must hold bin/obproxy. */
export async function packageOf(scope: SubtaskScope, proxy: ObproxyInstance): Promise<InstallablePackage> {
  const { packageId } = proxy.server;
  const row = packageId === null ? undefined : await scope.store.packages.find(packageId);
  if (row === undefined) {
    const next = 'Upload the package again and add the proxy again.';
    throw gone('find the package of the proxy', `there is no package with id ${packageId}`, 'PKG10014', next);
  }
  if (row.home === null) {
    const next = 'Use a package of OBProxy.';
    throw gone('find the package of the proxy', `${row.fileName} holds no bin/obproxy`, 'PKG10014', next);
  }
  return { ...row, home: row.home };
}

/** Where the proxy learns of OceanBase: the linked cluster's root servers, or our config server. */
export async function sourceOf(scope: SubtaskScope, cluster: ObproxyClusterRow): Promise<ObproxySource> {
  if (cluster.workMode === 'CONFIG_URL') {
    return { mode: 'CONFIG_URL', url: obproxyConfigUrl(scope.config.publicUrl, cluster.name) };
  }
  const link = cluster.obLinks[0];
  const linked = link === undefined ? undefined : await scope.store.obClusters.find(link.clusterId);
  if (linked === undefined || linked.rootServers.length === 0) {
    const text = `cluster ${cluster.name} works by RS_LIST, but no root servers of its OceanBase cluster are known`;
    throw gone(
      'find the root servers',
      text,
      'ODP21011',
      'Declare the OceanBase cluster with `obflow apply`.',
    );
  }
  return { mode: 'RS_LIST', clusterName: linked.name, rootServers: linked.rootServers };
}

/** Password of root@proxysys, hidden from the log from now on. */
export async function proxysysPassword(scope: SubtaskScope, proxy: ObproxyInstance): Promise<string> {
  const password = await scope.store.obproxy.proxysysPassword(proxy.cluster.id);
  scope.log.hide(password);
  return password;
}

/** Logs in to the proxy as root@proxysys through the host's tunnel. */
export async function administer(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  password?: string,
): Promise<ObproxyAdmin> {
  const host = await scope.host();
  return openObproxyAdmin({
    where: `${host.ip}:${proxy.server.sqlPort}`,
    password: password ?? (await proxysysPassword(scope, proxy)),
    open: () => host.tunnel(proxy.server.sqlPort),
    signal: scope.signal,
  });
}
