/**
 * The planned stop of a server on which tenants live (OceanBase documentation, "Restart a node"): STOP SERVER moves its
 * leaders away, a minor freeze shortens the next start, and START SERVER lets clients come back.
 */

import type { Host } from '../../hosts/types';
import {
  type ClusterServer,
  durationSeconds,
  minorFreezeSql,
  startServerSql,
  stopServerSql,
} from '../../oceanbase/clusterSql';
import { SqlError } from '../../oceanbase/sqlSession';
import { saidOf, TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { inTurn, STATEMENT_MS, withCluster } from '../cluster/cluster';
import { troubleOn } from '../host/trouble';
import type { SubtaskScope } from '../types';
import { listedServer, type ObserverInstance } from './observer';

/** The documented timeout of the restart: so long the server may be away. */
const AWAY_SECONDS = 1_200;
const OFFLINE_TIME = 'server_permanent_offline_time';
/** OB_TIMEOUT: the outcome is unknown, so it is asked for again. */
const TIMEOUT = 4012;

/** How many units of tenants live on the server; 0 when its version does not tell. */
export async function unitsOn(scope: SubtaskScope, observer: ObserverInstance): Promise<number> {
  const units = await withCluster(scope, observer.cluster, say('observer.askUnits'), (session) =>
    session.units(observer.server),
  );
  if (units === undefined) {
    scope.log.warn(say('observer.noUnits'));
  }
  return units ?? 0;
}

/** One statement about the server, unless `isDone` says that it has taken effect already. */
async function tell(
  scope: SubtaskScope,
  host: Host,
  observer: ObserverInstance,
  { tried, sql, isDone }: { tried: Text; sql: string; isDone?: (server: ClusterServer) => boolean },
): Promise<void> {
  const { cluster, server } = observer;
  await inTurn(scope, cluster.id, () =>
    withCluster(
      scope,
      cluster,
      tried,
      async (session) => {
        const listed = listedServer(await session.servers(), server);
        if (listed === undefined) {
          const text = say('observer.noServerOf', { cluster: cluster.name });
          throw troubleOn(host, tried, 'NotInCluster', text, say('next.lookAtCluster'), 'OBE19003');
        }
        if (isDone?.(listed) === true) return;
        scope.log.info(sql);
        try {
          await session.alter(sql);
        } catch (error) {
          if (!(error instanceof SqlError)) throw error;
          const cameBack = say('sql.error', { errno: error.errno, text: error.message });
          if (error.errno === TIMEOUT) {
            const next = say('next.askedWhetherDone');
            throw new TransientError({
              type: 'StatementTimeout',
              tried,
              where: cluster.name,
              cameBack,
              next,
            });
          }
          const next = say('next.startOthers');
          throw troubleOn(host, tried, 'ObClusterRefused', cameBack, next, 'OBE19003');
        }
      },
      STATEMENT_MS,
    ),
  );
}

/** Throws while the cluster would replace the server's replicas before it is back. */
async function refuseShortAbsence(
  scope: SubtaskScope,
  host: Host,
  observer: ObserverInstance,
): Promise<void> {
  const tried = say('observer.askFor', { name: OFFLINE_TIME });
  const value = await withCluster(scope, observer.cluster, tried, (session) =>
    session.parameter(OFFLINE_TIME),
  );
  if (value === undefined) return;
  const seconds = durationSeconds(value);
  if (seconds === undefined || seconds >= AWAY_SECONDS) return;
  const text = say('observer.offlineTooShort', { name: OFFLINE_TIME, value });
  const next = say('next.setOfflineTime', { name: OFFLINE_TIME });
  throw troubleOn(host, say('observer.stopWithUnits'), 'OfflineTimeTooShort', text, next, 'OBE19003');
}

/** STOP SERVER, which ends when the leaders have moved, and a minor freeze. May be repeated. */
export async function stopServer(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { server, cluster } = observer;
  await refuseShortAbsence(scope, host, observer);
  await tell(scope, host, observer, {
    tried: say('observer.moveLeaders'),
    // Sent again although it is stopped: only the statement's end says that the leaders have moved.
    sql: stopServerSql(server, server.zone),
  });
  const freeze = minorFreezeSql(server);
  try {
    scope.log.info(freeze);
    await withCluster(
      scope,
      cluster,
      say('observer.freeze'),
      (session) => session.alter(freeze),
      STATEMENT_MS,
    );
  } catch (error) {
    scope.signal.throwIfAborted();
    const text = saidOf(error);
    scope.log.warn(say('observer.readsMoreLog', { said: text }));
  }
}

/** START SERVER for a server that this task has stopped. May be repeated. */
export function startServer(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { server } = observer;
  return tell(scope, host, observer, {
    tried: say('observer.letBack'),
    sql: startServerSql(server, server.zone),
    isDone: ({ stopTime }) => stopTime === null,
  });
}
