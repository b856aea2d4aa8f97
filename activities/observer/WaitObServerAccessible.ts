import { lookAtAnswer } from '../../contact/lookAtAnswer';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { joined, say, type Text } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { ObClusterRow } from '../../store/types';
import { hideSecrets } from '../cluster/cluster';
import { pauseAfter } from '../lookPauses';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { ProcessWatch, QUICK_MS, untilActive } from './active';
import { type ClusterMember, membersOf, OBSERVERS } from './observer';

/** So long each login and statement may take, and so many servers are asked together. */
const ANSWER_MS = 3_000;
const TOGETHER = 10;
/** So many that do not answer are named. */
const NAMED = 5;

interface Waiting {
  readonly member: ClusterMember;
  readonly watch: ProcessWatch;
  /** Why it does not answer; undefined when it does. */
  away: Text | undefined;
  denied: boolean;
}

function refused(cluster: ObClusterRow, username: string, waiting: readonly Waiting[]): PermanentError {
  return new PermanentError({
    type: 'ObClusterRefused',
    code: 'OBE11101',
    tried: say('server.waitAnswer'),
    where: cluster.name,
    cameBack: saying(waiting),
    next: say('next.repairOrGrant', { username }),
  });
}

function saying(waiting: readonly Waiting[]): Text[] {
  return waiting.flatMap(({ away }) => away ?? []);
}

/** How many answer, who does not, and whether those that do are enough for the cluster to answer anybody. */
function progress(total: number, waiting: readonly Waiting[]): Text {
  const count = total - waiting.length;
  const counts = { count, total, away: joined(saying(waiting).slice(0, NAMED), 'list.comma') };
  return count * 2 > total ? say('server.mostAnswer', counts) : say('server.fewAnswer', counts);
}

/**
 * Until every server answers SQL by itself. No view is asked: until a majority runs the cluster answers nobody, and a server
 * that is up before it waits for the others.
 */
async function untilAllAnswer(scope: SubtaskScope, members: readonly ClusterMember[]): Promise<void> {
  const [first] = members;
  if (first === undefined) return;
  const { cluster } = first;
  const sys = await scope.store.credentials.open(cluster.sysCredentialId);
  hideSecrets(scope, sys);
  const contact = { addresses: scope.config.addresses, timeoutMs: ANSWER_MS, signal: scope.signal };
  let waiting = await someAtATime(
    members,
    TOGETHER,
    async (member): Promise<Waiting> => ({
      ...{ member, watch: await ProcessWatch.of(scope, member) },
      ...{ away: undefined, denied: false },
    }),
  );
  const started = Date.now();
  for (;;) {
    await someAtATime(waiting, TOGETHER, async (one) => {
      const { server } = one.member;
      const answer = await lookAtAnswer(scope.store, cluster, server, contact);
      const at = addressText(server.ip, server.sqlPort);
      one.away = 'away' in answer ? say('sql.silent', { at, said: answer.away }) : undefined;
      one.denied = 'away' in answer && answer.denied;
    });
    waiting = waiting.filter(({ away }) => away !== undefined);
    if (waiting.length === 0) {
      scope.log.info(say('server.allAnswer', { count: members.length }));
      return;
    }
    const quick = Date.now() - started <= QUICK_MS;
    // A server may know no users while it boots: only one that goes on refusing has refused.
    const denying = waiting.filter(({ denied }) => denied);
    if (!quick && denying.length > 0) throw refused(cluster, sys.username, denying);
    let mayEnd = true;
    for (const { watch, away } of waiting) {
      if (away !== undefined) mayEnd = (await watch.look(scope, away)) && mayEnd;
    }
    if (mayEnd && !quick) scope.notYet(progress(members.length, waiting));
    await scope.pause(pauseAfter(Date.now() - started));
  }
}

/**
 * "Wait observer accessible": every server answers SQL, a majority first and then the others, and then the cluster says that
 * they serve, or would if they were not stopped. For starts where the root service itself was down.
 */
export const WaitObServerAccessible = subtask({
  name: 'Wait observer accessible',
  className: 'server.WaitObServerAccessibleTask',
  timeout: 1800,
  waits: true,
  needs: OBSERVERS,

  async run(scope) {
    const members = await membersOf(scope);
    await untilAllAnswer(scope, members);
    await untilActive(scope, members);
    return undefined;
  },
});
