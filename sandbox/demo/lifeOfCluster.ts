import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { table } from '../../cli/table';
import type { TestHost } from '../hosts/fleet';
import type { TaskJson } from '../stack/apiClient';
import { CLIENT_STATEMENT, type ClusterLogin, openClient } from '../stack/client';
import { inventoryIds, type Stack } from '../stack/stack';
import { observerRpmOf } from '../standins/observer/cluster';
import { buildObserverRpm } from '../standins/rpm';
import { indent } from './indent';
import { logInThrough } from './logIn';
import type { ScenarioUi } from './scenario';

/** Hosts of the demo for OceanBase: a zone on each of three, and one that takes the place of another. */
export const OB_HOSTS = 4;

const VERSION = '4.2.1.2';
const NAME = 'obdemo';
const OB_CLUSTER_ID = 7;
const DEADLINE_MS = 900_000;
const STATEMENT_PAUSE_MS = 50;
const LEARNS_WITHIN_MS = 90_000;
const LOGIN_PAUSE_MS = 1_000;

interface ServerJson {
  readonly id: number;
  readonly ip: string;
  readonly port: number;
  readonly zoneName: string;
  readonly status: string;
}

interface ProxyJson {
  readonly ip: string;
  readonly sqlPort: number;
}

interface Counted {
  answered: number;
  /** Sessions that ended because their OBServer was stopped. */
  killed: number;
  /** Statements of a new session, and logins, that failed. */
  failed: number;
  lastFailure: string;
}

/**
 * The life of an OceanBase cluster (stand-ins): created with three zones, linked to the OBProxy cluster, restarted zone by
 * zone under a client, one OBServer replaced, and all of it deleted. Returns the tasks. Throws when a client lost more than
 * the sessions of the OBServers that were restarted, or something is left on a host.
 *
 * @param broken address of a host whose OBProxy does not serve
 */
export async function lifeOfCluster(
  stack: Stack,
  ui: ScenarioUi,
  obproxyClusterId: number,
  broken: string | undefined,
): Promise<number[]> {
  const { api, fleet } = stack;
  const machines = fleet.hosts.slice(-OB_HOSTS);
  const hostIds = await inventoryIds(stack, machines);
  const ids: number[] = [];
  const follow = async (task: TaskJson, what: string) => {
    ids.push(task.id);
    ui.addresses.set(task.id, NAME);
    ui.say(`${what} -> task ${task.id}`);
    const [ended] = await api.settled([task.id], {
      deadlineMs: DEADLINE_MS,
      onDocument: (document) => ui.progress.show(document),
    });
    ui.progress.stop();
    if (ended?.status !== 'SUCCESSFUL') throw new Error(`task ${task.id} ended ${ended?.status}`);
  };

  const rpm = await api.uploadPackage(await buildObserverRpm(observerRpmOf(VERSION)));
  ui.say(`\nUpload the package (OBServer stand-in): POST /api/v2/software-packages -> ${rpm.fileName}`);
  const password = `Demo_${randomBytes(6).toString('hex')}.A1`;
  const created = await api.call<TaskJson & { cluster: { id: number } }>('POST', '/api/v2/ob/clusters', {
    name: NAME,
    obClusterId: OB_CLUSTER_ID,
    type: 'PRIMARY',
    rpmName: rpm.fileName,
    password,
    zones: await zonesOn(stack, machines.slice(0, -1)),
  });
  await follow(created, `Create a cluster of three zones: POST /api/v2/ob/clusters`);
  const path = `/api/v2/ob/clusters/${created.cluster.id}`;
  const servers = async () => (await api.call<{ contents: ServerJson[] }>('GET', `${path}/servers`)).contents;
  ui.say(`\n${serverTable(await servers())}\n`);

  const links = `/api/v2/obproxy/clusters/${obproxyClusterId}/obLinks`;
  await api.call('POST', `${links}/batchAdd`, [
    { clusterName: NAME, obClusterId: OB_CLUSTER_ID, clusterId: created.cluster.id, username: 'proxyro' },
  ]);
  ui.say('Link it to the OBProxy cluster: POST …/obLinks/batchAdd');
  const linked = await api.call<{ obproxies: ProxyJson[] }>(
    'GET',
    `/api/v2/obproxy/clusters/${obproxyClusterId}`,
  );
  const obproxies = linked.obproxies.filter(({ ip }) => ip !== broken);
  const login = { name: NAME, password };
  // A proxy asks its config server once a minute.
  for (const proxy of obproxies) await untilLoggedIn(stack, proxy, login);
  const [proxy] = obproxies;
  if (proxy === undefined) throw new Error('the demo has OBProxies');
  ui.say(`  A login to it through each of ${obproxies.length} OBProxies is answered.`);

  const client = workThrough(stack, proxy, login);
  await follow(
    await api.call<TaskJson>('POST', `${path}/restart`),
    'Restart it zone by zone under a client: POST …/restart',
  );
  const counted = await client.stop();
  if (counted.failed > 0 || counted.killed > machines.length - 1 || counted.answered === 0)
    throw new Error(`the client was disturbed: ${JSON.stringify(counted)}`);
  ui.say(
    `  The client had ${counted.answered} answers; ${counted.killed} of its sessions ended with their OBServer, nothing else failed.`,
  );

  const [replaced] = await servers();
  const joining = hostIds.at(-1);
  if (replaced === undefined || joining === undefined) throw new Error('the cluster has servers');
  await follow(
    await api.call<TaskJson>('POST', `${path}/servers/${replaced.id}/replace`, { hostId: joining }),
    `Replace the OBServer on ${replaced.ip}: POST …/servers/${replaced.id}/replace`,
  );
  ui.say(`\n${serverTable(await servers())}\n`);

  await api.call('DELETE', `${links}/${NAME}`);
  ui.say(`Unlink it: DELETE …/obLinks/${NAME}`);
  await follow(
    await api.call<TaskJson>('DELETE', `${path}?confirm=${NAME}`),
    `Delete it all: DELETE ${path}?confirm=${NAME}`,
  );
  for (const machine of machines) {
    if (machine.pids('observer').length > 0) throw new Error(`an observer still runs on ${machine.ip}`);
  }
  ui.say(`  No process of it is left on ${machines.length} hosts.`);
  return ids;
}

async function untilLoggedIn(stack: Stack, proxy: ProxyJson, login: ClusterLogin): Promise<void> {
  const deadline = Date.now() + LEARNS_WITHIN_MS;
  for (;;) {
    try {
      await logInThrough(stack, proxy, login);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(LOGIN_PAUSE_MS);
    }
  }
}

/** A zone on each, in the IDC of its host. */
async function zonesOn(stack: Stack, machines: readonly TestHost[]): Promise<unknown[]> {
  const { contents } = await stack.api.call<{
    contents: { id: number; innerIpAddress: string; idcName: string }[];
  }>('GET', '/api/v2/compute/hosts?size=2000');
  return machines.map(({ ip }, index) => {
    const host = contents.find(({ innerIpAddress }) => innerIpAddress === ip);
    return { name: `zone${index + 1}`, idcName: host?.idcName, servers: [host?.id] };
  });
}

/** A client that asks all the time, in one session as long as it lasts. */
function workThrough(stack: Stack, proxy: ProxyJson, login: ClusterLogin): { stop(): Promise<Counted> } {
  const counted: Counted = { answered: 0, killed: 0, failed: 0, lastFailure: '' };
  let stopping = false;
  const work = async () => {
    while (!stopping) {
      let answers = 0;
      try {
        const session = await openClient(stack, proxy, login);
        try {
          while (!stopping) {
            await session.query(CLIENT_STATEMENT);
            answers += 1;
            await delay(STATEMENT_PAUSE_MS);
          }
        } finally {
          session.close();
        }
      } catch (error) {
        if (answers > 0) counted.killed += 1;
        else {
          counted.failed += 1;
          counted.lastFailure = String(error);
          await delay(STATEMENT_PAUSE_MS);
        }
      } finally {
        counted.answered += answers;
      }
    }
    return counted;
  };
  const working = work();
  return {
    stop() {
      stopping = true;
      return working;
    },
  };
}

function serverTable(servers: readonly ServerJson[]): string {
  const rows = servers.map(({ ip, port, zoneName, status }) => [ip, String(port), zoneName, status]);
  return indent(table(['OBServer', 'RPC port', 'zone', 'status'], rows));
}
