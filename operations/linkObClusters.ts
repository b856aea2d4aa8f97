/** Linking an OBProxy cluster to OceanBase clusters, and unlinking: recorded at once, told to every proxy that runs, read back. */
import { setTimeout as delay } from 'node:timers/promises';
import { giveLinkPasswords } from '../activities/obproxy/linkPasswords';
import {
  type Link,
  type LinkScope,
  openLinks,
  proveLogin,
  refuseSeveralPasswords,
} from '../activities/obproxy/links';
import { proxyInstance } from '../activities/obproxy/proxy';
import { type AskedOn, askObproxies } from '../contact/askObproxies';
import type { Hosts } from '../hosts/types';
import type { RuntimeConfig } from '../runtime/config';
import { withDeadline } from '../runtime/deadline';
import { PermanentError, TransientError } from '../runtime/errors';
import type { Logger } from '../runtime/logger';
import { inEnglish, type Said, say } from '../runtime/messages/catalogue';
import type { ObLinkRow, ObproxyClusterRow, ObproxyServerRow, Store } from '../store/types';
import { hostProxyLock, obproxyClusterLock } from './locks';
import { knownLinks, type ObLink, passwordsFit, type WishedLink } from './obLinks';
import { refuseWhenHeld } from './planTask';
import { obproxyClusterById } from './preconditions';
import { Refusal } from './refusal';

/** A proxy asks its config server once a minute unless somebody has said otherwise: a request does not wait for that. */
const TOLD_MS = 15_000;
const LEARNS_WITHIN_MS = 3_000;
const PAUSE_MS = 250;
const PROVE_MS = 20_000;
const INTERVAL = 'config_server_refresh_interval';

/**
 * `LEARNT`: the proxy shows it as it is recorded. `TOLD`: the proxy has the password, and learns the rest when it next asks its
 * config server. `SKIPPED`: a task works on it. `FAILED`: it does not know of it.
 */
export const LINK_OUTCOMES = ['LEARNT', 'TOLD', 'SKIPPED', 'FAILED'] as const;

export interface Told {
  readonly server: ObproxyServerRow;
  readonly outcome: (typeof LINK_OUTCOMES)[number];
  readonly message: Said;
}

export interface Linking {
  readonly store: Store;
  readonly hosts: Hosts;
  readonly config: RuntimeConfig;
  readonly logger: Logger;
}

/** The links of an RS_LIST cluster are its root servers, which its proxies are started with. */
function refuseFixedLinks({ name, workMode, id }: ObproxyClusterRow): void {
  if (workMode !== 'RS_LIST') return;
  throw new Refusal(400, 'ODP21107', say('link.fixed', { cluster: name }), {
    target: `obproxyCluster:${id}`,
  });
}

/** What the subtasks that prove and give passwords work with, of a request: nobody reads a log of it. */
function linkScope({ store, config }: Linking, signal: AbortSignal): LinkScope {
  const nothing = () => undefined;
  return { store, config, signal, log: { info: nothing, warn: nothing, error: nothing, hide: nothing } };
}

/** The clusters let the users in, or the request is refused: with a 503 when they could not be asked. */
async function proveAtOceanBase(scope: LinkScope, links: readonly ObLinkRow[]): Promise<readonly Link[]> {
  try {
    const opened = await openLinks(scope, links);
    for (const link of opened) await proveLogin(scope, link);
    return opened;
  } catch (error) {
    if (error instanceof TransientError) throw new Refusal(503, error.code ?? 'OBE11028', error.said);
    if (error instanceof PermanentError) throw new Refusal(400, error.code ?? 'ODP21011', error.said);
    throw error;
  }
}

/** Links as they would be recorded: those that are there already with another user, and those that are not. */
async function wishedRows(store: Store, wished: readonly WishedLink[]): Promise<ObLinkRow[]> {
  const rows: ObLinkRow[] = [];
  for (const { clusterId, username } of wished) {
    const cluster = await store.obClusters.find(clusterId);
    if (cluster === undefined) throw new Error(`OceanBase cluster ${clusterId} has just been found`);
    const { name: clusterName, obClusterId, type: clusterType } = cluster;
    rows.push({ clusterId, clusterName, obClusterId, clusterType, username });
  }
  return rows;
}

/**
 * Links these OceanBase clusters. Everything is checked before anything is stored: the clusters, their users (which are made
 * when they are missing and the sys user may), the room for their passwords, tasks that are under way. Repeated, it tells the
 * proxies again, and changes nothing else.
 *
 * @returns what became of it on each proxy that runs
 */
export async function addLinks(
  services: Linking,
  clusterId: number,
  wished: readonly ObLink[],
): Promise<Told[]> {
  const { store } = services;
  const cluster = await obproxyClusterById(store, clusterId);
  refuseFixedLinks(cluster);
  await refuseWhenHeld(store, [obproxyClusterLock(cluster.id)]);
  const known = await knownLinks(store, wished);
  await passwordsFit(store, [
    ...cluster.obLinks.filter((link) => !known.some((one) => one.clusterId === link.clusterId)),
    ...known.map((link, index) => ({ ...link, field: `obLinks[${index}].clusterName` })),
  ]);
  const rows = await wishedRows(store, known);
  const proven = await withDeadline(PROVE_MS, undefined, async (signal) => {
    const scope = linkScope(services, signal);
    refuseCrowded(cluster, await openLinks(scope, [...cluster.obLinks, ...rows]));
    return proveAtOceanBase(scope, rows);
  });

  const { before, after } = await store.transaction(async (inside) => {
    // A task may have begun while OceanBase was asked.
    await refuseWhenHeld(inside, [obproxyClusterLock(clusterId)]);
    const now = await obproxyClusterById(inside, clusterId);
    const changed = known.filter(
      (link) =>
        !now.obLinks.some((one) => one.clusterId === link.clusterId && one.username === link.username),
    );
    if (changed.length === 0) return { before: now, after: now };
    await inside.obproxy.link(clusterId, changed);
    return { before: now, after: await obproxyClusterById(inside, clusterId) };
  });
  const names = [...new Set(rows.map(({ clusterName }) => clusterName))];
  const told = await tellProxies(services, after, async ({ host, admin, server, signal }) => {
    const proxy = proxyInstance(server, after);
    const giving = { ...linkScope(services, signal), host: async () => host };
    await giveLinkPasswords(giving, admin, proxy, proven);
    const missing = await shownOtherwise(admin, signal, (shown) =>
      names.filter((name) => !shown.includes(name)),
    );
    // Who has missed an earlier change of the parameters has this one, and still lacks that one.
    if (server.parameterVersion === before.parameterVersion) {
      await store.obproxy.setServerParameterVersion(server.id, after.parameterVersion);
    }
    if (missing.length === 0) return { outcome: 'LEARNT', message: say('link.learnt', { names }) };
    const seconds = (await admin.showConfig(INTERVAL))?.value ?? '';
    return {
      outcome: 'TOLD',
      message: say('link.told', { names: missing, parameter: INTERVAL, seconds }),
    };
  });
  return told;
}

/** Proxies before 4.0 keep two passwords for all clusters together. */
function refuseCrowded(cluster: ObproxyClusterRow, links: readonly Link[]): void {
  const distinct = [...new Map(links.map((link) => [link.link.clusterId, link])).values()];
  for (const server of cluster.servers) {
    try {
      refuseSeveralPasswords(proxyInstance(server, cluster), distinct);
    } catch (error) {
      if (error instanceof PermanentError) throw new Refusal(400, error.code ?? 'ODP21006', error.said);
      throw error;
    }
  }
}

/**
 * Unlinks every OceanBase cluster of this name. Sessions go on, and the proxies keep the passwords; those that ask the config
 * server forget the cluster at their next look.
 *
 * @throws Refusal OBE11002 (404) when none of this name is linked
 */
export async function removeLinks(
  services: Linking,
  clusterId: number,
  name: string,
): Promise<{ readonly told: Told[]; readonly sessions: number }> {
  const { store } = services;
  const cluster = await obproxyClusterById(store, clusterId);
  const linkedIn = ({ obLinks }: ObproxyClusterRow) =>
    obLinks.filter(({ clusterName }) => clusterName === name).map((link) => link.clusterId);
  const refuseUnlinked = (now: ObproxyClusterRow) => {
    if (linkedIn(now).length > 0) return;
    throw new Refusal(404, 'OBE11002', say('link.notLinked', { name, cluster: now.name, id: now.id }), {
      target: 'obClusterName',
    });
  };
  refuseUnlinked(cluster);
  refuseFixedLinks(cluster);
  const after = await store.transaction(async (inside) => {
    await refuseWhenHeld(inside, [obproxyClusterLock(clusterId)]);
    const now = await obproxyClusterById(inside, clusterId);
    refuseUnlinked(now);
    await inside.obproxy.unlink(clusterId, linkedIn(now));
    return obproxyClusterById(inside, clusterId);
  });
  let sessions = 0;
  const told = await tellProxies(services, after, async ({ admin, signal }) => {
    const open = await admin.clientSessions(name);
    sessions += open;
    const left = await shownOtherwise(admin, signal, (shown) => shown.filter((one) => one === name));
    if (left.length === 0) return { outcome: 'LEARNT', message: say('link.forgotten', { name, open }) };
    // A list without any cluster is refused by a proxy, which keeps the one that it has (OBProxy 4.3.1, observed).
    const last = after.obLinks.length === 0;
    const seconds = (await admin.showConfig(INTERVAL))?.value ?? '';
    return {
      outcome: 'TOLD',
      message: last
        ? say('link.keepsLast', { name, open })
        : say('link.forgets', { name, open, parameter: INTERVAL, seconds }),
    };
  });
  return { told, sessions };
}

/** Looks until nothing is otherwise, for a short while; answers what still is. */
async function shownOtherwise(
  admin: AskedOn['admin'],
  signal: AbortSignal,
  otherwise: (shown: readonly string[]) => string[],
): Promise<string[]> {
  const deadline = Date.now() + LEARNS_WITHIN_MS;
  for (;;) {
    const left = otherwise(await admin.clusterNames());
    if (left.length === 0 || Date.now() > deadline) return left;
    await delay(PAUSE_MS, undefined, { signal });
  }
}

/** Asks the proxies that run; those that a task works on are left to it. */
async function tellProxies(
  { store, hosts, config, logger }: Linking,
  cluster: ObproxyClusterRow,
  tell: (on: AskedOn) => Promise<Omit<Told, 'server'>>,
): Promise<Told[]> {
  const running = cluster.servers.filter(({ status }) => status === 'RUNNING');
  const skipped: Told[] = [];
  const free: ObproxyServerRow[] = [];
  for (const server of running) {
    const held = await store.locks.firstHeld([hostProxyLock(server.hostId)]);
    if (held === undefined) free.push(server);
    else
      skipped.push({
        server,
        outcome: 'SKIPPED',
        message: say('link.workedOn', { task: held.taskId }),
      });
  }
  const asked = await askObproxies({ store, hosts, addresses: config.addresses }, free, tell, TOLD_MS);
  const told = asked.map((one): Told => {
    if ('answer' in one) return { server: one.server, ...one.answer };
    const message = say('link.notTold', { why: one.why });
    return { server: one.server, outcome: 'FAILED', message };
  });
  for (const { server, outcome, message } of told) {
    if (outcome === 'LEARNT') continue;
    logger.warn({ obproxy: server.id, outcome, said: inEnglish(message) }, 'link');
  }
  return [...told, ...skipped].sort((one, other) => one.server.id - other.server.id);
}
