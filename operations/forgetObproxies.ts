import { z } from 'zod';
import { type KnownObproxy, leftAsRecorded, leftOnHost } from '../activities/obproxy/leftBehind';
import { openToLook, type Ways } from '../contact/lookAtHost';
import { lookAtObproxy } from '../contact/lookAtObproxy';
import { addressText } from '../runtime/addressText';
import { withDeadline } from '../runtime/deadline';
import { say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import { recordedHome } from '../store/obproxyHome';
import type { ObproxyClusterRow, ObproxyServerRow, Seen, Store } from '../store/types';
import { hostProxyLock, obproxyClusterMemberLock } from './locks';
import { serversOf, someObproxyServerIds } from './obproxyServers';
import { refuseWhenHeld } from './planTask';
import { obproxyClusterById } from './preconditions';
import { Refusal } from './refusal';

/** Looked at together, and each host for so long. */
const TOGETHER = 8;
const LEFT_MS = 20_000;
const MOST = 50;

export const ForgetBody = z.object({
  obproxyServerIds: someObproxyServerIds(MOST),
  force: z
    .boolean()
    .default(false)
    .describe('Also those that are seen alive: they run on, unknown to obflow.'),
});

export interface ForgottenObproxy {
  readonly server: ObproxyServerRow;
  readonly seen: Seen;
  /** What is on its host, a line each. */
  readonly leftBehind: readonly string[];
}

/** No task works on them, or may: one that has FAILED could go on. */
async function refuseWhenWorkedOn(
  store: Store,
  cluster: ObproxyClusterRow,
  servers: readonly ObproxyServerRow[],
): Promise<void> {
  const hosts = servers.map(({ hostId }) => hostProxyLock(hostId));
  await refuseWhenHeld(store, [...hosts, obproxyClusterMemberLock(cluster.id)]);
}

/** What is seen of one now, and what is on its host. */
export async function lookBeforeForgetting(
  ways: Ways & { readonly store: Store },
  server: ObproxyServerRow,
): Promise<ForgottenObproxy> {
  const { addresses, store } = ways;
  const softwarePackage = server.packageId === null ? undefined : await store.packages.find(server.packageId);
  const known: KnownObproxy = {
    home: recordedHome(server, softwarePackage?.home),
    adopted: server.adopted,
    packageName: softwarePackage?.name,
  };
  const openHost = (signal: AbortSignal) => openToLook(ways, server.hostId, signal);
  const seen = await lookAtObproxy({ ...server, home: known.home }, { addresses, openHost });
  try {
    const left = await withDeadline(LEFT_MS, undefined, async (signal) =>
      leftOnHost(await openHost(signal), known),
    );
    return { server, seen, leftBehind: left };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { server, seen, leftBehind: leftAsRecorded(known, why) };
  }
}

/** Throws Refusal 409 ODP21016 that names the first one that is there. */
export function refuseWhenAlive(looked: readonly ForgottenObproxy[]): void {
  const alive = looked.find(({ seen }) => seen.state === 'ALIVE' || seen.state === 'SILENT');
  if (alive === undefined) return;
  const { server, seen } = alive;
  const where = addressText(server.ip, server.sqlPort);
  throw new Refusal(
    409,
    'ODP21016',
    seen.state === 'ALIVE'
      ? say('obproxy.alive', { id: server.id, where, by: seen.by ?? '' })
      : say('obproxy.silent', { id: server.id, where, reason: seen.reason ?? '' }),
    { target: `obproxyServer:${server.id}` },
  );
}

/**
 * Takes OBProxies that are gone for good out of the inventory, with their target of Prometheus; their hosts can be asked for
 * again. Nothing on a host is changed: what is there is looked at and answered. One whose host cannot be asked is no reason
 * to refuse: that is what this is for.
 *
 * @throws Refusal ODP21001 and ODP21002 (404) for what is unknown, ODP21015 (400) for one of another cluster; 409 naming the task that holds one, and ODP21016 for one
 * that is seen alive, unless `force`
 */
export async function forgetObproxies(
  ways: Ways & { readonly store: Store },
  clusterId: number,
  { obproxyServerIds, force }: z.output<typeof ForgetBody>,
  dryRun: boolean,
): Promise<readonly ForgottenObproxy[]> {
  const { store } = ways;
  const cluster = await obproxyClusterById(store, clusterId);
  const servers = await serversOf(store, cluster, obproxyServerIds);
  await refuseWhenWorkedOn(store, cluster, servers);
  const looked = await someAtATime(servers, TOGETHER, (server) => lookBeforeForgetting(ways, server));
  if (!force) refuseWhenAlive(looked);
  if (dryRun) return looked;
  await store.transaction(async (inside) => {
    // A task may have begun while the hosts were looked at.
    const now = await obproxyClusterById(inside, clusterId);
    await refuseWhenWorkedOn(inside, now, await serversOf(inside, now, obproxyServerIds));
    for (const id of obproxyServerIds) await inside.obproxy.deleteServer(id);
  });
  return looked;
}
