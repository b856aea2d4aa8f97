/**
 * The topology of docker-compose.yml process by process: PostgreSQL, Temporal, two APIs, three workers. In `npm test`
 * a short form with Temporal's dev server; `npm run test:cluster` goes on longer, on the production Temporal server.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connectTemporal } from '../../runtime/temporal';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER, type Stack, startStack } from '../../sandbox/stack/stack';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { effects, hostIds, OBPROXY_4_3 } from '../e2e/scene';
import { execute, postgresUnavailable, startPostgres, type TestPostgres } from '../support/postgres';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { quantile, sendOnce, settledAnywhere, spread } from './load';
import { type Member, type Members, startMembers } from './members';
import { startTemporalServer, type TemporalServer } from './temporalServer';

const LONG = process.env.OBFLOW_TEST_CLUSTER === 'long';
const HOSTS = LONG ? 8 : 2;
/** Requests that create OBProxy clusters, and how many clients send them. */
const REQUESTS = LONG ? 400 : 24;
const CLIENTS = LONG ? 8 : 4;
/** After so many accepted requests the next victim is killed. */
const KILL_EVERY = LONG ? 25 : 8;
const MINUTE = 60_000;

type Victim = Pick<Member, 'name' | 'killAndRestart'>;

const restarted = (temporal: TemporalServer) => async () => {
  await temporal.kill();
  await temporal.start();
};

type Created = TaskJson & { obproxyClusterId: number };

describeIf(
  fleetUnavailable() ?? postgresUnavailable(),
  'Two APIs, three workers, one PostgreSQL, one Temporal',
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-cluster-'));
    let postgres: TestPostgres;
    let databaseUrl: string;
    let temporal: TemporalServer | undefined;
    let stack: Stack;
    let members: Members;

    beforeAll(async () => {
      postgres = await startPostgres({ tcp: true, connections: 300 });
      databaseUrl = await postgres.createDatabase();
      if (LONG) {
        temporal = await startTemporalServer(postgres.port ?? 0, folder);
        await createNamespace(temporal.address);
      }
      stack = await startStack({
        hosts: HOSTS,
        processes: 'split',
        databaseUrl,
        ...(temporal === undefined ? {} : { temporalAddress: temporal.address }),
      });
      members = await startMembers(stack, { apis: 2, workers: 3 });
    }, 30 * MINUTE);
    afterAll(async () => {
      await members?.stop();
      await stack?.stop();
      await temporal?.stop();
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    }, 2 * MINUTE);

    it(
      'lose and double nothing while APIs and workers are killed and started again',
      async () => {
        const { clients } = members;
        await stack.apply();
        const ids = await hostIds(stack);
        const version = (await clients[1]?.uploadPackage(await buildObproxyRpm(OBPROXY_4_3)))?.fileName;
        const create = (name: string) => ({
          name,
          address: 'foo.bar',
          port: 2883,
          workMode: 'CONFIG_URL',
          obLinks: [
            { clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' },
          ],
          obproxyInstallParam: { hostIds: [] },
        });
        const first = await sendOnce<Created>(clients, 0, '/api/v2/obproxy/clusters', create('with-hosts'));

        const begin = performance.now();
        const accept: number[] = [];
        const whole: number[] = [];
        const ended: number[] = [];
        let accepted = 0;
        let resent = 0;
        let loaded = false;
        const kills: string[] = [];
        /** Kills these in turn, the next when the former is back: there is always one of a kind that works. */
        const chaos = async (victims: readonly Victim[], offset: number) => {
          for (let number = 0; !loaded; number += 1) {
            const due = number * KILL_EVERY + offset;
            await until('the next kill', () => loaded || accepted >= due, 10 * MINUTE);
            const victim = victims[number % victims.length];
            if (loaded || victim === undefined) return;
            kills.push(victim.name);
            await victim.killAndRestart();
          }
        };
        const killing = Promise.all([
          chaos(members.workers, KILL_EVERY / 5),
          chaos(members.apis, KILL_EVERY / 2),
          ...(temporal === undefined
            ? []
            : [chaos([{ name: 'temporal', killAndRestart: restarted(temporal) }], 3 * KILL_EVERY)]),
        ]);
        const installing = sendOnce<{ contents: TaskJson[] }>(
          clients,
          1,
          `/api/v2/obproxy/clusters/${first.data.obproxyClusterId}/obproxies/batchAdd`,
          { hostIds: ids, sqlPort: 2883, exporterPort: 2884, version },
        ).then(({ data }) =>
          Promise.all(data.contents.map(({ id }) => settledAnywhere(clients, id, 5 * MINUTE))),
        );
        const installed = installing.then(() => performance.now() - begin);
        const created = await spread(REQUESTS, CLIENTS, async (number) => {
          const sent = await sendOnce<Created>(
            clients,
            number,
            '/api/v2/obproxy/clusters',
            create(`c${number}`),
          );
          accepted += 1;
          accept.push(sent.acceptMs);
          whole.push(sent.totalMs);
          resent += sent.attempts - 1;
          const task = await settledAnywhere(clients, sent.data.id, 3 * MINUTE);
          ended.push(performance.now() - begin);
          return { task, obproxyClusterId: sent.data.obproxyClusterId };
        });
        const loadMs = performance.now() - begin;
        loaded = true;
        await killing;
        const installs = await installing;
        const installMs = await installed;

        // Nothing is lost: every accepted request has its task, and every task its successful end.
        expect(kills.length).toBeGreaterThanOrEqual(2);
        const tasks = [...created.map(({ task }) => task), ...installs];
        expect(tasks.filter(({ status }) => status !== 'SUCCESSFUL')).toEqual([]);
        // Nothing is doubled: neither tasks and clusters, although requests were sent again, nor anything on a host.
        const expected = REQUESTS + HOSTS + 1;
        expect(new Set([first.data.id, ...tasks.map(({ id }) => id)]).size).toBe(expected);
        expect(new Set(created.map(({ obproxyClusterId }) => obproxyClusterId)).size).toBe(REQUESTS);
        const rows = async (text: string) => (await execute(databaseUrl, text))[0];
        expect(
          await until('every task to be archived', async () => {
            const row = await rows('select count(*)::int as all, sum(archived)::int as archived from tasks');
            return row?.archived === row?.all ? row : undefined;
          }),
        ).toEqual({ all: expected, archived: expected });
        expect(await rows('select count(*)::int as rows from obproxy_clusters')).toEqual({
          rows: REQUESTS + 1,
        });
        expect(await rows('select count(*)::int as rows from locks')).toEqual({ rows: 0 });
        for (const host of stack.fleet.hosts) {
          expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
        }
        const workflows = await connectTemporal({ address: stack.temporalAddress });
        try {
          await until('every workflow to be listed as completed', async () => {
            const { count } = await workflows.client.workflow.count(`ExecutionStatus = 'Completed'`);
            return count === expected;
          });
          expect((await workflows.client.workflow.count()).count).toBe(expected);
        } finally {
          await workflows.close();
        }
        const connections = await rows('select count(*)::int as rows from pg_stat_activity');

        if (LONG) {
          const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
          const gaps = ended.slice(1).map((at, index) => at - (ended[index] ?? at));
          const report = [
            `requests ${REQUESTS} by ${CLIENTS} clients in ${seconds(loadMs)}; sent again ${resent}; kills ${kills.length} (${kills.join(' ')})`,
            `accepted in p50 ${quantile(accept, 0.5).toFixed(0)} ms, p99 ${quantile(accept, 0.99).toFixed(0)} ms; with kills p99 ${seconds(quantile(whole, 0.99))}, longest ${seconds(Math.max(...whole))}`,
            `longest time in which no task ended: ${seconds(Math.max(...gaps))}`,
            `${HOSTS} hosts installed within ${seconds(installMs)}; connections to PostgreSQL at the end ${String(connections?.rows)}`,
          ].join('\n');
          writeFileSync(path.join(os.tmpdir(), 'obflow-cluster-report.txt'), `${report}\n`);
          process.stderr.write(`\n${report}\n`);
        }
      },
      20 * MINUTE,
    );
  },
);

/** As the service temporal-namespace of docker-compose.yml does. */
async function createNamespace(address: string): Promise<void> {
  const { connection, close } = await until('Temporal answers', () =>
    connectTemporal({ address }).catch(() => undefined),
  );
  try {
    await until(
      'the namespace',
      async () => {
        await connection.workflowService
          .registerNamespace({
            namespace: 'default',
            workflowExecutionRetentionPeriod: { seconds: (90 * 86_400) as never },
          })
          .catch(() => undefined);
        return connection.workflowService.describeNamespace({ namespace: 'default' }).then(
          () => true,
          () => undefined,
        );
      },
      2 * MINUTE,
    );
    // The frontends learn of a new namespace within seconds.
    await until(
      'search attributes can be listed',
      () =>
        connection.operatorService.listSearchAttributes({ namespace: 'default' }).then(
          () => true,
          () => undefined,
        ),
      2 * MINUTE,
    );
  } finally {
    await close();
  }
}
