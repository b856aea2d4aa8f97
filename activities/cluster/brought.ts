/** What the subtasks share of tasks that bring a cluster: by taking it over, or by making it. */
import { PROXYRO } from '../../contact/foreignCluster';
import { firstToAnswer } from '../../oceanbase/firstToAnswer';
import { ACCESS_DENIED, type ObserverSession, openObserver } from '../../oceanbase/observerSql';
import { SqlError } from '../../oceanbase/sqlSession';
import { PermanentError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ClusterBootstrap, ClusterOrigin, ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { sqlTrouble } from './cluster';

const ANSWER_MS = 10_000;

/** What this very task has made; undefined when another, or none, has brought the cluster. */
export function madeByTask(scope: SubtaskScope, cluster: ObClusterRow): ClusterOrigin | undefined {
  return cluster.origin?.taskId === scope.input.taskId ? cluster.origin : undefined;
}

/** How far the making of the cluster by this very task is; undefined when it was there before. */
export function creationByTask(scope: SubtaskScope, cluster: ObClusterRow): ClusterBootstrap | undefined {
  return madeByTask(scope, cluster)?.bootstrap;
}

/**
 * A session of a user of the sys tenant; undefined when the login is refused. TransientError OBE11028 when nobody can be
 * asked now, PermanentError OBE11007 when something else is refused.
 */
export async function asUser<T>(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  { credentialId, tried }: { readonly credentialId: number; readonly tried: Text },
  work: (session: ObserverSession, password: string) => Promise<T>,
): Promise<T | undefined> {
  const { username, secret } = await scope.store.credentials.open(credentialId);
  scope.log.hide(secret);
  try {
    const session = await firstToAnswer(cluster.rootServers, scope.signal, ({ ip, sqlPort }) =>
      openObserver({
        ...{ ip, sqlPort, addresses: scope.config.addresses, user: username, password: secret },
        ...{ timeoutMs: ANSWER_MS, signal: scope.signal },
      }),
    );
    try {
      return await work(session, secret);
    } finally {
      session.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof SqlError && error.errno === ACCESS_DENIED) return undefined;
    throw sqlTrouble(error, { cluster, tried, username }) ?? error;
  }
}

/** The same as root@sys, who must be let in. */
export async function asRoot<T>(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  tried: Text,
  work: (session: ObserverSession) => Promise<T>,
): Promise<T> {
  const done = await asUser(
    scope,
    cluster,
    { credentialId: cluster.sysCredentialId, tried },
    async (session) => ({
      value: await work(session),
    }),
  );
  if (done !== undefined) return done.value;
  throw new PermanentError({
    type: 'ObClusterLoginRefused',
    code: 'OBE11101',
    tried,
    where: cluster.name,
    cameBack: say('obTakeOver.rootRefused'),
    next: say('obTakeOver.nextRootPassword'),
  });
}

/** Whether proxyro's stored password lets in. */
export async function proxyroFits(scope: SubtaskScope, cluster: ObClusterRow): Promise<boolean> {
  const tried = say('obTakeOver.proveProxyro', { user: PROXYRO });
  const fits = await asUser(
    scope,
    cluster,
    { credentialId: cluster.proxyroCredentialId, tried },
    async () => true,
  );
  return fits === true;
}
