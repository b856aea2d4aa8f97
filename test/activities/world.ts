import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../activities';
import { createHosts, type Hosts } from '../../hosts';
import { configServerAnswer, obproxyConfig, rootServiceInfo } from '../../oceanbase/configServer';
import { versionRelease } from '../../oceanbase/packageName';
import { readRpmHeader } from '../../oceanbase/rpmHeader';
import { INSTALL_ON_ONE_HOST } from '../../operations/installChain';
import { type RuntimeConfig, readConfig } from '../../runtime/config';
import { type Fleet, type FleetOptions, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { buildObproxyRpm, type ObproxyRpm } from '../../sandbox/standins/rpm';
import { openStore } from '../../store';
import type { LogLine, PackageRow, Parameter, Store } from '../../store/types';
import type { Plan, SubtaskInput, SubtaskResult } from '../../workflows/plan';
import { ANY_ADDRESS } from '../support/addresses';

export const OBPROXY_1_9: ObproxyRpm = { name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' };
export const OBPROXY_4_3: ObproxyRpm = { name: 'obproxy-ce', version: '4.3.1.0', release: '4.el7' };

/** Passwords that must turn up nowhere. */
export const PLANTED = {
  proxysys: 'plantedSYS.11@@',
  proxyro: 'plantedRO.22@@',
  root: 'plantedROOT.33@@',
};

/** Activity types of the chain, which the golden documents fix. */
export const CHAIN = INSTALL_ON_ONE_HOST.map(({ activity }) => activity);

export interface InstallOptions {
  readonly rpm?: ObproxyRpm;
  readonly workMode?: 'RS_LIST' | 'CONFIG_URL';
  readonly startupParameters?: readonly Parameter[];
  readonly parameters?: readonly Parameter[];
  readonly linked?: boolean;
  readonly rpcPort?: number;
  readonly context?: Readonly<Record<string, string>>;
  /** Takes over what runs on the SQL port instead of installing. */
  readonly takeOver?: {
    readonly password?: string;
    readonly sqlPort?: number;
    readonly exporterPort?: number;
    readonly rpcPort?: number;
  };
  /** A cluster made before, instead of a new one. */
  readonly clusterId?: number;
}

export interface RunOptions {
  readonly run?: number;
  readonly attempt?: number;
  readonly rollback?: boolean;
  readonly conflict?: string;
  /** In place of what the task itself would say. */
  readonly input?: Partial<SubtaskInput>;
  readonly environment?: (environment: MockActivityEnvironment) => void;
}

/** Test hosts, an inventory and a worker's activities around them; no Temporal server. */
export interface World {
  readonly fleet: Fleet;
  readonly store: Store;
  readonly observer: Observer;
  readonly folder: string;
  readonly config: RuntimeConfig;
  /** Inventory ids in the fleet's order. */
  readonly hostIds: readonly number[];
  readonly obClusterId: number;
  /** A worker of its own: connections and activities, as after a crash. */
  newWorker(): Worker;
  package(rpm: ObproxyRpm): Promise<PackageRow>;
  /** Records a cluster and a proxy on a host, as the request does, and answers the task. */
  install(index: number, options?: InstallOptions): Promise<InstallTask>;
  stop(): Promise<void>;
}

export interface Worker {
  readonly hosts: Hosts;
  readonly activities: ReturnType<typeof createActivities>;
  stop(): Promise<void>;
}

export interface InstallTask {
  readonly taskId: number;
  readonly serverId: number;
  readonly clusterId: number;
  readonly host: TestHost;
  readonly home: string;
  /** Runs one subtask (or its undo) with the world's own worker, or another. */
  run(type: string, options?: RunOptions, worker?: Worker): Promise<SubtaskResult | null>;
  /** Runs the chain up to and with `last`. */
  chain(last?: string): Promise<void>;
  log(type: string): Promise<string>;
  wholeLog(): Promise<LogLine[]>;
}

/** An activity's surroundings without a server, and without a log line on the terminal for every failure. */
export function quietEnvironment(attempt = 1): MockActivityEnvironment {
  return new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') });
}

function configOf(folder: string, publicUrl: string): RuntimeConfig {
  return {
    ...readConfig({}).config,
    publicUrl,
    dataDir: folder,
    databaseUrl: `file:${path.join(folder, 'obflow.db')}`,
    masterKeyFile: path.join(folder, 'master.key'),
    taskQueue: 'unused',
    logLevel: 'silent',
    addresses: ANY_ADDRESS,
    hostRequirements: 'small',
    taskRetentionDays: 0,
    auditRetentionDays: 0,
  };
}

async function keepPackage(world: { store: Store; folder: string }, rpm: ObproxyRpm): Promise<PackageRow> {
  const file = await buildObproxyRpm(rpm);
  const header = await readRpmHeader(file);
  const content = readFileSync(file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await mkdir(path.join(world.folder, 'packages'), { recursive: true });
  await copyFile(file, path.join(world.folder, 'packages', `${sha256}.rpm`));
  return world.store.packages.add({
    fileName: path.basename(file),
    name: header.name,
    version: header.version,
    release: header.release,
    architecture: header.arch,
    operatingSystem: /\.(el\d+)$/.exec(header.release)?.[1] ?? null,
    size: header.fileSize,
    sha256,
    sha1: createHash('sha1').update(content).digest('hex'),
    type: 'OBPROXY_SOFTWARE_PACKAGE',
    home: header.home ?? null,
  });
}

function planOf(taskId: number, hostId: number): Plan {
  return {
    taskId,
    name: 'Install obproxy',
    creator: { id: 100, name: 'admin' },
    executor: '127.0.0.1',
    createTime: new Date().toISOString(),
    traceId: 'test',
    hostId,
    context: { stringMap: {}, listMap: {} },
    concurrency: 10,
    firstSubtaskId: taskId * 100,
    nodes: [],
  };
}

/** The config server of these tests, with the documents that the API serves of the cluster `obcluster`. */
export async function startConfigServer(
  address: string,
  rootServer: { readonly ip: string; readonly sqlPort: number },
): Promise<{ url: string; close(): Promise<void> }> {
  const cluster = {
    name: 'obcluster',
    obClusterId: 1,
    type: 'PRIMARY' as const,
    rootServers: [{ ...rootServer, rpcPort: 2882 }],
  };
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? '/', url).searchParams;
    const full = obproxyConfig(url, ['obcluster']);
    const config = asked.has('VersionOnly') ? { Version: full.Version } : full;
    const action = asked.get('Action');
    const data = action === 'ObRootServiceInfo' ? rootServiceInfo(cluster, Date.now()) : config;
    const known = action === 'GetObProxyConfig' || action === 'ObRootServiceInfo';
    response.writeHead(known ? 200 : 404);
    response.end(JSON.stringify(configServerAnswer<unknown>(data, { trace: 't', server: 's', costMs: 0 })));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const url = `http://${address}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export async function startWorld(options: FleetOptions): Promise<World> {
  const fleet = await startFleet(options);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-activities-'));
  const observer = await startObserver({
    host: fleet.gateway,
    port: 0,
    clusterName: 'obcluster',
    obClusterId: 1,
    users: { 'root@sys': PLANTED.root, 'proxyro@sys': PLANTED.proxyro },
  });
  const configServer = await startConfigServer(fleet.gateway, { ip: fleet.gateway, sqlPort: observer.port });
  const config = configOf(folder, configServer.url);
  const store = await openStore(config);
  const database = (name: string, username: string, secret: string) =>
    store.credentials.put({ name, kind: 'DATABASE', username, secret });
  const sys = await database('sys', 'root@sys', PLANTED.root);
  const proxyro = await database('proxyro', 'proxyro@sys', PLANTED.proxyro);
  const ssh = await store.credentials.put({
    name: 'ssh',
    kind: 'SSH_KEY',
    username: 'root',
    secret: fleet.privateKey,
  });
  const { id: obClusterId } = await store.obClusters.put({
    name: 'obcluster',
    obClusterId: 1,
    version: '4.2.1.0',
    type: 'PRIMARY',
    rootServers: [{ ip: fleet.gateway, sqlPort: observer.port, rpcPort: 2882 }],
    sysCredentialId: sys.id,
    proxyroCredentialId: proxyro.id,
  });
  const hostIds: number[] = [];
  for (const { ip, sshPort } of fleet.hosts) {
    const { id } = await store.hosts.put({
      ip,
      sshPort,
      name: null,
      credentialId: ssh.id,
      hostKey: null,
      idcName: 'idc1',
      regionName: 'region1',
    });
    hostIds.push(id);
  }

  const newWorker = (): Worker => {
    const hosts = createHosts({
      pinHostKey: (id, key) => store.hosts.pinHostKey(id, key),
      addresses: ANY_ADDRESS,
    });
    return { hosts, activities: createActivities({ store, hosts, config }), stop: () => hosts.close() };
  };
  const worker = newWorker();
  const packages = new Map<string, PackageRow>();
  let clusters = 0;

  const world: World = {
    fleet,
    store,
    observer,
    folder,
    config,
    hostIds,
    obClusterId,
    newWorker,
    async package(rpm) {
      const key = JSON.stringify(rpm);
      const known = packages.get(key) ?? (await keepPackage({ store, folder }, rpm));
      packages.set(key, known);
      return known;
    },
    async install(index, install = {}) {
      const host = fleet.hosts[index]!;
      const hostId = hostIds[index]!;
      const part = await world.package(install.rpm ?? OBPROXY_4_3);
      clusters += 1;
      const name = `cluster${process.pid}_${clusters}`;
      const makeCluster = () =>
        store.obproxy.addCluster({
          name,
          address: null,
          port: null,
          workMode: install.workMode ?? 'RS_LIST',
          startupParameters: install.startupParameters ?? [],
          parameters: install.parameters ?? [],
          runUser: 'admin',
          proxysysPassword: PLANTED.proxysys,
          creator: { id: 100, name: 'admin' },
          links: install.linked === false ? [] : [{ clusterId: obClusterId, username: 'proxyro' }],
        });
      const clusterId = install.clusterId ?? (await makeCluster());
      const taskId = await store.sequences.next('task');
      const { takeOver } = install;
      const serverId = await store.obproxy.addServer({
        clusterId,
        hostId,
        sqlPort: takeOver?.sqlPort ?? 2883,
        exporterPort: takeOver === undefined ? 2884 : (takeOver.exporterPort ?? 0),
        rpcPort: takeOver?.rpcPort ?? install.rpcPort ?? null,
        version: takeOver === undefined ? versionRelease(part) : '',
        packageId: takeOver === undefined ? part.id : null,
        parameterVersion: 1,
        taskId,
        ...(takeOver === undefined ? {} : { status: 'TAKINGOVER' as const }),
        ...(takeOver?.password === undefined ? {} : { formerPassword: takeOver.password }),
      });
      await store.tasks.add({ plan: planOf(taskId, hostId), workflowType: 'addObproxy' });
      const subtaskIds = new Map(CHAIN.map((type, i) => [type as string, taskId * 100 + i]));
      const context = {
        host_id: String(hostId),
        obproxy_cluster_id: String(clusterId),
        obproxy_parameter_version: '7',
        obproxy_need_delete_cluster: takeOver === undefined ? 'true' : 'false',
        ...(takeOver === undefined ? {} : { obproxy_take_over: 'true' }),
        package_name: part.name,
        package_version: versionRelease(part),
        ...install.context,
      };
      const task: InstallTask = {
        taskId,
        serverId,
        clusterId,
        host,
        home: part.home ?? '',
        run(type, how = {}, by = worker) {
          const input: SubtaskInput = {
            taskId,
            subtaskId: subtaskIds.get(type) ?? 0,
            run: how.run ?? 1,
            name: type,
            operation: how.rollback === true ? 'ROLLBACK' : 'EXECUTE',
            traceId: 'test',
            context: {
              stringMap: context,
              listMap: { commands_to_check: ['nc'], process_keywords: ['obproxy', 'obproxyd.sh'] },
            },
            ...(how.conflict === undefined ? {} : { conflict: how.conflict }),
            ...how.input,
          };
          const environment = quietEnvironment(how.attempt);
          how.environment?.(environment);
          const activity = by.activities[how.rollback === true ? `${type}.rollback` : type]!;
          return environment.run(activity, input);
        },
        async chain(last = 'Finish') {
          for (const type of CHAIN.slice(0, CHAIN.indexOf(last) + 1)) await task.run(type);
        },
        async log(type) {
          const lines = await store.tasks.readLog(taskId, subtaskIds.get(type) ?? 0);
          return lines.map(({ text }) => text).join('\n');
        },
        async wholeLog() {
          const logs = [...subtaskIds.values()].map((id) => store.tasks.readLog(taskId, id));
          return (await Promise.all(logs)).flat();
        },
      };
      return task;
    },
    async stop() {
      await worker.stop();
      await observer.stop();
      await configServer.close();
      await store.close();
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

export interface Effects {
  readonly installs: number;
  readonly starts: number;
  readonly alters: Readonly<Record<string, number>>;
}

/** What the stand-ins on a host say was done to them. */
export async function effects(host: TestHost, home: string): Promise<Effects> {
  const installs = await host.sh('cat /var/lib/obflow-standin/installs.log 2>/dev/null | wc -l');
  const counters = await host.sh(`cat ${home}/.standin/counters.json 2>/dev/null || echo '{}'`);
  const { starts = 0, alters = {} } = JSON.parse(counters.stdout) as Partial<Effects>;
  return { installs: Number(installs.stdout), starts, alters };
}
