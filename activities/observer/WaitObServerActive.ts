import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import { type ClusterMember, listedServer, memberOf, OBSERVER, placeOf } from './observer';
import { processLives } from './process';

/** A server mostly serves within seconds; what takes longer is waited for without a worker. */
const QUICK_MS = 10_000;
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

function refuse(member: ClusterMember, cameBack: string, next: string): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: 'wait until the observer serves',
    where: member.address,
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
    const member = await memberOf(scope);
    const observer = await placeOf(scope, member);
    const started = Date.now();
    let gone = 0;
    let seen: string | undefined;
    for (let asks = 0; ; asks += 1) {
      const server = await withCluster(
        scope,
        member.cluster,
        'ask for the state of the server',
        async (session) => listedServer(await session.servers(), member.server),
      );
      const now = `${member.address}: ${state(server)}`;
      const serves = server !== undefined && isServing(server);
      if (serves || (seen !== undefined && now !== seen)) scope.log.info(now);
      seen = now;
      if (serves) return undefined;
      if (server?.innerStatus === 'DELETING') {
        const next = 'Cancel the deletion (CANCEL DELETE SERVER) and retry.';
        throw refuse(member, 'somebody is deleting it', next);
      }
      if (observer !== undefined && asks % PROCESS_EVERY === PROCESS_EVERY - 1) {
        gone = (await processLives(scope, observer)) === false ? gone + 1 : 0;
        if (gone >= GONE_LOOKS) {
          const text = `its process is gone (${state(server)})`;
          throw refuse(member, text, `Look at ${observer.layout.home}/log/observer.log and retry.`);
        }
      }
      if (gone === 0 && Date.now() - started > QUICK_MS) scope.notYet(now);
      await scope.pause(Math.min(100 * 1.5 ** asks, PAUSE_MS));
    }
  },
});
