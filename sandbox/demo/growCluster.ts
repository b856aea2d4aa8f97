import { table } from '../../cli/table';
import type { TaskJson } from '../stack/apiClient';
import { type Stack, wholeInventory } from '../stack/stack';
import { observerRpmOf, startObserverCluster } from '../standins/observer/cluster';
import { buildObserverRpm } from '../standins/rpm';
import type { TaskProgress } from './progress';
import { GROWING_HOSTS, type HostJson, indent, report } from './scenario';

const VERSION = '4.2.1.2';
const CLUSTER = { name: 'obgrows', obClusterId: 22 } as const;

interface ServerJson {
  readonly ip: string;
  readonly port: number;
  readonly zoneName: string;
  readonly status: string;
}

/** A cluster of one OBServer (a stand-in, in a process of its own) gets a second one. */
export async function growCluster(
  stack: Stack,
  ui: { progress: TaskProgress; addresses: Map<number, string>; say: (text: string) => void },
): Promise<{ tasks: TaskJson[]; failed: boolean }> {
  const { api, fleet, secrets } = stack;
  const [member, joining] = fleet.hosts.slice(-GROWING_HOSTS);
  if (member === undefined || joining === undefined) throw new Error('the demo has two hosts for OceanBase');
  ui.say(`\nAn OceanBase cluster of one OBServer (stand-in) on ${member.ip}, declared by obflow apply`);
  const cluster = await startObserverCluster([member], {
    version: VERSION,
    ...CLUSTER,
    rootPassword: secrets.sys,
    proxyroPassword: secrets.proxyro,
  });
  await stack.apply({
    ...wholeInventory(stack),
    obClusters: [
      {
        ...CLUSTER,
        version: VERSION,
        rootServers: cluster.servers.map(({ host, sqlPort, rpcPort }) => ({ ip: host.ip, sqlPort, rpcPort })),
        sysCredential: 'ob-sys',
        proxyroCredential: 'ob-proxyro',
      },
    ],
  });
  const uploaded = await api.uploadPackage(await buildObserverRpm(observerRpmOf(VERSION)));
  ui.say(`Upload the package (OBServer stand-in): POST /api/v2/software-packages -> ${uploaded.fileName}`);

  const clusters = await api.call<{ contents: { id: number }[] }>(
    'GET',
    `/api/v2/ob/clusters?name=${CLUSTER.name}`,
  );
  const hosts = await api.call<{ contents: HostJson[] }>('GET', '/api/v2/compute/hosts?size=100');
  const host = hosts.contents.find(({ innerIpAddress }) => innerIpAddress === joining.ip);
  const path = `/api/v2/ob/clusters/${clusters.contents[0]?.id ?? 0}/servers`;
  const task = await api.call<TaskJson>('POST', path, { zoneName: 'zone1', servers: [host?.id ?? 0] });
  ui.addresses.set(task.id, joining.ip);
  ui.say(`Add an OBServer on ${joining.ip}: POST ${path} -> task ${task.id}`);
  await api.settled([task.id], { deadlineMs: 600_000, onDocument: (document) => ui.progress.show(document) });
  ui.progress.stop();

  const servers = await api.call<{ contents: ServerJson[] }>('GET', path);
  const rows = servers.contents.map(({ ip, port, zoneName, status }) => [ip, String(port), zoneName, status]);
  ui.say(`\n${indent(table(['OBServer', 'RPC port', 'zone', 'status'], rows))}`);
  return report(stack, [task.id]);
}
