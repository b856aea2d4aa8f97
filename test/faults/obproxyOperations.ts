import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER } from '../../sandbox/stack/stack';
import { fingerprint, startByHand } from '../../sandbox/standins/startByHand';
import { BY_HAND_PASSWORD, CHANGED_PASSWORD, clusterBody, type Lane, NEWER_SHORT, OBPROXY } from './lane';
import { ended, freshHosts, type Operation, only, type Scene } from './scene';

const PORTS = { sqlPort: 2883, exporterPort: 2884 } as const;

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

/** What is done to OBProxies and their clusters. */
export const OBPROXY_OPERATIONS: readonly Operation[] = [
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
];
