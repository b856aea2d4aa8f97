import type { TaskJson } from '../sandbox/stack/apiClient';
import { startGrowingCluster } from '../sandbox/stack/growingCluster';
import { startStack } from '../sandbox/stack/stack';
import type { ObserverCluster, ObserverServer } from '../sandbox/standins/observer/cluster';
import { OBSERVER_HOME } from '../sandbox/standins/rpm';
import { until } from '../test/support/until';
import { type BenchResult, result } from './measure';

const ZONES = ['zone1', 'zone2', 'zone3'] as const;
/** The root service is in the first, and goes last. */
const ORDER = ['zone2', 'zone3', 'zone1'] as const;
const WITHIN_MS = 900_000;
/** From the start of a process until it serves: short for an observer, long for what obflow adds to it. */
const SERVES_AFTER_MS = 10_000;

/**
 * (q) A cluster of three zones of two servers restarted zone after zone, by one request and by hand: STOP ZONE, MINOR FREEZE, both
 * processes ended and started at once, until they serve and are in sync, START ZONE. By hand nothing else is waited for. A
 * round is a fleet of its own, restarted both ways.
 */
export async function benchClusterRestart(rounds: number): Promise<BenchResult[]> {
  const obflow: number[] = [];
  const byHand: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const stack = await startStack({ hosts: 6, processes: 'split' });
    try {
      const { cluster, clusterId } = await startGrowingCluster(stack, stack.fleet.hosts, {
        version: '4.2.1.2',
        zones: [...ZONES, ...ZONES],
        steering: { _standin_active_delay: 0, _standin_service_delay: SERVES_AFTER_MS },
      });
      byHand.push(await restartByHand(cluster));
      obflow.push(
        await timedTask(async () => {
          const path = `/api/v2/ob/clusters/${clusterId}/restart`;
          const { id } = await stack.api.call<TaskJson>('POST', path);
          const how = { statuses: ['SUCCESSFUL'], pollMs: 1000, deadlineMs: WITHIN_MS };
          const [task] = await stack.api.settled([id], how);
          return Date.parse(task?.finishTime ?? '');
        }),
      );
    } finally {
      await stack.stop();
    }
    const [one, other] = [obflow.at(-1) ?? 0, byHand.at(-1) ?? 0];
    console.log(
      `  round ${round + 1}: cluster restarted in ${one.toFixed(1)} s, by hand ${other.toFixed(1)} s`,
    );
  }
  const ratio = obflow.map((seconds, round) => seconds / (byHand[round] ?? Number.NaN));
  return [
    result('(q) rolling restart of a cluster of 3 x 2 servers', 's', obflow, '-'),
    result("(q) the same by hand: the stand-ins' own stops and starts", 's', byHand, '-'),
    result('(q) obflow / by hand', 'ratio', ratio, '<= 1.3'),
  ];
}

/** Seconds until the time that `work` resolves to. */
async function timedTask(work: () => Promise<number>): Promise<number> {
  const start = Date.now();
  return ((await work()) - start) / 1000;
}

function restartByHand(cluster: ObserverCluster): Promise<number> {
  return timedTask(async () => {
    for (const zone of ORDER) {
      const own = cluster.servers.filter((server) => server.zone === zone);
      const asked = cluster.servers.findIndex((server) => server.zone !== zone);
      const sql = (statement: string) => cluster.sql(statement, asked);
      const addresses = own.map(({ host, rpcPort }) => `'${host.ip}:${rpcPort}'`).join(', ');
      await sql(`ALTER SYSTEM STOP ZONE '${zone}'`);
      await sql(`ALTER SYSTEM MINOR FREEZE SERVER = (${addresses})`);
      const before = await startTimes(sql);
      await Promise.all(own.map(restartProcess));
      await until(
        `${zone} is back`,
        async () => {
          const now = await startTimes(sql);
          const behind = await sql(
            "SELECT COUNT(*) AS n FROM oceanbase.GV$OB_LOG_STAT WHERE IN_SYNC <> 'YES'",
          );
          return (
            Number(behind[0]?.n) === 0 &&
            own.every(({ host }) => (now.get(host.ip) ?? '') > (before.get(host.ip) ?? ''))
          );
        },
        120_000,
      );
      await sql(`ALTER SYSTEM START ZONE '${zone}'`);
    }
    return Date.now();
  });
}

async function startTimes(
  sql: (statement: string) => ReturnType<ObserverCluster['sql']>,
): Promise<Map<string, string>> {
  const rows = await sql(
    "SELECT SVR_IP AS ip, START_SERVICE_TIME AS since FROM oceanbase.DBA_OB_SERVERS WHERE STATUS = 'ACTIVE'",
  );
  return new Map(rows.map(({ ip, since }) => [ip ?? '', since ?? '']));
}

async function restartProcess({ host }: ObserverServer): Promise<void> {
  await host.sh('pkill -TERM -x observer; while pgrep -x observer >/dev/null; do sleep 0.05; done');
  await host.sh(
    `cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`,
  );
}
