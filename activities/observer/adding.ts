/** ADD SERVER: asked first, acted, asked again; one statement at a time in a cluster. */
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { addServerSql, type ClusterServer, cancelDeleteServerSql } from '../../oceanbase/clusterSql';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { couldNotAsk, isUnanswered, SqlError } from '../../oceanbase/sqlSession';
import { PermanentError, saidOf, TransientError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { inTurn, STATEMENT_MS, withCluster } from '../cluster/cluster';
import type { SubtaskScope } from '../types';
import { listedServer, type ObserverInstance } from './observer';
import { processLives } from './process';

const TRIED = say('observer.add');

/** Statements or looks in one run before it is given up; a keeper or a person may be starting the observer meanwhile. */
const ASKS = 4;

function refuse(observer: ObserverInstance, type: string, code: string, cameBack: Said, next: Text) {
  return new PermanentError({ type, code, tried: TRIED, where: observer.address, cameBack, next });
}

/** The server as its cluster lists it. */
export async function listed(
  session: ClusterSession,
  observer: ObserverInstance,
): Promise<ClusterServer | undefined> {
  return listedServer(await session.servers(), observer.server);
}

function sayListed(
  { log }: SubtaskScope,
  { address, cluster }: ObserverInstance,
  found: ClusterServer,
): void {
  log.info(
    say('observer.listed', { address, cluster: cluster.name, zone: found.zone, status: found.innerStatus }),
  );
}

/**
 * A statement whose answer was lost may still have its effect, or have it later: who knows asks again. ADD SERVER also ends with
 * a time-out when the new server does not answer the root service.
 */
export async function send(scope: SubtaskScope, session: ClusterSession, sql: string): Promise<void> {
  scope.log.info(sql);
  try {
    await session.alter(sql);
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    scope.signal.throwIfAborted();
    scope.log.warn(say('observer.noAnswer', { said: saidOf(error) }));
  }
}

/** True when the server is listed in its zone and is not being deleted; else acts once. */
async function addOnce(
  scope: SubtaskScope,
  session: ClusterSession,
  observer: ObserverInstance,
): Promise<boolean> {
  const { server, cluster } = observer;
  const before = await listed(session, observer);
  if (before !== undefined && before.zone !== server.zone) {
    const text = say('observer.inOtherZone', { other: before.zone, zone: server.zone });
    throw refuse(observer, 'InOtherZone', 'OBE11021', text, say('next.deleteThereFirst'));
  }
  if (before?.innerStatus === 'DELETING') {
    // Only the deletion that the undo of this very task began may be taken back: others are somebody's decision.
    if (server.status !== 'DELETING') {
      const next = say('next.cancelDeletionOrWait', { address: observer.address });
      throw refuse(
        observer,
        'ServerDeleting',
        'OBE19003',
        say('observer.beingDeleted', { cluster: cluster.name }),
        next,
      );
    }
    await send(scope, session, cancelDeleteServerSql(server, server.zone));
    await scope.store.obServers.updateStatus(server.id, ['DELETING'], 'CREATING');
    return false;
  }
  if (before !== undefined) {
    sayListed(scope, observer, before);
    return true;
  }
  try {
    await send(scope, session, addServerSql(server, server.zone));
  } catch (error) {
    // A repeated statement meets the one whose answer was lost: the list decides, not the error.
    if (!(error instanceof SqlError) || (await listed(session, observer)) === undefined) throw error;
    scope.log.warn(say('observer.listedDespite', { errno: error.errno }));
  }
  return false;
}

/** After the statement: whether the server is listed; false also when this session cannot be asked any more. */
async function isListedNow(
  scope: SubtaskScope,
  session: ClusterSession,
  observer: ObserverInstance,
): Promise<boolean> {
  try {
    const now = await listed(session, observer);
    if (now?.zone !== observer.server.zone || now.innerStatus === 'DELETING') return false;
    sayListed(scope, observer, now);
    return true;
  } catch (error) {
    if (!couldNotAsk(error)) throw error;
    return false;
  }
}

/** The server is listed in its zone, and is not being deleted. */
export async function addToCluster(outside: SubtaskScope, observer: ObserverInstance): Promise<void> {
  await inTurn(outside, observer.cluster.id, async (scope) => {
    for (let asks = 0; asks < ASKS; asks += 1) {
      const isListed = await withCluster(
        scope,
        observer.cluster,
        TRIED,
        async (session) => (await addOnce(scope, session, observer)) || isListedNow(scope, session, observer),
        STATEMENT_MS,
      );
      if (isListed) return;
      await scope.pause(500);
    }
    if ((await processLives(scope, observer)) === false) {
      const text = say('observer.processGone');
      const { home } = observer.layout;
      const next = say('next.startObserver', { home, user: RUN_USER });
      throw refuse(observer, 'ObserverGone', 'OBE19002', text, next);
    }
    throw new TransientError({
      type: 'ServerNotListed',
      code: 'OBE19002',
      tried: TRIED,
      where: observer.address,
      cameBack: say('observer.notListed', { cluster: observer.cluster.name }),
      next: say('next.askedAgain'),
    });
  });
}
