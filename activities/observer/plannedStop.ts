/**
 * The planned stop of a server on which tenants live (OceanBase documentation, "Restart a node"): STOP SERVER moves its
 * leaders away, a minor freeze shortens the next start, and START SERVER lets clients come back.
 */

import { durationSeconds, minorFreezeSql, startServerSql, stopServerSql } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { STATEMENT_MS, withCluster } from '../cluster/cluster';
import { freezeIfAnswered, freezeOnce, frozen } from '../cluster/freeze';
import type { SubtaskScope } from '../types';
import type { ClusterMember, ObserverInstance } from './observer';
import { readStopNote, writeStopNote } from './stopNote';
import { tellCluster } from './tell';

/** The documented timeout of the restart: so long the server may be away. */
const AWAY_SECONDS = 1_200;
const OFFLINE_TIME = 'server_permanent_offline_time';

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

/** What the parameter says, and in seconds; undefined when there is none that can be read. */
export async function offlineTime(
  scope: SubtaskScope,
  { cluster }: ClusterMember,
): Promise<{ readonly value: string; readonly seconds: number } | undefined> {
  const value = await withCluster(scope, cluster, say('observer.askFor', { name: OFFLINE_TIME }), (session) =>
    session.parameter(OFFLINE_TIME),
  );
  const seconds = value === undefined ? undefined : durationSeconds(value);
  return value === undefined || seconds === undefined ? undefined : { value, seconds };
}

/** Throws while the cluster would replace the server's replicas before it is back. */
export async function refuseShortAbsence(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const offline = await offlineTime(scope, member);
  if (offline === undefined || offline.seconds >= AWAY_SECONDS) return;
  throw new PermanentError({
    type: 'OfflineTimeTooShort',
    code: 'OBE19003',
    tried: say('observer.stopWithUnits'),
    where: member.address,
    cameBack: say('observer.offlineTooShort', { name: OFFLINE_TIME, value: offline.value }),
    next: say('next.setOfflineTime', { name: OFFLINE_TIME }),
  });
}

/** STOP SERVER, which ends when the leaders have moved, and a minor freeze. May be repeated: each is asked about before it is sent. */
export async function stopServer(scope: SubtaskScope, observer: ObserverInstance): Promise<void> {
  const { server, cluster } = observer;
  await refuseShortAbsence(scope, observer);
  await tellCluster(scope, observer, {
    tried: say('observer.moveLeaders'),
    sql: stopServerSql(server, server.zone),
    isDone: async ({ stopTime }, session) => stopTime !== null && (await session.leaders(server)) === 0,
  });
  const ask = <T>(work: Parameters<typeof withCluster<T>>[3]) =>
    withCluster(scope, cluster, say('observer.freeze'), work, STATEMENT_MS);
  const sql = minorFreezeSql(server);
  const host = await scope.hostById(server.hostId ?? 0);
  const known = await readStopNote(scope, host, observer);
  await freezeIfAnswered(scope, () =>
    freezeOnce(scope, {
      ...{ sql, note: known },
      save: (note) => writeStopNote(scope, host, observer, { servingSince: null, ...known, ...note }),
      time: () => ask((session) => session.time()),
      send: () => ask((session) => session.alter(sql)),
      look: (since) => ask(async (session) => frozen(await session.checkpoint(server), since)),
    }),
  );
}

/** START SERVER for a server that this task has stopped. May be repeated. */
export function startServer(scope: SubtaskScope, observer: ClusterMember): Promise<void> {
  const { server } = observer;
  return tellCluster(scope, observer, {
    tried: say('observer.letBack'),
    sql: startServerSql(server, server.zone),
    isDone: ({ stopTime }) => stopTime === null,
  });
}
