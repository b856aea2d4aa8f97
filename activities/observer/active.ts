/** Waiting for servers whose processes were started: until the cluster has them back, or it is clear that they do not come. */
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { PermanentError } from '../../runtime/errors';
import { joined, type Said, say, type Text } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { withCluster } from '../cluster/cluster';
import { pauseAfter } from '../lookPauses';
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
/** Between two looks at the process, which its host is asked for. */
const PROCESS_EVERY_MS = 3_500;
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

/** Whether the process of a server that is waited for has not ended meanwhile. */
export class ProcessWatch {
  #lookedAt = Date.now();
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
    const { home, member } = this;
    if (home !== null && Date.now() - this.#lookedAt >= PROCESS_EVERY_MS) {
      this.#lookedAt = Date.now();
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

/** So many hosts are asked together, and so many servers are named. */
const TOGETHER = 10;
const NAMED = 5;

interface Expected {
  readonly member: ClusterMember;
  readonly watch: ProcessWatch;
  /** Since when it had served before, as servedBefore says it. */
  readonly before: string | null | undefined;
  /** What the cluster says of it now. */
  state: Text;
  /** The same with its address, as it was last looked at. */
  seen: Text | undefined;
}

/** Whether it is back. Logs what is new of it. PermanentError ObserverNotActive when somebody deletes it. */
function hasCome(scope: SubtaskScope, one: Expected, server: ClusterServer | undefined): boolean {
  const { member, before, seen } = one;
  one.state = state(server);
  const now = say('observer.stateOf', { address: member.address, state: one.state });
  const serves = isBack(server, before);
  if (serves || (seen !== undefined && now.en !== seen.en)) scope.log.info(now);
  one.seen = now;
  if (!serves && server?.innerStatus === 'DELETING') {
    const next = say('next.cancelDeletion');
    throw refuse(member, say('observer.somebodyDeletes'), next);
  }
  return serves;
}

/**
 * Until the cluster says of every server that it serves, by the rule of its version, or would if it were not stopped; of one that
 * was restarted, since later than before, for the cluster may not have noticed yet. All are servers of one cluster, which is
 * asked once for all of them.
 */
export async function untilActive(scope: SubtaskScope, members: readonly ClusterMember[]): Promise<void> {
  const [first] = members;
  if (first === undefined) return;
  let waiting = await someAtATime(
    members,
    TOGETHER,
    async (member): Promise<Expected> => ({
      ...{ member, watch: await ProcessWatch.of(scope, member), before: await servedBefore(scope, member) },
      ...{ state: state(undefined), seen: undefined },
    }),
  );
  const started = Date.now();
  for (;;) {
    const servers = await withCluster(scope, first.cluster, say('observer.askState'), (session) =>
      session.servers(),
    );
    waiting = waiting.filter((one) => !hasCome(scope, one, listedServer(servers, one.member.server)));
    if (waiting.length === 0) return;
    let mayEnd = true;
    for (const { watch, state: said } of waiting) mayEnd = (await watch.look(scope, said)) && mayEnd;
    if (mayEnd && Date.now() - started > QUICK_MS)
      scope.notYet(
        joined(
          waiting.slice(0, NAMED).flatMap(({ seen }) => seen ?? []),
          'list.comma',
        ),
      );
    await scope.pause(pauseAfter(Date.now() - started));
  }
}
