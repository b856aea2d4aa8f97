import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestHost } from '../sandbox/hosts/fleet';
import type { TaskJson } from '../sandbox/stack/apiClient';
import { inventoryIds, OB_CLUSTER, type Stack, startStack } from '../sandbox/stack/stack';
import { buildObproxyRpm } from '../sandbox/standins/rpm';
import { installByAnsible } from './ansible';
import { type BenchResult, residentMiB, result } from './measure';

const SIZES = [1, 4, 16] as const;

/**
 * (e) install on 1, 4 and 16 fresh hosts in one request, (f) memory of API and worker before and after,
 * (g) the same by Ansible on other fresh hosts of the same fleet. A round is a fleet of its own.
 */
export async function benchInstall(rounds: number, ansible: string | undefined): Promise<BenchResult[]> {
  const walls = new Map<string, number[]>();
  const note = (name: string, value: number) => walls.set(name, [...(walls.get(name) ?? []), value]);
  const ansibleHosts = ansible === undefined ? 0 : 1 + 16;
  for (let round = 0; round < rounds; round++) {
    const stack = await startStack({ hosts: 1 + 4 + 16 + ansibleHosts, processes: 'split' });
    try {
      await stack.apply();
      const rpm = await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' });
      const version = (await stack.api.uploadPackage(rpm)).fileName;
      note('api idle', residentMiB(stack.parts.api?.pid ?? 0));
      note('worker idle', residentMiB(stack.parts.worker?.pid ?? 0));

      const hosts = [...stack.fleet.hosts];
      for (const size of SIZES) {
        const chosen = hosts.splice(0, size);
        const clusterId = await createCluster(stack, `bench${size}`);
        note(`obflow ${size}`, await install(stack, clusterId, chosen, version));
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
    }
    console.log(
      `  round ${round + 1}: ${[...walls].map(([name, values]) => `${name} ${(values.at(-1) ?? 0).toFixed(0)}`).join(', ')}`,
    );
  }

  const seconds = (name: string) => (walls.get(name) ?? []).map((ms) => ms / 1000);
  const ratio = (above: string, below: string) =>
    (walls.get(above) ?? []).map((value, round) => value / (walls.get(below)?.[round] ?? Number.NaN));
  return [
    ...SIZES.map((size) =>
      result(`(e) install on ${size} host(s), wall time`, 's', seconds(`obflow ${size}`), '-'),
    ),
    result('(e) 16 hosts / 1 host, wall time', 'ratio', ratio('obflow 16', 'obflow 1'), '<= 4'),
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

async function createCluster(stack: Stack, name: string): Promise<number> {
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
