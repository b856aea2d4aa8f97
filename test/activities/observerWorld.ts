import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createActivities } from '../../activities';
import { createHosts } from '../../hosts';
import type { Host } from '../../hosts/types';
import { readRpmHeader } from '../../oceanbase/rpmHeader';
import { readConfig } from '../../runtime/config';
import { type Fleet, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import {
  type ObserverCluster,
  observerRpmOf,
  startObserverCluster,
} from '../../sandbox/standins/observer/cluster';
import { buildObserverRpm } from '../../sandbox/standins/rpm';
import { openStore } from '../../store';
import type { RootServer, Store } from '../../store/types';
import type { Plan, SubtaskInput, SubtaskResult } from '../../workflows/plan';
import { ALLOWED_ADDRESSES } from '../support/addresses';
import { quietEnvironment } from './world';

const RPM = observerRpmOf('4.2.1.2');
const ROOT_PASSWORD = 'plantedROOT.44@@';
const NAME = 'obacts';

/** What works on a host, in the order of the documented chain. */
export const HOST_STEPS = [
  'ReserveHost',
  'PreCheckForInstallOb',
  'InstallRpm',
  'MakeDirForOb',
  'StartObServerProcessWithParam',
  'AddObServer',
  'WaitObServerActive',
  'RestartObServerProcess',
  'StartOcpAgentService',
  'UpdateObServerStatus',
] as const;

export interface AddTask {
  readonly taskId: number;
  readonly serverId: number;
  readonly host: TestHost;
  readonly hostId: number;
  run(
    type: string,
    options?: { rollback?: boolean; run?: number; input?: Partial<SubtaskInput> },
  ): Promise<SubtaskResult | null>;
  /** Runs the steps on the host up to and with `last`. */
  upTo(last: (typeof HOST_STEPS)[number]): Promise<void>;
  log(type: string): Promise<string>;
}

export interface ObserverWorld {
  readonly fleet: Fleet;
  readonly store: Store;
  readonly cluster: ObserverCluster;
  readonly clusterId: number;
  /** Tells obflow that the cluster is reached there, and only there. */
  reachedAt(rootServers: readonly RootServer[]): Promise<void>;
  /** Where it is really reached. */
  readonly rootServers: readonly RootServer[];
  openHost(hostId: number): Promise<Host>;
  /** The task that adds the server on host number `index` (from 0) of those that are no members; default to zone1. */
  add(index: number, zone?: string): Promise<AddTask>;
  stop(): Promise<void>;
}

function planOf(taskId: number, hostId: number): Plan {
  return {
    taskId,
    name: 'Add OB server',
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

/** A cluster of one stand-in and free hosts, an inventory, and a worker's activities around them. */
export async function startObserverWorld(options: {
  readonly free: number;
  readonly requirements?: 'production' | 'small';
}): Promise<ObserverWorld> {
  const fleet = await startFleet({ hosts: options.free + 1 });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-observer-'));
  const { config } = readConfig({
    OBFLOW_DATA_DIR: folder,
    OBFLOW_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
    OBFLOW_HOST_REQUIREMENTS: options.requirements ?? 'small',
  });
  const store = await openStore(config);
  const hosts = createHosts({
    pinHostKey: (id, key) => store.hosts.pinHostKey(id, key),
    addresses: config.addresses,
  });
  const activities = createActivities({ store, hosts, config });
  const cluster = await startObserverCluster(fleet.hosts.slice(0, 1), {
    version: RPM.version,
    name: NAME,
    obClusterId: 5,
    rootPassword: ROOT_PASSWORD,
    steering: { _standin_active_delay: 0, _standin_service_delay: 0, _standin_delete_delay: 200 },
  });
  const sys = await store.credentials.put({
    name: 'sys',
    kind: 'DATABASE',
    username: 'root',
    secret: ROOT_PASSWORD,
  });
  const ssh = await store.credentials.put({
    name: 'ssh',
    kind: 'SSH_KEY',
    username: 'root',
    secret: fleet.privateKey,
  });
  const rootServers = cluster.servers.map(({ host, sqlPort, rpcPort }) => ({
    ip: host.ip,
    sqlPort,
    rpcPort,
  }));
  const { id: clusterId } = await store.obClusters.put({
    name: NAME,
    obClusterId: 5,
    version: RPM.version,
    type: 'PRIMARY',
    rootServers,
    sysCredentialId: sys.id,
    proxyroCredentialId: sys.id,
  });
  const file = await buildObserverRpm(RPM);
  const header = await readRpmHeader(file);
  const content = readFileSync(file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await mkdir(path.join(folder, 'packages'), { recursive: true });
  await copyFile(file, path.join(folder, 'packages', `${sha256}.rpm`));
  const part = await store.packages.add({
    fileName: path.basename(file),
    name: header.name,
    version: header.version,
    release: header.release,
    architecture: header.arch,
    operatingSystem: 'el7',
    size: header.fileSize,
    sha256,
    sha1: '',
    type: 'OB_SERVER_INSTALL_PACKAGE',
    home: header.home ?? null,
  });

  return {
    fleet,
    store,
    cluster,
    clusterId,
    rootServers,
    async openHost(hostId) {
      const { ip = '', sshPort = 22 } = (await store.hosts.find(hostId)) ?? {};
      const auth = { kind: 'key', privateKey: fleet.privateKey } as const;
      return hosts.open({ hostId, ip, sshPort, username: 'root', auth });
    },
    reachedAt: (servers) => store.obClusters.recordRootServers(clusterId, servers),
    async add(index, zone = 'zone1') {
      const host = fleet.hosts[index + 1]!;
      const { id: hostId } = await store.hosts.put({
        ip: host.ip,
        sshPort: host.sshPort,
        name: null,
        credentialId: ssh.id,
        hostKey: host.hostKey,
        idcName: 'idc1',
        regionName: 'region1',
      });
      const taskId = await store.sequences.next('task');
      const serverId = await store.obServers.add({
        clusterId,
        zone,
        hostId,
        ip: host.ip,
        rpcPort: 2882,
        sqlPort: 2881,
        packageId: part.id,
        startupParameters: [],
        taskId,
      });
      await store.tasks.add({ plan: planOf(taskId, hostId), workflowType: 'addObserver' });
      const ids = new Map<string, number>();
      const idOf = (type: string) => {
        if (!ids.has(type)) ids.set(type, taskId * 100 + ids.size);
        return ids.get(type) ?? 0;
      };
      const task: AddTask = {
        taskId,
        serverId,
        host,
        hostId,
        run(type, how = {}) {
          const input: SubtaskInput = {
            taskId,
            subtaskId: idOf(type),
            run: how.run ?? 1,
            name: type,
            operation: how.rollback === true ? 'ROLLBACK' : 'EXECUTE',
            traceId: 'test',
            element: { key: 'host_ids', value: String(hostId) },
            context: {
              stringMap: {
                cluster_id: String(clusterId),
                [`host.${hostId}.zone`]: zone,
                rpm_name: part.fileName,
              },
              listMap: {
                host_ids: [String(hostId)],
                server_ids: [String(serverId)],
                zone_names: [zone],
              },
            },
            ...how.input,
          };
          return quietEnvironment().run(
            activities[how.rollback === true ? `${type}.rollback` : type]!,
            input,
          );
        },
        async upTo(last) {
          for (const type of HOST_STEPS.slice(0, HOST_STEPS.indexOf(last) + 1)) await task.run(type);
        },
        async log(type) {
          const lines = await store.tasks.readLog(taskId, idOf(type));
          return lines.map(({ text }) => text).join('\n');
        },
      };
      return task;
    },
    async stop() {
      await hosts.close();
      await store.close();
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
