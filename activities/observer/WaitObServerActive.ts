import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import { listedServer, OBSERVER, type ObserverInstance, observerOf } from './observer';
import { processLives } from './process';

/** Somewhat less than the documented 1800 s, so that this text is the one that is read. */
const PATIENCE_MS = 1_770_000;
const PAUSE_MS = 2_000;
/** The process is looked at every so many questions to the cluster. */
const PROCESS_EVERY = 5;
/** A restart by a keeper or an operator may be under way. */
const GONE_LOOKS = 3;

function state(server: ClusterServer | undefined): string {
  if (server === undefined) return 'not listed';
  const since = server.startTime === null ? 'does not serve yet' : `serves since ${server.startTime}`;
  return `${server.innerStatus}, ${since}${server.stopTime === null ? '' : `, stopped at ${server.stopTime}`}`;
}

function refuse(observer: ObserverInstance, cameBack: string, next: string): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: 'wait until the observer serves',
    where: observer.address,
    cameBack,
    next,
  });
}

/** "Wait observer active": until the cluster says that it serves, by the rule of its version. */
export const WaitObServerActive = subtask({
  name: 'Wait observer active',
  className: 'server.WaitObServerActiveTask',
  timeout: 1800,
  waits: true,
  needs: OBSERVER,

  async run(scope) {
    const observer = await observerOf(scope);
    const started = Date.now();
    let said = '';
    let gone = 0;
    for (let asks = 0; ; asks += 1) {
      const server = await withCluster(
        scope,
        observer.cluster,
        'ask for the state of the server',
        async (session) => listedServer(await session.servers(), observer.server),
      );
      const now = state(server);
      if (now !== said) scope.log.info(`${observer.address}: ${now}`);
      said = now;
      if (server !== undefined && isServing(server)) return undefined;
      if (server?.innerStatus === 'DELETING') {
        throw refuse(
          observer,
          'somebody is deleting it',
          'Cancel the deletion (CANCEL DELETE SERVER) and retry.',
        );
      }
      if (asks % PROCESS_EVERY === PROCESS_EVERY - 1) {
        gone = (await processLives(scope, observer)) === false ? gone + 1 : 0;
        if (gone >= GONE_LOOKS) {
          const text = `its process is gone (${now})`;
          throw refuse(observer, text, `Look at ${observer.layout.home}/log/observer.log and retry.`);
        }
      }
      if (Date.now() - started > PATIENCE_MS) {
        throw refuse(observer, `after ${PATIENCE_MS / 60_000} min: ${now}`, 'Look at its log and retry.');
      }
      await scope.pause(Math.min(100 * 1.5 ** asks, PAUSE_MS));
    }
  },
});
