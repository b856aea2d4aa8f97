import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { endsAs, settleWork, unsettleWork } from '../common/work';
import { lookForService, processText } from '../host/serviceProcesses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { forgetNote } from './notes';
import { homeOf, OBPROXY, type ObproxyInstance, proxyOf, proxyRowOf, workedProxy } from './proxy';
import { proveService } from './serves';
import { provedLogin } from './starting';
import { clearUpgrade } from './upgrade/placing';

/** A proxy that is to be stopped must have no process in its home. */
async function proveStopped(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { server } = proxy;
  const home = await homeOf(scope, proxy);
  const { own } = await lookForService(await scope.hostById(server.hostId), home, 'obproxy');
  if (own.length === 0) return;
  throw new PermanentError({
    type: 'ObproxyStillRuns',
    code: 'ODP21016',
    tried: say('obproxy.recordStopped'),
    where: server.ip,
    cameBack: own.map(processText),
    next: say('next.stopAndRetry'),
  });
}

/** A proxy that runs and serves nobody is there all the same, if somebody ends the task as it is or skips this step. */
async function proveServing(scope: SubtaskScope, proxy: ObproxyInstance, existed: boolean): Promise<void> {
  const { server, cluster } = proxy;
  try {
    if (existed) await provedLogin(scope, await scope.hostById(server.hostId), proxy);
    await proveService(scope, proxy);
  } catch (error) {
    const known = error instanceof PermanentError || (existed && error instanceof TransientError);
    if (known) await endsAs(scope, workedProxy(server), 'UNAVAILABLE');
    throw error;
  }
  if (existed && server.parameterVersion !== cluster.parameterVersion) {
    scope.log.warn(
      say('parameters.behind', { has: server.parameterVersion, cluster: cluster.parameterVersion }),
    );
  }
}

/**
 * "Update obproxy status": what the task has made of the proxy is recorded, RUNNING unless the context says STOPPED. Who is
 * recorded as RUNNING serves: a login through it reaches the linked clusters; one that existed before lets root@proxysys in.
 */
export const UpdateObproxyStatus = subtask({
  name: 'Update obproxy status',
  className: 'obproxy.UpdateObproxyStatusTask',
  timeout: 300,
  needs: { ...OBPROXY, target_obproxy_status: 'value?', 'target_package.{element}': 'value?' },

  async run(scope) {
    const proxy = await proxyOf(scope);
    const target = scope.value('target_obproxy_status');
    const stopped = target === 'STOPPED';
    if (stopped) await proveStopped(scope, proxy);
    else await proveServing(scope, proxy, target === 'RUNNING');
    if (scope.value('target_package.{element}') !== undefined) {
      const host = await scope.host();
      await clearUpgrade(host, await homeOf(scope, proxy), scope.input.taskId);
      await forgetNote(host);
    }
    await settleWork(scope, workedProxy(proxy.server), stopped ? 'STOPPED' : 'RUNNING');
    if (!stopped) await scope.store.obproxy.recordActive(proxy.server.id);
    return undefined;
  },

  async rollback(scope) {
    const server = await proxyRowOf(scope);
    const again = server !== undefined && (await unsettleWork(scope, workedProxy(server)));
    if (!again) scope.log.info(say('obproxy.notBegun'));
  },
});
