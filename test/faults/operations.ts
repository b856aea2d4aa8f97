import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER } from '../../sandbox/stack/stack';
import { fingerprint, type StartedByHand, startByHand } from '../../sandbox/standins/startByHand';
import { BY_HAND_PASSWORD, clusterBody, type Lane, OBPROXY } from './lane';

/** What stands before the request. */
export interface Scene {
  /** Hosts that the task works on. */
  readonly targets: readonly TestHost[];
  /** Hosts whose state is compared. */
  readonly looked: readonly TestHost[];
  readonly byHand?: { readonly proxy: StartedByHand; readonly before: string };
}

/** A documented operation and the smallest world in which all of its subtasks have work. */
export interface Operation {
  readonly name:
    | 'addObproxy'
    | 'createObproxyCluster'
    | 'takeOverObproxy'
    | 'addObserver'
    | 'batchCreateHosts';
  readonly arrange: (lane: Lane) => Promise<Scene>;
  readonly request: (lane: Lane) => Promise<TaskJson>;
}

const PORTS = { sqlPort: 2883, exporterPort: 2884 } as const;

async function freshHosts(lane: Lane, targets: readonly TestHost[], growing = false): Promise<Scene> {
  await lane.reset({ hosts: targets, growing });
  return { targets, looked: growing ? [lane.member, ...targets] : targets };
}

const addObproxy: Operation = {
  name: 'addObproxy',
  arrange: (lane) => freshHosts(lane, [lane.host(1)]),
  async request(lane) {
    const { contents } = await lane.stack.api.call<{ contents: TaskJson[] }>(
      'POST',
      `/api/v2/obproxy/clusters/${lane.clusters.install}/obproxies/batchAdd`,
      { hostIds: [lane.hostIds[1]], ...PORTS, version: lane.package },
    );
    return only(contents);
  },
};

const createObproxyCluster: Operation = {
  name: 'createObproxyCluster',
  arrange: (lane) => freshHosts(lane, [lane.host(1), lane.host(2)]),
  request: (lane) =>
    lane.stack.api.call('POST', '/api/v2/obproxy/clusters', {
      ...clusterBody('made'),
      obproxyInstallParam: { hostIds: lane.hostIds.slice(1), ...PORTS, version: lane.package },
      parameters: [{ name: 'client_max_connections', value: '4096' }],
    }),
};

const takeOverObproxy: Operation = {
  name: 'takeOverObproxy',
  async arrange(lane) {
    const host = lane.host(1);
    const scene = await freshHosts(lane, [host]);
    const { fleet, observer } = lane.stack;
    const proxy = await startByHand(host, {
      rpm: OBPROXY,
      ...PORTS,
      rpcPort: 2885,
      password: BY_HAND_PASSWORD,
      source: { cluster: OB_CLUSTER.name, rootServers: `${fleet.gateway}:${observer.port}` },
    });
    return { ...scene, byHand: { proxy, before: await fingerprint(host, proxy) } };
  },
  async request(lane) {
    const { contents } = await lane.stack.api.call<{ contents: TaskJson[] }>(
      'POST',
      `/api/v2/obproxy/clusters/${lane.clusters.adopt}/takeOver`,
      { hosts: [{ hostId: lane.hostIds[1], sqlPort: PORTS.sqlPort, proxysysPasswd: BY_HAND_PASSWORD }] },
    );
    return only(contents);
  },
};

const addObserver: Operation = {
  name: 'addObserver',
  arrange: (lane) => freshHosts(lane, [lane.host(1)], true),
  request: (lane) =>
    lane.stack.api.call('POST', `/api/v2/ob/clusters/${lane.clusters.growing}/servers`, {
      zoneName: 'zone1',
      servers: [lane.hostIds[1]],
    }),
};

/** A host that the inventory does not have. */
const batchCreateHosts: Operation = {
  name: 'batchCreateHosts',
  async arrange(lane) {
    const scene = await freshHosts(lane, [lane.host(1)]);
    await lane.stack.api.call('DELETE', `/api/v2/compute/hosts/${lane.hostIds[1]}`);
    return scene;
  },
  async request(lane) {
    const { api } = lane.stack;
    const list = async (path: string) =>
      (await api.call<{ contents: { id: number; name: string }[] }>('GET', `${path}?size=100`)).contents;
    const idcs = await list('/api/v2/compute/idcs');
    const credentials = await list('/api/v2/profiles/me/credentials');
    const { contents } = await api.call<{ contents: TaskJson[] }>(
      'POST',
      '/api/v2/compute/hosts/batchCreate',
      {
        hostBasicDataList: [{ innerIpAddress: lane.host(1).ip }],
        sshPort: lane.host(1).sshPort,
        kind: 'DEDICATED_PHYSICAL_MACHINE',
        idcId: idcs[0]?.id,
        credentialId: credentials.find(({ name }) => name === 'test-hosts')?.id,
      },
    );
    return only(contents);
  },
};

function only(tasks: readonly TaskJson[]): TaskJson {
  const [task] = tasks;
  if (task === undefined) throw new Error('the request made no task');
  return task;
}

export const OPERATIONS: readonly Operation[] = [
  addObproxy,
  createObproxyCluster,
  takeOverObproxy,
  addObserver,
  batchCreateHosts,
];
