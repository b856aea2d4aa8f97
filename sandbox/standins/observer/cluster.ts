/** A whole OceanBase cluster of stand-ins on test hosts: packages, directories, processes, bootstrap, users. */
import { copyFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { addressText } from '../../../runtime/addressText';
import type { TestHost } from '../../hosts/fleet';
import { buildObserverRpm, OBSERVER_HOME, type ObserverRpm } from '../rpm';
import type { Steering } from './clusterState';
import { observerTraits } from './edition';

export interface ObserverClusterOptions {
  /** E.g. `2.2.77`, `3.1.4` or `4.2.1.2`; the package is observerRpmOf(version). */
  readonly version: string;
  readonly name: string;
  readonly obClusterId: number;
  readonly rootPassword: string;
  /** Makes the user proxyro, who may read the tables of `oceanbase`. */
  readonly proxyroPassword?: string;
  /** Zone of each host; default zone1, zone2 … One server of each zone takes part in the bootstrap. */
  readonly zones?: readonly string[];
  readonly steering?: Partial<Record<Steering, number>>;
  /** Default 2881 and 2882. */
  readonly sqlPort?: number;
  readonly rpcPort?: number;
}

/** A package as it exists in the field for each family: 2.x enterprise, 3.x and 4.x community, all for el7. */
export function observerRpmOf(version: string): ObserverRpm {
  if (version.startsWith('2.')) return { name: 'oceanbase', version, release: '20210108170301.el7' };
  const release = version.startsWith('3.') ? '103000102023020719.el7' : '102000042023120514.el7';
  return { name: 'oceanbase-ce', version, release };
}

export interface ObserverServer {
  readonly host: TestHost;
  readonly zone: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
}

export interface ObserverCluster {
  readonly servers: readonly ObserverServer[];
  /** One server a zone, `ip:rpc:sql;…`, as `-r` and rootservice_list say it. */
  readonly rootServers: string;
  /** Rows (or the outcome) of a statement as root@sys at the first server, or at the one of that number. */
  sql(statement: string, at?: number): Promise<Record<string, string | null>[]>;
}

/** Runs a script in a test host and throws with what it said when it fails. */
async function checked(host: TestHost, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.sh(`set -e\n${script}`);
  if (exitCode !== 0) throw new Error(`on test host ${host.ip}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** Installs the package as it would be by hand; the test host's rpm database knows it afterwards. */
export async function installObserverRpm(host: TestHost, rpm: ObserverRpm): Promise<void> {
  const file = await buildObserverRpm(rpm);
  const name = path.basename(file);
  copyFileSync(file, path.join(host.rootDir, 'tmp', name));
  await checked(host, `rpm -Uvh --oldpackage /tmp/${name} >&2; rm -f /tmp/${name}`);
}

export interface StartOptions {
  readonly version: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly zone: string;
  readonly rootServers: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
}

/** Makes empty directories under store/<cluster> and starts the observer as admin with all options of a first start. */
export async function startObserverProcess(host: TestHost, options: StartOptions): Promise<void> {
  const { version, clusterName, obClusterId, zone, rootServers, sqlPort, rpcPort } = options;
  const data = `${OBSERVER_HOME}/store/${clusterName}`;
  const folders = observerTraits(version).dataFolders.map((folder) => `${data}/${folder}`);
  await checked(
    host,
    `install -d -o admin -g admin ${OBSERVER_HOME}/store ${data} ${folders.join(' ')}
     cd ${OBSERVER_HOME}
     runuser -u admin -- ./bin/observer -z ${zone} -p ${sqlPort} -P ${rpcPort} -n '${clusterName}' \\
       -c ${obClusterId} -d ${data} -i eth0 -r '${rootServers}' -l INFO -o config_additional_dir=etc2 >&2`,
  );
}

interface Login {
  readonly connection: Connection;
  /** Closes our end at once: a host that is switched off right after says no goodbye. */
  close(): void;
}

async function login(server: ObserverServer, password: string): Promise<Login> {
  const stream = connect({ host: server.host.ip, port: server.sqlPort });
  try {
    const connection = await createConnection({ stream, user: 'root@sys', password, connectTimeout: 2_000 });
    // Without a listener, an error after close() would end the process.
    connection.on('error', () => undefined);
    return { connection, close: () => stream.destroy() };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** Waits until a login works; a server that is starting refuses the connection, one that does not serve the login. */
async function loginWhenUp(server: ObserverServer, password: string): Promise<Login> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await login(server, password);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function runAt(
  server: ObserverServer,
  password: string,
  statements: readonly string[],
): Promise<Record<string, string | null>[]> {
  const { connection, close } = await loginWhenUp(server, password);
  try {
    let answer: unknown;
    for (const statement of statements) [answer] = await connection.query(statement);
    return Array.isArray(answer) ? (answer as Record<string, string | null>[]) : [];
  } finally {
    close();
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Installs the package on every host, starts the observers, bootstraps the cluster with the first server of each zone,
 * adds the others, and sets the passwords. Returns when all of them serve. The hosts' stop ends everything.
 */
export async function startObserverCluster(
  hosts: readonly TestHost[],
  options: ObserverClusterOptions,
): Promise<ObserverCluster> {
  const { version, name, obClusterId, sqlPort = 2881, rpcPort = 2882 } = options;
  const servers = hosts.map((host, index) => ({
    host,
    zone: options.zones?.[index] ?? `zone${index + 1}`,
    sqlPort,
    rpcPort,
  }));
  const roots = servers.filter(
    ({ zone }, index) => servers.findIndex((server) => server.zone === zone) === index,
  );
  const first = roots[0];
  if (first === undefined) throw new Error('a cluster has at least one server');
  const rootServers = roots.map(({ host }) => addressText(host.ip, rpcPort, sqlPort)).join(';');
  await Promise.all(
    servers.map(async ({ host, zone }) => {
      await installObserverRpm(host, observerRpmOf(version));
      const start = { version, clusterName: name, obClusterId, zone, rootServers };
      await startObserverProcess(host, { ...start, sqlPort, rpcPort });
    }),
  );
  const allServe = (password: string): Promise<unknown> =>
    Promise.all(servers.map((server) => runAt(server, password, [])));
  await allServe('');

  const bootstrap = roots.map(({ host, zone }) => `ZONE '${zone}' SERVER '${addressText(host.ip, rpcPort)}'`);
  await runAt(first, '', [`ALTER SYSTEM BOOTSTRAP ${bootstrap.join(', ')}`]);
  const reader = options.proxyroPassword;
  await runAt(first, '', [
    ...Object.entries(options.steering ?? {}).map(([key, value]) => `ALTER SYSTEM SET ${key} = '${value}'`),
    ...servers
      .filter((server) => !roots.includes(server))
      .map(({ host, zone }) => `ALTER SYSTEM ADD SERVER '${addressText(host.ip, rpcPort)}' ZONE '${zone}'`),
    ...(reader === undefined
      ? []
      : [`CREATE USER proxyro IDENTIFIED BY ${quoted(reader)}`, 'GRANT SELECT ON oceanbase.* TO proxyro']),
    `ALTER USER root IDENTIFIED BY ${quoted(options.rootPassword)}`,
  ]);
  await allServe(options.rootPassword);
  return {
    servers,
    rootServers,
    sql: (statement, at = 0) => runAt(servers[at] ?? first, options.rootPassword, [statement]),
  };
}
