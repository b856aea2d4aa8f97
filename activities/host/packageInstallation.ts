/** Installing a package of a service at most once, and undoing exactly that: OBProxy and OBServer alike. */
import { lookAtPaths } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host, RpmPackage } from '../../hosts/types';
import { packageFileName } from '../../oceanbase/packageName';
import { say, type Text } from '../../runtime/messages/catalogue';
import { makeDir, readJson, removeBy, taskDir, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import { DELETABLE, type Mark, markOf, serviceDir, trouble } from './packageMark';
import { erase, forgetPackage } from './packageRemoval';
import { storedPackage } from './packageStore';
import { holds, isInstalled, lists, nvra, partOf, rpm, rpmAgain } from './rpmCommands';
import { verifyScript } from './rpmScripts';
import type { InstallablePackage, InstalledService } from './service';
import { lookForService, processText } from './serviceProcesses';

const installing = ({ fileName }: InstallablePackage): Text => say('package.install', { package: fileName });

/** Files that keep the installed package from being whole; [] when it is. */
async function damage(host: Host, wanted: RpmPackage): Promise<string[]> {
  const { exitCode, stdout, stderr } = await host.sh(verifyScript(nvra(wanted)), { timeoutMs: 120_000 });
  if (exitCode !== 0) {
    const said = stderr.trim().slice(0, 500) || say('host.exitCode', { code: exitCode });
    const next = say('next.lookAtCommand');
    throw trouble(
      host.ip,
      say('rpm.verify', { package: nvra(wanted) }),
      'RpmVerifyFailed',
      'COM10999',
      said,
      next,
    );
  }
  return stdout.trim() === '' ? [] : stdout.trim().split('\n');
}

/** What an installation would find in its way, or make. */
interface FoundFolders {
  readonly home: boolean;
  /** The home holds a configuration. */
  readonly configured: boolean;
  /** There is a mark of an installation by obflow. */
  readonly marked: boolean;
  /** Of the folder of links and those it is in, the ones that the host does not have; the outermost first. */
  readonly absent: readonly string[];
}

/** Everything in one look. Throws as lookAtPaths does. */
async function lookAtFolders(
  host: Host,
  service: InstalledService,
  row: InstallablePackage,
): Promise<FoundFolders> {
  const parts = service.linkFolder?.split('/').slice(1) ?? [];
  const folders = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  const kept = `${row.home}/${service.configuration}`;
  const [home, configuration, mark, ...others] = await lookAtPaths(
    host,
    [row.home, kept, markOf(service), ...folders],
    { entries: 1 },
  );
  return {
    home: home?.kind !== 'absent',
    configured:
      configuration?.kind === 'folder' ? configuration.entries.length > 0 : configuration?.kind !== 'absent',
    marked: mark?.kind !== 'absent',
    absent: folders.filter((_, index) => others[index]?.kind === 'absent'),
  };
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
  found: FoundFolders,
): Promise<void> {
  const tried = installing(row);
  const configuration = `${row.home}/${service.configuration}`;
  const look = await lookForService(host, row.home, service.program);
  const living = look.all.filter(({ cwd, exe }) =>
    [cwd, exe].some((path) => path === look.home || path.startsWith(`${look.home}/`)),
  );
  if (living.length > 0) {
    const text = say('package.wouldWipe', { home: row.home, living: living.map(processText) });
    throw trouble(host.ip, tried, 'LiveHome', 'ODP21114', text, service.whenAlive);
  }
  if (found.configured) {
    const text = say('package.wouldWipeConfiguration', { configuration, program: service.program });
    const next = say('next.moveAway', { path: configuration });
    throw trouble(host.ip, tried, 'HomeNotEmpty', 'ODP21114', text, next);
  }
  scope.signal.throwIfAborted();
}

async function install(
  scope: SubtaskScope,
  host: Host,
  row: InstallablePackage,
  service: InstalledService,
  former: RpmPackage | undefined,
  found: FoundFolders,
): Promise<void> {
  const marked = markOf(service);
  const wanted = partOf(row);
  const tried = installing(row);
  const path = `${taskDir(scope.input.taskId)}/${row.sha256}.rpm`;
  const known = found.marked ? await readJson<Mark>(host, marked) : undefined;
  const { uploaded } = await host.uploadFile(
    storedPackage(scope.config.dataDir, row.sha256),
    row.sha256,
    path,
  );
  // Nothing was there when an earlier attempt looked, and something is: that is to be put back.
  if (!isOf(known, scope) || (known?.former === null && former !== undefined)) {
    const mark: Mark = {
      taskId: scope.input.taskId,
      subtaskId: scope.input.subtaskId,
      installed: nvra(wanted),
      former: former === undefined ? null : packageFileName(former),
      home: row.home,
      homeExisted: isOf(known, scope) ? known?.homeExisted !== false : found.home,
      absentFolders: isOf(known, scope) ? (known?.absentFolders ?? []) : found.absent,
    };
    await writeJson(host, marked, mark);
  }
  if (former !== undefined) scope.log.info(say('package.willBeReplaced', { former: nvra(former) }));
  scope.log.info(
    uploaded
      ? say('package.sent', { file: row.fileName, size: row.size })
      : say('package.onHost', { file: row.fileName }),
  );

  const words = ['-Uvh', '--oldpackage', path];
  const result = await rpm(scope, 'rpm', words, () => isInstalled(host, wanted), true);
  if (result !== undefined && result.exitCode !== 0 && !(await isInstalled(host, wanted))) {
    const said = say('rpm.ended', { exitCode: result.exitCode, said: result.output.trim().slice(-1_000) });
    const next = say('next.repairRpm');
    throw trouble(host.ip, tried, 'RpmFailed', 'COM10999', said, next);
  }
  if (result !== undefined && /scriptlet failed/.test(result.output)) {
    // rpm ends with 0 all the same.
    scope.log.warn(say('rpm.scriptletFailed'));
  }
}

async function verify(host: Host, service: InstalledService, row: InstallablePackage): Promise<void> {
  const wanted = partOf(row);
  const tried = say('package.verify', { file: row.fileName });
  const program = `${row.home}/bin/${service.program}`;
  const listed = await isInstalled(host, wanted);
  // Not -x, which a file system mounted noexec denies; that was looked at before.
  const { exitCode, stdout } = await host.sh(
    `[ -f ${quote(program)} ] && exec find -L ${quote(program)} -maxdepth 0 -perm /111`,
  );
  if (!listed) {
    const text = say('rpm.notListed');
    throw trouble(host.ip, tried, 'RpmNotListed', 'COM10999', text, say('next.checkRpmDatabase'));
  }
  if (exitCode !== 0 || stdout.trim() === '') {
    const next = say('next.rpmVerify', { package: nvra(wanted) });
    throw trouble(host.ip, tried, 'ProgramMissing', 'COM10999', say('package.noProgram', { program }), next);
  }
}

/** Nothing in a home on a file system mounted noexec can be started, which is said before anything is installed there. */
async function refuseNoexec(host: Host, row: InstallablePackage): Promise<void> {
  const { point, options } = await host.mountOf(row.home);
  if (!options.includes('noexec')) return;
  const text = say('host.noexec', { point, home: row.home });
  const next = say('next.takeNoexecOff', { point });
  throw trouble(host.ip, installing(row), 'HomeNoexec', 'CMP07050', text, next);
}

/** This very package is installed, and no living service is touched for it. */
export async function installPackage(
  scope: SubtaskScope,
  service: InstalledService,
  row: InstallablePackage,
): Promise<void> {
  const host = await scope.host();
  const wanted = partOf(row);
  const installed = await host.rpmQuery(row.name);
  await refuseNoexec(host, row);
  if (holds(installed, wanted)) {
    const bad = await damage(host, wanted);
    if (bad.length === 0) {
      scope.log.info(say('package.installedWhole', { package: nvra(wanted) }));
      await verify(host, service, row);
      return;
    }
    const text = say('package.damaged', { package: nvra(wanted), files: bad.slice(0, 5).join('; ') });
    const next = say('next.eraseDamaged', { package: nvra(wanted), home: row.home });
    throw trouble(host.ip, installing(row), 'PackageDamaged', 'PKG10012', text, next);
  }
  const found = await lookAtFolders(host, service, row);
  await refuseLiveHome(scope, host, service, row, found);
  await makeDir(host, serviceDir(service), taskDir(scope.input.taskId));
  await install(scope, host, row, service, installed[0], found);
  await verify(host, service, row);
  scope.log.info(say('package.installed', { package: nvra(wanted), home: row.home }));
}

/** Removes what this subtask installed, or puts the former package back; nothing when it installed nothing. */
export async function uninstallPackage(scope: SubtaskScope, service: InstalledService): Promise<void> {
  const host = await scope.host();
  const marked = markOf(service);
  const mark = await readJson<Mark>(host, marked);
  if (!isOf(mark, scope) || mark?.installed === undefined || mark.home === undefined) {
    // Made before the package was sent; it holds something when somebody else's mark is in it.
    await host.sh(`rmdir -- ${serviceDir(service)} 2>/dev/null`);
    scope.log.info(say('package.nothingToUndo'));
    return;
  }
  const look = await lookForService(host, mark.home, service.program);
  if (look.own.length > 0) {
    const text = say('process.livesIn', { processes: look.own.map(processText), home: mark.home });
    const next = say('next.stopAndRollBack');
    throw trouble(
      host.ip,
      say('package.remove', { package: mark.installed }),
      'LiveHome',
      'ODP21114',
      text,
      next,
    );
  }
  if (typeof mark.former === 'string') await restore(scope, host, mark.installed, mark.former);
  else {
    const next = say('next.repairRpmAndRollBack');
    await erase(scope, host, mark.installed, { name: 'rollback-erase', next });
  }
  if (mark.homeExisted === false && DELETABLE.test(mark.home)) {
    // Made by this task: log and configuration in it are those of the service that is being undone.
    await removeBy(host, `rm -rf -- ${quote(mark.home)}`, mark.home);
    scope.log.info(say('host.removed', { path: mark.home }));
  }
  await forgetPackage(scope, host, service, mark.home, mark);
}

function isOf(mark: Partial<Mark> | undefined, { input }: SubtaskScope): boolean {
  return mark?.taskId === input.taskId && mark.subtaskId === input.subtaskId;
}

/** Puts the former package back over ours, from the store. */
async function restore(scope: SubtaskScope, host: Host, installed: string, former: string): Promise<void> {
  const tried = say('package.putBack', { former, installed });
  const row = await scope.store.packages.findByFileName(former);
  if (row === undefined) {
    const next = say('next.uploadAndRollBack', { file: former });
    throw trouble(host.ip, tried, 'FormerPackageMissing', 'PKG10014', say('package.formerMissing'), next);
  }
  const path = `${taskDir(scope.input.taskId)}/${row.sha256}.rpm`;
  await host.uploadFile(storedPackage(scope.config.dataDir, row.sha256), row.sha256, path);
  const wanted = former.replace(/\.rpm$/, '');
  const back = () => lists(host, row.name, wanted);
  const said = await rpmAgain(scope, 'rollback-restore', ['-Uvh', '--oldpackage', path], back);
  if (said !== undefined) {
    const next = say('next.repairRpmAndRollBack');
    throw trouble(host.ip, tried, 'RpmFailed', 'COM10999', said, next);
  }
  scope.log.info(say('package.installedAgain', { package: wanted }));
}
