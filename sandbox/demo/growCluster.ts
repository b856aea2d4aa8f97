import { table } from '../../cli/table';
import type { TaskJson } from '../stack/apiClient';
import { startGrowingCluster } from '../stack/growingCluster';
import { inventoryIds, type Stack } from '../stack/stack';
import type { TaskProgress } from './progress';
import { GROWING_HOSTS, indent, report } from './scenario';

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
  const { api, fleet } = stack;
  const [member, joining] = fleet.hosts.slice(-GROWING_HOSTS);
  if (member === undefined || joining === undefined) throw new Error('the demo has two hosts for OceanBase');
  ui.say(`\nAn OceanBase cluster of one OBServer (stand-in) on ${member.ip}, declared by obflow apply`);
  const { clusterId, fileName } = await startGrowingCluster(stack, [member], { version: '4.2.1.2' });
  ui.say(`Upload the package (OBServer stand-in): POST /api/v2/software-packages -> ${fileName}`);

  const path = `/api/v2/ob/clusters/${clusterId}/servers`;
  const servers = await inventoryIds(stack, [joining]);
  const task = await api.call<TaskJson>('POST', path, { zoneName: 'zone1', servers });
  ui.addresses.set(task.id, joining.ip);
  ui.say(`Add an OBServer on ${joining.ip}: POST ${path} -> task ${task.id}`);
  await api.settled([task.id], { deadlineMs: 600_000, onDocument: (document) => ui.progress.show(document) });
  ui.progress.stop();

  const listed = await api.call<{ contents: ServerJson[] }>('GET', path);
  const rows = listed.contents.map(({ ip, port, zoneName, status }) => [ip, String(port), zoneName, status]);
  ui.say(`\n${indent(table(['OBServer', 'RPC port', 'zone', 'status'], rows))}`);
  return report(stack, [task.id]);
}
