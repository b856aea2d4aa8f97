import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { ObproxyServerRow } from '../../store/types';
import { endsAs, settleWork, unsettleWork, type Worked } from '../common/work';
import { lookForService, processText } from '../host/serviceProcesses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { OBPROXY, type ObproxyInstance, packageOf, proxyOf, proxyRowOf } from './proxy';
import { proveService } from './serves';

function worked(server: ObproxyServerRow): Worked<'obproxyServer'> {
  return {
    object: { kind: 'obproxyServer', id: server.id },
    what: `OBProxy ${addressText(server.ip, server.sqlPort)}`,
  };
}

/** A proxy that is to be stopped must have no process in its home. */
async function proveStopped(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { server } = proxy;
  const home = server.adopted?.home ?? (await packageOf(scope, proxy)).home;
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
async function proveServing(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  try {
    await proveService(scope, proxy);
  } catch (error) {
    if (error instanceof PermanentError) await endsAs(scope, worked(proxy.server), 'UNAVAILABLE');
    throw error;
  }
}

/**
 * "Update obproxy status": what the task has made of the proxy is recorded, RUNNING unless the context says STOPPED. Who is
 * recorded as RUNNING serves: a login through it reaches the linked clusters.
 */
export const UpdateObproxyStatus = subtask({
  name: 'Update obproxy status',
  className: 'obproxy.UpdateObproxyStatusTask',
  timeout: 300,
  needs: { ...OBPROXY, target_obproxy_status: 'value?' },

  async run(scope) {
    const proxy = await proxyOf(scope);
    const stopped = scope.value('target_obproxy_status') === 'STOPPED';
    if (stopped) await proveStopped(scope, proxy);
    else await proveServing(scope, proxy);
    await settleWork(scope, worked(proxy.server), stopped ? 'STOPPED' : 'RUNNING');
    if (!stopped) await scope.store.obproxy.recordActive(proxy.server.id);
    return undefined;
  },

  async rollback(scope) {
    const server = await proxyRowOf(scope);
    const again = server !== undefined && (await unsettleWork(scope, worked(server)));
    if (!again) scope.log.info(say('obproxy.notBegun'));
  },
});
