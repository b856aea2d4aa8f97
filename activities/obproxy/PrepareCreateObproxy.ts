import { OWN } from '../../hosts/limits';
import { lookAtPath } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { uidCommand } from '../../hosts/userName';
import { packageFit } from '../../oceanbase/packageFit';
import { PermanentError, type Trouble } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { PackageRow } from '../../store/types';
import { checkStore } from '../host/packageStore';
import type { InstallablePackage } from '../host/service';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { holderText, isOwnPort, lookForProxies } from './process';
import { OBPROXY, type ObproxyInstance, packageOf, proxyOf } from './proxy';
import { findProxyToTakeOver } from './takeOver/PrepareCreateObproxy';

const GIB = 1024 ** 3;
/** Of the files that a package and a proxy make. */
const LEAST_FILES = 64;

function refuse(
  where: string,
  code: string,
  type: string,
  cameBack: Trouble['cameBack'],
  next: Said,
): PermanentError {
  return new PermanentError({ type, code, tried: say('obproxy.prepareHost'), where, cameBack, next });
}

/** Accounts, and the file system the home will be on. Resolves to whether something is there already. */
async function checkHost(
  scope: SubtaskScope,
  host: Host,
  part: InstallablePackage,
  runUser: string,
): Promise<boolean> {
  const user = quote(runUser);
  const { stdout, stderr } = await host.sh(`
    while read -r key _ uid _; do [ "$key" != Uid: ] || break; done </proc/$$/status
    echo "$uid"; ${uidCommand(user)}
    place=${quote(part.home)}
    while [ ! -e "$place" ]; do place=\${place%/*}; place=\${place:-/}; done
    [ "$place" = ${quote(part.home)} ] && echo home || echo none
    [ -w "$place" ] && echo writable || echo "$place"
    way=$place; set --
    while [ -n "$way" ]; do set -- "$way" "$@"; way=\${way%/*}; done
    stat -L -c 'way %A %U %n' -- "$@"
    own=${OWN}; [ -d "$own" ] || own=\${own%/*}
    exec stat -f -c '%a %S %c %d' -- "$place" "$own"`);
  const lines = stdout.trim().split('\n');
  const [root, runUserId, home, writable, ...rooms] = lines.filter((line) => !line.startsWith('way '));
  if (root !== '0') {
    const next = say('next.useRoot');
    throw refuse(host.ip, 'CMP07002', 'RootNeeded', say('host.uid', { uid: root ?? '?' }), next);
  }
  if (runUserId === 'missing') {
    const next = say('next.createUser', { user });
    throw refuse(host.ip, 'CMP07037', 'UserMissing', say('host.noUser', { user: runUser }), next);
  }
  if (runUserId === undefined || !/^\d+$/.test(runUserId)) {
    const text = say('host.userUnknown', { user: runUser, said: runUserId ?? stderr.trim() });
    throw refuse(host.ip, 'CMP07037', 'UserUnknown', text, say('next.whyNoAccounts'));
  }
  scope.log.info(say('host.userExists', { user: runUser, uid: runUserId }));

  const places = [
    { path: part.home, needed: part.size + GIB },
    // The package itself is uploaded to there.
    { path: OWN, needed: part.size },
  ];
  const free = places.map(({ path, needed }, index) => {
    const [blocks, size, files, freeFiles] = (rooms[index] ?? '').split(' ').map(Number);
    const bytes = Number(blocks) * Number(size);
    if (!Number.isFinite(bytes)) {
      const next = say('next.lookAtFileSystem', { home: path });
      throw refuse(host.ip, 'CMP07050', 'DiskUnreadable', stderr.trim() || say('host.dfSilent'), next);
    }
    if (bytes < needed) {
      const text = say('host.tooLittleSpace', {
        free: Math.floor(bytes / 1024 ** 2),
        home: path,
        needed: Math.ceil(needed / 1024 ** 2),
      });
      throw refuse(host.ip, 'CMP07050', 'DiskSpace', text, say('next.freeSpace'));
    }
    // Some file systems count no files.
    if (files !== 0 && Number(freeFiles) < LEAST_FILES) {
      const text = say('contact.noFiles', { folder: path, left: freeFiles ?? '?' });
      throw refuse(host.ip, 'CMP07050', 'DiskSpace', text, say('next.freeSpaceIn', { folder: path }));
    }
    return bytes;
  });
  if (writable !== 'writable') {
    throw refuse(
      host.ip,
      'CMP07050',
      'DiskReadOnly',
      say('host.notWritable', { path: writable ?? '?' }),
      say('next.mountForWriting'),
    );
  }
  scope.log.info(say('host.spaceFree', { free: Math.floor(Number(free[0]) / 1024 ** 2), home: part.home }));
  await proveEnterable(
    host,
    runUser,
    lines.flatMap((line) => (line.startsWith('way ') ? [line.split(' ').slice(1)] : [])),
  );
  return home === 'home';
}

/** The run user may enter every folder on the way to the home; rpm, which is root, would notice nothing. */
async function proveEnterable(
  host: Host,
  runUser: string,
  way: readonly (readonly string[])[],
): Promise<void> {
  // drwxr-xr-x: for others, and for its owner. What only a group or an ACL allows shows itself to the user alone.
  const open = ([mode = '', owner]: readonly string[]) =>
    /[xt]/.test(mode.charAt(9)) || (owner === runUser && /[xs]/.test(mode.charAt(3)));
  if (way.every(open)) return;
  const folders = way.map(([, , ...path]) => quote(path.join(' '))).join(' ');
  const look = `for folder in ${folders}; do [ -x "$folder" ] || { echo "$folder"; exit; }; done`;
  const path = (await host.sh(look, { user: runUser })).stdout.trim();
  if (path === '') return;
  const text = say('host.mayNotEnter', { user: runUser, path });
  const next = say('next.letUserEnter', { user: quote(runUser), path: quote(path) });
  throw refuse(host.ip, 'CMP07050', 'HomeUnreachable', text, next);
}

/** A log folder that the run user may not write to makes OBProxy die without a message. */
async function checkLogFolder(host: Host, part: InstallablePackage, runUser: string): Promise<void> {
  const log = `${part.home}/log`;
  // As the user: what it may not even look at (a home that it may not enter) is no missing folder.
  const { kind } = await lookAtPath(host, log, { user: runUser });
  if (kind === 'absent') return;
  const { exitCode } = await host.sh(`[ -w ${quote(log)} ]`, { user: runUser });
  if (exitCode === 0) return;
  const next = say('next.giveToUser', { user: quote(runUser), path: quote(log) });
  throw refuse(
    host.ip,
    'CMP07050',
    'LogFolderUnfit',
    say('host.mayNotWrite', { user: runUser, path: log }),
    next,
  );
}

/** What a later step would fail for: a folder that cannot be written, noexec, an rpm database that does not answer. */
async function checkSurroundings(scope: SubtaskScope, host: Host, part: InstallablePackage): Promise<void> {
  const findings = await host.firstContact({ brief: true, programs: [part.home] });
  for (const { level, check, text, next } of findings) {
    if (level === 'INFO') continue;
    // A proxy runs with any clock.
    if (level === 'ERROR' && check !== 'clock') throw refuse(host.ip, 'CMP07050', 'HostUnfit', text, next);
    scope.log.warn(say('text.on', { where: host.ip, text, next }));
  }
}

async function checkFit(scope: SubtaskScope, host: Host, part: PackageRow): Promise<void> {
  const facts = await host.facts();
  const fit = packageFit(part, { ...facts, osLike: facts.osLike.join(' ') });
  if (fit?.verdict === 'refuse') {
    const next = say('next.uploadForSystem');
    throw refuse(
      host.ip,
      'CMP07018',
      'PackageUnfit',
      say('text.of', { what: part.fileName, text: fit.text }),
      next,
    );
  }
  if (fit !== undefined)
    scope.log.warn(say('package.mayLackLibraries', { file: part.fileName, text: fit.text }));
}

async function checkPorts(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const look = await lookForProxies(host, home);
  const taken: Text[] = [];
  for (const { name, port } of proxy.ports) {
    const holder = holderText(look, port);
    if (holder === undefined) continue;
    if (isOwnPort(look, port)) scope.log.info(say('port.ownProxy', { port, name }));
    else taken.push(say('port.heldNamed', { port, name, holder }));
  }
  if (taken.length > 0) {
    const next = say('next.stopOrOtherPorts');
    throw refuse(host.ip, 'ODP21116', 'PortTaken', taken, next);
  }
  scope.log.info(say('port.usable', { ports: proxy.ports.map(({ port }) => port).join(', ') }));
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
    const homeExists = await checkHost(scope, host, part, proxy.cluster.runUser);
    // One after another: side by side each would need a shell of its own, which costs more than it spares.
    await checkSurroundings(scope, host, part);
    // A home that root does not see has no log folder; before anything is installed it is looked at again.
    if (homeExists) await checkLogFolder(host, part, proxy.cluster.runUser);
    await checkPorts(scope, host, proxy, part.home);
    return undefined;
  },

  takeOver: { run: findProxyToTakeOver },
});
