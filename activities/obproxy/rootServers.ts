/** Telling OBProxies that work by RS_LIST which root servers their cluster has, when servers have come, or are to go. */
import {
  askForLists,
  listToTell,
  living,
  RS_LIST_PARAMETER,
  rsListProxies,
} from '../../contact/rsListProxies';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { sameProxyList, shareServers } from '../../oceanbase/rootServiceList';
import { addressText } from '../../runtime/addressText';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import type { ObClusterRow, ObproxyServerRow, RootServer } from '../../store/types';
import type { SubtaskScope } from '../types';
import { driftWith } from './lateParameters';
import { administer, type ObproxyInstance } from './proxy';

/** What became of the list of a proxy. */
interface Told {
  /** The list that its process was started with, as far as obflow knows. */
  readonly works: string;
  readonly changed: boolean;
}

/** The same of one proxy, for what is said of it. */
interface ToldOne {
  readonly where: string;
  readonly works: string;
  readonly list: string;
  readonly reaches: boolean;
}

/**
 * Stores the list in the proxy, for its next start. What its process was started with is recorded before that, as of every
 * parameter that waits for a restart: the proxy shows the new list at once.
 *
 * @param started whether its process has just been started, and so works with what it shows
 */
export async function giveList(
  { store }: Pick<SubtaskScope, 'store'>,
  admin: ObproxyAdmin,
  server: Pick<ObproxyServerRow, 'id'>,
  list: string,
  started = false,
): Promise<Told> {
  const shown = await admin.showConfig(RS_LIST_PARAMETER);
  // Somebody has made it ask a config server.
  if (shown === undefined || shown.value === '') return { works: list, changed: false };
  const recorded = (await store.obproxy.findServer(server.id))?.parameterDrift ?? [];
  const known = started ? recorded.filter(({ name }) => name !== RS_LIST_PARAMETER) : recorded;
  const works = known.find(({ name }) => name === RS_LIST_PARAMETER)?.value ?? shown.value;
  // The same servers in another order are the same list.
  const value = [works, shown.value].find((one) => sameProxyList(one, list)) ?? list;
  const wished = { name: RS_LIST_PARAMETER, value };
  const drift = driftWith(known, new Map([[RS_LIST_PARAMETER, shown]]), [wished]);
  if (JSON.stringify(drift) !== JSON.stringify(recorded))
    await store.obproxy.setParameterDrift(server.id, drift);
  if (shown.value === value) return { works, changed: false };
  await admin.alter(RS_LIST_PARAMETER, value);
  return { works, changed: true };
}

const at = ({ ip, sqlPort }: ObproxyServerRow): string => addressText(ip, sqlPort);

/**
 * Tells all of them. Who cannot be told, and whose process knows no server of the list from its start, is a warning that says
 * what to do: the servers have changed all the same.
 *
 * @param servers root servers of the cluster as they are, or are to be
 */
export async function tellRootServers(
  scope: SubtaskScope,
  cluster: Pick<ObClusterRow, 'id' | 'name'>,
  servers: readonly RootServer[],
): Promise<void> {
  await told(scope, cluster, listToTell(servers));
}

/**
 * The same before servers leave, without those.
 *
 * @throws PermanentError ProxyKnowsOnlyLeaving for a proxy that answers, will not have the new list, and has only servers in its
 * own that leave
 */
export async function tellBeforeLeaving(
  scope: SubtaskScope,
  cluster: Pick<ObClusterRow, 'id' | 'name'>,
  servers: readonly RootServer[],
): Promise<void> {
  const list = listToTell(servers);
  const refusals = await told(scope, cluster, list);
  if (refusals.length === 0) return;
  throw new PermanentError({
    type: 'ProxyKnowsOnlyLeaving',
    code: 'ODP21011',
    tried: say('rsList.tell', { cluster: cluster.name }),
    where: cluster.name,
    cameBack: refusals,
    next: say('rsList.nextTell', { list }),
  });
}

/** Resolves to what is said of those that refuse the list and have no server of it in their own. Nobody is told an empty one. */
async function told(
  scope: SubtaskScope,
  cluster: Pick<ObClusterRow, 'id' | 'name'>,
  list: string,
): Promise<Said[]> {
  if (list === '') return [];
  const proxies = await rsListProxies(scope.store, cluster.id);
  const refusals: Said[] = [];
  const ways = { store: scope.store, hosts: scope.hosts, addresses: scope.config.addresses };
  const asked = await askForLists(ways, living(proxies), async ({ admin, server }) => {
    try {
      return await giveList(scope, admin, server, list);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      const shown = (await admin.showConfig(RS_LIST_PARAMETER))?.value ?? '';
      return { refused: error.said, hopeless: shown !== '' && !shareServers(shown, list) };
    }
  });
  for (const one of asked) {
    const where = at(one.server);
    if ('why' in one) scope.log.warn(say('rsList.untold', { where, list, why: one.why }));
    else if ('refused' in one.answer) {
      const text = say('rsList.untold', { where, list, why: one.answer.refused });
      scope.log.warn(text);
      if (one.answer.hopeless) refusals.push(text);
    } else {
      const { works, changed } = one.answer;
      if (changed) scope.log.info(say('rsList.told', { where, list }));
      if (!shareServers(works, list)) scope.log.warn(say('rsList.restart', { where, works, list }));
    }
  }
  return refusals;
}

/**
 * The same for one proxy that has just started, or is about to. Undefined for one that asks a config server, and when the list could
 * not be given, which is a warning.
 *
 * @param how `started`: its process has just been started; `again`: it will be told later anyhow, so that nobody needs to be warned
 * @returns what its process works with, the list of now, and whether it reaches a root server of now by the former
 */
export async function tellOne(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  { started = false, again = false }: { readonly started?: boolean; readonly again?: boolean } = {},
): Promise<ToldOne | undefined> {
  if (proxy.cluster.workMode !== 'RS_LIST') return undefined;
  const [link] = proxy.cluster.obLinks;
  const linked = link === undefined ? undefined : await scope.store.obClusters.find(link.clusterId);
  const list = listToTell(linked?.rootServers ?? []);
  if (list === '') return undefined;
  const where = at(proxy.server);
  try {
    const admin = await administer(scope, proxy);
    try {
      const { works, changed } = await giveList(scope, admin, proxy.server, list, started);
      if (changed) scope.log.info(say('rsList.told', { where, list }));
      return { where, works, list, reaches: shareServers(works, list) };
    } finally {
      admin.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    if (!again) scope.log.warn(say('rsList.untold', { where, list, why: error.said }));
    return undefined;
  }
}
