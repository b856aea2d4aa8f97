import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { KEEPER_DIR, removeBy } from '../places';
import { runsOn, subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { proveConfigUrl } from './configUrl';
import {
  forgetOneTimePassword,
  oneTimePassword,
  type ProxyMark,
  prepareStart,
  readMark,
  writeMark,
} from './firstStart';
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

/** Starts the proxy, which has its first configuration then, unless an earlier attempt has. Resolves to the mark on the host. */
async function launch(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<Partial<ProxyMark> | undefined> {
  const before = await readMark(host);
  await proveConfigUrl(scope, host, proxy);
  // A start of an earlier attempt may be under way: the file it is reading must not be replaced under it.
  if (before?.serverId === proxy.server.id && (await appears(scope, host, home))) return before;
  const { script, mark } = await prepareStart(scope, host, proxy, home, before);
  await startOnce(scope, host, proxy, home, { name: 'start', script });
  return mark;
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
        scope.log.info(say('obproxy.passwordReplaced'));
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
    const launched = before.own.length === 0;
    let mark: Partial<ProxyMark> | undefined;
    if (launched) {
      await refuseTakenPorts(host, proxy, before);
      mark = await launch(scope, host, proxy, home);
    } else {
      mark = await readMark(host);
      scope.log.info(say('process.runsAlready', { processes: before.own.map(processText) }));
    }
    const { process, look } = await listening(scope, host, proxy, home, launched);
    scope.log.info(
      say('obproxy.listens', { pid: process.pid, user: process.user, port: proxy.server.sqlPort }),
    );
    await login(scope, host, proxy);
    await keep(scope, host, proxy, home);
    await checkMetricsPort(scope, host, proxy, look);
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
      scope.log.info(say('obproxy.notStarted'));
      return;
    }
    const { systemd } = await host.facts();
    // The keeper first: it would start the proxy again.
    const stopped = await host.sh(stopKeeperScript(systemd), { timeoutMs: 60_000 });
    if (stopped.exitCode !== 0) {
      throw startTrouble(host, 'KeeperFailed', stopped.stderr.trim(), say('next.endByHand'));
    }
    await endProxies(scope, host, mark.home);
    await removeTraces(host, mark.home);
    scope.log.info(say('obproxy.stopped', { home: mark.home }));
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
  await removeBy(host, script, say('obproxy.configurationIn', { home }));
}
