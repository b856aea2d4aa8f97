import { lookAtPath } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { uidCommand } from '../../hosts/userName';
import { packageFit } from '../../oceanbase/packageFit';
import { PermanentError } from '../../runtime/errors';
import type { PackageRow } from '../../store/types';
import { checkStore } from '../host/packageStore';
import type { InstallablePackage } from '../host/service';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { holderText, isOwnPort, lookForProxies } from './process';
import { OBPROXY, type ObproxyInstance, packageOf, proxyOf } from './proxy';
import { findProxyToTakeOver } from './takeOver/PrepareCreateObproxy';

const GIB = 1024 ** 3;

function refuse(where: string, code: string, type: string, cameBack: string, next: string): PermanentError {
  return new PermanentError({ type, code, tried: 'prepare the host for OBProxy', where, cameBack, next });
}

/** Accounts, and the file system the home will be on. */
async function checkHost(
  scope: SubtaskScope,
  host: Host,
  part: InstallablePackage,
  runUser: string,
): Promise<void> {
  const user = quote(runUser);
  const { stdout, stderr } = await host.sh(`
    id -u; ${uidCommand(user)}
    place=${quote(part.home)}
    while [ ! -e "$place" ]; do place=\${place%/*}; place=\${place:-/}; done
    [ -w "$place" ] && echo writable || echo "$place"
    df -Pk "$place"`);
  const [root, runUserId, writable, ...df] = stdout.trim().split('\n');
  if (root !== '0') {
    const next = 'Use root, or a login that may run everything by sudo without a password.';
    throw refuse(host.ip, 'CMP07002', 'RootNeeded', `the commands run with uid ${root ?? '?'}`, next);
  }
  if (runUserId === 'missing') {
    const next = `Create it: useradd -m ${user}`;
    throw refuse(host.ip, 'CMP07037', 'UserMissing', `there is no user ${runUser}`, next);
  }
  if (runUserId === undefined || !/^\d+$/.test(runUserId)) {
    const next =
      'Look why the host cannot look up accounts (id, /etc/nsswitch.conf, its directory service), then retry.';
    throw refuse(
      host.ip,
      'CMP07037',
      'UserUnknown',
      `id ${runUser} says "${runUserId ?? stderr.trim()}"`,
      next,
    );
  }
  scope.log.info(`User ${runUser} (uid ${runUserId}) exists, root works`);

  const freeBytes = Number(df[1]?.split(/\s+/)[3]) * 1024;
  if (!Number.isFinite(freeBytes)) {
    const next = `Look at the file system of ${part.home}.`;
    throw refuse(host.ip, 'CMP07050', 'DiskUnreadable', stderr.trim() || 'df gave no number', next);
  }
  const needed = part.size + GIB;
  if (freeBytes < needed) {
    const text = `${Math.floor(freeBytes / 1024 ** 2)} MiB are free for ${part.home}, ${Math.ceil(needed / 1024 ** 2)} MiB are needed`;
    throw refuse(host.ip, 'CMP07050', 'DiskSpace', text, 'Free some space and retry.');
  }
  if (writable !== 'writable') {
    throw refuse(host.ip, 'CMP07050', 'DiskReadOnly', `${writable} is not writable`, 'Mount it for writing.');
  }
  scope.log.info(`${Math.floor(freeBytes / 1024 ** 2)} MiB are free for ${part.home}`);
}

/** A log folder that the run user may not write to makes OBProxy die without a message. */
async function checkLogFolder(host: Host, part: InstallablePackage, runUser: string): Promise<void> {
  const log = `${part.home}/log`;
  // As the user: what it may not even look at (a home that it may not enter) is no missing folder.
  const { kind } = await lookAtPath(host, log, { user: runUser });
  if (kind === 'absent') return;
  const { exitCode } = await host.sh(`[ -w ${quote(log)} ]`, { user: runUser });
  if (exitCode === 0) return;
  const next = `Give it to the user: chown -R ${quote(runUser)} ${quote(log)}`;
  throw refuse(host.ip, 'CMP07050', 'LogFolderUnfit', `${runUser} may not write to ${log}`, next);
}

/** What a later step would fail for: a folder that cannot be written, noexec, an rpm database that does not answer. */
async function checkSurroundings(scope: SubtaskScope, host: Host, part: InstallablePackage): Promise<void> {
  const findings = await host.firstContact({ brief: true, programs: [part.home] });
  for (const { level, check, text, next } of findings) {
    if (level === 'INFO') continue;
    // A proxy runs with any clock.
    if (level === 'ERROR' && check !== 'clock') throw refuse(host.ip, 'CMP07050', 'HostUnfit', text, next);
    scope.log.warn(`${host.ip}: ${text}. ${next}`);
  }
}

async function checkFit(scope: SubtaskScope, host: Host, part: PackageRow): Promise<void> {
  const facts = await host.facts();
  const fit = packageFit(part, { ...facts, osLike: facts.osLike.join(' ') });
  if (fit?.verdict === 'refuse') {
    const next = "Upload the package for the host's system and add the proxy again.";
    throw refuse(host.ip, 'CMP07018', 'PackageUnfit', `${part.fileName}: ${fit.text}`, next);
  }
  if (fit !== undefined) scope.log.warn(`${part.fileName}: ${fit.text}; its libraries may be missing there`);
}

async function checkPorts(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const look = await lookForProxies(host, home);
  const taken: string[] = [];
  for (const { name, port } of proxy.ports) {
    const holder = holderText(look, port);
    if (holder === undefined) continue;
    if (isOwnPort(look, port)) scope.log.info(`Port ${port} (${name}) is held by our own proxy`);
    else taken.push(`port ${port} (${name}) is held by ${holder}`);
  }
  if (taken.length > 0) {
    const next = 'Stop that service and retry, or add the proxy with other ports.';
    throw refuse(host.ip, 'ODP21116', 'PortTaken', taken.join('; '), next);
  }
  scope.log.info(`Ports ${proxy.ports.map(({ port }) => port).join(', ')} can be used`);
}

/** "Prepare create obproxy": everything that would make the installation fail later is found now. Changes nothing. */
export const PrepareCreateObproxy = subtask({
  name: 'Prepare create obproxy',
  className: 'obproxy.PrepareCreateObproxyTask',
  timeout: 1800,
  needs: OBPROXY,

  async run(scope) {
    const proxy = await proxyOf(scope);
    const part = await packageOf(scope, proxy);
    await checkStore(scope, part);
    const host = await scope.host();
    await checkFit(scope, host, part);
    // First: without the user the next check would only say that it gets no shell.
    await checkHost(scope, host, part, proxy.cluster.runUser);
    await Promise.all([
      checkSurroundings(scope, host, part),
      checkLogFolder(host, part, proxy.cluster.runUser),
      checkPorts(scope, host, proxy, part.home),
    ]);
    return undefined;
  },

  takeOver: { run: findProxyToTakeOver },
});
