/** Preconditions that operations share. Each throws Refusal with the documented code and what to do. */

import { notForOptions } from '../oceanbase/commandLine';
import { packageFit } from '../oceanbase/packageFit';
import { needsReboot } from '../oceanbase/parameters';
import { hasRpcPort } from '../oceanbase/versions';
import { say } from '../runtime/messages/catalogue';
import type { HostRow, ObClusterRow, ObproxyClusterRow, PackageRow, Store } from '../store/types';
import type { Text } from '../workflows/text';
import { Refusal, type SubError } from './refusal';

/** Refuses one field of a request that only the inventory could judge. */
export function fieldRefusal(field: string, rejectedValue: unknown, message: Text): Refusal {
  const subError: SubError = { field, rejectedValue, message };
  return new Refusal(400, 'COM10001', say('request.fault', { field, fault: message }), {
    target: field,
    subErrors: [subError],
  });
}

export async function obproxyClusterById(store: Store, id: number): Promise<ObproxyClusterRow> {
  const cluster = await store.obproxy.findCluster(id);
  if (cluster !== undefined) return cluster;
  throw new Refusal(404, 'ODP21001', say('obproxyCluster.unknown', { id }), {
    target: `obproxyCluster:${id}`,
  });
}

/** The hosts in the order of the request. */
export async function hostsByIds(store: Store, ids: readonly number[]): Promise<HostRow[]> {
  const found = new Map((await store.hosts.findMany(ids)).map((host) => [host.id, host]));
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw new Refusal(404, 'CMP07005', say('host.unknown', { id: missing.join(', ') }), {
      target: `host:${missing.join(',')}`,
    });
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Packages that hold an OBServer. */
export const OBSERVER_PACKAGES: readonly string[] = ['oceanbase', 'oceanbase-ce'];

/** The package of this file name, which must hold an OBProxy. */
export async function obproxyPackage(
  store: Store,
  fileName: string,
  field: string,
): Promise<PackageRow & { readonly home: string }> {
  const row = await store.packages.findByFileName(fileName);
  if (row === undefined) {
    throw new Refusal(404, 'PKG10014', say('package.missing', { name: fileName }), { target: fileName });
  }
  if (row.home === null || OBSERVER_PACKAGES.includes(row.name)) {
    throw fieldRefusal(field, fileName, say('names.noObproxy'));
  }
  return { ...row, home: row.home };
}

/** Package and hosts must fit, as far as the hosts' facts are known. */
export function packageFitsHosts(softwarePackage: PackageRow, hosts: readonly HostRow[]): void {
  const { architecture } = softwarePackage;
  refuseUnfit(softwarePackage, hosts, { architecture, operatingSystem: null }, 'CMP07018');
  refuseUnfit(softwarePackage, hosts, softwarePackage, 'CMP07017');
}

function refuseUnfit(
  softwarePackage: PackageRow,
  hosts: readonly HostRow[],
  part: Pick<PackageRow, 'architecture' | 'operatingSystem'>,
  code: string,
): void {
  const unfit = hosts.flatMap((host) => {
    const fit = packageFit(part, host);
    return fit?.verdict === 'refuse' ? [say('text.of', { what: host.ip, text: fit.text })] : [];
  });
  if (unfit.length === 0) return;
  throw new Refusal(400, code, say('package.unfit', { file: softwarePackage.fileName, reasons: unfit }), {
    target: softwarePackage.fileName,
  });
}

/** A host runs at most one OBProxy, whatever its cluster. */
export async function noProxyOnHosts(store: Store, hosts: readonly HostRow[]): Promise<void> {
  const servers = await store.obproxy.findServersOnHosts(hosts.map(({ id }) => id));
  if (servers.length === 0) return;
  for (const host of hosts) {
    const server = servers.find(({ hostId }) => hostId === host.id);
    if (server === undefined) continue;
    const cluster = await store.obproxy.findCluster(server.clusterId);
    throw new Refusal(
      409,
      'ODP21116',
      say('host.hasObproxy', {
        ip: host.ip,
        id: host.id,
        server: server.id,
        cluster: cluster?.name ?? server.clusterId,
        port: server.sqlPort,
        status: server.status,
      }),
      { target: `host:${host.id}` },
    );
  }
}

/**
 * OBProxy before 4.1 takes what needs a restart only by -o, where a comma separates and quotes, backslashes and blanks are lost
 * (from 4.1 on by its stored configuration). Without `field` the parameters are the cluster's, not the request's.
 */
export function startParametersFit(
  softwarePackage: PackageRow,
  cluster: Pick<ObproxyClusterRow, 'startupParameters' | 'parameters'>,
  field?: (list: 'startupParameters' | 'parameters', index: number) => string,
): void {
  const { version, fileName } = softwarePackage;
  for (const list of ['startupParameters', 'parameters'] as const) {
    for (const [index, parameter] of cluster[list].entries()) {
      const { name, value } = parameter;
      if (!needsReboot(name) || notForOptions(version, [parameter]).length === 0) continue;
      const fault = say(value.includes(',') ? 'holds.comma' : 'holds.specials');
      if (field === undefined) {
        throw fieldRefusal(
          'version',
          fileName,
          say('cannot.startParameterOfCluster', { version, name, fault }),
        );
      }
      throw fieldRefusal(
        field(list, index),
        value,
        say('cannot.startParameter', { name, version, file: fileName, fault }),
      );
    }
  }
}

export interface RequestedPort {
  readonly field: string;
  readonly port: number;
}

export async function allObClusters(store: Store): Promise<readonly ObClusterRow[]> {
  const size = 200;
  const clusters: ObClusterRow[] = [];
  for (let page = 1; ; page += 1) {
    const { contents, totalElements } = await store.obClusters.list({ page, size });
    clusters.push(...contents);
    if (contents.length === 0 || clusters.length >= totalElements) return clusters;
  }
}

/** No requested port belongs to a service the inventory knows on one of the hosts. */
export async function portsFreeOnHosts(
  store: Store,
  hosts: readonly HostRow[],
  ports: readonly RequestedPort[],
): Promise<void> {
  const clusters = await allObClusters(store);
  const taken: SubError[] = [];
  for (const host of hosts) {
    const used = new Map<number, string>([[host.sshPort, 'SSH']]);
    for (const cluster of clusters) {
      for (const server of cluster.rootServers.filter(({ ip }) => ip === host.ip)) {
        used.set(server.sqlPort, `the observer of "${cluster.name}" (SQL port)`);
        used.set(server.rpcPort, `the observer of "${cluster.name}" (RPC port)`);
      }
    }
    for (const { field, port } of ports) {
      const service = used.get(port);
      if (service !== undefined) {
        taken.push({ field, rejectedValue: port, message: say('is.used', { host: host.ip, service }) });
      }
    }
  }
  const [first] = taken;
  if (first === undefined) return;
  throw new Refusal(
    409,
    'COM10005',
    say('port.used', {
      field: first.field,
      value: String(first.rejectedValue),
      fault: first.message,
    }),
    { target: first.field, subErrors: taken },
  );
}

/** RPC port of OBProxy 4.3.0 and later when nobody chooses one. */
const DEFAULT_RPC_PORT = 2885;

/**
 * The ports an OBProxy of this version opens. From 4.3.0 on an RPC port is among them, also when the request leaves
 * it out; before, asking for one is refused. `at` gives the full name of a field.
 */
export function obproxyPorts(
  softwarePackage: PackageRow,
  wished: { readonly sqlPort: number; readonly exporterPort: number; readonly rpcPort?: number | undefined },
  at: (field: string) => string,
): RequestedPort[] {
  const field = at('rpcPort');
  const ports = [
    { field: at('sqlPort'), port: wished.sqlPort },
    { field: at('exporterPort'), port: wished.exporterPort },
  ];
  if (!hasRpcPort(softwarePackage.version)) {
    if (wished.rpcPort === undefined) return ports;
    throw new Refusal(
      400,
      'ODP21018',
      say('field.needsNewer', { field, file: softwarePackage.fileName, version: softwarePackage.version }),
      {
        target: field,
        subErrors: [
          { field, rejectedValue: wished.rpcPort, message: say('needs.obproxy', { version: '4.3.0' }) },
        ],
      },
    );
  }
  const rpcPort = wished.rpcPort ?? DEFAULT_RPC_PORT;
  const same = ports.find(({ port }) => port === rpcPort);
  if (same !== undefined) {
    throw fieldRefusal(
      same.field,
      same.port,
      say('is.rpcPort', { version: softwarePackage.version, port: rpcPort, field }),
    );
  }
  return [...ports, { field, port: rpcPort }];
}
