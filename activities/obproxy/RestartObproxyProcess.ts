import type { Host } from '../../hosts/types';
import { isSecretParameter, sameValue } from '../../oceanbase/parameters';
import { say } from '../../runtime/messages/catalogue';
import { endsAs } from '../common/work';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { startKeepers, stopKeepers } from './keepers';
import { addToNote, workNote } from './notes';
import { lookForProxies } from './process';
import { PROXIES } from './proxiesOfTask';
import { administer, homeOf, type ObproxyInstance, proxyOf, workedProxy } from './proxy';
import { endProxy, warnOfUnit } from './stopping';
import { startStored, undoStart } from './storedStart';

/** Parameters that have waited for this restart and have their values now. */
async function refreshDrift(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { id, parameterDrift } = proxy.server;
  if (parameterDrift.length === 0) return;
  const admin = await administer(scope, proxy);
  try {
    const shown = new Map((await admin.showAll()).map(({ name, value }) => [name, value]));
    const left = parameterDrift.flatMap((drift) => {
      const value = shown.get(drift.name) ?? null;
      if (isSecretParameter(drift.name)) return [drift];
      return value !== null && sameValue(value, drift.expectedValue) ? [] : [{ ...drift, value }];
    });
    await scope.store.obproxy.setParameterDrift(id, left);
    scope.log.info(say('parameters.waited', { count: parameterDrift.length - left.length }));
  } finally {
    admin.close();
  }
}

/**
 * Stops the proxy and starts it by its stored configuration. That the old process is gone is noted, so that an attempt
 * after a crash does not take the new one for it.
 */
async function restartByForce(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const run = `${scope.input.subtaskId}.${scope.input.run}`;
  const note = await workNote(scope, host, proxy);
  if (note.ended?.includes(run) !== true) {
    await warnOfUnit(scope, host, proxy, home);
    await endsAs(scope, workedProxy(proxy.server), 'UNAVAILABLE');
    const wasKept = await stopKeepers(scope, host, proxy, home);
    await endProxy(scope, host, proxy, home, { gently: false, wasKept });
    await addToNote(scope, host, proxy, { ended: [...(note.ended ?? []), run] });
  }
  await startStored(scope, host, proxy, home);
  await startKeepers(scope, host, proxy, home);
}

/** "Restart obproxy process": sessions are cut, as documented for this restart; the proxy serves again afterwards. */
export const RestartObproxyProcess = subtask({
  name: 'Restart obproxy process',
  className: 'obproxy.RestartObproxyProcessTask',
  timeout: 600,
  needs: PROXIES,

  async run(scope) {
    const proxy = await proxyOf(scope);
    await restartByForce(scope, await scope.host(), proxy, await homeOf(scope, proxy));
    await refreshDrift(scope, proxy);
    return undefined;
  },

  /** A proxy that ran before runs afterwards, with its keeper. */
  async rollback(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const host = await scope.host();
    if (proxy.server.work?.formerStatus === 'STOPPED') return undoStart(scope, host, proxy, home);
    const { own } = await lookForProxies(host, home);
    const { ended, endings } = await workNote(scope, host, proxy);
    if (own.length === 0 && ended === undefined && endings === undefined) {
      return scope.log.info(say('obproxy.notEnded'));
    }
    await startStored(scope, host, proxy, home, 'rollback-start');
    await startKeepers(scope, host, proxy, home);
  },
});
