import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { KEEPER_DIR, removeBy } from '../places';
import { runsOn, subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { proveConfigUrl } from './configUrl';
import { forgetOneTimePassword, oneTimePassword, prepareStart, readMark, writeMark } from './firstStart';
import { stopKeeperScript } from './keeper';
import { lookForProxies, processText } from './process';
import { administer, homeOf, OBPROXY, type ObproxyInstance, proxyOf } from './proxy';
import {
  appears,
  checkMetricsPort,
  keep,
  listening,
  patiently,
  provedLogin,
  refuseTakenPorts,
  startOnce,
  startTrouble,
} from './starting';
import { endProxies } from './stopping';
import { startStored, undoStart } from './storedStart';
import { findRunning } from './takeOver/onHost';

/** Starts the proxy, which has its first configuration then, unless an earlier attempt has. */
async function launch(scope: SubtaskScope, host: Host, proxy: ObproxyInstance, home: string): Promise<void> {
  const [mark] = await Promise.all([readMark(host), proveConfigUrl(scope, host, proxy)]);
  // A start of an earlier attempt may be under way: the file it is reading must not be replaced under it.
  if (mark?.serverId === proxy.server.id && (await appears(scope, host, home))) return;
  const script = await prepareStart(scope, host, proxy, home);
  await startOnce(scope, host, proxy, home, { name: 'start', script });
}

/** Logs in and, after the first start of a proxy before 4.1, replaces the one-time password by the lasting one. */
async function login(scope: SubtaskScope, host: Host, proxy: ObproxyInstance): Promise<void> {
  const wanted = await scope.store.obproxy.proxysysPassword(proxy.cluster.id);
  scope.log.hide(wanted);
  const oneTime = proxy.family === '4.1+' ? undefined : await oneTimePassword(scope, host);
  if (oneTime !== undefined) {
    try {
      const first = await patiently(scope, () => administer(scope, proxy, oneTime));
      try {
        await first.alter('obproxy_sys_password', wanted);
        scope.log.info('The password of the first start is replaced by the lasting one');
      } finally {
        first.close();
      }
    } catch (error) {
      // Refused: an earlier attempt has replaced it already. The login below tells.
      if (!(error instanceof PermanentError) || error.type !== 'ObproxyAccessDenied') throw error;
    }
  }
  await provedLogin(scope, host, proxy, wanted);
}

/**
 * "Start obproxy process": the proxy of this home runs, proved by its process, its listener, a login and its version. One
 * that exists (`obproxy_is_stored`) is started by its stored configuration, a new one gets its first.
 */
export const StartObproxy = subtask({
  name: 'Start obproxy process',
  className: 'obproxy.StartObproxyTask',
  timeout: 600,
  needs: { ...OBPROXY, obproxy_is_stored: 'value?' },
  leaves: 'the running proxy, its configuration and its keeper',

  async run(scope) {
    const proxy = await proxyOf(scope);
    const recorded = await homeOf(scope, proxy);
    const host = await scope.host();
    if (scope.value('obproxy_is_stored') === 'true') {
      await startStored(scope, host, proxy, recorded);
      return undefined;
    }
    const before = await lookForProxies(host, recorded);
    const { home } = before;
    if (before.own.length > 0) {
      scope.log.info(`${before.own.map(processText).join('; ')} runs already`);
    } else {
      await refuseTakenPorts(host, proxy, before);
      await launch(scope, host, proxy, home);
    }
    const { process, look } = await listening(scope, host, proxy, home);
    scope.log.info(`pid ${process.pid} of ${process.user} listens on port ${proxy.server.sqlPort}`);
    await login(scope, host, proxy);
    const [mark] = await Promise.all([
      readMark(host),
      keep(scope, host, proxy, home),
      checkMetricsPort(scope, host, proxy, look),
    ]);
    if (mark?.serverId === proxy.server.id && mark.taskId !== undefined && mark.state !== 'running') {
      await writeMark(host, { serverId: proxy.server.id, taskId: mark.taskId, home, state: 'running' });
    }
    await forgetOneTimePassword(host);
    return undefined;
  },

  async rollback(scope) {
    const host = await scope.host();
    if (scope.value('obproxy_is_stored') === 'true') {
      const proxy = await proxyOf(scope);
      return undoStart(scope, host, proxy, await homeOf(scope, proxy));
    }
    const mark = await readMark(host);
    if (mark?.taskId !== scope.input.taskId || mark.home === undefined) {
      scope.log.info('This task started no proxy, nothing to undo');
      return;
    }
    const { systemd } = await host.facts();
    // The keeper first: it would start the proxy again.
    const stopped = await host.sh(stopKeeperScript(systemd), { timeoutMs: 60_000 });
    if (stopped.exitCode !== 0) {
      throw startTrouble(host, 'KeeperFailed', stopped.stderr.trim(), 'End it by hand and roll back again.');
    }
    await endProxies(scope, host, mark.home);
    await removeTraces(host, mark.home);
    scope.log.info(`OBProxy is stopped; its configuration in ${mark.home} is removed, its log stays`);
  },

  takeOver: { run: findRunning, rollback: runsOn },
});

/**
 * What a start leaves in the home (OBProxy 4.3.1, observed), but not its log; and what obflow keeps for the proxy,
 * but not for its package.
 */
async function removeTraces(host: Host, home: string): Promise<void> {
  const script = `
    [ ! -d ${quote(home)} ] || { cd ${quote(home)} && rm -rf -- etc .conf control-config sharding-config; } || exit 1
    cd ${KEEPER_DIR} && find . -mindepth 1 ! -name package.json -delete || exit 1
    rmdir ${KEEPER_DIR} 2>/dev/null
    exit 0`;
  await removeBy(host, script, `the configuration of the proxy in ${home}`);
}
