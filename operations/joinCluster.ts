/** What the requests that bring new OBServers into a cluster share: fields, the hosts they accept, rows and context. */
import type { z } from 'zod';
import { fault } from '../runtime/messages/catalogue';
import type { HostRow, ObClusterRow, PackageRow, Store } from '../store/types';
import type { TaskContext } from '../workflows/plan';
import { StartupParameters } from './observerFields';
import { hostsWithoutObserver, observerPackage, oneArchitecture } from './observerPreconditions';
import { portsFreeOnHosts } from './preconditions';
import { DistTag, HostIds, refuseEqualPorts, ServicePort } from './schemas';
import type { PrepareScope } from './types';

/** Ids of the hosts that servers are installed on. */
export const NewServerHosts = HostIds.min(1, fault('must.nameHost')).describe(
  'Ids of the hosts (not of servers).',
);

/** How the new servers are installed and started. */
export const INSTALLATION = {
  packageOperatingSystem: DistTag.optional().describe('Restricts the choice of the package, e.g. el7.'),
  startupParameters: StartupParameters.default([]).describe('Parameters of the first start (-o).'),
  sqlPort: ServicePort.default(2881).describe('SQL port of the new servers. Not in OCP.'),
  rpcPort: ServicePort.default(2882).describe('RPC port of the new servers. Not in OCP.'),
};

export type Installation = z.output<z.ZodObject<typeof INSTALLATION>>;

/** For `superRefine`. */
export function refuseEqualServerPorts(
  { sqlPort, rpcPort }: Pick<Installation, 'sqlPort' | 'rpcPort'>,
  context: z.RefinementCtx,
): void {
  refuseEqualPorts(
    [
      { field: ['sqlPort'], port: sqlPort },
      { field: ['rpcPort'], port: rpcPort },
    ],
    context,
  );
}

/**
 * The package for hosts on which nothing is in the way. Throws Refusal OBE11021, CMP07004, OBE11023, CMP07018, PKG10014 or,
 * for a port that is in use, COM10005.
 */
export async function packageForFreeHosts(
  store: Store,
  cluster: ObClusterRow,
  hosts: readonly HostRow[],
  { sqlPort, rpcPort, packageOperatingSystem }: Installation,
): Promise<PackageRow & { readonly home: string }> {
  await hostsWithoutObserver(store, hosts);
  oneArchitecture(hosts);
  await portsFreeOnHosts(store, hosts, [
    { field: 'sqlPort', port: sqlPort },
    { field: 'rpcPort', port: rpcPort },
  ]);
  return observerPackage(store, cluster, hosts, packageOperatingSystem);
}

export interface Joining {
  readonly taskId: number;
  readonly cluster: ObClusterRow;
  readonly zone: string;
  readonly hosts: readonly HostRow[];
  readonly part: PackageRow;
  readonly installation: Installation;
}

/** Rows of the new servers, CREATING, in the order of their hosts; ids below 0 in a dry run. */
export async function recordJoining(
  { store, dryRun }: Pick<PrepareScope, 'store' | 'dryRun'>,
  { taskId, cluster, zone, hosts, part, installation }: Joining,
): Promise<number[]> {
  const { rpcPort, sqlPort, startupParameters } = installation;
  const serverIds: number[] = [];
  for (const [index, host] of hosts.entries()) {
    serverIds.push(
      dryRun
        ? -1 - index
        : await store.obServers.add({
            ...{ clusterId: cluster.id, zone, hostId: host.id, ip: host.ip, rpcPort, sqlPort },
            ...{ packageId: part.id, startupParameters, taskId },
          }),
    );
  }
  return serverIds;
}

/** The context of such a task as OCP documents it, keys in the order of the samples. */
export function joinContext(
  { cluster, zone, hosts, part }: Joining,
  serverIds: readonly number[],
): TaskContext {
  return {
    stringMap: {
      cluster_name: cluster.name,
      cluster_id: String(cluster.id),
      service_type: 'OB_CLUSTER',
      rpm_name: part.fileName,
      service_name: `${cluster.name}:${cluster.obClusterId}`,
      service_version: part.version,
      ...Object.fromEntries(hosts.map(({ id }) => [`host.${id}.zone`, zone])),
      ob_cluster_id: String(cluster.obClusterId),
    },
    listMap: {
      root_server_ips: cluster.rootServers.map(({ ip }) => ip),
      server_ids: serverIds.map(String),
      host_ids: hosts.map(({ id }) => String(id)),
      zone_names: [zone],
    },
  };
}

/** What a plan shows of such a task beside its chain and context. */
export function joinShown({ cluster, hosts }: Pick<Joining, 'cluster' | 'hosts'>) {
  return {
    cluster,
    place: cluster.name,
    places: { host_ids: Object.fromEntries(hosts.map((host) => [String(host.id), host.ip])) },
  };
}
