import { newProxyIds, type ProxyId } from '../../oceanbase/proxyIds';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { PROXIES, type ProxiesScope, proxyIdsOf } from './proxiesOfTask';
import { administer, type ObproxyInstance, proxyInstance, proxyWithId } from './proxy';

/** Undefined, with a warning, when a proxy of the cluster that the task is not about does not tell. */
async function idOf(
  scope: ProxiesScope,
  proxy: ObproxyInstance,
  mustTell: boolean,
): Promise<ProxyId | undefined> {
  try {
    const admin = await administer(scope, proxy);
    try {
      const shown = async (name: string) => (await admin.showConfig(name))?.value;
      const proxyId = await shown('proxy_id');
      if (proxyId === undefined) return undefined;
      const version = Number((await shown('client_session_id_version')) ?? 1);
      return { serverId: proxy.server.id, proxyId: Number(proxyId), version };
    } finally {
      admin.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (mustTell || !(error instanceof PermanentError || error instanceof TransientError)) throw error;
    scope.log.warn(say('proxyId.untold', { ip: proxy.server.ip, reason: error.said }));
    return undefined;
  }
}

/**
 * "Check and reset proxy_id if need": no two proxies of the cluster make the same session ids. Those of the task that have none
 * or that of another get a free one; one that the cluster's parameters name is left as it is.
 */
export const CheckAndResetProxyId = subtask({
  name: 'Check and reset proxy_id if need',
  className: 'obproxy.CheckAndResetProxyIdTask',
  timeout: 1800,
  prohibitRollback: true,
  needs: PROXIES,

  async run(scope) {
    const ids = proxyIdsOf(scope);
    const [first] = ids;
    if (first === undefined) return undefined;
    const { cluster, parameters } = await proxyWithId(scope, first);
    if (parameters.some(({ name }) => name.toLowerCase() === 'proxy_id')) {
      scope.log.info(say('proxyId.ofCluster', { cluster: cluster.name }));
      return undefined;
    }
    const all: ProxyId[] = [];
    for (const server of cluster.servers) {
      const isOfTask = ids.includes(server.id);
      if (!isOfTask && server.status !== 'RUNNING') continue;
      const told = await idOf(scope, proxyInstance(server, cluster), isOfTask);
      if (told !== undefined) all.push(told);
    }
    const given = newProxyIds(all, ids);
    for (const [serverId, id] of given) {
      const proxy = await proxyWithId(scope, serverId);
      const admin = await administer(scope, proxy);
      try {
        await admin.alter('proxy_id', String(id));
      } finally {
        admin.close();
      }
      scope.log.info(say('proxyId.set', { ip: proxy.server.ip, id }));
    }
    if (given.size === 0) scope.log.info(say('proxyId.unique', { cluster: cluster.name }));
    return undefined;
  },
});
