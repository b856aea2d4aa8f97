/** What must be so before an upgrade begins; for the subtask that prepares it, and for a dry run. Nothing here changes anything. */
import path from 'node:path/posix';
import { quote } from '../../../hosts/quote';
import type { Host } from '../../../hosts/types';
import type { ObproxyAdmin } from '../../../oceanbase/obproxyAdmin';
import { compareVersions, hasRpcPort } from '../../../oceanbase/versions';
import { say, type Text } from '../../../runtime/messages/catalogue';
import { troublesOf } from '../../host/trouble';
import { proveProgram, proveReady, proveUnkept } from '../hotProofs';
import { findKeepers, keptText } from '../keepers';
import { proveConfigured } from '../preparing';
import { holderText, isOwnPort, lookForProxies, processText } from '../process';
import { runUserOf } from '../proxy';
import { readSessions, theProcess } from '../stopping';
import { answeringVersion } from './serving';
import { isSameHome, type Upgrade } from './upgradeOf';

const trouble = troublesOf(say('upgrade.prepare'), 'ODP10001');

/** What is upgraded, where. */
export interface Upgrading extends Upgrade {
  readonly host: Host;
  /** Logs in as root@proxysys. */
  login(): Promise<ObproxyAdmin>;
}

/** The program in place and the process that answers are of the recorded version, and that can do what is wished. */
async function proveFormer({ host, home, former, isHot, login }: Upgrading): Promise<Text[]> {
  const { proxy } = former;
  const { version, sqlPort } = proxy.server;
  const user = runUserOf(proxy);
  const libraries = isHot ? {} : { libraries: 'lib' };
  await proveProgram({ host, home, user }, version, libraries);
  await proveConfigured(host, proxy, home);
  const admin = await login();
  try {
    const running = await answeringVersion(admin);
    if (running === undefined || compareVersions(running, version) !== 0) {
      const text = say('obproxy.otherVersion', {
        ...{ running: running ?? say('obproxy.unknownVersion'), port: sqlPort, version },
      });
      throw trouble(host, 'ObproxyVersionDiffers', text, say('next.repairAndRetry'), 'ODP21016');
    }
    const count = isHot ? await admin.clientSessions() : (await readSessions(admin)).open;
    if (isHot) await proveReady(host, proxy.version, admin);
    return [say(isHot ? 'upgrade.canHot' : 'upgrade.cutsSessions', { version, count })];
  } finally {
    admin.close();
  }
}

/**
 * A process hands over to the program that it was called by, as its command line has it: that must be the one of the home, by a
 * path (OBProxy 4.3.1, observed). The first word of a script is its interpreter.
 */
async function proveOwnProgram(host: Host, home: string): Promise<void> {
  const look = await lookForProxies(host, home);
  const program = path.join(look.home, 'bin/obproxy');
  const stranger = look.own.find(
    ({ args, cwd }) => !args.slice(0, 2).some((word) => path.resolve(cwd || '/', word) === program),
  );
  if (stranger === undefined) return;
  const text = say('upgrade.otherProgram', { process: processText(stranger), program });
  throw trouble(host, 'OtherProgram', text, say('next.startByProgram'), 'ODP21107');
}

/** Who keeps it: of a hot upgrade nobody who would take it for a crash. */
async function proveKeepers({ host, home, former, isHot }: Upgrading): Promise<Text[]> {
  if (isHot) {
    await proveOwnProgram(host, home);
    return [await proveUnkept(host, former.proxy, home)];
  }
  await theProcess(host, home);
  return [keptText(await findKeepers(host, former.proxy, await lookForProxies(host, home)))];
}

/** Kilobytes that are free where the path lies or will lie. */
const FREE = `free() { p=$1; while [ ! -d "$p" ]; do p=$(dirname "$p"); done; df -Pk "$p" | awk 'NR == 2 { print $4 }'; }`;

/**
 * The home is one file system, so that a file of it is replaced by a rename; there is room for etc and the package in it, and for
 * the package where rpm puts it. A package takes at most three times its size when it is unpacked (those of OBProxy: 2.6).
 */
async function proveRoom({ host, home, target }: Upgrading): Promise<Text[]> {
  const { exitCode, stdout, stderr } = await host.sh(`
    ${FREE}
    cd -P ${quote(home)} || exit
    [ -d etc ] && [ -w . ] || { echo 'it has no etc, or cannot be written to' >&2; exit 1; }
    [ "$(stat -c %d .)" = "$(stat -L -c %d bin)" ] || { echo 'bin is on another file system' >&2; exit 1; }
    command -v rpm >/dev/null || { echo 'there is no rpm' >&2; exit 1; }
    free . && du -sk etc | cut -f1 && free ${quote(path.dirname(target.package.home))}`);
  if (exitCode !== 0) {
    throw trouble(
      host,
      'HomeUnfit',
      say('upgrade.homeUnfit', { home, said: stderr.trim() }),
      say('next.repairAndRetry'),
    );
  }
  const [inHome = 0, etc = 0, beside = 0] = stdout.trim().split('\n').map(Number);
  const unpacked = Math.ceil((3 * target.package.size) / 1024);
  const needed = unpacked + etc + 1_024;
  const short = inHome < needed ? { path: home, free: inHome } : { path: target.package.home, free: beside };
  if (inHome < needed || beside < unpacked) {
    const text = say('upgrade.noRoom', { ...short, needed });
    throw trouble(host, 'DiskFull', text, say('next.freeDiskSpace'));
  }
  return [say('upgrade.room', { home, free: Math.floor(inHome / 1024), needed: Math.ceil(needed / 1024) })];
}

/**
 * Before 4.3 a proxy hands its RPC port on to nobody: the new process opens it anew, and ends itself when somebody else has it
 * (OBProxy's source). And nobody lives in the folder that rpm puts the package in.
 */
async function proveSurroundings({ host, home, former, target, ...more }: Upgrading): Promise<Text[]> {
  const look = await lookForProxies(host, home);
  const opens = !hasRpcPort(former.proxy.version) && hasRpcPort(target.proxy.version);
  const rpc = opens ? target.proxy.ports.filter(({ name }) => name === 'rpcPort') : [];
  for (const { name, port } of rpc) {
    const holder = holderText(look, port);
    if (holder === undefined || isOwnPort(look, port)) continue;
    const text = say('port.heldNamed', { port, name, holder });
    throw trouble(host, 'PortTaken', text, say('next.stopServiceAndRetry'), 'ODP21116');
  }
  const beside = isSameHome({ home, former, target, ...more }) ? undefined : target.package.home;
  const living = look.all.filter(
    ({ cwd }) => beside !== undefined && (cwd === beside || cwd.startsWith(`${beside}/`)),
  );
  if (living.length > 0) {
    const text = say('process.livesIn', { processes: living.map(processText), home: beside ?? '' });
    throw trouble(host, 'LiveHome', text, say('next.stopAndRetry'), 'ODP21114');
  }
  return rpc.map(({ port }) => say('upgrade.opensRpcPort', { port }));
}

/** Each resolves to what it has found, and throws when the upgrade cannot be made. */
export const PROOFS: readonly ((upgrading: Upgrading) => Promise<Text[]>)[] = [
  proveFormer,
  proveKeepers,
  proveRoom,
  proveSurroundings,
];
