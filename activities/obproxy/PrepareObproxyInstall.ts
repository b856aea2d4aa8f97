import type { Host, HostFacts } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { forgetTask } from '../host/forgetTask';
import { hostIdOf } from '../scope';
import type { Subtask, SubtaskScope } from '../types';
import { type ObproxyInstance, proxyOn } from './proxy';

/** Hosts of the subtask: its own, or all of the request when the node is not split. */
function hostIds(scope: SubtaskScope): number[] {
  const own = hostIdOf(scope.input);
  if (own !== undefined) return [own];
  return (scope.input.context.listMap.host_ids ?? []).map(Number);
}

interface Reached extends Pick<ObproxyInstance, 'server' | 'cluster'> {
  readonly host: Host;
  readonly facts: HostFacts;
}

/** Connects once and keeps what the host says about itself. */
export async function reach(scope: SubtaskScope, hostId: number): Promise<Reached> {
  const { server, cluster } = await proxyOn(scope, hostId);
  if (server.status === 'DELETING') {
    throw new PermanentError({
      type: 'ObproxyStatusUnfit',
      code: 'ODP21016',
      tried: 'prepare the installation',
      where: server.ip,
      cameBack: 'the proxy is being deleted',
      next: 'Wait for that task, then add the proxy again.',
    });
  }
  const host = await scope.hostById(hostId);
  const facts = await host.facts();
  const { hostname, architecture, kernel, osId, osMajor } = facts;
  const osLike = facts.osLike.join(' ');
  await scope.store.hosts.recordFacts(hostId, { hostname, architecture, kernel, osId, osLike, osMajor });
  const system = osId === '' ? 'an unnamed system' : `${osId} ${osMajor}`.trim();
  scope.log.info(`${host.ip}: ${hostname}, ${system}, ${architecture}, kernel ${kernel}`);
  return { server, cluster, host, facts };
}

/** An installation needs rpm. */
async function ready(scope: SubtaskScope, hostId: number): Promise<void> {
  const { server, cluster, host, facts } = await reach(scope, hostId);
  const ports = [server.sqlPort, server.exporterPort, ...(server.rpcPort === null ? [] : [server.rpcPort])];
  scope.log.info(
    `${host.ip}: OBProxy ${server.version} for cluster ${cluster.name}, ports ${ports.join(', ')}`,
  );
  if (!facts.rpm) {
    throw new PermanentError({
      type: 'CommandMissing',
      code: 'CMP07036',
      tried: 'prepare the installation',
      where: host.ip,
      cameBack: 'the host has no command rpm',
      next: 'Install rpm on the host and retry.',
    });
  }
}

/** "Prepare obproxy install": the rows are there and agree, the hosts answer, and what they are is recorded. */
export const PrepareObproxyInstall: Subtask = {
  async run(scope) {
    const ids = hostIds(scope);
    if (ids.length === 0) {
      scope.log.info('The request names no hosts: the cluster is recorded, nothing is installed');
      return undefined;
    }
    const outcomes = await Promise.allSettled(ids.map((id) => ready(scope, id)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return undefined;
  },

  async rollback(scope) {
    const { obproxy } = scope.store;
    for (const id of hostIds(scope)) {
      const server = await obproxy.findServerOnHost(id);
      if (server === undefined || server.taskId !== scope.input.taskId) continue;
      await obproxy.deleteServer(server.id);
      scope.log.info(`Removed the record of the proxy on ${server.ip}`);
    }
    await forgetTask(scope, hostIds(scope));
    if (scope.input.context.stringMap.obproxy_need_delete_cluster !== 'true') return;
    const cluster = await obproxy.findCluster(Number(scope.value('obproxy_cluster_id')));
    if (cluster === undefined) return;
    if (cluster.servers.length > 0) {
      scope.log.warn(`Cluster ${cluster.name} has other proxies by now and stays`);
      return;
    }
    await obproxy.deleteCluster(cluster.id);
    scope.log.info(`Removed the record of cluster ${cluster.name}`);
  },
};
