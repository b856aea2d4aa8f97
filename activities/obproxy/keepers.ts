/**
 * Who starts a proxy again when it is gone, whoever put them there: obflow's keeper, the package's obproxyd.sh, a unit of
 * systemd, nobody. They are stopped before the proxy and stay so after a reboot; what they were is kept on the host as
 * long as the proxy is stopped, so that a start puts them back as they were.
 */
import path from 'node:path/posix';
import { quote } from '../../hosts/quote';
import type { Host, HostProcess } from '../../hosts/types';
import { PermanentError, type Trouble } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { matchesKeyword } from '../host/CheckProcessNotExist';
import { KEEPER_DIR, readJson, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import { KEEPER_SETTINGS, KEEPER_STATE, KEEPER_UNIT, startKeeperScript, stopKeeperScript } from './keeper';
import { lookForProxies, type ProxyProcesses, processText } from './process';
import { type ObproxyInstance, runUserOf } from './proxy';

export type Keeper =
  | { readonly kind: 'obflow' }
  /** The process as it was found: the script is never called with a command of its own, which would hit every proxy. */
  | {
      readonly kind: 'obproxyd.sh';
      readonly args: readonly string[];
      readonly cwd: string;
      readonly user: string;
    }
  | UnitKeeper;

export interface UnitKeeper {
  readonly kind: 'systemd';
  readonly unit: string;
  /** It was started at boot, and a stop has taken that away. */
  readonly enabled: boolean;
}

interface StoppedKeepers {
  readonly serverId: number;
  readonly home: string;
  readonly keepers: readonly Keeper[];
}

const STOPPED = `${KEEPER_DIR}/stopped.json`;
const SCRIPT = 'obproxyd.sh';
/** What starts nothing again: a login session, or the server that it came through. */
const KEEPS_NOTHING = /^(?:user@|sshd|ssh[.@]|cron|crond)/;
const UNIT = /^[A-Za-z0-9@:._\\-]+\.service$/;
const SYSTEMCTL_MS = 150_000;

function trouble(host: Host, tried: Text, cameBack: Trouble['cameBack']): PermanentError {
  const next = say('next.repairAndRetry');
  return new PermanentError({ type: 'KeeperFailed', tried, where: host.ip, cameBack, next });
}

/** @throws PermanentError KeeperFailed with what the host said, unless the script ends with 0 */
async function done(host: Host, tried: Text, script: string): Promise<void> {
  const { exitCode, stderr } = await host.sh(script, { timeoutMs: SYSTEMCTL_MS });
  if (exitCode !== 0) throw trouble(host, tried, stderr.trim().slice(0, 500) || `exit code ${exitCode}`);
}

/** Keepers that a stop of this proxy has noted on the host; undefined when none has. */
export async function stoppedKeepers(
  host: Host,
  { server }: Pick<ObproxyInstance, 'server'>,
): Promise<readonly Keeper[] | undefined> {
  const stopped = await readJson<StoppedKeepers>(host, STOPPED);
  return stopped?.serverId === server.id ? (stopped.keepers ?? []) : undefined;
}

/** Processes of the package's keeper that look after this home: their script lies in it, whatever it is called with. */
function scriptsOf(look: ProxyProcesses): HostProcess[] {
  const script = path.join(look.home, 'bin', SCRIPT);
  return look.all.filter(
    (process) =>
      matchesKeyword(process, [SCRIPT]) &&
      process.args.some(
        (argument) =>
          path.basename(argument) === SCRIPT && path.resolve(process.cwd || '/', argument) === script,
      ),
  );
}

/** Keepers at work on this home. A unit is told by the control group of the proxy, or as the take-over has found it. */
export async function findKeepers(
  host: Host,
  proxy: ObproxyInstance,
  look: ProxyProcesses,
): Promise<Keeper[]> {
  const [own] = look.own;
  const { systemd } = await host.facts();
  const { stdout } = await host.sh(`
    home=
    [ ! -r ${KEEPER_SETTINGS} ] || . ${KEEPER_SETTINGS}
    ${KEEPER_STATE}
    echo "$home"
    ${own === undefined ? ':' : `cat /proc/${own.pid}/cgroup 2>/dev/null`}
    exit 0`);
  const lines = stdout.split('\n');
  const runs = lines[0] === 'running';
  const [home = '', ...cgroup] = runs ? lines.slice(1) : lines;
  const keepers: Keeper[] = [];
  // Its settings are there from before it runs until it is taken away: a reboot would start it.
  if (home === look.home) keepers.push({ kind: 'obflow' });
  for (const { args, cwd, user } of scriptsOf(look)) {
    const script: Keeper = { kind: 'obproxyd.sh', args, cwd, user };
    // A shell that runs a part of itself beside it shows the same words twice.
    if (!keepers.some((other) => isSame(script, other))) keepers.push(script);
  }
  const unit = systemd && home !== look.home ? unitOf(proxy, cgroup, own !== undefined) : undefined;
  if (unit !== undefined) keepers.push({ kind: 'systemd', unit, enabled: await isEnabled(host, unit) });
  return keepers;
}

function unitOf(proxy: ObproxyInstance, cgroup: readonly string[], runs: boolean): string | undefined {
  const found = cgroup.flatMap((line) => line.split('/').filter((part) => UNIT.test(part))).at(-1);
  // What obflow's keeper has started stays in the group of its unit when that is gone.
  if (found !== undefined) return found === KEEPER_UNIT || KEEPS_NOTHING.test(found) ? undefined : found;
  if (runs || proxy.server.adopted?.keeper !== 'systemd') return undefined;
  const recorded = proxy.server.adopted.keeperDetail.replace(/^unit /, '');
  return UNIT.test(recorded) ? recorded : undefined;
}

async function isEnabled(host: Host, unit: string): Promise<boolean> {
  const { stdout } = await host.sh(`systemctl is-enabled ${quote(unit)} 2>/dev/null; exit 0`);
  return stdout.trim() === 'enabled';
}

export function keeperText(keeper: Keeper): Text {
  if (keeper.kind === 'systemd') {
    const { unit } = keeper;
    return keeper.enabled ? say('keeper.unit', { unit }) : say('keeper.unitNotEnabled', { unit });
  }
  return keeper.kind === 'obflow' ? say('keeper.ofObflow') : say('keeper.script', { cwd: keeper.cwd });
}

/** Who keeps a proxy, for people. */
export function keptText(keepers: readonly Keeper[]): Text {
  return keepers.length === 0
    ? say('keeper.nobodyKeeps')
    : say('keeper.keptBy', { keepers: keepers.map(keeperText) });
}

function isSame(one: Keeper, other: Keeper): boolean {
  if (one.kind === 'systemd') return other.kind === 'systemd' && one.unit === other.unit;
  if (one.kind === 'obflow') return other.kind === 'obflow';
  return other.kind === 'obproxyd.sh' && one.args.join('\0') === other.args.join('\0');
}

/**
 * Stops whoever keeps this proxy, for now and over a reboot, having noted what they were; the stop of a unit stops the
 * proxy too. Repeatable. Resolves to whether any was at work, so that the proxy may have been started again until now.
 *
 * @throws PermanentError KeeperFailed when one of them does not end
 */
export async function stopKeepers(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<boolean> {
  const look = await lookForProxies(host, home);
  const found = await findKeepers(host, proxy, look);
  const noted = (await stoppedKeepers(host, proxy)) ?? [];
  const keepers = [...noted, ...found.filter((one) => !noted.some((other) => isSame(one, other)))];
  await writeJson(host, STOPPED, {
    serverId: proxy.server.id,
    home: look.home,
    keepers,
  } satisfies StoppedKeepers);
  for (const keeper of found) {
    await stopOne(scope, host, keeper, home);
    scope.log.info(say('keeper.stopped', { keeper: keeperText(keeper) }));
  }
  if (keepers.length === 0) scope.log.info(say('keeper.nobody'));
  return found.length > 0;
}

async function stopOne(scope: SubtaskScope, host: Host, keeper: Keeper, home: string): Promise<void> {
  const tried = say('keeper.stop', { keeper: keeperText(keeper) });
  if (keeper.kind === 'obproxyd.sh') return endScripts(scope, host, home);
  const { systemd } = await host.facts();
  const script =
    keeper.kind === 'obflow'
      ? stopKeeperScript(systemd)
      : `${keeper.enabled ? `systemctl disable ${quote(keeper.unit)} || exit` : ':'}
         systemctl stop ${quote(keeper.unit)}`;
  await done(host, tried, script);
}

/** For a moment: whether it is started at boot stays as it is. */
export async function stopUnit(host: Host, keeper: UnitKeeper): Promise<void> {
  const tried = say('keeper.stop', { keeper: keeperText(keeper) });
  await done(host, tried, `systemctl stop ${quote(keeper.unit)}`);
}

async function endScripts(scope: SubtaskScope, host: Host, home: string): Promise<void> {
  const started = Date.now();
  for (;;) {
    const scripts = scriptsOf(await lookForProxies(host, home));
    if (scripts.length === 0) return;
    const elapsed = Date.now() - started;
    if (elapsed > 15_000) {
      throw trouble(
        host,
        say('keeper.stop', { keeper: SCRIPT }),
        say('process.doesNotEnd', { processes: scripts.map(processText) }),
      );
    }
    for (const process of scripts) await host.signal(process, elapsed > 5_000 ? 'KILL' : 'TERM');
    await scope.pause(300);
  }
}

/**
 * Puts the keepers back that a stop has taken away, or starts obflow's for a proxy that obflow has installed. Repeatable.
 *
 * @throws PermanentError KeeperFailed when one of them does not start
 */
export async function startKeepers(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const look = await lookForProxies(host, home);
  const noted = await stoppedKeepers(host, proxy);
  const own: readonly Keeper[] = proxy.server.adopted === null ? [{ kind: 'obflow' }] : [];
  const keepers = noted === undefined || noted.length === 0 ? own : noted;
  const running = await findKeepers(host, proxy, look);
  for (const keeper of keepers) {
    const there = running.some((other) => isSame(keeper, other));
    if (there && keeper.kind !== 'obflow') {
      if (keeper.kind === 'systemd') await enableUnit(host, keeper);
      scope.log.info(say('keeper.atWork', { keeper: keeperText(keeper) }));
      continue;
    }
    await startOne(host, proxy, look.home, keeper);
    scope.log.info(say('keeper.started', { keeper: keeperText(keeper) }));
  }
  if (keepers.length === 0) {
    scope.log.warn(say('keeper.noneAsBefore'));
  }
  await host.sh(`rm -f ${STOPPED}`);
}

async function startOne(host: Host, proxy: ObproxyInstance, home: string, keeper: Keeper): Promise<void> {
  if (keeper.kind === 'systemd') return startUnit(host, keeper);
  const { systemd } = await host.facts();
  const script =
    keeper.kind === 'obflow'
      ? startKeeperScript(home, runUserOf(proxy), systemd)
      : `cd ${quote(keeper.cwd)} || exit
         set -- ${keeper.args.map(quote).join(' ')}
         [ "$(id -un)" = ${quote(keeper.user)} ] || set -- runuser -u ${quote(keeper.user)} -- "$@"
         setsid "$@" </dev/null >/dev/null 2>&1 9>&- &`;
  await done(host, say('keeper.start', { keeper: keeperText(keeper) }), script);
}

/** The unit starts the proxy; enabled again only when the stop has taken that away. */
export async function startUnit(host: Host, keeper: UnitKeeper): Promise<void> {
  await enableUnit(host, keeper);
  await done(
    host,
    say('keeper.start', { keeper: keeperText(keeper) }),
    `systemctl start ${quote(keeper.unit)}`,
  );
}

async function enableUnit(host: Host, { unit, enabled }: UnitKeeper): Promise<void> {
  if (enabled) await done(host, say('keeper.enable', { unit }), `systemctl enable ${quote(unit)}`);
}
