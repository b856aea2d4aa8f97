import { type ClusterServer, isServing } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
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

function state(server: ClusterServer | undefined): Text {
  if (server === undefined) return say('observer.unlisted');
  const since =
    server.startTime === null
      ? say('observer.notYetServing')
      : say('observer.servingSince', { since: server.startTime });
  const stopped = server.stopTime === null ? '' : say('observer.stoppedAt', { time: server.stopTime });
  return say('observer.state', { status: server.innerStatus, since, stopped });
}

function refuse(member: ClusterMember, cameBack: Said, next: Text): PermanentError {
  return new PermanentError({
    type: 'ObserverNotActive',
    code: 'OBE19004',
    tried: say('observer.waitServing'),
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
      const server = await withCluster(scope, member.cluster, say('observer.askState'), async (session) =>
        listedServer(await session.servers(), member.server),
      );
      const now = say('observer.stateOf', { address: member.address, state: state(server) });
      const serves = server !== undefined && isServing(server);
      if (serves || (seen !== undefined && now.en !== seen)) scope.log.info(now);
      seen = now.en;
      if (serves) return undefined;
      if (server?.innerStatus === 'DELETING') {
        const next = say('next.cancelDeletion');
        throw refuse(member, say('observer.somebodyDeletes'), next);
      }
      if (observer !== undefined && asks % PROCESS_EVERY === PROCESS_EVERY - 1) {
        gone = (await processLives(scope, observer)) === false ? gone + 1 : 0;
        if (gone >= GONE_LOOKS) {
          const text = say('observer.goneWhile', { state: state(server) });
          throw refuse(member, text, say('next.lookAtObserverLog', { home: observer.layout.home }));
        }
      }
      if (gone === 0 && Date.now() - started > QUICK_MS) scope.notYet(now);
      await scope.pause(Math.min(100 * 1.5 ** asks, PAUSE_MS));
    }
  },
});
