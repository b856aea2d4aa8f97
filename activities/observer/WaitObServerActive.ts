import type { ClusterServer } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { type ClusterMember, listedServer, membersOf, OBSERVER, placeOf } from './observer';
import { processLives } from './process';
import { isBack } from './processLife';
import { readStopNote } from './stopNote';

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

/** Since when the process that this task has ended had served; undefined when it has ended none, or the host cannot be asked now. */
async function servedBefore(
  scope: SubtaskScope<typeof OBSERVER>,
  member: ClusterMember,
): Promise<string | null | undefined> {
  if (member.server.hostId === null) return undefined;
  const note = await readStopNote(scope, await scope.hostById(member.server.hostId), member);
  return note?.servingSince;
}

async function untilActive(scope: SubtaskScope<typeof OBSERVER>, member: ClusterMember): Promise<void> {
  const placed = await placeOf(scope, member);
  const home = placed?.layout.home ?? member.server.home;
  const before = await servedBefore(scope, member);
  const started = Date.now();
  let gone = 0;
  let seen: string | undefined;
  for (let asks = 0; ; asks += 1) {
    const server = await withCluster(scope, member.cluster, say('observer.askState'), async (session) =>
      listedServer(await session.servers(), member.server),
    );
    const now = say('observer.stateOf', { address: member.address, state: state(server) });
    const serves = isBack(server, before);
    if (serves || (seen !== undefined && now.en !== seen)) scope.log.info(now);
    seen = now.en;
    if (serves) return;
    if (server?.innerStatus === 'DELETING') {
      const next = say('next.cancelDeletion');
      throw refuse(member, say('observer.somebodyDeletes'), next);
    }
    if (home !== null && asks % PROCESS_EVERY === PROCESS_EVERY - 1) {
      gone =
        (await processLives(scope, { server: member.server, layout: { home } })) === false ? gone + 1 : 0;
      if (gone >= GONE_LOOKS) {
        const text = say('observer.goneWhile', { state: state(server) });
        throw refuse(member, text, say('next.lookAtObserverLog', { home }));
      }
    }
    if (gone === 0 && Date.now() - started > QUICK_MS) scope.notYet(now);
    await scope.pause(Math.min(100 * 1.5 ** asks, PAUSE_MS));
  }
}

/**
 * "Wait observer active": until the cluster says that it serves, by the rule of its version, or would if it were not stopped;
 * one that was restarted, since later than before, for the cluster may not have noticed yet.
 */
export const WaitObServerActive = subtask({
  name: 'Wait observer active',
  className: 'server.WaitObServerActiveTask',
  timeout: 1800,
  waits: true,
  needs: { ...OBSERVER, server_ids: 'list?' },

  async run(scope) {
    for (const member of await membersOf(scope)) await untilActive(scope, member);
    return undefined;
  },
});
