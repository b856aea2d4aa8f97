/** What goes of a server that has left its cluster, and what of it must stay on the host. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { observerLayout } from '../../oceanbase/observerLayout';
import { touches } from '../../oceanbase/units';
import { PermanentError, saidOf, TransientError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { markOf } from '../host/packageMark';
import { uninstallService } from '../host/packageRemoval';
import { processText } from '../host/serviceProcesses';
import { troublesOf } from '../host/trouble';
import { readJson, removeBy } from '../places';
import type { SubtaskScope } from '../types';
import { type FolderMark, markFile, removeFolders, removeLinks, removeMadeFolders } from './folders';
import { leftText } from './leftFolders';
import { findHome, type HomedObserver } from './life';
import { FORGET_OBSERVER, OBSERVER_DIR, readObserverMark } from './mark';
import { type ClusterMember, listedServer, placeOf } from './observer';
import { lookForObservers, stopObservers } from './process';
import { refuseRestarted } from './processLife';
import { observerInstallation } from './service';

const trouble = troublesOf(say('clean.files'), 'OBE19011');

/** What an observer writes into its home; the package's own files go with the package, and what somebody else has put there stays. */
const WRITTEN = 'etc/observer.config.bin* etc2 etc3 log run audit wallet core core.* core-*';

/**
 * Asked now, and by so many root servers that no other answer can have a majority: none lists the server, and no unit lies
 * on it or comes from it.
 *
 * @throws PermanentError StillInCluster; TransientError when too few answer
 */
export async function proveGone(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const { cluster, server, address } = member;
  const tried = say('clean.prove');
  const asked = cluster.rootServers.filter(
    ({ ip, rpcPort }) => ip !== server.ip || rpcPort !== server.rpcPort,
  );
  let answers = 0;
  let silence: TransientError | PermanentError | undefined;
  for (const root of asked) {
    try {
      const reason = await withCluster(
        scope,
        { ...cluster, rootServers: [root] },
        tried,
        async (session): Promise<Said | undefined> => {
          const listed = listedServer(await session.servers(), server);
          if (listed !== undefined) {
            const { zone, innerStatus: status } = listed;
            return say('observer.stillListed', { cluster: cluster.name, zone, status });
          }
          const units = (await session.placement()).units.filter((unit) => touches(unit, address));
          return units.length > 0 ? say('clean.holdsUnits', { count: units.length }) : undefined;
        },
      );
      if (reason !== undefined) throw stillThere(member, reason);
      answers += 1;
    } catch (error) {
      scope.signal.throwIfAborted();
      const isKnown = error instanceof TransientError || error instanceof PermanentError;
      if (!isKnown || error.type === STILL_THERE) throw error;
      silence = error;
    }
  }
  if (answers * 2 > asked.length) return;
  throw new TransientError({
    type: 'RootServersSilent',
    code: 'OBE11028',
    tried,
    where: cluster.name,
    cameBack: [
      say('clean.tooFewAnswer', { answers, asked: asked.length }),
      ...(silence === undefined ? [] : [saidOf(silence)]),
    ],
    next: say('next.checkCluster'),
  });
}

const STILL_THERE = 'StillInCluster';

function stillThere({ address }: ClusterMember, cameBack: Said): PermanentError {
  return new PermanentError({
    type: STILL_THERE,
    code: 'OBE19003',
    tried: say('clean.prove'),
    where: address,
    cameBack,
    next: say('clean.nextWait'),
  });
}

/** The home of a server that may be down for good; undefined when nobody has ever seen it. */
async function homeOf(
  scope: SubtaskScope,
  host: Host,
  member: ClusterMember,
): Promise<HomedObserver | undefined> {
  const mark = await readObserverMark(host);
  if (mark?.serverId === member.server.id && mark.home !== undefined)
    return { ...member, layout: { home: mark.home } };
  try {
    return await findHome(scope, host, member);
  } catch (error) {
    if (error instanceof PermanentError && error.type === 'HomeUnknown') return undefined;
    throw error;
  }
}

/** Ends the process of the server's home, and makes sure that nobody starts it again. */
export async function endForGood(scope: SubtaskScope, host: Host, member: ClusterMember): Promise<void> {
  const observer = await homeOf(scope, host, member);
  if (observer === undefined) return scope.log.warn(say('clean.noHome', { address: member.address }));
  const { home } = observer.layout;
  const { own, listeners } = await lookForObservers(host, home);
  const strange = own.find(({ pid }) => {
    const ports = listeners.filter((listener) => listener.pid === pid).map(({ port }) => port);
    return ports.length > 0 && !ports.includes(member.server.rpcPort);
  });
  if (strange !== undefined) {
    const text = say('clean.otherObserver', {
      home,
      process: processText(strange),
      port: member.server.rpcPort,
    });
    throw trouble(host, 'OtherObserver', text, say('clean.nextOtherObserver'));
  }
  if (own.length === 0) scope.log.info(say('observer.noneWorks', { home }));
  for (const process of own) scope.log.info(say('observer.stopping', { process: processText(process) }));
  await stopObservers(scope, host, home);
  await refuseRestarted(scope, host, home);
}

/** Whether the folders or the home of the server carry our mark: nothing else is ever removed. */
async function isMarked(host: Host, member: ClusterMember, roots: readonly string[]): Promise<boolean> {
  if ((await readObserverMark(host))?.serverId === member.server.id) return true;
  for (const root of roots) {
    if ((await readJson<FolderMark>(host, markFile(root)))?.serverId === member.server.id) return true;
  }
  return false;
}

/**
 * Removes data, log, configuration and package of a server whose process has ended, by the marks that obflow has left when it
 * made it. Of any other server nothing is removed: what stays is said.
 */
export async function removeFiles(scope: SubtaskScope, host: Host, member: ClusterMember): Promise<void> {
  const { cluster, server, address } = member;
  const observer = await homeOf(scope, host, member);
  const home = observer?.layout.home;
  const layout = observerLayout(cluster.version, home ?? '/', cluster.name);
  if (server.adopted !== null || home === undefined || !(await isMarked(host, member, layout.roots))) {
    const { adopted } = server;
    const about = { address, clusterName: cluster.name };
    scope.log.warn(await leftText(host, { adopted, home: home ?? server.home }, about));
    return;
  }
  const { own } = await lookForObservers(host, home);
  if (own.length > 0) {
    const text = say('process.livesIn', { processes: own.map(processText), home });
    throw trouble(host, 'ObserverLives', text, say('server.endKeeper'));
  }
  const isOurs = (mark: Partial<FolderMark> | undefined) => mark?.serverId === server.id;
  await removeFolders(scope, host, layout, isOurs);
  await removeMadeFolders(host, isOurs);
  await removeLinks(host, layout);
  await cleanHome(host, home);
  scope.log.info(say('home.cleaned', { home }));
  await removePackage(scope, host, member);
  await removeBy(host, FORGET_OBSERVER, OBSERVER_DIR);
}

/** Never the home itself: a short path, a link to somewhere else or a mount point would take others' files along. */
async function cleanHome(host: Host, home: string): Promise<void> {
  if (!/^\/[^/]+\/./.test(home))
    throw trouble(host, 'HomeNotRemovable', say('home.tooShort'), say('next.correctRecord'));
  await removeBy(
    host,
    `[ -d ${quote(home)} ] || exit 0
     cd -P ${quote(home)} || exit
     rm -rf --one-file-system -- ${WRITTEN} || exit
     rmdir store etc 2>/dev/null
     exit 0`,
    home,
  );
}

/** The package goes when obflow has installed it and none was there before. */
async function removePackage(scope: SubtaskScope, host: Host, member: ClusterMember): Promise<void> {
  const mark = await readJson<{ readonly former: string | null }>(host, markOf(observerInstallation));
  const placed = await placeOf(scope, member);
  if (mark === undefined || mark.former !== null || placed === undefined) {
    scope.log.info(say('clean.packageStays'));
    return;
  }
  await uninstallService(scope, observerInstallation, placed.part);
}
