/** Clusters that obflow makes on test hosts. */
import { connect } from 'node:net';
import { createConnection } from 'mysql2/promise';
import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { inventoryIds, type Stack, wholeStore } from '../../sandbox/stack/stack';
import { observerRpmOf } from '../../sandbox/standins/observer/cluster';
import type { Faults } from '../../sandbox/standins/observer/faults';
import { buildObserverRpm, OBSERVER_HOME } from '../../sandbox/standins/rpm';

export const ROOT_PASSWORD = 'plantedROOT.99~~';
export const CLUSTERS = '/api/v2/ob/clusters';

/** Declares all hosts and no cluster, and uploads a package; resolves to its file name. */
export async function emptyStack(stack: Stack, version: string): Promise<string> {
  await stack.apply({ ...wholeStore(stack), obClusters: [] });
  return (await stack.api.uploadPackage(await buildObserverRpm(observerRpmOf(version)))).fileName;
}

/** The body of a creation; `zones` has the hosts of each, zone1 first. */
export async function creation(
  stack: Stack,
  rpmName: string,
  zones: readonly (readonly TestHost[])[],
  more: object = {},
): Promise<object> {
  const { contents } = await stack.api.call<{ contents: { innerIpAddress: string; idcName: string }[] }>(
    'GET',
    '/api/v2/compute/hosts?size=100',
  );
  const wished = [];
  for (const [index, hosts] of zones.entries()) {
    const idcName = contents.find(({ innerIpAddress }) => innerIpAddress === hosts[0]?.ip)?.idcName;
    wished.push({ name: `zone${index + 1}`, idcName, servers: await inventoryIds(stack, hosts) });
  }
  return { name: 'obmade', type: 'PRIMARY', rpmName, password: ROOT_PASSWORD, zones: wished, ...more };
}

export function create(stack: Stack, body: object): Promise<TaskJson & { cluster: { id: number } }> {
  return stack.api.call('POST', CLUSTERS, body);
}

/** Rows of a statement at a server, as root@sys. */
export async function asRoot(
  host: TestHost,
  sql: string,
  password = ROOT_PASSWORD,
  sqlPort = 2881,
  user = 'root@sys',
): Promise<Record<string, string | null>[]> {
  const stream = connect({ host: host.ip, port: sqlPort });
  const connection = await createConnection({ stream, user, password, connectTimeout: 5_000 });
  connection.on('error', () => undefined);
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Record<string, string | null>[]) : [];
  } finally {
    stream.destroy();
  }
}

/** Steers an observer of which no cluster is there yet; its package need not be installed. */
export async function fault(host: TestHost, faults: Faults): Promise<void> {
  const folder = `${OBSERVER_HOME}/.standin`;
  await host.sh(
    `mkdir -p ${folder} && echo '${JSON.stringify(faults)}' >${folder}/faults.json && chown -R admin: ${OBSERVER_HOME}`,
  );
}

/** Not what the stand-in counts for tests, and the folder of that. */
export function isOfObflow(line: string): boolean {
  return !/^. \/home\/admin\/oceanbase(\/\.standin)? /.test(line);
}
