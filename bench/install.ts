import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestHost } from '../sandbox/hosts/fleet';
import type { TaskJson } from '../sandbox/stack/apiClient';
import { inventoryIds, OB_CLUSTER, type Stack, startStack } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { installByAnsible } from './ansible';
import {
  controlPlaneCpu,
  type HostSpent,
  hostSpent,
  loopDelays,
  measuredEnvironment,
  pidsOfLook,
  spentSince,
  standInStart,
} from './costs';
import { type BenchResult, residentMiB, result } from './measure';

const SIZES = [1, 4, 16] as const;

/** (m): what is counted for 16 hosts, and what of it has a target. */
const costs = [
  { title: 'API', name: 'cpu api', unit: 'CPU-s/h', target: '-' },
  { title: 'worker', name: 'cpu worker', unit: 'CPU-s/h', target: '-' },
  { title: 'Temporal', name: 'cpu temporal', unit: 'CPU-s/h', target: '-' },
  { title: 'control plane together', name: 'cpu control plane', unit: 'CPU-s/h', target: '<= 0.15' },
  { title: 'on the host', name: 'cpu host', unit: 'CPU-s/h', target: '<= 0.12' },
  { title: 'forks on the host', name: 'forks host', unit: 'a host', target: '<= 100' },
  { title: 'stand-in itself, its two starts', name: 'cpu stand-in', unit: 'CPU-s/h', target: '-' },
  { title: 'stand-in itself, processes and threads', name: 'pids stand-in', unit: 'a host', target: '-' },
  { title: 'longest delay of the worker loop', name: 'delay worker', unit: 'ms', target: '<= 20' },
  { title: 'longest delay of the API loop', name: 'delay api', unit: 'ms', target: '<= 20' },
  { title: 'the same, less waiting for a core: worker', name: 'own worker', unit: 'ms', target: '<= 20' },
  { title: 'the same, less waiting for a core: API', name: 'own api', unit: 'ms', target: '<= 20' },
  { title: 'delay of the worker loop, p99', name: 'p99 worker', unit: 'ms', target: '-' },
].flatMap((cost) =>
  [1, 16].map((size) => ({
    ...cost,
    title: `(m) ${size} host(s): ${cost.title}`,
    name: `${cost.name} ${size}`,
  })),
);

/**
 * (e) install on 1, 4 and 16 fresh hosts in one request, (f) memory of API and worker before and after,
 * (g) the same by Ansible on other fresh hosts of the same fleet, (m) what (e) costs. A round is a fleet of its own.
 */
export async function benchInstall(rounds: number, ansible: string | undefined): Promise<BenchResult[]> {
  const walls = new Map<string, number[]>();
  const note = (name: string, value: number) => walls.set(name, [...(walls.get(name) ?? []), value]);
  const ansibleHosts = ansible === undefined ? 0 : 1 + 16;
  for (let round = 0; round < rounds; round++) {
    const delays = await mkdtemp(path.join(os.tmpdir(), 'obflow-delays-'));
    const hostCount = 1 + 1 + 4 + 16 + ansibleHosts;
    const stack = await startStack({
      hosts: hostCount,
      processes: 'split',
      env: measuredEnvironment(delays),
    });
    try {
      await stack.apply();
      const rpm = await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' });
      const version = (await stack.api.uploadPackage(rpm)).fileName;
      note('api idle', residentMiB(stack.parts.api?.pid ?? 0));
      note('worker idle', residentMiB(stack.parts.worker?.pid ?? 0));

      const [spare, ...hosts] = [...stack.fleet.hosts];
      if (spare === undefined) throw new Error('the fleet has no host');
      const look = await pidsOfLook(spare);
      const start = await installAndStart(spare, rpm, look);
      for (const size of SIZES) {
        const chosen = hosts.splice(0, size);
        const clusterId = await createLinkedCluster(stack, `bench${size}`);
        const before = controlPlaneCpu(stack);
        const hostsBefore = await Promise.all(chosen.map(hostSpent));
        await loopDelays(stack);
        note(`obflow ${size}`, await install(stack, clusterId, chosen, version));
        const delayed = await loopDelays(stack);
        const after = controlPlaneCpu(stack);
        const hostsAfter = await Promise.all(chosen.map(hostSpent));
        for (const part of ['api', 'worker', 'temporal'] as const) {
          note(`cpu ${part} ${size}`, (after[part] - before[part]) / size);
        }
        note(`cpu control plane ${size}`, sum(Object.values(after), Object.values(before)) / size);
        const spent = hostsAfter.map((now, at) => spentSince(hostsBefore[at] ?? now, now, look));
        note(`cpu host ${size}`, sum(spent.map(({ cpu }) => cpu)) / size - start.cpu);
        note(`forks host ${size}`, sum(spent.map(({ pids }) => pids)) / size - start.pids);
        note(`cpu stand-in ${size}`, sum(spent.map(({ standIn }) => standIn)) / size + start.cpu);
        note(`pids stand-in ${size}`, start.pids);
        for (const part of ['api', 'worker'] as const) {
          note(`delay ${part} ${size}`, delayed[part].longest);
          note(`p99 ${part} ${size}`, delayed[part].p99);
          note(`own ${part} ${size}`, delayed[part].own);
        }
      }
      note('api after', residentMiB(stack.parts.api?.pid ?? 0));
      note('worker after', residentMiB(stack.parts.worker?.pid ?? 0));

      if (ansible !== undefined) {
        const folder = await mkdtemp(path.join(os.tmpdir(), 'obflow-ansible-'));
        try {
          await writeFile(path.join(folder, 'id'), stack.fleet.privateKey, { mode: 0o600 });
          for (const size of [1, 16])
            note(`ansible ${size}`, await installByAnsible(ansible, folder, hosts.splice(0, size), rpm));
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }
    } finally {
      await stack.stop();
      await rm(delays, { recursive: true, force: true });
    }
    const figures = [...walls].map(([name, values]) => `${name} ${roundedFigure(values.at(-1) ?? 0)}`);
    console.log(`  round ${round + 1}: ${figures.join(', ')}`);
  }

  const seconds = (name: string) => (walls.get(name) ?? []).map((ms) => ms / 1000);
  const ratio = (above: string, below: string) =>
    (walls.get(above) ?? []).map((value, round) => value / (walls.get(below)?.[round] ?? Number.NaN));
  return [
    ...SIZES.map((size) =>
      result(`(e) install on ${size} host(s), wall time`, 's', seconds(`obflow ${size}`), '-'),
    ),
    result('(e) 16 hosts / 1 host, wall time', 'ratio', ratio('obflow 16', 'obflow 1'), '<= 4'),
    ...costs.map(({ title, name, unit, target }) => result(title, unit, walls.get(name) ?? [], target)),
    ...['api idle', 'api after', 'worker idle', 'worker after'].map((name) =>
      result(`(f) memory, ${name}`, 'MiB', walls.get(name) ?? [], '-'),
    ),
    ...(ansible === undefined
      ? []
      : [1, 16].flatMap((size) => [
          result(`(g) Ansible on ${size} host(s), wall time`, 's', seconds(`ansible ${size}`), '-'),
          result(
            `(g) Ansible / obflow, ${size} host(s)`,
            'ratio',
            ratio(`ansible ${size}`, `obflow ${size}`),
            '>= 10',
          ),
        ])),
  ];
}

/** The difference of two lists of figures, or the sum of one. */
function sum(values: readonly number[], less: readonly number[] = []): number {
  const total = (list: readonly number[]) => list.reduce((all, value) => all + value, 0);
  return total(values) - total(less);
}

const roundedFigure = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));

/** The stand-in on a host that takes no part: what its start costs by itself. */
async function installAndStart(host: TestHost, rpm: string, look: number): Promise<HostSpent> {
  await copyFile(rpm, path.join(host.rootDir, 'tmp', 'standin.rpm'));
  const installed = await host.sh('rpm -i /tmp/standin.rpm >&2');
  if (installed.exitCode !== 0) throw new Error(installed.stderr);
  return standInStart(host, '/opt/taobao/install/obproxy-1.9.1.1', look);
}

/** An OBProxy cluster without OBProxies, linked to the stack's OceanBase cluster; its id. */
export async function createLinkedCluster(stack: Stack, name: string): Promise<number> {
  const task = await stack.api.call<{ id: number; obproxyClusterId: number }>(
    'POST',
    '/api/v2/obproxy/clusters',
    {
      name,
      workMode: 'CONFIG_URL',
      obLinks: [{ clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' }],
      obproxyInstallParam: { hostIds: [] },
    },
  );
  await stack.api.settled([task.id], { statuses: ['SUCCESSFUL'] });
  return task.obproxyClusterId;
}

/**
 * Milliseconds from the POST to the finishTime of the last task. The client looks once a second, as a person's
 * screen would: polling 16 tasks without pause would take a good part of the machine from what is measured.
 */
async function install(
  stack: Stack,
  clusterId: number,
  hosts: readonly TestHost[],
  version: string,
): Promise<number> {
  const hostIds = await inventoryIds(stack, hosts);
  const start = Date.now();
  const added = await stack.api.call<{ contents: TaskJson[] }>(
    'POST',
    `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
    { hostIds, sqlPort: 2883, exporterPort: 2884, version },
  );
  const tasks = await stack.api.settled(
    added.contents.map((task) => task.id),
    { statuses: ['SUCCESSFUL'], pollMs: 1000 },
  );
  return Math.max(...tasks.map((task) => Date.parse(task.finishTime ?? ''))) - start;
}
