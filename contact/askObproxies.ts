/** Asking many OBProxies at once as root@proxysys: each for so long, and whoever does not answer is named. */
import type { Host } from '../hosts/types';
import type { DescribedParameter, ObproxyAdmin } from '../oceanbase/obproxyAdmin';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import { saidOf } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { ObproxyClusterRow, ObproxyServerRow, Store } from '../store/types';
import { openToLook, type Ways } from './lookAtHost';
import { logInToObproxy } from './obproxyLogin';

const TOGETHER = 10;
const ASK_MS = 5_000;
/** After this nobody else is asked: whoever waits for the answer would give up. */
const ALL_MS = 30_000;

export type AskWays = Ways & { readonly store: Pick<Store, 'obproxy'> };

/** What an OBProxy has answered, or why there is no answer. */
export type Asked<T> =
  | { readonly server: ObproxyServerRow; readonly answer: T }
  | { readonly server: ObproxyServerRow; readonly why: Said };

export interface AskedOn {
  readonly host: Host;
  readonly admin: ObproxyAdmin;
  readonly server: ObproxyServerRow;
  readonly signal: AbortSignal;
}

/**
 * Asks each of these, ten together, for at most `ms` each, and `allMs` in all (half a minute); an error of one, also of `ask`, is its
 * answer.
 */
export function askObproxies<T>(
  ways: AskWays,
  servers: readonly ObproxyServerRow[],
  ask: (on: AskedOn) => Promise<T>,
  ms = ASK_MS,
  allMs = ALL_MS,
): Promise<Asked<T>[]> {
  const end = Date.now() + allMs;
  return someAtATime(servers, TOGETHER, async (server) => {
    if (Date.now() > end) return { server, why: say('obproxy.noTimeToAsk', { seconds: allMs / 1000 }) };
    return withDeadline(ms, undefined, async (signal, passed) => {
      try {
        return { server, answer: await unlessAborted(askOne(ways, server, ask, signal), signal) };
      } catch (error) {
        return { server, why: passed() ? say('text.noAnswerWithin', { ms }) : saidOf(error) };
      }
    });
  });
}

/** All parameters, as each OBProxy of the cluster that runs shows them. */
export function describeProxies(
  ways: AskWays,
  { servers }: Pick<ObproxyClusterRow, 'servers'>,
): Promise<Asked<DescribedParameter[]>[]> {
  const running = servers.filter(({ status }) => status === 'RUNNING');
  return askObproxies(ways, running, ({ admin }) => admin.describeAll());
}

async function askOne<T>(
  ways: AskWays,
  server: ObproxyServerRow,
  ask: (on: AskedOn) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const host = await openToLook(ways, server.hostId, signal);
  const passwords = await ways.store.obproxy.proxysysPasswords(server.clusterId);
  const admin = await logInToObproxy(host, server.sqlPort, { passwords, signal });
  try {
    return await ask({ host, admin, server, signal });
  } finally {
    admin.close();
  }
}
