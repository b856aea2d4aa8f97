/** Removing the package of a service, and what its scripts have made outside of its home. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { say, type Text } from '../../runtime/messages/catalogue';
import { readJson } from '../places';
import type { SubtaskScope } from '../types';
import { DELETABLE, type Mark, markOf, serviceDir, trouble } from './packageMark';
import { isInstalled, lists, nameOf, nvra, partOf, rpmAgain } from './rpmCommands';
import type { InstallablePackage, InstalledService } from './service';
import { lookForService, processText } from './serviceProcesses';

const FOLDER = /^(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;

export async function erase(
  scope: SubtaskScope,
  host: Host,
  installed: string,
  { name, next }: { readonly name: string; readonly next: Text },
): Promise<void> {
  const absent = async () => !(await lists(host, nameOf(installed), installed));
  const said = await rpmAgain(scope, name, ['-e', installed], absent);
  if (said !== undefined) {
    throw trouble(
      host.ip,
      say('package.remove', { package: installed }),
      'RpmFailed',
      'COM10999',
      said,
      next,
    );
  }
  scope.log.info(say('package.erased', { package: installed }));
}

/** What scripts of the package have made outside of the home, and the mark. */
export async function forgetPackage(
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
  const tried = say('package.remove', { package: nvra(wanted) });
  const { all, home } = await lookForService(host, row.home, service.program);
  const living = all.filter(({ cwd, exe }) =>
    [cwd, exe].some((path) => path === home || path.startsWith(`${home}/`)),
  );
  if (living.length > 0) {
    const text = say('process.livesIn', { processes: living.map(processText), home });
    throw trouble(host.ip, tried, 'LiveHome', 'ODP21114', text, say('next.stopAndRetry'));
  }
  if (await isInstalled(host, wanted)) {
    await erase(scope, host, nvra(wanted), {
      name: 'erase',
      next: say('next.repairRpm'),
    });
  } else scope.log.info(say('package.notInstalled', { package: nvra(wanted) }));
  if (DELETABLE.test(home)) {
    const { stdout } = await host.sh(
      `[ -d ${quote(home)} ] || exit 0
       find ${quote(home)} -xdev -depth -type d -empty -delete
       [ -d ${quote(home)} ] && cd ${quote(home)} && ls -A | head -n 20; exit 0`,
    );
    const left = stdout.trim().split('\n').filter(Boolean);
    if (left.length > 0) {
      scope.log.warn(say('home.othersFiles', { home, names: left.join(', ') }));
    }
  }
  await forgetPackage(scope, host, service, row.home, await readJson<Mark>(host, markOf(service)));
}

/** Links of the folder into the home that lead nowhere since the package is gone; all others stay. */
export async function removeDeadLinks(
  scope: SubtaskScope,
  host: Host,
  folder: string,
  home: string,
): Promise<void> {
  const { exitCode, stdout, stderr } = await host.sh(`
    cd ${quote(folder)} 2>/dev/null || exit 0
    for link in * .[!.]*; do
      [ -L "$link" ] && [ ! -e "$link" ] || continue
      case $(readlink -- "$link") in ${quote(home)}/*) rm -f -- "$link" && echo "$link" || exit 1 ;; esac
    done`);
  if (exitCode !== 0) scope.log.warn(say('package.linksLeft', { folder, said: stderr.trim().slice(0, 300) }));
  const links = stdout.trim().split('\n').filter(Boolean);
  if (links.length > 0) scope.log.info(say('package.linksRemoved', { count: links.length, folder }));
}
