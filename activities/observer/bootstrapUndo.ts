/**
 * What must be known before the undo of a BOOTSTRAP stops and empties the servers: that no user has a tenant there. Once the
 * statement may have been sent, a server that cannot be asked may be one of a cluster that somebody works with.
 */
import { isDenied } from '../../contact/workingSecret';
import { SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { addressText } from '../../runtime/addressText';
import { PermanentError, saidOf } from '../../runtime/errors';
import { joined, type Said, say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { ClusterBootstrap, ObClusterRow } from '../../store/types';
import { creationByTask } from '../cluster/brought';
import { withCluster } from '../cluster/cluster';
import { isOwnPort } from '../host/serviceProcesses';
import { onHost } from '../onHost';
import type { SubtaskScope } from '../types';
import { TOGETHER } from './beforeBootstrap';
import { AFTER_RESTART_MS, ANSWER_MS, atServer, firstServers, hadStatement } from './bootstrap';
import { startedByTask } from './firstStart';
import type { HostedObserver } from './observer';
import { launchObserver, lookForObservers, lookPause, observerListening } from './process';

const TRIED = say('bootstrap.undo');

/** What a server says: whose tenants it has, that it is of no cluster, that it does not let root in, or nothing. */
type Answer =
  | { readonly kind: 'tenants'; readonly names: readonly string[] }
  | { readonly kind: 'noCluster' }
  | { readonly kind: 'denied' | 'silent'; readonly said: Said };

async function ask(scope: SubtaskScope, cluster: ObClusterRow, observer: HostedObserver): Promise<Answer> {
  try {
    const names = await atServer(scope, cluster, observer, ANSWER_MS, (session) =>
      session.tenantNamesIfAny(),
    );
    return names === undefined ? { kind: 'noCluster' } : { kind: 'tenants', names };
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof SqlError || error instanceof SqlConnectionError)) throw error;
    const { ip, sqlPort } = observer.server;
    const said = saidOf(error);
    if (error instanceof SqlConnectionError) return { kind: 'silent', said };
    const at = addressText(ip, sqlPort);
    return { kind: isDenied(error) ? 'denied' : 'silent', said: say('sql.silent', { at, said }) };
  }
}

function untold(cluster: ObClusterRow, said: readonly Said[]): PermanentError {
  return new PermanentError({
    type: 'TenantsUntold',
    code: 'OBE11007',
    tried: TRIED,
    where: cluster.name,
    cameBack: say('bootstrap.untold', { said: joined(said, 'list.comma') }),
    next: say('bootstrap.nextUntold'),
  });
}

/** Tenants of whichever server tells; one that lets nobody in has been somebody's since. */
function namesTold(cluster: ObClusterRow, answers: readonly Answer[]): readonly string[] | undefined {
  const told = answers.find(({ kind }) => kind === 'tenants');
  if (told?.kind === 'tenants') return told.names;
  const denied = answers.flatMap((one) => (one.kind === 'denied' ? [one.said] : []));
  if (denied.length > 0) throw untold(cluster, denied);
  return undefined;
}

/**
 * The statement was not sent, or its undo has stopped servers already: those that do not run need not be asked. Those that do
 * may be a cluster that somebody has made of them by hand.
 */
async function askRunning(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  first: readonly HostedObserver[],
): Promise<readonly string[]> {
  const answers = await someAtATime(first, TOGETHER, async (observer) => {
    const host = await scope.hostById(observer.hostId);
    const look = await lookForObservers(host, observer.layout.home);
    // Another service's port tells nothing of this server.
    return isOwnPort(look, observer.server.sqlPort) ? [await ask(scope, cluster, observer)] : [];
  });
  return namesTold(cluster, answers.flat()) ?? [];
}

/** Starts a server that has gone since (reboot, crash) from what it stored, so that it can be asked. */
async function runs(scope: SubtaskScope, observer: HostedObserver): Promise<Said | undefined> {
  const there = onHost(scope, observer.hostId);
  const host = await there.host();
  const { home } = observer.layout;
  if ((await lookForObservers(host, home)).own.length > 0) return undefined;
  const gone = say('observer.noneWorks', { home });
  if (!(await startedByTask(scope, host, observer)))
    return say('sql.silent', { at: observer.address, said: gone });
  scope.log.warn(gone);
  scope.log.info(say('observer.startingBare'));
  try {
    await launchObserver(there, host, home, 'rollback-start', []);
    await observerListening(there, host, observer);
    return undefined;
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return error.said;
  }
}

/**
 * The statement may have been sent. That no cluster came of it is proved when every server that it lists says so itself: at
 * once where the process has not been another since that had it, else when they have had the time to find each other.
 */
async function askAll(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  first: readonly HostedObserver[],
  bootstrap: ClusterBootstrap,
): Promise<readonly string[]> {
  const down = (await someAtATime(first, TOGETHER, (observer) => runs(scope, observer))).flatMap(
    (said) => said ?? [],
  );
  if (down.length > 0) throw untold(cluster, down);
  const [addressed] = first;
  if (addressed === undefined) throw new RangeError('a cluster has a first server');
  const started = Date.now();
  for (let looks = 0; ; looks += 1) {
    const answers = await someAtATime(first, TOGETHER, (observer) => ask(scope, cluster, observer));
    const names = namesTold(cluster, answers);
    if (names !== undefined) return names;
    const silent = answers.flatMap((one) => (one.kind === 'silent' ? [one.said] : []));
    const isOver = Date.now() - started > AFTER_RESTART_MS;
    if (silent.length > 0) {
      if (isOver) throw untold(cluster, silent);
    } else {
      const host = await scope.hostById(addressed.hostId);
      const [now] = (await lookForObservers(host, addressed.layout.home)).own;
      if (isOver || hadStatement(bootstrap, now)) return [];
    }
    await scope.pause(lookPause(looks));
  }
}

/**
 * What tenants of users have is never wiped.
 *
 * @throws PermanentError TenantsExist; TenantsUntold when nobody can say that there are none, and TransientError of a cluster that
 * was seen and does not answer
 */
export async function refuseUserTenants(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  observers: readonly HostedObserver[],
): Promise<void> {
  const bootstrap = creationByTask(scope, cluster);
  if (bootstrap === undefined) return;
  const { state, stopping = false } = bootstrap;
  const first = firstServers(cluster, observers);
  const names =
    stopping || state === 'NONE' || state === 'UNDONE'
      ? await askRunning(scope, cluster, first)
      : state === 'DONE'
        ? await withCluster(scope, cluster, TRIED, (session) => session.tenantNames())
        : await askAll(scope, cluster, first, bootstrap);
  const others = names.filter((name) => name !== 'sys');
  if (others.length === 0) return;
  throw new PermanentError({
    type: 'TenantsExist',
    code: 'OBE11007',
    tried: TRIED,
    where: cluster.name,
    cameBack: say('bootstrap.tenants', { tenants: others.join(', ') }),
    next: say('bootstrap.nextTenants'),
  });
}
