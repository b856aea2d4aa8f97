/** Of a request that takes servers away: OBProxies that know the cluster by a list of root servers alone, and only those that go. */
import { logInToObproxy } from '../contact/obproxyLogin';
import { living, RS_LIST_PARAMETER, rsListProxies } from '../contact/rsListProxies';
import { proxyListOf } from '../oceanbase/rootServiceList';
import { addressText } from '../runtime/addressText';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import { saidOf } from '../runtime/errors';
import { type Said, say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { ObproxyServerRow } from '../store/types';
import type { ServersOf } from './deletedServers';
import type { HostFinding, InspectScope } from './types';

const TOGETHER = 10;
const ASK_MS = 5_000;

/** The list that the proxy shows, or why it could not be asked. */
async function listOf(
  { store, openHost }: InspectScope,
  { clusterId, hostId, sqlPort }: ObproxyServerRow,
): Promise<string | { readonly why: Said }> {
  return withDeadline(ASK_MS, undefined, async (signal, passed) => {
    try {
      const ask = async () => {
        const passwords = await store.obproxy.proxysysPasswords(clusterId);
        const admin = await logInToObproxy(await openHost(hostId), sqlPort, { passwords, signal });
        try {
          return (await admin.showConfig(RS_LIST_PARAMETER))?.value ?? '';
        } finally {
          admin.close();
        }
      };
      return await unlessAborted(ask(), signal);
    } catch (error) {
      return { why: passed() ? say('text.noAnswerWithin', { ms: ASK_MS }) : saidOf(error) };
    }
  });
}

/** A warning for each that has only servers that go, and for each that cannot be asked. */
export async function leavingLists(
  scope: InspectScope,
  { cluster, servers }: ServersOf,
): Promise<HostFinding[]> {
  const going = new Set(servers.map(({ ip, sqlPort }) => addressText(ip, sqlPort)));
  const proxies = living(await rsListProxies(scope.store, cluster.id));
  const found = await someAtATime(proxies, TOGETHER, async (server): Promise<HostFinding[]> => {
    const { hostId } = server;
    const where = addressText(server.ip, server.sqlPort);
    const list = await listOf(scope, server);
    if (typeof list !== 'string')
      return [{ hostId, level: 'WARN', message: say('rsList.unasked', { where, why: list.why }) }];
    const known = [...proxyListOf(list)];
    if (known.length === 0 || !known.every((one) => going.has(one))) return [];
    return [{ hostId, level: 'WARN', message: say('rsList.onlyLeaving', { where, list }) }];
  });
  return found.flat();
}
