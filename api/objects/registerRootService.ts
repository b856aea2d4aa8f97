/**
 * What observers (obconfig_url) and obd tell the config server. Where proxies go is decided here, so (docs/security.md):
 *
 * 1. Only clusters that are declared are listened to; no registration makes one, or takes one away.
 * 2. Only a server of that very cluster, by its address, or who has OBFLOW_SERVICES_TOKEN is listened to.
 * 3. Whoever speaks, only servers that obflow knows as the cluster's own, by declaration or by SQL, become root servers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { rootServiceInfo } from '../../oceanbase/configServer';
import { canonicalHost, parseAddress, rpcAddress } from '../../runtime/addressText';
import type { ObClusterRow, RootServer } from '../../store/types';
import type { ApiServices } from '../route';
import { refreshCluster } from './lookAtCluster';

/** What the answer is: `Data`, or why not. */
export type Registered = { readonly data: unknown } | { readonly status: number; readonly missing: string };

export interface Registrar {
  /** Where the request comes from. */
  readonly address: string;
  /** `token` of the URL. */
  readonly token: string | undefined;
}

const MAX_SERVERS = 100;
const Text = z.string().max(128);
const Whole = z.number().int().nonnegative();
/** As observers post it (ob-configserver's source); other keys are left alone. */
const RootServiceBody = z.object({
  ObClusterId: Whole.optional(),
  ObRegionId: Whole.optional(),
  ObCluster: Text.optional(),
  ObRegion: Text.optional(),
  Type: z.enum(['PRIMARY', 'STANDBY']).optional(),
  RsList: z
    .array(z.object({ address: Text, role: Text.optional(), sql_port: z.number().int().min(1).max(65_535) }))
    .min(1)
    .max(MAX_SERVERS),
});

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether this sender is listened to about that cluster. */
async function mayRegister(
  { store, config }: ApiServices,
  cluster: ObClusterRow,
  { address, token }: Registrar,
): Promise<boolean> {
  const { servicesToken } = config;
  if (token !== undefined && servicesToken !== undefined) {
    return timingSafeEqual(digest(token), digest(servicesToken));
  }
  const servers = await store.obServers.ofCluster(cluster.id);
  return [...cluster.rootServers, ...servers].some(({ ip }) => canonicalHost(ip) === canonicalHost(address));
}

const REFUSED = {
  status: 403,
  missing:
    'Only a server of the cluster itself, or who has the token of OBFLOW_SERVICES_TOKEN in the URL (&token=…), may say this.',
} as const;

function serverOf({
  address,
  sql_port: sqlPort,
}: {
  address: string;
  sql_port: number;
}): RootServer | undefined {
  const { host: ip = '', ports = [] } = parseAddress(address) ?? {};
  const [rpcPort = 0] = ports;
  return isIP(ip) === 0 || ports.length !== 1 || rpcPort === 0 ? undefined : { ip, sqlPort, rpcPort };
}

/** POST ObRootServiceInfo: an observer says which servers are the cluster's root servers now. */
export async function registerRootServers(
  services: ApiServices,
  cluster: ObClusterRow,
  registrar: Registrar,
  request: { readonly body: unknown; readonly version: string | undefined },
): Promise<Registered> {
  if (!(await mayRegister(services, cluster, registrar))) return REFUSED;
  const parsed = RootServiceBody.safeParse(request.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      status: 400,
      missing: `The body is none of an observer: ${issue?.path.join('.')} ${issue?.message}.`,
    };
  }
  const { RsList, Type, ...said } = parsed.data;
  const id = said.ObClusterId ?? said.ObRegionId;
  const name = said.ObCluster ?? said.ObRegion ?? cluster.name;
  if (name !== cluster.name || (id !== undefined && id !== cluster.obClusterId)) {
    const missing = `The body is about cluster ${name} with id ${id}, the URL about ${cluster.name} with id ${cluster.obClusterId}.`;
    return { status: 409, missing };
  }
  // Version 2 has several clusters of one name, and tells them by type.
  if (request.version === '2' && Type === undefined)
    return { status: 400, missing: 'With version=2 the body needs Type.' };
  if (Type !== undefined && Type !== cluster.type) {
    const missing = `Cluster ${cluster.name} is declared as ${cluster.type} and says ${Type}. After a switch-over declare it anew (obflow apply).`;
    return { status: 409, missing };
  }
  // The leader first: it is who proxies and obflow ask first.
  const leaders = [...RsList].sort(
    (one, other) => Number(other.role === 'LEADER') - Number(one.role === 'LEADER'),
  );
  const servers = leaders.map(serverOf);
  const rootServers = servers.filter((server) => server !== undefined);
  if (rootServers.length < servers.length)
    return { status: 400, missing: 'RsList names addresses that are no ip:port.' };
  if ((await strangers(services, cluster, rootServers)).length > 0) {
    // A server that has just been added: the cluster itself says so.
    await refreshCluster(services, cluster.id);
    const unknown = await strangers(services, cluster, rootServers);
    if (unknown.length > 0) {
      services.logger.warn(
        { cluster: cluster.name, unknown, from: registrar.address },
        'root servers refused',
      );
      const missing = `${unknown.join(', ')}: not known as servers of cluster ${cluster.name}, which cannot be asked, or does not know them.`;
      return { status: 403, missing };
    }
  }
  if (JSON.stringify(rootServers) !== JSON.stringify(cluster.rootServers)) {
    await services.store.obClusters.recordRootServers(cluster.id, rootServers);
    services.logger.info(
      { cluster: cluster.name, rootServers, from: registrar.address },
      'root servers registered',
    );
  }
  return { data: rootServiceInfo({ ...cluster, rootServers }, Date.now()) };
}

/** Those that are no servers of the cluster, as far as obflow knows, as `ip:rpcPort`. */
async function strangers(
  { store }: ApiServices,
  { id }: ObClusterRow,
  servers: readonly RootServer[],
): Promise<string[]> {
  const cluster = await store.obClusters.find(id);
  const known = [...(cluster?.rootServers ?? []), ...(await store.obServers.ofCluster(id))];
  return servers
    .filter(
      (server) =>
        !known.some(
          (own) =>
            canonicalHost(own.ip) === server.ip &&
            own.rpcPort === server.rpcPort &&
            own.sqlPort === server.sqlPort,
        ),
    )
    .map(rpcAddress);
}

/** POST ObRootServiceRegister: obd asks whether a cluster of that name may register here, before it starts its observers. */
export async function registerCluster(
  services: ApiServices,
  cluster: ObClusterRow,
  registrar: Registrar,
): Promise<Registered> {
  if (!(await mayRegister(services, cluster, registrar))) return REFUSED;
  return { data: null };
}

/** DELETE ObRootServiceInfo, POST DeleteObRootServiceInfoByClusterName: what is declared here stays. */
export async function unregisterCluster(
  services: ApiServices,
  cluster: ObClusterRow,
  registrar: Registrar,
): Promise<Registered> {
  if (!(await mayRegister(services, cluster, registrar))) return REFUSED;
  const missing = `Cluster ${cluster.name} is declared in obflow, and proxies rely on it: its root servers are not deleted by a request without a login.`;
  return { status: 409, missing };
}
