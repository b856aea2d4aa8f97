/** The OBProxy that a subtask works on, as the inventory knows it. */
import { logInToObproxy } from '../../contact/obproxyLogin';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { mergeParameters, type ParameterValue } from '../../oceanbase/parameters';
import type { ObproxySource } from '../../oceanbase/proxyConfigDb';
import { hasRpcPort, type ObproxyFamily, obproxyFamily } from '../../oceanbase/versions';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { recordedHome } from '../../store/obproxyHome';
import type { ObproxyClusterRow, ObproxyServerRow } from '../../store/types';
import { idOf, objectOf } from '../common/objects';
import type { Worked } from '../common/work';
import type { InstallablePackage } from '../host/service';
import type { Needs, SubtaskScope } from '../types';

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

function gone(tried: Text, cameBack: Said, code: string, next: Text): PermanentError {
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

/** Keys by which the OBProxy of a subtask is found, whoever made it. */
export const OBPROXY = {
  host_id: 'value?',
  obproxy_server_id: 'value?',
  obproxy_cluster_id: 'value?',
  obproxy_take_over: 'value?',
} as const satisfies Needs;

export type ObproxyScope = SubtaskScope<typeof OBPROXY>;

/** A row with its cluster, and what follows from them. */
export function proxyInstance(server: ObproxyServerRow, cluster: ObproxyClusterRow): ObproxyInstance {
  return {
    server,
    cluster,
    version: server.version.split('-')[0] ?? server.version,
    family: obproxyFamily(server.version),
    ports: portsOf(server),
    parameters: clusterParameters(cluster),
  };
}

/** The row with its cluster, which must be the task's when that is about one. */
async function withItsCluster(
  scope: ObproxyScope,
  tried: Text,
  server: ObproxyServerRow | undefined,
): Promise<ObproxyInstance> {
  const asked = scope.value('obproxy_cluster_id');
  const clusterId = asked === undefined ? server?.clusterId : idOf(asked);
  const cluster = clusterId === undefined ? undefined : await scope.store.obproxy.findCluster(clusterId);
  if (cluster === undefined) {
    const text = say('obproxy.unknownCluster', { id: asked ?? clusterId ?? '?' });
    throw gone(tried, text, 'ODP21001', say('next.createCluster'));
  }
  if (server === undefined) {
    const text = say('obproxy.noneRecorded', { cluster: cluster.name });
    throw gone(tried, text, 'ODP21002', say('next.addByBatch'));
  }
  if (server.clusterId !== cluster.id) {
    const text = say('obproxy.ofOtherCluster', { other: server.clusterId, cluster: cluster.name });
    throw gone(tried, text, 'ODP21015', say('next.chooseOtherHost'));
  }
  return proxyInstance(server, cluster);
}

/** The OBProxy on a host. PermanentError when the inventory has none there, or one of another cluster. */
export async function proxyOn(scope: ObproxyScope, hostId: number): Promise<ObproxyInstance> {
  const server = await scope.store.obproxy.findServerOnHost(hostId);
  return withItsCluster(scope, say('obproxy.findOfHost', { host: hostId }), server);
}

/**
 * The OBProxy that the subtask is about: that of its element (`obproxy_server_ids`, `host_ids`), else of
 * `obproxy_server_id` or `host_id`; whoever made it. PermanentError when the inventory does not hold it.
 */
export async function proxyOf(scope: ObproxyScope): Promise<ObproxyInstance> {
  const id = proxyIdOf(scope);
  if (id === undefined) return proxyOn(scope, await scope.hostId());
  return proxyWithId(scope, id);
}

/** The OBProxy of this id. PermanentError when the inventory does not hold it. */
export async function proxyWithId(scope: ObproxyScope, id: number): Promise<ObproxyInstance> {
  const server = await scope.store.obproxy.findServer(id);
  return withItsCluster(scope, say('obproxy.findById', { id }), server);
}

function proxyIdOf(scope: ObproxyScope): number | undefined {
  const named = objectOf(scope.input, ['obproxy_server_ids', 'host_ids']);
  return named?.kind === 'obproxy_server_ids' ? idOf(named.name) : undefined;
}

/** The row of the subtask's proxy, for an undo that finds nothing to do when it is gone. */
export async function proxyRowOf(scope: ObproxyScope): Promise<ObproxyServerRow | undefined> {
  const id = proxyIdOf(scope);
  const { obproxy } = scope.store;
  return id === undefined ? obproxy.findServerOnHost(await scope.hostId()) : obproxy.findServer(id);
}

/**
 * The same if this very task made it: only then may an undo of its creation touch it. Undefined when it is somebody
 * else's, or gone.
 */
export async function proxyMadeByTask(scope: ObproxyScope): Promise<ObproxyServerRow | undefined> {
  const server = await proxyRowOf(scope);
  return server?.taskId === scope.input.taskId ? server : undefined;
}

/** The package of the proxy, which must hold bin/obproxy. */
export async function packageOf(
  scope: Pick<SubtaskScope, 'store'>,
  proxy: ObproxyInstance,
): Promise<InstallablePackage> {
  const { packageId } = proxy.server;
  const row = packageId === null ? undefined : await scope.store.packages.find(packageId);
  if (row === undefined) {
    const next = say('next.uploadAndAdd');
    throw gone(
      say('obproxy.findPackage'),
      say('package.noneWithId', { id: packageId ?? 'null' }),
      'PKG10014',
      next,
    );
  }
  if (row.home === null) {
    const next = say('next.useObproxyPackage');
    throw gone(
      say('obproxy.findPackage'),
      say('package.noObproxy', { file: row.fileName }),
      'PKG10014',
      next,
    );
  }
  return { ...row, home: row.home };
}

/** Where the proxy lives; its package is looked up only when that decides. */
export async function homeOf(scope: Pick<SubtaskScope, 'store'>, proxy: ObproxyInstance): Promise<string> {
  return recordedHome(proxy.server) ?? (await packageOf(scope, proxy)).home;
}

/** Owner of its process. */
export function runUserOf({ server, cluster }: ObproxyInstance): string {
  return server.adopted?.user ?? cluster.runUser;
}

/** The row as something that a task works on. */
export function workedProxy({
  id,
  ip,
  sqlPort,
}: Pick<ObproxyServerRow, 'id' | 'ip' | 'sqlPort'>): Worked<'obproxyServer'> {
  return { object: { kind: 'obproxyServer', id }, what: `OBProxy ${addressText(ip, sqlPort)}` };
}

/** Where the proxy learns of OceanBase: the linked cluster's root servers, or our config server. */
export async function sourceOf(scope: SubtaskScope, cluster: ObproxyClusterRow): Promise<ObproxySource> {
  if (cluster.workMode === 'CONFIG_URL') {
    return { mode: 'CONFIG_URL', url: obproxyConfigUrl(scope.config.publicUrl, cluster.name) };
  }
  const link = cluster.obLinks[0];
  const linked = link === undefined ? undefined : await scope.store.obClusters.find(link.clusterId);
  if (linked === undefined || linked.rootServers.length === 0) {
    const text = say('obproxy.noRootServers', { cluster: cluster.name });
    throw gone(say('obproxy.findRootServers'), text, 'ODP21011', say('next.declareObCluster'));
  }
  return { mode: 'RS_LIST', clusterName: linked.name, rootServers: linked.rootServers };
}

/** What a login to a proxy needs. */
export type AdminScope = Pick<SubtaskScope, 'store' | 'log' | 'signal' | 'hostById'>;

/** Password of root@proxysys, hidden from the log from now on. */
export async function proxysysPassword(scope: SubtaskScope, proxy: ObproxyInstance): Promise<string> {
  const password = await scope.store.obproxy.proxysysPassword(proxy.cluster.id);
  scope.log.hide(password);
  return password;
}

/** Those that the proxy may have, hidden from the log from now on. */
export async function proxysysPasswords(scope: AdminScope, proxy: ObproxyInstance): Promise<string[]> {
  const passwords = await scope.store.obproxy.proxysysPasswords(proxy.cluster.id);
  scope.log.hide(...passwords);
  return passwords;
}

/** Logs in to the proxy as root@proxysys through the host's tunnel. */
export async function administer(
  scope: AdminScope,
  proxy: ObproxyInstance,
  password?: string,
): Promise<ObproxyAdmin> {
  const host = await scope.hostById(proxy.server.hostId);
  return logInToObproxy(host, proxy.server.sqlPort, {
    passwords: password === undefined ? await proxysysPasswords(scope, proxy) : [password],
    signal: scope.signal,
  });
}
