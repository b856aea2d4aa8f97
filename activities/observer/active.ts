/** Waiting for servers whose processes were started: until the cluster has them back, or it is clear that they do not come. */
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import { withCluster } from '../cluster/cluster';
import type { SubtaskScope } from '../types';
import { type ClusterMember, listedServer, placeOf } from './observer';
import { processLives } from './process';
import { isBack } from './processLife';
import { readStopNote } from './stopNote';

/**
 * A small server serves within seconds, and a zone that restarts waits for the slowest; what takes longer is waited for without
 * a worker, and looked at more seldom.
 */
export const QUICK_MS = 20_000;
const PAUSE_MS = 1_000;
/** The process is looked at every so many questions. */
const PROCESS_EVERY = 5;
/** A restart by a keeper or an operator may be under way. */
const GONE_LOOKS = 3;

/** Milliseconds before the next question. */
export function pauseAfterAsk(asks: number): number {
  return Math.min(100 * 1.5 ** asks, PAUSE_MS);
}

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

/** Whether the process of a server that is waited for has not ended meanwhile. */
export class ProcessWatch {
  #asks = 0;
  #gone = 0;

  /** @param home undefined when nobody knows it: then the process is not looked at */
  private constructor(
    private readonly member: ClusterMember,
    private readonly home: string | null,
  ) {}

  static async of(scope: Pick<SubtaskScope, 'store'>, member: ClusterMember): Promise<ProcessWatch> {
    const placed = await placeOf(scope, member);
    return new ProcessWatch(member, placed?.layout.home ?? member.server.home);
  }

  /**
   * To be called after every question that was answered by "not yet". Resolves to whether the attempt may end: not while
   * the process seems to be gone. PermanentError ObserverNotActive when it is gone at several looks.
   *
   * @param seen what was answered
   */
  async look(scope: SubtaskScope, seen: Text): Promise<boolean> {
    this.#asks += 1;
    const { home, member } = this;
    if (home !== null && this.#asks % PROCESS_EVERY === 0) {
      const lives = await processLives(scope, { server: member.server, layout: { home } });
      this.#gone = lives === false ? this.#gone + 1 : 0;
      if (this.#gone >= GONE_LOOKS) {
        const text = say('observer.goneWhile', { state: seen });
        throw refuse(member, text, say('next.lookAtObserverLog', { home }));
      }
    }
    return this.#gone === 0;
  }
}

/** Since when the process that this task has ended had served; undefined when it has ended none, or the host cannot be asked now. */
async function servedBefore(scope: SubtaskScope, member: ClusterMember): Promise<string | null | undefined> {
  if (member.server.hostId === null) return undefined;
  const note = await readStopNote(scope, await scope.hostById(member.server.hostId), member);
  return note?.servingSince;
}

/**
 * Until the cluster says that the server serves, by the rule of its version, or would if it were not stopped; one that was
 * restarted, since later than before, for the cluster may not have noticed yet.
 */
export async function untilActive(scope: SubtaskScope, member: ClusterMember): Promise<void> {
  const watch = await ProcessWatch.of(scope, member);
  const before = await servedBefore(scope, member);
  const started = Date.now();
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
    const mayEnd = await watch.look(scope, state(server));
    if (mayEnd && Date.now() - started > QUICK_MS) scope.notYet(now);
    await scope.pause(pauseAfterAsk(asks));
  }
}
