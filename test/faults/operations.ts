import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER } from '../../sandbox/stack/stack';
import { observerRpmOf, startObserverCluster } from '../../sandbox/standins/observer/cluster';
import { fingerprint, type StartedByHand, startByHand } from '../../sandbox/standins/startByHand';
import { until } from '../support/until';
import type { OperationName } from './chains';
import {
  BY_HAND_PASSWORD,
  CHANGED_PASSWORD,
  CREATED_PASSWORD,
  clusterBody,
  type Lane,
  NEWER_SHORT,
  OBPROXY,
} from './lane';
import { failures } from './settle';

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
  readonly name: OperationName;
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

const addObZone: Operation = {
  name: 'addObZone',
  arrange: (lane) => freshHosts(lane, [lane.host(1)], true),
  request: (lane) =>
    lane.stack.api.call('POST', `/api/v2/ob/clusters/${lane.clusters.growing}/zones`, {
      ...{ name: 'zone2', idcName: 'idc1', servers: [lane.hostIds[1]] },
    }),
};

/** What this task had made goes again, and with it its host's files. */
const deleteObservers: Operation = {
  name: 'deleteObservers',
  async arrange(lane) {
    const scene = await addObserver.arrange(lane);
    await ended(lane, [await addObserver.request(lane)]);
    return scene;
  },
  async request(lane) {
    const path = `/api/v2/ob/clusters/${lane.clusters.growing}/servers`;
    const { contents } = await lane.stack.api.call<{ contents: { id: number; ip: string }[] }>('GET', path);
    const server = contents.find(({ ip }) => ip === lane.host(1).ip);
    return lane.stack.api.call('POST', `${path}/batchDelete`, { serverIds: [server?.id ?? 0] });
  },
};

const deleteObZone: Operation = {
  name: 'deleteObZone',
  async arrange(lane) {
    const scene = await addObZone.arrange(lane);
    await ended(lane, [await addObZone.request(lane)]);
    return scene;
  },
  request: (lane) =>
    lane.stack.api.call('DELETE', `/api/v2/ob/clusters/${lane.clusters.growing}/zones/zone2`),
};

/** A server that obflow has added to the root server's zone, and the host that takes its place. */
const replaceObserver: Operation = {
  name: 'replaceObserver',
  async arrange(lane) {
    await lane.reset({ hosts: [lane.host(1), lane.host(2)], growing: true });
    await ended(lane, [await addObserver.request(lane)]);
    // What is noted of it at the first look, its home, stays whatever becomes of the task.
    await ended(lane, [await onObserver(lane, 'restart', { freezeServer: false })]);
    return { targets: [lane.host(2)], looked: lane.stack.fleet.hosts };
  },
  request: (lane) => onObserver(lane, 'replace', { hostId: lane.hostIds[2] }),
};

/** A cluster that the inventory does not have, on a host that it has. */
const takeOverObCluster: Operation = {
  name: 'takeOverObCluster',
  async arrange(lane) {
    const scene = await freshHosts(lane, [lane.host(1)]);
    await startObserverCluster([lane.host(1)], {
      ...{ name: 'obtaken', obClusterId: 33, version: '4.2.1.2' },
      rootPassword: lane.stack.secrets.sys,
    });
    return scene;
  },
  request: (lane) =>
    lane.stack.api.call('POST', '/api/v2/ob/clusters/takeOver', {
      address: lane.host(1).ip,
      port: 2881,
      rootSysPassword: lane.stack.secrets.sys,
      proxyroPassword: lane.stack.secrets.proxyro,
    }),
};

/** A cluster of one server on a host that has none. */
function clusterOfOne(lane: Lane): Promise<TaskJson & { cluster: { id: number } }> {
  const { name, version, release } = observerRpmOf('4.2.1.2');
  return lane.stack.api.call('POST', '/api/v2/ob/clusters', {
    ...{ name: 'obmade', type: 'PRIMARY', password: CREATED_PASSWORD, primaryZone: 'zone1' },
    rpmName: `${name}-${version}-${release}.x86_64.rpm`,
    zones: [{ name: 'zone1', idcName: 'idc1', servers: [lane.hostIds[1]] }],
  });
}

const createObCluster: Operation = {
  name: 'createObCluster',
  arrange: (lane) => freshHosts(lane, [lane.host(1)]),
  request: clusterOfOne,
};

const deleteObCluster: Operation = {
  name: 'deleteObCluster',
  async arrange(lane) {
    const scene = await freshHosts(lane, [lane.host(1)]);
    await ended(lane, [await clusterOfOne(lane)]);
    return scene;
  },
  async request(lane) {
    const path = '/api/v2/ob/clusters';
    const { contents } = await lane.stack.api.call<{ contents: { id: number; name: string }[] }>('GET', path);
    const id = contents.find(({ name }) => name === 'obmade')?.id;
    return lane.stack.api.call('DELETE', `${path}/${id}?confirm=obmade`);
  },
};

const moveOutObCluster: Operation = {
  name: 'moveOutObCluster',
  async arrange(lane) {
    await lane.reset({ hosts: [], growing: true });
    return { targets: [lane.member], looked: [lane.member] };
  },
  request: (lane) => lane.stack.api.call('POST', `/api/v2/ob/clusters/${lane.clusters.growing}/moveOut`, {}),
};

/** A cluster of three zones; the task is about the server of the second. */
async function threeZones(lane: Lane): Promise<Scene> {
  await lane.reset({ hosts: lane.stack.fleet.hosts, growing: 'zones' });
  // What a first task sees and notes of a cluster that was there before stays whatever becomes of the task.
  await ended(lane, [await onObserver(lane, 'restart', { freezeServer: false })]);
  return { targets: [lane.host(1)], looked: lane.stack.fleet.hosts };
}

async function onObserver(lane: Lane, verb: string, body?: object): Promise<TaskJson> {
  const { api } = lane.stack;
  const path = `/api/v2/ob/clusters/${lane.clusters.growing}/servers`;
  const { contents } = await api.call<{ contents: { id: number; ip: string }[] }>('GET', path);
  const server = contents.find(({ ip }) => ip === lane.host(1).ip);
  if (server === undefined) throw new Error('the scene has no observer');
  return api.call('POST', `${path}/${server.id}/${verb}`, body);
}

const stopObserver: Operation = {
  name: 'stopObserver',
  arrange: threeZones,
  request: (lane) => onObserver(lane, 'stop'),
};

const startObserver: Operation = {
  name: 'startObserver',
  async arrange(lane) {
    const scene = await threeZones(lane);
    await ended(lane, [await onObserver(lane, 'stop')]);
    return scene;
  },
  request: (lane) => onObserver(lane, 'start'),
};

const restartObserver: Operation = {
  name: 'restartObserver',
  arrange: threeZones,
  request: (lane) => onObserver(lane, 'restart', { freezeServer: true }),
};

const onCluster = (lane: Lane, verb: string): Promise<TaskJson> =>
  lane.stack.api.call('POST', `/api/v2/ob/clusters/${lane.clusters.growing}/${verb}`);

/** The task is about all three servers. */
async function allServers(lane: Lane): Promise<Scene> {
  const scene = await threeZones(lane);
  return { ...scene, targets: scene.looked };
}

const stopObCluster: Operation = {
  name: 'stopObCluster',
  async arrange(lane) {
    const scene = await allServers(lane);
    // So that every process, and not only that of the second zone, is one that obflow has started.
    for (const verb of ['stop', 'start']) await ended(lane, [await onCluster(lane, verb)]);
    return scene;
  },
  request: (lane) => onCluster(lane, 'stop'),
};

const startObCluster: Operation = {
  name: 'startObCluster',
  async arrange(lane) {
    const scene = await allServers(lane);
    await ended(lane, [await onCluster(lane, 'stop')]);
    return scene;
  },
  request: (lane) => onCluster(lane, 'start'),
};

/** The root service is in the first zone, so the second goes first. */
const restartObCluster: Operation = {
  name: 'restartObCluster',
  arrange: threeZones,
  request: (lane) => onCluster(lane, 'restart'),
};

const onZone = (lane: Lane, verb: string): Promise<TaskJson> =>
  lane.stack.api.call('POST', `/api/v2/ob/clusters/${lane.clusters.growing}/zones/zone2/${verb}`);

const stopObZone: Operation = {
  name: 'stopObZone',
  arrange: threeZones,
  request: (lane) => onZone(lane, 'stop'),
};

const startObZone: Operation = {
  name: 'startObZone',
  async arrange(lane) {
    const scene = await threeZones(lane);
    await ended(lane, [await onZone(lane, 'stop')]);
    return scene;
  },
  request: (lane) => onZone(lane, 'start'),
};

const restartObZone: Operation = {
  name: 'restartObZone',
  arrange: threeZones,
  request: (lane) => onZone(lane, 'restart'),
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

/** Two proxies of a cluster that serve; the task is about the first. */
async function twoProxies(lane: Lane, clusterId: number): Promise<Scene> {
  const targets = [lane.host(1)];
  await lane.reset({ hosts: [lane.host(1), lane.host(2)], growing: false });
  const { contents } = await lane.stack.api.call<{ contents: TaskJson[] }>(
    'POST',
    `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
    { hostIds: lane.hostIds.slice(1), ...PORTS, version: lane.package },
  );
  await ended(lane, contents);
  return { targets, looked: [lane.host(1), lane.host(2)] };
}

async function ended(lane: Lane, tasks: readonly TaskJson[]): Promise<void> {
  const ids = tasks.map(({ id }) => id);
  for (const task of await lane.stack.api.settled(ids)) {
    if (task.status !== 'SUCCESSFUL') {
      throw new Error(`task ${task.id}, of the scene, is ${task.status}: ${failures(task)}`);
    }
  }
  await until('the locks are released', () => lane.rows.locks().length === 0);
}

/** The proxy on the first target. */
async function serverId(lane: Lane, clusterId: number): Promise<number> {
  const { obproxies } = await lane.stack.api.call<{ obproxies: { id: number; ip: string }[] }>(
    'GET',
    `/api/v2/obproxy/clusters/${clusterId}`,
  );
  const found = obproxies.find(({ ip }) => ip === lane.host(1).ip);
  if (found === undefined) throw new Error('the scene has no proxy');
  return found.id;
}

async function onServer(lane: Lane, verb: string, more: object = {}): Promise<TaskJson> {
  const cluster = lane.clusters.install;
  return lane.stack.api.call('POST', `/api/v2/obproxy/clusters/${cluster}/servers/${verb}`, {
    obproxyServerIds: [await serverId(lane, cluster)],
    ...more,
  });
}

const stopObproxy: Operation = {
  name: 'stopObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'stop'),
};

const startObproxy: Operation = {
  name: 'startObproxy',
  async arrange(lane) {
    const scene = await twoProxies(lane, lane.clusters.install);
    await ended(lane, [await onServer(lane, 'stop')]);
    return scene;
  },
  request: (lane) => onServer(lane, 'start'),
};

const restartObproxy: Operation = {
  name: 'restartObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'restart', { hotRestart: false }),
};

const restartObproxyHot: Operation = {
  name: 'restartObproxyHot',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'restart', { hotRestart: true }),
};

const upgradeObproxy: Operation = {
  name: 'upgradeObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'upgrade', { shortRpmName: NEWER_SHORT, prohibitRollback: false }),
};

const upgradeObproxyCold: Operation = {
  name: 'upgradeObproxyCold',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) =>
    onServer(lane, 'upgrade', { shortRpmName: NEWER_SHORT, prohibitRollback: false, hotRestart: false }),
};

const refreshObproxy: Operation = {
  name: 'refreshObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'refresh'),
};

/** The task is about all proxies of the cluster. */
async function bothProxies(lane: Lane): Promise<Scene> {
  const scene = await twoProxies(lane, lane.clusters.install);
  return { ...scene, targets: scene.looked };
}

const changeObproxyParameters: Operation = {
  name: 'changeObproxyParameters',
  arrange: bothProxies,
  request: (lane) =>
    lane.stack.api.call('PUT', `/api/v2/obproxy/clusters/${lane.clusters.install}/parameters`, [
      { name: 'query_digest_time_threshold', value: '300ms' },
      { name: 'work_thread_num', value: '9' },
    ]),
};

const changeParametersAndRestart: Operation = {
  name: 'changeParametersAndRestart',
  arrange: bothProxies,
  request: (lane) =>
    lane.stack.api.call('PUT', `/api/v2/obproxy/clusters/${lane.clusters.install}/parameters`, {
      parameters: [{ name: 'work_thread_num', value: '9' }],
      restart: true,
    }),
};

const changeObproxyPassword: Operation = {
  name: 'changeObproxyPassword',
  arrange: bothProxies,
  request: (lane) =>
    lane.stack.api.call('POST', `/api/v2/obproxy/clusters/${lane.clusters.install}/password`, {
      password: CHANGED_PASSWORD,
    }),
};

const deleteObproxy: Operation = {
  name: 'deleteObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  request: (lane) => onServer(lane, 'delete'),
};

const offlineObproxy: Operation = {
  name: 'offlineObproxy',
  arrange: (lane) => twoProxies(lane, lane.clusters.install),
  async request(lane) {
    const cluster = lane.clusters.install;
    const id = await serverId(lane, cluster);
    return lane.stack.api.call('DELETE', `/api/v2/obproxy/clusters/${cluster}/obproxies/${id}`);
  },
};

const deleteObproxyCluster: Operation = {
  name: 'deleteObproxyCluster',
  async arrange(lane) {
    const scene = await twoProxies(lane, lane.clusters.adopt);
    return { ...scene, targets: scene.looked };
  },
  request: (lane) => lane.stack.api.call('DELETE', `/api/v2/obproxy/clusters/${lane.clusters.adopt}`),
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
  stopObproxy,
  startObproxy,
  restartObproxy,
  restartObproxyHot,
  upgradeObproxy,
  upgradeObproxyCold,
  refreshObproxy,
  changeObproxyParameters,
  changeParametersAndRestart,
  changeObproxyPassword,
  deleteObproxy,
  offlineObproxy,
  deleteObproxyCluster,
  addObserver,
  addObZone,
  deleteObservers,
  deleteObZone,
  replaceObserver,
  takeOverObCluster,
  createObCluster,
  deleteObCluster,
  moveOutObCluster,
  stopObserver,
  startObserver,
  restartObserver,
  stopObCluster,
  startObCluster,
  restartObCluster,
  stopObZone,
  startObZone,
  restartObZone,
  batchCreateHosts,
];
