/** What tasks on an existing OBProxy would find on its host, for a dry run: nothing here changes host or proxy. */
import { logInToObproxy } from '../../contact/obproxyLogin';
import type { Host } from '../../hosts/types';
import type { Finding } from '../../oceanbase/obproxyRunning';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import { proveProgram, proveReady, proveUnkept } from './hotProofs';
import { findKeepers, keeperText, keptText, stoppedKeepers } from './keepers';
import { proveStartable } from './preparing';
import { lookForProxies, processText } from './process';
import { homeOf, type ObproxyInstance, runUserOf } from './proxy';
import { refuseHeldPorts } from './starting';
import { LONGEST_DRAIN_MS, readSessions, theProcess } from './stopping';
import { asFindings } from './takeOver/inspect';

const info = (text: Text): Finding => ({ level: 'INFO', text });

/** Processes, keepers and open sessions. A proxy that does not answer is a finding, no error: it can be stopped. */
export async function inspectForStop(
  store: Store,
  host: Host,
  proxy: ObproxyInstance,
  signal: AbortSignal,
): Promise<Finding[]> {
  const home = await homeOf({ store }, proxy);
  const found: Finding[] = [];
  const add = async (work: () => Promise<readonly Finding[]>) => {
    found.push(...(await asFindings(work)));
  };
  await add(async () => {
    const process = await theProcess(host, home);
    return [
      info(
        process === undefined
          ? say('obproxy.noneLives', { home })
          : say('process.livesIn', { processes: [processText(process)], home }),
      ),
    ];
  });
  await add(async () => {
    const look = await lookForProxies(host, home);
    const keepers = await findKeepers(host, proxy, look);
    const others = look.others.map(processText);
    return [
      info(keptText(keepers)),
      ...(others.length === 0 ? [] : [info(say('process.othersAlone', { processes: others }))]),
    ];
  });
  const sessions = await asFindings(async () => {
    const passwords = await store.obproxy.proxysysPasswords(proxy.cluster.id);
    const admin = await logInToObproxy(host, proxy.server.sqlPort, { passwords, signal });
    try {
      const { open, drainMs } = await readSessions(admin);
      const seconds = Math.round(Math.min(drainMs, LONGEST_DRAIN_MS) / 1000);
      return [info(say('sessions.seen', { count: open, seconds }))];
    } finally {
      admin.close();
    }
  });
  // It can be stopped all the same.
  return [
    ...found,
    ...sessions.map((one) => (one.level === 'ERROR' ? { ...one, level: 'WARN' as const } : one)),
  ];
}

/** Whether the proxy could hand over now: its program, its own word, and nobody who would take it for a crash. */
export async function inspectForHotRestart(
  store: Store,
  host: Host,
  proxy: ObproxyInstance,
  signal: AbortSignal,
): Promise<Finding[]> {
  const home = await homeOf({ store }, proxy);
  const program = await asFindings(async () => {
    const user = runUserOf(proxy);
    const version = await proveProgram({ host, home, user }, proxy.server.version);
    return [info(say('hot.programIs', { program: `${home}/bin/obproxy`, version }))];
  });
  const ready = await asFindings(async () => {
    const passwords = await store.obproxy.proxysysPasswords(proxy.cluster.id);
    const admin = await logInToObproxy(host, proxy.server.sqlPort, { passwords, signal });
    try {
      await proveReady(host, proxy.version, admin);
      return [info(say('hot.canNow', { count: await admin.clientSessions() }))];
    } finally {
      admin.close();
    }
  });
  const kept = await asFindings(async () => [info(await proveUnkept(host, proxy, home))]);
  return [...program, ...ready, ...kept];
}

/** Program, version, configuration and ports. */
export async function inspectForStart(store: Store, host: Host, proxy: ObproxyInstance): Promise<Finding[]> {
  const home = await homeOf({ store }, proxy);
  const found = await asFindings(async () => [info(await proveStartable(host, proxy, home))]);
  const ports = await asFindings(async () => {
    const look = await lookForProxies(host, home);
    refuseHeldPorts(host, proxy, look);
    const keepers = (await stoppedKeepers(host, proxy)) ?? [];
    return [
      info(
        look.own.length === 0
          ? say('ports.free', { ports: proxy.ports.map(({ port }) => port).join(', ') })
          : say('process.runsAlready', { processes: look.own.map(processText) }),
      ),
      ...(keepers.length === 0
        ? []
        : [info(say('keeper.keptAfterwards', { keepers: keepers.map(keeperText) }))]),
    ];
  });
  return [...found, ...ports];
}
