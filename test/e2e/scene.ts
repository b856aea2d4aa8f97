import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import {
  inventoryIds,
  OB_CLUSTER,
  type Stack,
  type StackOptions,
  startStack,
} from '../../sandbox/stack/stack';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { describeIf } from '../support/skip';

export const OBPROXY_1_9 = { name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' } as const;
export const OBPROXY_4_3 = { name: 'obproxy', version: '4.3.1.0', release: '4.el7' } as const;

/** Declares a suite that runs against the whole of obflow on test hosts; skipped with the reason where they cannot be had. */
export function describeWithStack(
  name: string,
  options: StackOptions,
  body: (stack: () => Stack) => void,
  reason = fleetUnavailable(),
): void {
  describeIf(reason, name, () => {
    let stack: Stack | undefined;
    beforeAll(async () => {
      stack = await startStack(options);
    }, 120_000);
    afterAll(async () => {
      await stack?.stop();
    }, 60_000);
    body(() => {
      if (stack === undefined) throw new Error('the stack is not up');
      return stack;
    });
  });
}

/** Uploads a package and returns its documented version string, the file name. */
export async function uploaded(stack: Stack, rpm: Parameters<typeof buildObproxyRpm>[0]): Promise<string> {
  return (await stack.api.uploadPackage(await buildObproxyRpm(rpm))).fileName;
}

/** Creates an empty OBProxy cluster linked to the stand-in's OceanBase cluster, and waits for its task. */
export async function createCluster(
  stack: Stack,
  name: string,
  more: Record<string, unknown> = {},
): Promise<number> {
  const task = await stack.api.call<TaskJson & { obproxyClusterId: number }>(
    'POST',
    '/api/v2/obproxy/clusters',
    {
      name,
      address: 'foo.bar',
      port: 2883,
      workMode: 'CONFIG_URL',
      obLinks: [{ clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' }],
      obproxyInstallParam: { hostIds: [] },
      ...more,
    },
  );
  const [settled] = await stack.api.settled([task.id]);
  expect(settled?.status).toBe('SUCCESSFUL');
  return task.obproxyClusterId;
}

export async function batchAdd(
  stack: Stack,
  clusterId: number,
  hostIds: readonly number[],
  version: string,
): Promise<TaskJson[]> {
  const data = await stack.api.call<{ contents: TaskJson[] }>(
    'POST',
    `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
    { hostIds, sqlPort: 2883, exporterPort: 2884, version },
  );
  return data.contents;
}

/** Inventory ids of the fleet's hosts, in the fleet's order. */
export function hostIds(stack: Stack): Promise<number[]> {
  return inventoryIds(stack, stack.fleet.hosts);
}

export async function subtaskLog(stack: Stack, task: TaskJson, subtaskName: string): Promise<string> {
  const subtask = subtaskOf(task, subtaskName);
  const data = await stack.api.call<{ log: string }>(
    'GET',
    `/api/v2/tasks/instances/${task.id}/subtasks/${subtask.id}/log`,
  );
  return data.log;
}

export function subtaskOf(task: TaskJson, name: string): TaskJson['subtasks'][number] {
  const found = task.subtasks.find((subtask) => subtask.name === name);
  if (found === undefined) throw new Error(`task ${task.id} has no subtask ${name}`);
  return found;
}

/** How often the stand-in on a host was installed and started. */
export async function effects(
  host: TestHost,
): Promise<{ installs: number; starts: number; processes: number }> {
  const installs = await host.sh('cat /var/lib/obflow-standin/installs.log 2>/dev/null | wc -l');
  const counters = await host.sh(
    'cat /opt/taobao/install/obproxy-*/.standin/counters.json 2>/dev/null || echo "{}"',
  );
  const { starts = 0 } = JSON.parse(counters.stdout) as { starts?: number };
  return { installs: Number(installs.stdout), starts, processes: host.pids('obproxy').length };
}
