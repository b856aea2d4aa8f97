import { PermanentError, TransientError } from '../../runtime/errors';
import { settleWork, unsettleWork } from '../common/work';
import { lookForService, processText } from '../host/serviceProcesses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { homeOf, OBPROXY, type ObproxyInstance, proxyOf, proxyRowOf, workedProxy } from './proxy';
import { provedLogin } from './starting';

/** A proxy that is to be stopped must have no process in its home. */
async function proveStopped(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { server } = proxy;
  const home = await homeOf(scope, proxy);
  const { own } = await lookForService(await scope.hostById(server.hostId), home, 'obproxy');
  if (own.length === 0) return;
  throw new PermanentError({
    type: 'ObproxyStillRuns',
    code: 'ODP21016',
    tried: 'record the proxy as stopped',
    where: server.ip,
    cameBack: own.map(processText).join('; '),
    next: 'Stop it and retry.',
  });
}

/** A proxy that is to serve must let root@proxysys in; one that does not is recorded as what it is. */
async function proveServing(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { server, cluster } = proxy;
  try {
    await provedLogin(scope, await scope.hostById(server.hostId), proxy);
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    await settleWork(scope, workedProxy(server), 'UNAVAILABLE');
    throw new PermanentError({
      ...error.trouble,
      type: 'ObproxyNotServing',
      tried: 'record the proxy as RUNNING',
      where: server.ip,
    });
  }
  if (server.parameterVersion !== cluster.parameterVersion) {
    scope.log.warn(
      `The proxy has parameter version ${server.parameterVersion}, its cluster ${cluster.parameterVersion}: it lacks changes that were made while it was away`,
    );
  }
}

/**
 * "Update obproxy status": what the task has made of the proxy is recorded as it is seen: STOPPED or RUNNING as the
 * context says; RUNNING when it says nothing, because the steps before have looked.
 */
export const UpdateObproxyStatus = subtask({
  name: 'Update obproxy status',
  className: 'obproxy.UpdateObproxyStatusTask',
  timeout: 300,
  needs: { ...OBPROXY, target_obproxy_status: 'value?' },

  async run(scope) {
    const proxy = await proxyOf(scope);
    const target = scope.value('target_obproxy_status');
    const stopped = target === 'STOPPED';
    if (stopped) await proveStopped(scope, proxy);
    if (target === 'RUNNING') await proveServing(scope, proxy);
    await settleWork(scope, workedProxy(proxy.server), stopped ? 'STOPPED' : 'RUNNING');
    if (!stopped) await scope.store.obproxy.recordActive(proxy.server.id);
    return undefined;
  },

  async rollback(scope) {
    const server = await proxyRowOf(scope);
    const again = server !== undefined && (await unsettleWork(scope, workedProxy(server)));
    if (!again) scope.log.info('This task has not begun to work on the proxy, nothing to undo');
  },
});
