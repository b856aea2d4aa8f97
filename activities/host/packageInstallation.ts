/** Installing a package of a service at most once, and undoing exactly that: OBProxy and OBServer alike. */
import { lookAtPath, lookAtPaths } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host, OnceResult, RpmPackage } from '../../hosts/types';
import { packageFileName } from '../../oceanbase/packageName';
import { PermanentError } from '../../runtime/errors';
import { makeDir, readJson, removeBy, taskDir, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import { storedPackage } from './packageStore';
import { rpmScript, verifyScript } from './rpmScripts';
import type { InstallablePackage, InstalledService } from './service';
import { lookForService, processText } from './serviceProcesses';

/**
 * Written before the first change, so that undo knows what was there. Stays as long as the service: the task's own folder
 * is gone when its last subtask has begun, and a rollback may still come after that.
 */
interface Mark {
  readonly taskId: number;
  readonly subtaskId: number;
  readonly installed: string;
  /** File name of the package that was there before, null when none was. */
  readonly former: string | null;
  readonly home: string;
  readonly homeExisted: boolean;
  /** Of the folder of links and those it is in, the ones that were not there; the outermost first. */
  readonly absentFolders?: readonly string[];
}

/** Any home has at least two levels; a mark with less is damaged, and nothing is deleted on its word. */
const DELETABLE = /^\/[A-Za-z0-9_][A-Za-z0-9._+-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;

const FOLDER = /^(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;

function trouble(where: string, tried: string, type: string, code: string, cameBack: string, next: string) {
  return new PermanentError({ type, code, tried, where, cameBack, next });
}

function nvra(part: RpmPackage): string {
  return `${part.name}-${part.version}-${part.release}.${part.arch}`;
}

function partOf(row: InstallablePackage): RpmPackage {
  return { name: row.name, version: row.version, release: row.release, arch: row.architecture };
}

function holds(installed: readonly RpmPackage[], wanted: RpmPackage): boolean {
  return installed.some((part) => nvra(part) === nvra(wanted));
}

async function isInstalled(host: Host, wanted: RpmPackage): Promise<boolean> {
  return holds(await host.rpmQuery(wanted.name), wanted);
}

/** Files that keep the installed package from being whole; [] when it is. */
async function damage(host: Host, wanted: RpmPackage): Promise<string[]> {
  const { exitCode, stdout, stderr } = await host.sh(verifyScript(nvra(wanted)), { timeoutMs: 120_000 });
  if (exitCode !== 0) {
    const said = stderr.trim().slice(0, 500) || `exit code ${exitCode}`;
    const next = 'Look at that command on the host, then retry.';
    throw trouble(host.ip, `run rpm -V ${nvra(wanted)}`, 'RpmVerifyFailed', 'COM10999', said, next);
  }
  return stdout.trim() === '' ? [] : stdout.trim().split('\n');
}

/**
 * A package's scriptlet may remove log, bin, etc and .conf of the home (OBProxy's does), and a program is replaced under
 * its process, so nothing is installed over a service that lives there, nor over a configuration that may still be needed.
 */
async function refuseLiveHome(
  scope: SubtaskScope,
  host: Host,
  service: InstalledService,
  row: InstallablePackage,
): Promise<void> {
  const tried = `install ${row.fileName}`;
  const configuration = `${row.home}/${service.configuration}`;
  const [look, kept] = await Promise.all([
    lookForService(host, row.home, service.program),
    lookAtPath(host, configuration, { entries: 1 }),
  ]);
  const living = look.all.filter(({ cwd, exe }) =>
    [cwd, exe].some((path) => path === look.home || path.startsWith(`${look.home}/`)),
  );
  if (living.length > 0) {
    const text = `the installation would wipe ${row.home}, where ${living.map(processText).join('; ')} lives`;
    throw trouble(host.ip, tried, 'LiveHome', 'ODP21114', text, service.whenAlive);
  }
  if (kept.kind === 'folder' ? kept.entries.length > 0 : kept.kind !== 'absent') {
    const text = `${configuration} holds the configuration of a former ${service.program}, which the installation would wipe`;
    const next = `Move ${configuration} away (or delete it) and retry.`;
    throw trouble(host.ip, tried, 'HomeNotEmpty', 'ODP21114', text, next);
  }
  scope.signal.throwIfAborted();
}

function logOutput(scope: SubtaskScope) {
  return (lines: string) => {
    for (const line of lines.split('\n')) if (line.trim() !== '') scope.log.info(`rpm: ${line.trimEnd()}`);
  };
}

/**
 * Runs rpm at most once per name. When a former attempt's command was killed (host reboot), looks whether it did its
 * work, and only then goes on under the next name. Undefined: the look was satisfied.
 */
async function rpm(
  scope: SubtaskScope,
  name: string,
  words: readonly string[],
  done: () => Promise<boolean>,
  /** The caller has just looked, and it was not done. */
  looked = false,
): Promise<Extract<OnceResult, { outcome: 'exited' }> | undefined> {
  for (let i = 1; i <= 20; i += 1) {
    if (!(looked && i === 1) && (await done())) return undefined;
    const result = await scope.once(i === 1 ? name : `${name}-${i}`, rpmScript(words), {
      timeoutMs: 3_500_000,
      onOutput: logOutput(scope),
    });
    if (result.outcome === 'exited') return result;
    scope.log.warn('rpm was interrupted before it could say how it ended (host reboot or kill); looking');
  }
  const host = await scope.host();
  const next = 'Look why rpm is killed on this host, then retry.';
  throw trouble(host.ip, 'run rpm', 'RpmInterrupted', 'COM10999', 'it was interrupted 20 times', next);
}

async function install(
  scope: SubtaskScope,
  host: Host,
  row: InstallablePackage,
  service: InstalledService,
  former: RpmPackage | undefined,
): Promise<void> {
  const marked = markOf(service);
  const wanted = partOf(row);
  const tried = `install ${row.fileName}`;
  const path = `${taskDir(scope.input.taskId)}/${row.sha256}.rpm`;
  const [{ kind }, known, { uploaded }] = await Promise.all([
    lookAtPath(host, row.home),
    readJson<Mark>(host, marked),
    host.uploadFile(storedPackage(scope.config.dataDir, row.sha256), row.sha256, path),
  ]);
  // Nothing was there when an earlier attempt looked, and something is: that is to be put back.
  if (!isOf(known, scope) || (known?.former === null && former !== undefined)) {
    const mark: Mark = {
      taskId: scope.input.taskId,
      subtaskId: scope.input.subtaskId,
      installed: nvra(wanted),
      former: former === undefined ? null : packageFileName(former),
      home: row.home,
      homeExisted: isOf(known, scope) ? known?.homeExisted !== false : kind !== 'absent',
      absentFolders: isOf(known, scope)
        ? (known?.absentFolders ?? [])
        : await absentFolders(host, service.linkFolder),
    };
    await writeJson(host, marked, mark);
  }
  if (former !== undefined) scope.log.info(`${nvra(former)} is installed and will be replaced`);
  scope.log.info(
    uploaded
      ? `Sent ${row.fileName} (${row.size} bytes, SHA-256 compared)`
      : `${row.fileName} is on the host`,
  );

  const words = ['-Uvh', '--oldpackage', path];
  const result = await rpm(scope, 'rpm', words, () => isInstalled(host, wanted), true);
  if (result !== undefined && result.exitCode !== 0 && !(await isInstalled(host, wanted))) {
    const said = `rpm ended with ${result.exitCode}: ${result.output.trim().slice(-1_000)}`;
    const next = 'Repair what rpm complains about and retry.';
    throw trouble(host.ip, tried, 'RpmFailed', 'COM10999', said, next);
  }
  if (result !== undefined && /scriptlet failed/.test(result.output)) {
    // rpm ends with 0 all the same.
    scope.log.warn('A scriptlet of the package failed; the files are checked below');
  }
}

async function verify(host: Host, service: InstalledService, row: InstallablePackage): Promise<void> {
  const wanted = partOf(row);
  const tried = `verify ${row.fileName}`;
  const program = `${row.home}/bin/${service.program}`;
  const [listed, { exitCode }] = await Promise.all([
    isInstalled(host, wanted),
    // Not -x, which a file system mounted noexec denies; that was looked at before.
    host.sh(`[ -f ${quote(program)} ] && [ -n "$(find -L ${quote(program)} -maxdepth 0 -perm /111)" ]`),
  ]);
  if (!listed) {
    const text = 'rpm ended well, but its database does not list the package';
    throw trouble(host.ip, tried, 'RpmNotListed', 'COM10999', text, 'Check the rpm database of the host.');
  }
  if (exitCode !== 0) {
    const next = `Look at rpm -V ${nvra(wanted)}, then remove the package (rpm -e) and retry.`;
    throw trouble(host.ip, tried, 'ProgramMissing', 'COM10999', `${program} is no program`, next);
  }
}

/** Nothing in a home on a file system mounted noexec can be started, which is said before anything is installed there. */
async function refuseNoexec(host: Host, row: InstallablePackage): Promise<void> {
  const { point, options } = await host.mountOf(row.home);
  if (!options.includes('noexec')) return;
  const text = `${point} is mounted noexec: no program in ${row.home} can run`;
  const next = `Take noexec off ${point} (/etc/fstab, then mount -o remount,exec ${point}), or use a package whose home lies elsewhere, then retry.`;
  throw trouble(host.ip, `install ${row.fileName}`, 'HomeNoexec', 'CMP07050', text, next);
}

/** This very package is installed, and no living service is touched for it. */
export async function installPackage(
  scope: SubtaskScope,
  service: InstalledService,
  row: InstallablePackage,
): Promise<void> {
  const host = await scope.host();
  const wanted = partOf(row);
  const [installed] = await Promise.all([host.rpmQuery(row.name), refuseNoexec(host, row)]);
  if (holds(installed, wanted)) {
    const bad = await damage(host, wanted);
    if (bad.length === 0) {
      scope.log.info(`${nvra(wanted)} is installed already, and whole`);
      await verify(host, service, row);
      return;
    }
    const text = `${nvra(wanted)} is installed, but not whole: ${bad.slice(0, 5).join('; ')}`;
    const next = `Remove it (rpm -e ${nvra(wanted)}) after saving what you need from ${row.home}, then retry.`;
    throw trouble(host.ip, `install ${row.fileName}`, 'PackageDamaged', 'PKG10012', text, next);
  }
  await Promise.all([
    refuseLiveHome(scope, host, service, row),
    makeDir(host, serviceDir(service)),
    makeDir(host, taskDir(scope.input.taskId)),
  ]);
  await install(scope, host, row, service, installed[0]);
  await verify(host, service, row);
  scope.log.info(`${nvra(wanted)} is installed in ${row.home}`);
}

/** Removes what this subtask installed, or puts the former package back; nothing when it installed nothing. */
export async function uninstallPackage(scope: SubtaskScope, service: InstalledService): Promise<void> {
  const host = await scope.host();
  const marked = markOf(service);
  const mark = await readJson<Mark>(host, marked);
  if (!isOf(mark, scope) || mark?.installed === undefined || mark.home === undefined) {
    scope.log.info('This task installed no package, nothing to undo');
    return;
  }
  const look = await lookForService(host, mark.home, service.program);
  if (look.own.length > 0) {
    const text = `${look.own.map(processText).join('; ')} lives in ${mark.home}`;
    const next = 'Stop it and roll back again.';
    throw trouble(host.ip, `remove ${mark.installed}`, 'LiveHome', 'ODP21114', text, next);
  }
  if (typeof mark.former === 'string') await restore(scope, host, mark.installed, mark.former);
  else {
    const next = 'Repair what rpm complains about and roll back again.';
    await erase(scope, host, mark.installed, { name: 'rollback-erase', next });
  }
  if (mark.homeExisted === false && DELETABLE.test(mark.home)) {
    // Made by this task: log and configuration in it are those of the service that is being undone.
    await removeBy(host, `rm -rf -- ${quote(mark.home)}`, mark.home);
    scope.log.info(`Removed ${mark.home}`);
  }
  await forgetPackage(scope, host, service, mark.home, mark);
}

/** What scripts of the package have made outside of the home, and the mark. */
async function forgetPackage(
  scope: SubtaskScope,
  host: Host,
  service: InstalledService,
  home: string,
  mark: Partial<Mark> | undefined,
): Promise<void> {
  if (service.linkFolder !== undefined) await removeDeadLinks(scope, host, service.linkFolder, home);
  // Made by scripts of the package; what somebody else keeps in them keeps them.
  for (const folder of [...(mark?.absentFolders ?? [])].reverse()) {
    if (FOLDER.test(folder)) await host.sh(`rmdir -- ${quote(folder)} 2>/dev/null`);
  }
  await host.sh(`rm -f -- ${quote(markOf(service))}; rmdir -- ${serviceDir(service)} 2>/dev/null`);
}

/**
 * Removes the package of a service that is gone for good, whichever task installed it, and folders of the home that are
 * empty then. What somebody else has put there stays and is named. PermanentError LiveHome when something lives there.
 */
export async function uninstallService(
  scope: SubtaskScope,
  service: InstalledService,
  row: InstallablePackage,
): Promise<void> {
  const host = await scope.host();
  const wanted = partOf(row);
  const tried = `remove ${nvra(wanted)}`;
  const { all, home } = await lookForService(host, row.home, service.program);
  const living = all.filter(({ cwd, exe }) =>
    [cwd, exe].some((path) => path === home || path.startsWith(`${home}/`)),
  );
  if (living.length > 0) {
    const text = `${living.map(processText).join('; ')} lives in ${home}`;
    throw trouble(host.ip, tried, 'LiveHome', 'ODP21114', text, 'Stop it and retry.');
  }
  if (await isInstalled(host, wanted)) {
    await erase(scope, host, nvra(wanted), {
      name: 'erase',
      next: 'Repair what rpm complains about and retry.',
    });
  } else scope.log.info(`${nvra(wanted)} is not installed`);
  if (DELETABLE.test(home)) {
    const { stdout } = await host.sh(
      `[ -d ${quote(home)} ] || exit 0
       find ${quote(home)} -xdev -depth -type d -empty -delete
       [ -d ${quote(home)} ] && cd ${quote(home)} && ls -A | head -n 20; exit 0`,
    );
    const left = stdout.trim().split('\n').filter(Boolean);
    if (left.length > 0) {
      scope.log.warn(`Not of the proxy or its package, so it stays in ${home}: ${left.join(', ')}`);
    }
  }
  await forgetPackage(scope, host, service, row.home, await readJson<Mark>(host, markOf(service)));
}

/** Of a folder and those it is in, the ones that the host does not have; the outermost first. */
async function absentFolders(host: Host, folder: string | undefined): Promise<string[]> {
  const parts = folder?.split('/').slice(1) ?? [];
  const folders = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  if (folders.length === 0) return [];
  const looks = await lookAtPaths(host, folders);
  return folders.filter((_, index) => looks[index]?.kind === 'absent');
}

/** Links of the folder into the home that lead nowhere since the package is gone; all others stay. */
async function removeDeadLinks(scope: SubtaskScope, host: Host, folder: string, home: string): Promise<void> {
  const { exitCode, stdout, stderr } = await host.sh(`
    cd ${quote(folder)} 2>/dev/null || exit 0
    for link in * .[!.]*; do
      [ -L "$link" ] && [ ! -e "$link" ] || continue
      case $(readlink -- "$link") in ${quote(home)}/*) rm -f -- "$link" && echo "$link" || exit 1 ;; esac
    done`);
  if (exitCode !== 0)
    scope.log.warn(`Links of the package are left in ${folder}: ${stderr.trim().slice(0, 300)}`);
  const links = stdout.trim().split('\n').filter(Boolean);
  if (links.length > 0) scope.log.info(`Removed ${links.length} links in ${folder} that led nowhere`);
}

/** What obflow knows about a service of the host: KEEPER_DIR, OBSERVER_DIR. */
function serviceDir({ program }: InstalledService): string {
  return `/var/lib/obflow/${program}`;
}

function markOf(service: InstalledService): string {
  return `${serviceDir(service)}/package.json`;
}

function isOf(mark: Partial<Mark> | undefined, { input }: SubtaskScope): boolean {
  return mark?.taskId === input.taskId && mark.subtaskId === input.subtaskId;
}

async function lists(host: Host, name: string, wanted: string): Promise<boolean> {
  return (await host.rpmQuery(name)).some((part) => nvra(part) === wanted);
}

/** `name-version-release.arch` without the last three parts; names hold hyphens. */
function nameOf(full: string): string {
  return full.split('-').slice(0, -2).join('-');
}

/** A result of an earlier rollback call under the same name would be found again, so a failed name is not reused. */
async function rpmAgain(
  scope: SubtaskScope,
  name: string,
  words: readonly string[],
  done: () => Promise<boolean>,
): Promise<string> {
  for (let i = 1; ; i += 1) {
    const result = await rpm(scope, `${name}-${i}`, words, done);
    if (result === undefined || (await done())) return '';
    if (!result.alreadyStarted || i >= 20)
      return `rpm ended with ${result.exitCode}: ${result.output.trim().slice(-1_000)}`;
  }
}

async function erase(
  scope: SubtaskScope,
  host: Host,
  installed: string,
  { name, next }: { name: string; next: string },
): Promise<void> {
  const absent = async () => !(await lists(host, nameOf(installed), installed));
  const said = await rpmAgain(scope, name, ['-e', installed], absent);
  if (said !== '') {
    throw trouble(host.ip, `remove ${installed}`, 'RpmFailed', 'COM10999', said, next);
  }
  scope.log.info(`${installed} is not installed any more`);
}

/** Puts the former package back over ours, from the store. */
async function restore(scope: SubtaskScope, host: Host, installed: string, former: string): Promise<void> {
  const tried = `put ${former} back in place of ${installed}`;
  const row = await scope.store.packages.findByFileName(former);
  if (row === undefined) {
    const next = `Upload ${former} and roll back again.`;
    throw trouble(
      host.ip,
      tried,
      'FormerPackageMissing',
      'PKG10014',
      'the former package was never uploaded to obflow',
      next,
    );
  }
  const path = `${taskDir(scope.input.taskId)}/${row.sha256}.rpm`;
  await host.uploadFile(storedPackage(scope.config.dataDir, row.sha256), row.sha256, path);
  const wanted = former.replace(/\.rpm$/, '');
  const back = () => lists(host, row.name, wanted);
  const said = await rpmAgain(scope, 'rollback-restore', ['-Uvh', '--oldpackage', path], back);
  if (said !== '') {
    const next = 'Repair what rpm complains about and roll back again.';
    throw trouble(host.ip, tried, 'RpmFailed', 'COM10999', said, next);
  }
  scope.log.info(`${wanted} is installed again`);
}
