import { PUBLIC_URL_NEXT } from '../../contact/configUrl';
import type { Host, HostFacts } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { leadsToItself } from '../../runtime/publicUrl';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { idOf } from '../common/objects';
import { forgetTask } from '../host/forgetTask';
import { subtask } from '../subtask';
import { OBPROXY, type ObproxyInstance, type ObproxyScope, proxyOn } from './proxy';

interface Reached extends Pick<ObproxyInstance, 'server' | 'cluster'> {
  readonly host: Host;
  readonly facts: HostFacts;
}

/** Connects once and keeps what the host says about itself. */
async function reach(scope: ObproxyScope, hostId: number): Promise<Reached> {
  const { server, cluster } = await proxyOn(scope, hostId);
  if (server.status === 'DELETING') {
    throw new PermanentError({
      type: 'ObproxyStatusUnfit',
      code: 'ODP21016',
      tried: say('obproxy.prepareInstall'),
      where: server.ip,
      cameBack: say('obproxy.beingDeleted'),
      next: say('next.addAfterDeletion'),
    });
  }
  const host = await scope.hostById(hostId);
  const facts = await host.facts();
  const { hostname, architecture, kernel, osId, osMajor } = facts;
  const osLike = facts.osLike.join(' ');
  await scope.store.hosts.recordFacts(hostId, { hostname, architecture, kernel, osId, osLike, osMajor });
  const system = osId === '' ? say('host.unnamedSystem') : `${osId} ${osMajor}`.trim();
  scope.log.info(say('host.facts', { ip: host.ip, hostname, system, architecture, kernel }));
  return { server, cluster, host, facts };
}

/** An installation needs rpm. */
async function ready(scope: ObproxyScope, hostId: number): Promise<void> {
  const { server, cluster, host, facts } = await reach(scope, hostId);
  const ports = [server.sqlPort, server.exporterPort, ...(server.rpcPort === null ? [] : [server.rpcPort])];
  scope.log.info(
    say('obproxy.plan', {
      ip: host.ip,
      version: server.version,
      cluster: cluster.name,
      ports: ports.join(', '),
    }),
  );
  if (!facts.rpm) {
    throw new PermanentError({
      type: 'CommandMissing',
      code: 'CMP07036',
      tried: say('obproxy.prepareInstall'),
      where: host.ip,
      cameBack: say('host.noRpm'),
      next: say('next.installRpm'),
    });
  }
}

/** A cluster that will only get proxies which learn nothing: adding them is refused, so it is said here already. */
async function warnOfLoopback(scope: ObproxyScope): Promise<void> {
  const { publicUrl } = scope.config;
  const id = idOf(scope.value('obproxy_cluster_id') ?? '');
  const cluster = id === undefined ? undefined : await scope.store.obproxy.findCluster(id);
  if (cluster?.workMode !== 'CONFIG_URL' || !leadsToItself(publicUrl)) return;
  scope.log.warn(say('obproxy.urlLeadsToItself', { url: publicUrl, next: PUBLIC_URL_NEXT }));
}

/** "Prepare obproxy install": the rows are there and agree, the hosts answer, and what they are is recorded. */
export const PrepareObproxyInstall = subtask({
  name: 'Prepare obproxy install',
  className: 'obproxy.PrepareObproxyInstallTask',
  timeout: 300,
  needs: { ...OBPROXY, ...HOSTS_OF_TASK, obproxy_need_delete_cluster: 'value?' },

  async run(scope) {
    const ids = await hostsOfTask(scope);
    if (ids.length === 0) {
      scope.log.info(say('obproxy.noHosts'));
      await warnOfLoopback(scope);
      return undefined;
    }
    const outcomes = await Promise.allSettled(ids.map((id) => ready(scope, id)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return undefined;
  },

  /** Forgets the proxies whose rows the request of this task made, and its cluster; a proxy that was taken over runs on. */
  async rollback(scope) {
    const { obproxy } = scope.store;
    const hostIds = await hostsOfTask(scope);
    for (const id of hostIds) {
      const server = await obproxy.findServerOnHost(id);
      if (server === undefined || server.taskId !== scope.input.taskId) continue;
      await obproxy.deleteServer(server.id);
      scope.log.info(say('obproxy.recordRemoved', { ip: server.ip }));
    }
    await forgetTask(scope, hostIds);
    if (scope.value('obproxy_need_delete_cluster') !== 'true') return;
    const cluster = await obproxy.findCluster(Number(scope.value('obproxy_cluster_id')));
    if (cluster === undefined) return;
    if (cluster.servers.length > 0) {
      scope.log.warn(say('obproxy.clusterStays', { cluster: cluster.name }));
      return;
    }
    await obproxy.deleteCluster(cluster.id);
    scope.log.info(say('obproxy.clusterRemoved', { cluster: cluster.name }));
  },

  takeOver: {
    /** The row is there, the host answers, what it is is recorded. */
    async run(scope) {
      const { server, cluster, host, facts } = await reach(scope, await scope.hostId());
      scope.log.info(say('takeOver.into', { ip: host.ip, port: server.sqlPort, cluster: cluster.name }));
      if (!facts.rpm) scope.log.warn(say('takeOver.noRpm', { ip: host.ip }));
      return undefined;
    },
  },
});
