import path from 'node:path';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { ApiClient } from '../../sandbox/stack/apiClient';
import { startObflow } from '../../sandbox/stack/process';
import { freePort, type Stack, startStack } from '../../sandbox/stack/stack';
import { execute, postgresUnavailable, startPostgres, type TestPostgres } from '../support/postgres';
import { describeIf } from '../support/skip';
import { batchAdd, createCluster, effects, hostIds, OBPROXY_4_3, subtaskLog, uploaded } from './scene';

describeIf(
  fleetUnavailable() ?? postgresUnavailable(),
  'two APIs and two workers on one PostgreSQL database',
  () => {
    let postgres: TestPostgres | undefined;
    let databaseUrl: string;
    let stack: Stack;
    beforeAll(async () => {
      postgres = await startPostgres();
      databaseUrl = await postgres.createDatabase();
      stack = await startStack({ hosts: 2, processes: 'split', databaseUrl });
    }, 120_000);
    afterAll(async () => {
      await stack?.stop();
      await postgres?.stop();
    }, 60_000);

    it('install every host exactly once, and answer the same document', async () => {
      const port = await freePort();
      const secondApi = startObflow(
        ['api'],
        { ...stack.env, OBFLOW_LISTEN: `127.0.0.1:${port}` },
        path.join(stack.dataDir, 'api-2.log'),
      );
      const secondWorker = startObflow(['worker'], stack.env, path.join(stack.dataDir, 'worker-2.log'));
      try {
        await Promise.all([secondApi.line(/^ready: /), secondWorker.line(/^ready/)]);
        const other = new ApiClient(`http://127.0.0.1:${port}`, 'admin', stack.secrets.admin);
        await stack.apply();
        const ids = await hostIds(stack);
        const clusterId = await createCluster(stack, 'onPostgres');
        const version = await uploaded(stack, OBPROXY_4_3);
        const body = { hostIds: ids, sqlPort: 2883, exporterPort: 2884, version };
        const rival = other.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, body);
        const ours = batchAdd(stack, clusterId, ids, version);
        const [refusedThere, tasksHere] = await Promise.allSettled([
          rival.then(({ status, answer }) => (status === 200 ? undefined : answer)),
          ours,
        ]);
        // Either may be first; the other is told which task holds the host.
        const refusal =
          tasksHere.status === 'rejected'
            ? String(tasksHere.reason)
            : JSON.stringify(refusedThere.status === 'fulfilled' ? refusedThere.value : refusedThere.reason);
        expect(refusal).toMatch(/CMP07004|ODP21010/);
        expect(refusal).toMatch(/task \d+/);

        const list = await other.call<{ contents: { id: number }[] }>(
          'GET',
          '/api/v2/tasks/instances?sort=id,desc&size=2&name=Install%20obproxy',
        );
        const settled = await other.settled(list.contents.map((task) => task.id));
        expect(settled.map((task) => task.status)).toEqual(['SUCCESSFUL', 'SUCCESSFUL']);
        for (const host of stack.fleet.hosts)
          expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
        for (const task of settled) {
          expect(await stack.api.task(task.id)).toEqual(task);
          expect(await subtaskLog(stack, task, 'Start obproxy process')).toContain('############{EXECUTE}');
        }
        expect(await execute(databaseUrl, 'select count(*)::int as held from locks')).toEqual([{ held: 0 }]);
      } finally {
        await Promise.all([secondApi.stop(), secondWorker.stop()]);
      }
    }, 120_000);
  },
);
