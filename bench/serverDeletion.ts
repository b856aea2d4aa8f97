import type { TaskJson } from '../sandbox/stack/apiClient';
import { startGrowingCluster } from '../sandbox/stack/growingCluster';
import { inventoryIds, type Stack, startStack } from '../sandbox/stack/stack';
import type { ObserverCluster } from '../sandbox/standins/observer/cluster';
import { until } from '../test/support/until';
import { type BenchResult, result } from './measure';

const ZONES = ['zone1', 'zone2', 'zone3'] as const;
const WITHIN_MS = 600_000;
/** Of users; with sys five units move, one after the other. */
const TENANTS = 4;
const UNITS = TENANTS + 1;
/** Of one unit: short for a unit with data, long for what obflow adds to it. */
const MOVE_MS = 10_000;

/**
 * (r) A server that obflow has added to a cluster of three zones, and on which all units of its zone lie, is deleted: from the POST to
 * the end of the task, its process, files and package gone, against the time that its units are on their way. A round is a
 * fleet of its own.
 */
export async function benchServerDeletion(rounds: number): Promise<BenchResult[]> {
  const walls: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const stack = await startStack({ hosts: ZONES.length + 1, processes: 'split' });
    try {
      const { hosts } = stack.fleet;
      const { cluster, clusterId } = await startGrowingCluster(stack, hosts.slice(0, ZONES.length), {
        version: '4.2.1.2',
        zones: [...ZONES],
        steering: { _standin_active_delay: 0, _standin_service_delay: 0, _standin_tenants: TENANTS },
      });
      const path = `/api/v2/ob/clusters/${clusterId}/servers`;
      const added = await inventoryIds(stack, hosts.slice(ZONES.length));
      await finished(stack, path, { zoneName: 'zone1', servers: added });
      const ip = hosts[ZONES.length]?.ip ?? '';
      await takeAllUnits(cluster, ip);
      const { contents } = await stack.api.call<{ contents: { id: number; ip: string }[] }>('GET', path);
      const servers = contents.filter((server) => server.ip === ip).map(({ id }) => id);
      const start = Date.now();
      walls.push((Date.parse(await finished(stack, `${path}/batchDelete`, { servers })) - start) / 1000);
    } finally {
      await stack.stop();
    }
    console.log(`  round ${round + 1}: server deleted in ${(walls.at(-1) ?? 0).toFixed(1)} s`);
  }
  const unavoidable = (UNITS * MOVE_MS) / 1000;
  return [
    result(`(r) a server with ${UNITS} units deleted, its files and package too`, 's', walls, '-'),
    result(
      `(r) the same / ${unavoidable} s that its units move`,
      'ratio',
      walls.map((seconds) => seconds / unavoidable),
      '<= 1.3',
    ),
  ];
}

/** The finishTime of the request's task. */
async function finished(stack: Stack, path: string, body: unknown): Promise<string> {
  const { id } = await stack.api.call<TaskJson>('POST', path, body);
  const how = { statuses: ['SUCCESSFUL'], pollMs: 1000, deadlineMs: WITHIN_MS };
  const [task] = await stack.api.settled([id], how);
  return task?.finishTime ?? '';
}

/** The units of the zone go to the server that was added, as if the first one were deleted, which stays without any. */
async function takeAllUnits(cluster: ObserverCluster, ip: string): Promise<void> {
  const [first] = cluster.servers;
  const address = `'${first?.host.ip}:${first?.rpcPort}'`;
  const ask = (sql: string) => cluster.sql(sql, 1);
  await ask('ALTER SYSTEM SET _standin_delete_delay = 600000');
  await ask('ALTER SYSTEM SET _standin_unit_move_delay = 0');
  await ask(`ALTER SYSTEM DELETE SERVER ${address}`);
  await until('all units have moved', async () => {
    const units = await ask(
      "SELECT SVR_IP AS ip, MIGRATE_FROM_SVR_IP AS origin FROM oceanbase.DBA_OB_UNITS WHERE ZONE = 'zone1'",
    );
    return units.length === UNITS && units.every((unit) => unit.ip === ip && unit.origin === null);
  });
  await ask(`ALTER SYSTEM CANCEL DELETE SERVER ${address}`);
  await ask('ALTER SYSTEM SET _standin_delete_delay = 1000');
  await ask('ALTER SYSTEM SET _standin_unit_moves = 1');
  await ask(`ALTER SYSTEM SET _standin_unit_move_delay = ${MOVE_MS}`);
}
