/** What every start of an OBProxy looks at: that nothing is in its way, that it serves, and that it is the right one. */

import { quote } from '../../hosts/quote';
import type { Host, HostProcess } from '../../hosts/types';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { maskHashes } from '../../oceanbase/passwords';
import { compareVersions } from '../../oceanbase/versions';
import { TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { troublesOf } from '../host/trouble';
import { lookPauses } from '../lookPauses';
import type { SubtaskScope } from '../types';
import { launcherWords } from './firstStart';
import { startKeeperScript } from './keeper';
import {
  absenceText,
  holderText,
  isOwnPort,
  lookForProxies,
  type ProxyProcesses,
  processText,
} from './process';
import { administer, type ObproxyInstance, runUserOf } from './proxy';

/** Longest wait for the listener; a config server that never answers alone costs 15 s (OBProxy 4.3.1, observed). */
const READY_MS = 120_000;
/** A launcher's child may take a moment to show up under its name. */
const GONE_MS = 4_000;
/** While nobody listens, a whole look this often tells whether the process is still there. */
const PROCESS_LOOK_MS = 1_500;
const METRICS_MS = 15_000;

/** A start takes a tenth of a second. */
export const lookPause = lookPauses(20, 400);

export const startTrouble = troublesOf(say('obproxy.start'));

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

export async function refuseTakenPorts(
  host: Host,
  proxy: ObproxyInstance,
  look: ProxyProcesses,
): Promise<void> {
  if (look.others.length > 0) {
    const text = say('obproxy.otherRuns', { processes: look.others.map(processText) });
    throw startTrouble(host, 'ProcessExists', text, say('next.stopAndRetry'), 'COM32001');
  }
  refuseHeldPorts(host, proxy, look);
}

/** None of its ports is held by somebody else. PermanentError PortTaken (ODP21116) with its holder. */
export function refuseHeldPorts(host: Host, proxy: ObproxyInstance, look: ProxyProcesses): void {
  for (const { name, port } of proxy.ports) {
    const holder = holderText(look, port);
    if (holder === undefined || isOwnPort(look, port)) continue;
    const text = say('port.heldNamed', { port, name, holder });
    throw startTrouble(host, 'PortTaken', text, say('next.stopServiceAndRetry'), 'ODP21116');
  }
}

/**
 * Starts the proxy at most once per name. The launcher ends with 0 whatever happens, so only a look tells; a start
 * that an earlier attempt made and of which nothing is left (host reboot, crash) is followed by another.
 */
export async function startOnce(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  { name, script }: { readonly name: string; readonly script: string },
): Promise<void> {
  for (let i = 1; i <= 5; i += 1) {
    scope.log.info(say('obproxy.starting', { version: proxy.server.version, home, user: runUserOf(proxy) }));
    const result = await scope.once(i === 1 ? name : `${name}-${i}`, script, { timeoutMs: 60_000 });
    if (result.outcome === 'exited' && !result.alreadyStarted) return;
    if (await appears(scope, host, home)) return;
    scope.log.warn(say('process.startingAgain'));
  }
}

/** Whether a process of ours shows up within a few seconds. */
export async function appears(scope: SubtaskScope, host: Host, home: string): Promise<boolean> {
  const deadline = Date.now() + GONE_MS;
  for (let looks = 0; Date.now() < deadline; looks += 1) {
    if ((await lookForProxies(host, home)).own.length > 0) return true;
    await scope.pause(lookPause(looks));
  }
  return false;
}

/** Waits until a process of ours owns the SQL port; fails early when the process is gone. */
export async function listening(
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
      throw startTrouble(host, 'ObproxyStartFailed', text, say('next.repairAndRetry'), 'CMP07054');
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
      throw startTrouble(host, 'ObproxyStartFailed', text, say('next.repairAndRetry'), 'ODP10001');
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

/**
 * Logs in as root@proxysys, looks whether the version is the recorded one, and whether the proxy knows its clusters.
 * PermanentError ODP21016 when another version answers.
 */
export async function provedLogin(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  password?: string,
): Promise<void> {
  const admin = await patiently(scope, () => administer(scope, proxy, password));
  try {
    const info = await admin.binaryInfo();
    const running = /\d+(?:\.\d+){2,}/.exec(info)?.[0] ?? '';
    if (running === '' || compareVersions(running, proxy.version) !== 0) {
      const text = say('obproxy.otherVersion', {
        running: running || say('obproxy.unknownVersion'),
        port: proxy.server.sqlPort,
        version: proxy.server.version,
      });
      throw startTrouble(host, 'ObproxyVersionDiffers', text, say('next.stopProcessAndRetry'), 'ODP21016');
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
export async function patiently<T>(scope: SubtaskScope, work: () => Promise<T>): Promise<T> {
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
export async function checkMetricsPort(
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
      throw startTrouble(host, 'MetricsPortTaken', text, next, 'ODP21116');
    }
    await opens(scope, host, exporterPort, looks);
    look = await lookForProxies(host, seen.home);
  }
  scope.log.info(say('obproxy.metricsServed', { port: exporterPort }));
}

export async function keep(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const { systemd } = await host.facts();
  const script = startKeeperScript(home, runUserOf(proxy), systemd);
  const { exitCode, stderr } = await host.sh(script);
  if (exitCode !== 0) {
    const text = say('keeper.notStarting', { said: stderr.trim().slice(0, 500) });
    throw startTrouble(host, 'KeeperFailed', text, say('next.repairAndRetry'));
  }
  const after = systemd ? say('keeper.afterReboot') : say('keeper.notAfterReboot');
  scope.log.info(say('keeper.runs', { after }));
}
