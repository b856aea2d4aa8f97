import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createActivities } from '../../activities';
import { askCluster, openAsSys, recordState } from '../../contact/clusterState';
import { createHosts } from '../../hosts';
import { isUnanswered } from '../../oceanbase/sqlSession';
import { readConfig } from '../../runtime/config';
import { type Fleet, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { type ObserverCluster, startObserverCluster } from '../../sandbox/standins/observer/cluster';
import { openStore } from '../../store';
import type { RootServer, Store } from '../../store/types';
import type { Plan, SubtaskInput, SubtaskResult } from '../../workflows/plan';
import { ALLOWED_ADDRESSES } from '../support/addresses';
import { until } from '../support/until';
import { quietEnvironment } from './world';

const VERSION = '4.2.1.2';
const ROOT_PASSWORD = 'plantedROOT.66@@';
const NAME = 'oblife';

/** A server by its number, or the whole cluster. */
export type About = number | 'all';

export interface LifeTask {
  readonly taskId: number;
  /** Runs a subtask of this task about a server, or about all of them. */
  run(
    type: string,
    about: About,
    how?: {
      readonly run?: number;
      readonly rollback?: boolean;
      readonly values?: Readonly<Record<string, string>>;
    },
  ): Promise<SubtaskResult | null>;
  log(type: string, about: About): Promise<string>;
  /** As when the task is closed. */
  ends(failed: boolean): Promise<void>;
}

/** A cluster of three zones that was there before obflow, its hosts declared, and a worker's activities around it. */
export interface LifeWorld {
  readonly fleet: Fleet;
  readonly store: Store;
  readonly cluster: ObserverCluster;
  readonly clusterId: number;
  readonly rootServers: readonly RootServer[];
  host(server: number): TestHost;
  address(server: number): string;
  serverId(server: number): Promise<number>;
  status(server: number): Promise<string>;
  reachedAt(rootServers: readonly RootServer[]): Promise<void>;
  task(): Promise<LifeTask>;
  stop(): Promise<void>;
}

export async function startLifeWorld(): Promise<LifeWorld> {
  const fleet = await startFleet({ hosts: 3 });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-life-'));
  const { config } = readConfig({
    OBFLOW_DATA_DIR: folder,
    OBFLOW_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
    OBFLOW_HOST_REQUIREMENTS: 'small',
  });
  const store = await openStore(config);
  const hosts = createHosts({
    pinHostKey: (id, key) => store.hosts.pinHostKey(id, key),
    addresses: config.addresses,
  });
  const activities = createActivities({ store, hosts, config });
  const cluster = await startObserverCluster(fleet.hosts, {
    ...{ version: VERSION, name: NAME, obClusterId: 6, rootPassword: ROOT_PASSWORD },
    steering: { _standin_active_delay: 0, _standin_service_delay: 0, _standin_lease: 1_500 },
  });
  const credential = (name: string, kind: 'DATABASE' | 'SSH_KEY', secret: string) =>
    store.credentials.put({ name, kind, username: 'root', secret });
  const sys = await credential('sys', 'DATABASE', ROOT_PASSWORD);
  const ssh = await credential('ssh', 'SSH_KEY', fleet.privateKey);
  for (const { ip, sshPort, hostKey } of fleet.hosts) {
    await store.hosts.put({
      ...{ ip, sshPort, hostKey, name: null, credentialId: ssh.id },
      ...{ idcName: 'idc1', regionName: 'region1' },
    });
  }
  const rootServers = cluster.servers.map(({ host, sqlPort, rpcPort }) => ({
    ip: host.ip,
    sqlPort,
    rpcPort,
  }));
  const { id: clusterId } = await store.obClusters.put({
    ...{ name: NAME, obClusterId: 6, version: VERSION, type: 'PRIMARY', rootServers },
    ...{ sysCredentialId: sys.id, proxyroCredentialId: sys.id },
  });
  const host = (server: number): TestHost => {
    const found = fleet.hosts[server];
    if (found === undefined) throw new Error('three hosts were asked for');
    return found;
  };
  const rowOf = async (server: number) => {
    const found = (await store.obServers.ofCluster(clusterId)).find(({ ip }) => ip === host(server).ip);
    if (found === undefined) throw new Error(`no row of server ${server}`);
    return found;
  };
  const execute = (type: string, input: SubtaskInput): Promise<SubtaskResult | null> =>
    quietEnvironment().run(activities[type]!, input);

  const world: LifeWorld = {
    ...{ fleet, store, cluster, clusterId, rootServers, host },
    address: (server) => `${host(server).ip}:2882`,
    serverId: async (server) => (await rowOf(server)).id,
    status: async (server) => (await rowOf(server)).status,
    reachedAt: (servers) => store.obClusters.recordRootServers(clusterId, servers),
    async task() {
      const taskId = await store.sequences.next('task');
      const plan: Plan = {
        ...{ taskId, name: 'Stop OB server', creator: { id: 100, name: 'admin' }, executor: '127.0.0.1' },
        ...{ createTime: new Date().toISOString(), traceId: 'test', concurrency: 10, nodes: [] },
        ...{ context: { stringMap: {}, listMap: {} }, firstSubtaskId: taskId * 100 },
      };
      await store.tasks.add({ plan, workflowType: 'stopObserver' });
      const subtasks = new Map<string, number>();
      const idOf = (type: string, about: About) => {
        const key = `${type} ${about}`;
        if (!subtasks.has(key)) subtasks.set(key, taskId * 100 + subtasks.size);
        return subtasks.get(key) ?? 0;
      };
      return {
        taskId,
        async run(type, about, { run = 1, rollback = false, values = {} } = {}) {
          const rows = about === 'all' ? await store.obServers.ofCluster(clusterId) : [await rowOf(about)];
          const [row] = rows;
          const one = about === 'all' ? {} : { server_id: String(row?.id), zone_name: row?.zone ?? '' };
          return execute(rollback ? `${type}.rollback` : type, {
            ...{ taskId, subtaskId: idOf(type, about), run, name: type, traceId: 'test' },
            operation: rollback ? 'ROLLBACK' : 'EXECUTE',
            context: {
              stringMap: { cluster_id: String(clusterId), ...one, ...values },
              listMap: {
                server_ids: rows.map(({ id }) => String(id)),
                zone_names: [...new Set(rows.map(({ zone }) => zone))],
              },
            },
          });
        },
        async log(type, about) {
          const lines = await store.tasks.readLog(taskId, idOf(type, about));
          return lines.map(({ text }) => text).join('\n');
        },
        async ends(failed) {
          await store.tasks.applyStateChange({
            ...{ taskId, status: failed ? 'FAILED' : 'SUCCESSFUL', operation: 'EXECUTE', closed: true },
            sequence: 1,
          });
        },
      };
    },
    async stop() {
      await hosts.close();
      await store.close();
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    // With so short a lease its root service may not hear its servers for a moment on a busy machine, and answers 4012.
    await until('the cluster answers', async () => {
      const session = await openAsSys(
        store,
        { rootServers, sysCredentialId: sys.id },
        { addresses: config.addresses, timeoutMs: 5_000 },
      );
      try {
        await recordState(store, clusterId, await askCluster(session));
        return true;
      } catch (error) {
        if (!isUnanswered(error)) throw error;
        return false;
      } finally {
        session.close();
      }
    });
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}
