/** What stays of a stopped proxy on its host, and what of it goes when the proxy is deleted. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { PermanentError, type Trouble } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { removeDeadLinks, uninstallService } from '../host/packageRemoval';
import { KEEPER_DIR } from '../places';
import type { SubtaskScope } from '../types';
import { lookForProxies, processText } from './process';
import { homeOf, type ObproxyInstance, packageOf } from './proxy';
import { obproxyInstallation } from './service';

/**
 * What OBProxy and obflow write into a home (OBProxy 4.3.1, observed); the package's own files go with the package, and what
 * somebody else has put there stays.
 */
const WRITTEN = 'etc upgrade.obflow-* log .conf control-config sharding-config minidump core core.* core-*';

function refuse(host: Host, home: string, cameBack: Trouble['cameBack'], next: Text): PermanentError {
  return new PermanentError({
    type: 'HomeNotRemovable',
    code: 'ODP21114',
    tried: say('obproxy.removeFiles', { home }),
    where: host.ip,
    cameBack,
    next,
  });
}

/** Removes configuration, logs and traces of a stopped proxy; of one that was taken over only what obflow has put there. */
export async function cleanFiles(scope: SubtaskScope, host: Host, proxy: ObproxyInstance): Promise<void> {
  const recorded = await homeOf(scope, proxy);
  if (proxy.server.adopted === null) {
    await cleanHome(scope, host, recorded);
    await cleanFormerPackage(scope, host, proxy, recorded);
  } else {
    scope.log.warn(say('obproxy.notOurs', { home: recorded, ip: host.ip }));
  }
  // The mark of the package is needed until that is gone.
  await host.sh(
    `cd ${KEEPER_DIR} 2>/dev/null && find . -mindepth 1 ! -name package.json -delete; rmdir ${KEEPER_DIR} 2>/dev/null; :`,
  );
}

async function cleanHome(scope: SubtaskScope, host: Host, recorded: string): Promise<void> {
  const { home, all } = await lookForProxies(host, recorded);
  if (!/^\/[^/]+\/./.test(home)) {
    throw refuse(host, home, say('home.tooShort'), say('next.correctRecord'));
  }
  const living = all.filter(({ cwd }) => cwd === home || cwd.startsWith(`${home}/`));
  if (living.length > 0) {
    const text = say('process.worksThere', { processes: living.map(processText) });
    throw refuse(host, home, text, say('next.endAndRetry'));
  }
  const { exitCode, stderr } = await host.sh(
    `[ -d ${quote(home)} ] || exit 0
     cd -P ${quote(home)} || exit
     [ "$(pwd -P)" = ${quote(home)} ] || { echo "it is $(pwd -P)" >&2; exit 1; }
     [ "$(stat -c %d .)" = "$(stat -c %d ..)" ] || { echo 'it is a mount point' >&2; exit 1; }
     rm -rf --one-file-system -- ${WRITTEN}`,
    { timeoutMs: 600_000 },
  );
  if (exitCode !== 0) {
    throw refuse(host, home, stderr.trim().slice(0, 500), say('next.repairOrClean'));
  }
  scope.log.info(say('home.cleaned', { home }));
}

/**
 * An upgrade leaves the proxy in its home and rpm with the folder of the newer package: program and libraries in the home are
 * no package's then, and go with the proxy.
 */
async function cleanFormerPackage(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const { home: packageHome } = await packageOf(scope, proxy);
  if (packageHome === home || (await host.rpmOwner(`${home}/bin/obproxy`)) !== undefined) return;
  const { exitCode, stdout, stderr } = await host.sh(
    `[ -d ${quote(home)} ] || exit 0
     cd -P ${quote(home)} && rm -rf --one-file-system -- bin lib || exit
     find . -xdev -depth -type d -empty -delete 2>/dev/null
     cd / && { rmdir ${quote(home)} 2>/dev/null || ls -A ${quote(home)} | head -n 20; }`,
    { timeoutMs: 600_000 },
  );
  if (exitCode !== 0) throw refuse(host, home, stderr.trim().slice(0, 500), say('next.repairOrClean'));
  const left = stdout.trim().split('\n').filter(Boolean);
  if (left.length > 0) scope.log.warn(say('home.othersFiles', { home, names: left.join(', ') }));
  const { linkFolder } = obproxyInstallation;
  if (linkFolder !== undefined) await removeDeadLinks(scope, host, linkFolder, home);
}

/** Removes the package of a proxy that obflow has installed. */
export async function removePackage(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  if (proxy.server.adopted !== null) {
    scope.log.info(say('package.notOurs'));
    return;
  }
  await uninstallService(scope, obproxyInstallation, await packageOf(scope, proxy));
}

/** What a person finds on a host that was not contacted. */
export async function remains(scope: SubtaskScope, proxy: ObproxyInstance): Promise<Text> {
  const { ip } = proxy.server;
  return say('host.remains', { ip, home: await homeOf(scope, proxy), folder: KEEPER_DIR });
}
