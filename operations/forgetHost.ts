import { z } from 'zod';
import { lookAtHost, type Ways } from '../contact/lookAtHost';
import { addressText } from '../runtime/addressText';
import { say, type Text } from '../runtime/messages/catalogue';
import type { HostRow, ObServerRow, Seen, Store } from '../store/types';
import { type ForgottenObproxy, lookBeforeForgetting, refuseWhenAlive } from './forgetObproxies';
import { nobodyWorksOn } from './hostServices';
import { obClusterLock, obproxyClusterMemberLock } from './locks';
import { refuseWhenHeld } from './planTask';
import { hostsByIds } from './preconditions';
import { Refusal } from './refusal';

export const ForgetHostBody = z
  .object({
    force: z
      .boolean()
      .default(false)
      .describe('Also one that answers, or whose services do: they run on, unknown to obflow.'),
  })
  .default({ force: false });

export interface ForgottenHost {
  readonly host: HostRow;
  readonly seen: Seen;
  readonly obproxies: readonly ForgottenObproxy[];
  readonly obServers: readonly ObServerRow[];
  /** What stays of its OBServers, a line each. */
  readonly leftBehind: readonly Text[];
}

async function hostById(store: Store, id: number): Promise<HostRow> {
  const [host] = await hostsByIds(store, [id]);
  if (host === undefined) throw new Error('a host that was found is there');
  return host;
}

/** What is on it, when no task works on it or on that, or may: one that has FAILED could go on. */
async function untouched(store: Store, host: HostRow) {
  const obproxy = await store.obproxy.findServerOnHost(host.id);
  const obServers = await store.obServers.onHost(host.id);
  await nobodyWorksOn(store, [host]);
  await refuseWhenHeld(store, [
    ...(obproxy === undefined ? [] : [obproxyClusterMemberLock(obproxy.clusterId)]),
    ...new Set(obServers.map(({ clusterId }) => obClusterLock(clusterId))),
  ]);
  return { obproxy, obServers };
}

function refuse({ id }: HostRow, why: Text): never {
  throw new Refusal(409, 'CMP07004', why, { target: `host:${id}` });
}

async function refuseWhenServing(store: Store, host: HostRow, seen: Seen, servers: readonly ObServerRow[]) {
  const { ip, id } = host;
  if (seen.state === 'ALIVE') refuse(host, say('host.alive', { ip, id }));
  const observed = await store.observations.of(
    'obServer',
    servers.map((server) => server.id),
  );
  const alive = servers.find((server) => observed.get(server.id)?.state === 'ALIVE');
  if (alive === undefined) return;
  const where = addressText(alive.ip, alive.rpcPort);
  refuse(host, say('host.serverAlive', { ip, id, where }));
}

async function leftOf(store: Store, servers: readonly ObServerRow[]): Promise<Text[]> {
  return Promise.all(
    servers.map(async ({ clusterId, ip, rpcPort, zone, innerStatus }) => {
      const cluster = await store.obClusters.find(clusterId);
      return say('host.leftServer', {
        where: addressText(ip, rpcPort),
        cluster: cluster === undefined ? String(clusterId) : `${cluster.name}:${cluster.obClusterId}`,
        zone,
        status: innerStatus ?? '?',
      });
    }),
  );
}

/**
 * Takes a host that is gone for good out of the inventory, with the OBProxy on it and what is known of the host, its pinned key
 * too. Its OBServers stay servers of their cluster, on a machine that obflow does not know: only the cluster can delete them.
 * Nothing on the host is changed.
 *
 * @throws Refusal CMP07005 (404) for an unknown host; 409 naming the task that holds it or what is on it; CMP07004 and ODP21016
 * when it answers, or something on it does, unless `force`
 */
export async function forgetHost(
  ways: Ways & { readonly store: Store },
  hostId: number,
  { force }: z.output<typeof ForgetHostBody>,
  dryRun: boolean,
): Promise<ForgottenHost> {
  const { store, addresses } = ways;
  const host = await hostById(store, hostId);
  const { obproxy, obServers } = await untouched(store, host);
  const seen = await lookAtHost(host, { addresses });
  if (!force) await refuseWhenServing(store, host, seen, obServers);
  const obproxies = obproxy === undefined ? [] : [await lookBeforeForgetting(ways, obproxy)];
  if (!force) refuseWhenAlive(obproxies);
  const leftBehind = await leftOf(store, obServers);
  if (!dryRun) {
    await store.transaction(async (inside) => {
      // A task may have begun while the host was looked at, and have put something there.
      const now = await untouched(inside, await hostById(inside, hostId));
      if (now.obproxy?.id !== obproxy?.id)
        refuse(host, say('host.changedMeanwhile', { ip: host.ip, id: hostId }));
      if (obproxy !== undefined) await inside.obproxy.deleteServer(obproxy.id);
      await inside.obServers.leaveHost(hostId);
      await inside.hosts.remove(hostId);
    });
  }
  return { host, seen, obproxies, obServers, leftBehind };
}
