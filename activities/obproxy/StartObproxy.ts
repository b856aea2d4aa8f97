import { quote } from '../../hosts/quote';
import type { Host, HostProcess } from '../../hosts/types';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { maskHashes } from '../../oceanbase/passwords';
import { compareVersions } from '../../oceanbase/versions';
import { PermanentError, TransientError, type Trouble } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { KEEPER_DIR, removeBy } from '../places';
import { runsOn, subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { proveConfigUrl } from './configUrl';
import {
  forgetOneTimePassword,
  launcherWords,
  oneTimePassword,
  type ProxyMark,
  prepareStart,
  readMark,
  writeMark,
} from './firstStart';
import { startKeeperScript, stopKeeperScript } from './keeper';
import {
  absenceText,
  holderText,
  isOwnPort,
  lookForProxies,
  type ProxyProcesses,
  processText,
} from './process';
import { administer, OBPROXY, type ObproxyInstance, packageOf, proxyOf } from './proxy';
import { findRunning } from './takeOver/onHost';

/** Longest wait for the listener; a config server that never answers alone costs 15 s (OBProxy 4.3.1, observed). */
const READY_MS = 120_000;
/** A launcher's child may take a moment to show up under its name. */
const GONE_MS = 4_000;
/** Pauses between looks: short at first, because a start takes a tenth of a second, then patient. */
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 400;
/** While nobody listens, a whole look this often tells whether the process is still there. */
const PROCESS_LOOK_MS = 1_500;
const METRICS_MS = 15_000;

/** The pause before look number `n`, from 0. */
function lookPause(n: number): number {
  return Math.min(FIRST_LOOK_MS * 1.5 ** n, LAST_LOOK_MS);
}

function trouble(
  host: Host,
  type: string,
  cameBack: Trouble['cameBack'],
  next: Text,
  code?: string,
): PermanentError {
  const coded = code === undefined ? {} : { code };
  return new PermanentError({ type, ...coded, tried: say('obproxy.start'), where: host.ip, cameBack, next });
}

/**
 * What the proxy's own log says of a failure: its errors first, then its warnings, because the usage text that may follow them
 * is 40 lines long (OBProxy 4.3.1, observed). Without the passwords that it prints: their SHA-1 values, and failed statements.
 */
async function logTail(host: Host, home: string): Promise<Text> {
  const level = (words: string) => `grep -aE '(^|[^A-Za-z])(${words})([^A-Za-z]|$)'`;
  const { exitCode, stdout } = await host.sh(`
    log=${quote(`${home}/log/obproxy.log`)}
    [ -s "$log" ] || exit 3
    lines=$(tail -n 400 "$log" | grep -aivE 'proxy_config' | cut -c1-400)
    bad=$(printf '%s\\n' "$lines" | ${level('ERROR|EDIAG')} | tail -n 8; printf '%s\\n' "$lines" | ${level('WDIAG')} | tail -n 4)
    [ -n "$bad" ] && printf '%s\\n' "$bad" || { echo; printf '%s\\n' "$lines" | tail -n 15; }`);
  // A bad option or port leaves a usage text on stderr and no log at all.
  if (exitCode === 3) {
    const said = say('obproxy.noLog', { home });
    const stderr = maskHashes(await launcherWords(host)).slice(0, 3_000);
    return say('obproxy.alsoStderr', { said, stderr });
  }
  const lines = maskHashes(stdout.trim()).slice(0, 3_000);
  return stdout.startsWith('\n') ? say('obproxy.logEndsWith', { lines }) : say('obproxy.logSays', { lines });
}

async function refuseTakenPorts(host: Host, proxy: ObproxyInstance, look: ProxyProcesses): Promise<void> {
  if (look.others.length > 0) {
    const text = say('obproxy.otherRuns', { processes: look.others.map(processText) });
    throw trouble(host, 'ProcessExists', text, say('next.stopAndRetry'), 'COM32001');
  }
  for (const { name, port } of proxy.ports) {
    const holder = holderText(look, port);
    if (holder === undefined) continue;
    const text = say('port.heldNamed', { port, name, holder });
    throw trouble(host, 'PortTaken', text, say('next.stopServiceAndRetry'), 'ODP21116');
  }
}

/**
 * Starts the proxy at most once per name. The launcher ends with 0 whatever happens, so only a look tells; a start
 * that an earlier attempt made and of which nothing is left (host reboot, crash) is followed by another. Resolves to the
 * mark on the host.
 */
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
  for (let i = 1; i <= 5; i += 1) {
    scope.log.info(
      say('obproxy.starting', { version: proxy.server.version, home, user: proxy.cluster.runUser }),
    );
    const result = await scope.once(i === 1 ? 'start' : `start-${i}`, script, { timeoutMs: 60_000 });
    if (result.outcome === 'exited' && !result.alreadyStarted) return mark;
    if (await appears(scope, host, home)) return mark;
    scope.log.warn(say('process.startingAgain'));
  }
  return mark;
}

/** Whether a process of ours shows up within a few seconds. */
async function appears(scope: SubtaskScope, host: Host, home: string): Promise<boolean> {
  const deadline = Date.now() + GONE_MS;
  for (let looks = 0; Date.now() < deadline; looks += 1) {
    if ((await lookForProxies(host, home)).own.length > 0) return true;
    await scope.pause(lookPause(looks));
  }
  return false;
}

/** Waits until a process of ours owns the SQL port; fails early when the process is gone. */
async function listening(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  /** A moment ago, so that it cannot listen yet. */
  launched: boolean,
): Promise<{ process: HostProcess; look: ProxyProcesses }> {
  const { sqlPort } = proxy.server;
  const started = Date.now();
  let lastSeen = started;
  for (let looks = 0; ; looks += 1) {
    if (looks > 0 || launched) await opens(scope, host, sqlPort, looks);
    // Usually open by then, and one look sees both.
    if (launched && metricsWished(proxy)) await opens(scope, host, proxy.server.exporterPort, looks);
    const look = await lookForProxies(host, home);
    const owner = look.listeners.find(({ port }) => port === sqlPort)?.pid;
    const process = look.own.find(({ pid }) => pid === owner);
    if (process !== undefined) return { process, look };
    const now = Date.now();
    if (look.own.length > 0) lastSeen = now;
    else if (now - lastSeen > GONE_MS) {
      const text = [absenceText(look), await logTail(host, home)];
      throw trouble(host, 'ObproxyStartFailed', text, say('next.repairAndRetry'), 'CMP07054');
    }
    if (now - started > READY_MS) {
      const holder = holderText(look, sqlPort);
      const held = holder === undefined ? say('port.nobodyListens') : say('port.listens', { holder });
      const text = say('obproxy.notListening', {
        seconds: READY_MS / 1000,
        held,
        port: sqlPort,
        log: await logTail(host, home),
      });
      throw trouble(host, 'ObproxyStartFailed', text, say('next.repairAndRetry'), 'ODP10001');
    }
  }
}

/**
 * Waits until somebody listens on the port, or it is time for another whole look, which costs the host some processes. A
 * knock costs it none.
 */
async function opens(scope: SubtaskScope, host: Host, port: number, looks: number): Promise<void> {
  const deadline = Date.now() + PROCESS_LOOK_MS;
  for (let knocks = 0; Date.now() < deadline; knocks += 1) {
    const open = await host.listens(port);
    if (open === true) return;
    await scope.pause(lookPause(looks + knocks));
    // A host that forwards no ports is looked at as a whole.
    if (open === undefined) return;
  }
}

function metricsWished({ parameters }: ObproxyInstance): boolean {
  return parameters.find(({ name }) => name === 'enable_prometheus')?.value.toLowerCase() !== 'false';
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
  const admin = await patiently(scope, () => administer(scope, proxy, wanted));
  try {
    const info = await admin.binaryInfo();
    const running = /\d+(?:\.\d+){2,}/.exec(info)?.[0] ?? '';
    if (running === '' || compareVersions(running, proxy.version) !== 0) {
      const text = say('obproxy.otherVersion', {
        running: running || say('obproxy.unknownVersion'),
        port: proxy.server.sqlPort,
        version: proxy.server.version,
      });
      throw trouble(host, 'ObproxyVersionDiffers', text, say('next.stopProcessAndRetry'), 'ODP21016');
    }
    scope.log.info(say('obproxy.answers', { running, port: proxy.server.sqlPort }));
    await recordConfigUrl(scope, proxy, admin);
    await lookForConfigServer(scope, proxy, admin);
  } finally {
    admin.close();
  }
}

/** A proxy starts without its config server and tells nobody; users then hear that no cluster exists (4669). */
async function lookForConfigServer(
  scope: SubtaskScope,
  { cluster }: ObproxyInstance,
  admin: ObproxyAdmin,
): Promise<void> {
  if (cluster.workMode !== 'CONFIG_URL' || cluster.obLinks.length === 0) return;
  // Asked before the listener opens; versions that do not show what they read are taken at their word.
  const read = await admin.showConfig('json_config_version');
  if (read === undefined || read.value !== '') return;
  scope.log.warn(say('obproxy.clustersUnread', { url: scope.config.publicUrl }));
}

/** A URL that changes later is known to differ from what this proxy has. */
async function recordConfigUrl(
  scope: SubtaskScope,
  { cluster, server }: ObproxyInstance,
  admin: ObproxyAdmin,
): Promise<void> {
  if (cluster.workMode !== 'CONFIG_URL') return;
  const shown = await admin.showConfig('obproxy_config_server_url');
  if (shown !== undefined) await scope.store.obproxy.recordConfigUrl(server.id, shown.value);
}

/** A proxy that has just opened its port may drop the first connections. */
async function patiently<T>(scope: SubtaskScope, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (let looks = 0; ; looks += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || Date.now() > deadline) throw error;
      await scope.pause(lookPause(looks));
    }
  }
}

/** OBProxy starts without metrics, and without a word, when their port is taken. Looks again unless `seen` is enough. */
async function checkMetricsPort(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  seen: ProxyProcesses,
): Promise<void> {
  const { exporterPort } = proxy.server;
  // OBProxy 4.3.1 opens the port all the same (observed); whether others do is no reason to fail.
  if (!metricsWished(proxy)) {
    scope.log.warn(say('obproxy.noPrometheus'));
    return;
  }
  const deadline = Date.now() + METRICS_MS;
  let look = seen;
  for (let looks = 0; !isOwnPort(look, exporterPort); looks += 1) {
    const holder = holderText(look, exporterPort);
    if (holder !== undefined || Date.now() > deadline) {
      const text = say('obproxy.metricsPort', {
        port: exporterPort,
        state: holder === undefined ? 'closed' : say('port.heldBy', { holder }),
      });
      const next = say('next.freePort');
      throw trouble(host, 'MetricsPortTaken', text, next, 'ODP21116');
    }
    await opens(scope, host, exporterPort, looks);
    look = await lookForProxies(host, seen.home);
  }
  scope.log.info(say('obproxy.metricsServed', { port: exporterPort }));
}

async function keep(scope: SubtaskScope, host: Host, proxy: ObproxyInstance, home: string): Promise<void> {
  const { systemd } = await host.facts();
  const script = startKeeperScript(home, proxy.cluster.runUser, systemd);
  const { exitCode, stderr } = await host.sh(script);
  if (exitCode !== 0) {
    const text = say('keeper.notStarting', { said: stderr.trim().slice(0, 500) });
    throw trouble(host, 'KeeperFailed', text, say('next.repairAndRetry'));
  }
  const after = systemd ? say('keeper.afterReboot') : say('keeper.notAfterReboot');
  scope.log.info(say('keeper.runs', { after }));
}

/** "Start obproxy process": the proxy of this home runs, proved by its process, its listener, a login and its version. */
export const StartObproxy = subtask({
  name: 'Start obproxy process',
  className: 'obproxy.StartObproxyTask',
  timeout: 600,
  needs: OBPROXY,
  leaves: 'the running proxy, its configuration and its keeper',

  async run(scope) {
    const proxy = await proxyOf(scope);
    const part = await packageOf(scope, proxy);
    const host = await scope.host();
    const before = await lookForProxies(host, part.home);
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
    const mark = await readMark(host);
    if (mark?.taskId !== scope.input.taskId || mark.home === undefined) {
      scope.log.info(say('obproxy.notStarted'));
      return;
    }
    const { systemd } = await host.facts();
    // The keeper first: it would start the proxy again.
    const stopped = await host.sh(stopKeeperScript(systemd), { timeoutMs: 60_000 });
    if (stopped.exitCode !== 0) {
      throw trouble(host, 'KeeperFailed', stopped.stderr.trim(), say('next.endByHand'));
    }
    await stopProxies(scope, host, mark.home);
    await removeTraces(host, mark.home);
    scope.log.info(say('obproxy.stopped', { home: mark.home }));
  },

  takeOver: { run: findRunning, rollback: runsOn },
});

/** TERM, then KILL after 10 s (OBProxy 4.3.1 needs up to 3 s, observed); returns when no process of the home is left. */
async function stopProxies(scope: SubtaskScope, host: Host, home: string): Promise<void> {
  const started = Date.now();
  let asked = false;
  for (;;) {
    const { own } = await lookForProxies(host, home);
    if (own.length === 0) return;
    const elapsed = Date.now() - started;
    if (elapsed > 30_000) {
      const text = say('process.doesNotEnd', { processes: own.map(processText) });
      throw trouble(host, 'ProcessDoesNotEnd', text, say('next.processAndRollBack'));
    }
    const signal = elapsed > 10_000 ? 'KILL' : 'TERM';
    if (!asked || signal === 'KILL') {
      asked = true;
      // The name is compared again right before: a pid may have been given to another process.
      const kills = own.map(
        ({ pid }) => `[ "$(cat /proc/${pid}/comm)" = obproxy ] && kill -${signal} ${pid}`,
      );
      await host.sh(kills.join('\n'));
    }
    await scope.pause(LAST_LOOK_MS);
  }
}

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
