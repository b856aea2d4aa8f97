import type { TestHost } from '../sandbox/hosts/fleet';
import type { TaskJson } from '../sandbox/stack/apiClient';
import { startGrowingCluster } from '../sandbox/stack/growingCluster';
import { inventoryIds, type Stack, startStack } from '../sandbox/stack/stack';
import { type BenchResult, residentMiB, result } from './measure';

const SIZES = [1, 4, 16] as const;

/**
 * (l) 1, 4 and 16 OBServers added in one request each, to a cluster of one; the stand-ins become active without the
 * minutes a real server takes. A round is a fleet of its own.
 */
export async function benchObservers(rounds: number): Promise<BenchResult[]> {
  const walls = new Map<number, number[]>(SIZES.map((size) => [size, []]));
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const stack = await startStack({ hosts: 1 + 1 + 4 + 16, processes: 'split' });
    try {
      const [member, ...hosts] = stack.fleet.hosts;
      if (member === undefined) throw new Error('the fleet has a host for the cluster');
      const { clusterId } = await startGrowingCluster(stack, [member], {
        version: '4.2.1.2',
        steering: { _standin_active_delay: 0, _standin_service_delay: 0 },
      });
      for (const size of SIZES) {
        walls.get(size)?.push(await addServers(stack, clusterId, hosts.splice(0, size)));
      }
      memory.push(residentMiB(stack.parts.worker?.pid ?? 0));
    } finally {
      await stack.stop();
    }
    const seconds = SIZES.map((size) => `${size} in ${((walls.get(size)?.at(-1) ?? 0) / 1000).toFixed(1)} s`);
    console.log(`  round ${round + 1}: observers ${seconds.join(', ')}`);
  }
  const of = (size: (typeof SIZES)[number]) => (walls.get(size) ?? []).map((ms) => ms / 1000);
  const against = (size: 4 | 16) => of(size).map((seconds, round) => seconds / (of(1)[round] ?? Number.NaN));
  return [
    ...SIZES.map((size) => result(`(l) add ${size} observer(s), wall time`, 's', of(size), '-')),
    result('(l) 4 observers / 1 observer, wall time', 'ratio', against(4), '-'),
    result('(l) 16 observers / 1 observer, wall time', 'ratio', against(16), '<= 4'),
    result('(l) memory, worker after', 'MiB', memory, '-'),
  ];
}

/** Milliseconds from the POST to the task's finishTime; looks once a second, as in (e). */
async function addServers(stack: Stack, clusterId: number, hosts: readonly TestHost[]): Promise<number> {
  const servers = await inventoryIds(stack, hosts);
  const start = Date.now();
  const { id } = await stack.api.call<TaskJson>('POST', `/api/v2/ob/clusters/${clusterId}/servers`, {
    zoneName: 'zone1',
    servers,
  });
  const [task] = await stack.api.settled([id], {
    statuses: ['SUCCESSFUL'],
    pollMs: 1000,
    deadlineMs: 600_000,
  });
  return Date.parse(task?.finishTime ?? '') - start;
}
