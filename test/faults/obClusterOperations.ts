import type { TaskJson } from '../../sandbox/stack/apiClient';
import { observerRpmOf, startObserverCluster } from '../../sandbox/standins/observer/cluster';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { until } from '../support/until';
import { CREATED_PASSWORD, type Lane } from './lane';
import { ended, freshHosts, type Operation, type Scene } from './scene';

/**
 * A request about the growing cluster. A request waits 1.5 s for a cluster's answer; beside much other work that is too short now
 * and then, and the cluster is UNAVAILABLE until it is asked again, as the refusal says.
 */
async function onGrowing<T = TaskJson>(
  lane: Lane,
  method: string,
  place: string,
  body?: unknown,
): Promise<T> {
  const cluster = `/api/v2/ob/clusters/${lane.clusters.growing}`;
  for (let tries = 1; ; tries += 1) {
    try {
      return await lane.stack.api.call<T>(method, `${cluster}${place}`, body);
    } catch (error) {
      if (tries === 10 || !/is UNAVAILABLE/.test(String(error))) throw error;
      await lane.stack.api.call('GET', cluster);
    }
  }
}

/** The id of the growing cluster's server on the second host; asked for again where the cluster did not answer in time. */
function secondServer(lane: Lane): Promise<number> {
  return until('the server on the second host', async () => {
    const { contents } = await onGrowing<{ contents: { id: number; ip: string }[] }>(lane, 'GET', '/servers');
    return contents.find(({ ip }) => ip === lane.host(1).ip)?.id;
  });
}

const addObserver: Operation = {
  name: 'addObserver',
  arrange: (lane) => freshHosts(lane, [lane.host(1)], true),
  request: (lane) => onGrowing(lane, 'POST', '/servers', { zoneName: 'zone1', servers: [lane.hostIds[1]] }),
};

const addObZone: Operation = {
  name: 'addObZone',
  arrange: (lane) => freshHosts(lane, [lane.host(1)], true),
  request: (lane) =>
    onGrowing(lane, 'POST', '/zones', { name: 'zone2', idcName: 'idc1', servers: [lane.hostIds[1]] }),
};

/** What this task had made goes again, and with it its host's files. */
const deleteObservers: Operation = {
  name: 'deleteObservers',
  async arrange(lane) {
    const scene = await addObserver.arrange(lane);
    await ended(lane, [await addObserver.request(lane)]);
    lane.rows.noteHome(lane.host(1).ip, OBSERVER_HOME);
    return scene;
  },
  request: async (lane) =>
    onGrowing(lane, 'POST', '/servers/batchDelete', { serverIds: [await secondServer(lane)] }),
};

const deleteObZone: Operation = {
  name: 'deleteObZone',
  async arrange(lane) {
    const scene = await addObZone.arrange(lane);
    await ended(lane, [await addObZone.request(lane)]);
    lane.rows.noteHome(lane.host(1).ip, OBSERVER_HOME);
    return scene;
  },
  request: (lane) => onGrowing(lane, 'DELETE', '/zones/zone2'),
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
  request: (lane) => onGrowing(lane, 'POST', '/moveOut', {}),
};

/** A cluster of three zones; the task is about the server of the second. */
async function threeZones(lane: Lane): Promise<Scene> {
  await lane.reset({ hosts: lane.stack.fleet.hosts, growing: 'zones' });
  // What a first task sees and notes of a cluster that was there before stays whatever becomes of the task.
  await ended(lane, [await onObserver(lane, 'restart', { freezeServer: false })]);
  return { targets: [lane.host(1)], looked: lane.stack.fleet.hosts };
}

const onObserver = async (lane: Lane, verb: string, body?: object): Promise<TaskJson> =>
  onGrowing(lane, 'POST', `/servers/${await secondServer(lane)}/${verb}`, body);

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

const onCluster = (lane: Lane, verb: string): Promise<TaskJson> => onGrowing(lane, 'POST', `/${verb}`);

/** The task is about all three servers. */
async function allServers(lane: Lane): Promise<Scene> {
  const scene = await threeZones(lane);
  return { ...scene, targets: scene.looked };
}

/** The root service, which after a start of all is wherever a server was up first, is in the first zone again. */
async function leadByFirst(lane: Lane): Promise<void> {
  const sql = (statement: string) => {
    if (lane.observers === undefined) throw new Error('the lane has no growing cluster');
    return lane.observers.sql(statement);
  };
  const leader = await until('the root service is somewhere', async () => {
    const servers = await sql('SELECT ZONE AS zone, WITH_ROOTSERVER AS leads FROM oceanbase.DBA_OB_SERVERS');
    return servers.find(({ leads }) => leads === 'YES');
  });
  // A zone that is stopped gives it to the first server that is in service.
  if (leader.zone !== 'zone1')
    for (const verb of ['STOP', 'START']) await sql(`ALTER SYSTEM ${verb} ZONE '${leader.zone}'`);
  // What it took to come here is none of the task's effects.
  for (const host of lane.stack.fleet.hosts) await host.sh(`rm ${OBSERVER_HOME}/.standin/counters.json`);
}

/** Every process, and not only that of the second zone, is one that obflow has started; the root service is in the first zone. */
async function allStartedByObflow(lane: Lane): Promise<void> {
  for (const verb of ['stop', 'start']) await ended(lane, [await onCluster(lane, verb)]);
  await leadByFirst(lane);
}

const stopObCluster: Operation = {
  name: 'stopObCluster',
  async arrange(lane) {
    const scene = await allServers(lane);
    await allStartedByObflow(lane);
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
  async arrange(lane) {
    const scene = await threeZones(lane);
    await allStartedByObflow(lane);
    return scene;
  },
  request: (lane) => onCluster(lane, 'restart'),
};

const onZone = (lane: Lane, verb: string): Promise<TaskJson> =>
  onGrowing(lane, 'POST', `/zones/zone2/${verb}`);

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

/** What is done to OceanBase clusters, their zones and servers. */
export const OB_CLUSTER_OPERATIONS: readonly Operation[] = [
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
];
