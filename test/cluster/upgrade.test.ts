import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { ApiClient, type TaskJson } from '../../sandbox/stack/apiClient';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { freePort, OB_CLUSTER } from '../../sandbox/stack/stack';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  subtaskOf,
  uploaded,
} from '../e2e/scene';
import { longRunOnly } from '../support/skip';
import { spread } from './load';
import { makeNextBuild, NEXT_VERSION } from './nextBuild';

const CREATED = ['Prepare obproxy install', 'Finish node'];
const CREATED_LATER = ['Prepare obproxy install', 'Look around', 'Finish node'];

describeWithStack(
  'a rolling upgrade',
  { hosts: 1, processes: 'split' },
  (stack) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-next-'));
    const next = path.join(folder, 'next');
    const started: ObflowProcess[] = [];
    afterAll(async () => {
      await Promise.all(started.map((part) => part.stop()));
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    const start = async (part: 'api' | 'worker', env: NodeJS.ProcessEnv): Promise<ObflowProcess> => {
      const process = startObflow(
        [part],
        env,
        path.join(folder, `${part}.log`),
        path.join(next, 'bin/obflow.js'),
      );
      started.push(process);
      await process.line(/^ready/);
      return process;
    };
    const names = (task: TaskJson) => task.subtasks.map(({ name }) => name);
    /** A task of each API in turn, all at once; the documents in the order asked for. */
    const create = (apis: readonly ApiClient[], prefix: string, count: number) =>
      spread(count, count, async (number) => {
        const api = apis[number % apis.length] ?? stack().api;
        const { id } = await api.call<TaskJson>('POST', '/api/v2/obproxy/clusters', {
          name: `${prefix}${number}`,
          address: 'foo.bar',
          port: 2883,
          workMode: 'CONFIG_URL',
          obLinks: [
            { clusterName: OB_CLUSTER.name, obClusterId: OB_CLUSTER.obClusterId, username: 'proxyro' },
          ],
          obproxyInstallParam: { hostIds: [] },
        });
        const [task] = await api.settled([id]);
        return task as TaskJson;
      });

    it('runs every task by the chain it was accepted with, whichever worker has it, and one that waited for a person too', async () => {
      makeNextBuild(next);
      const { api, fleet, env, parts } = stack();
      const [host] = fleet.hosts;
      if (host === undefined) throw new Error('one host was asked for');
      await stack().apply();
      const ids = await hostIds(stack());
      const version = await uploaded(stack(), OBPROXY_1_9);
      const clusterId = await createCluster(stack(), 'before');
      await host.hideCommand('nc');
      const [added] = await batchAdd(stack(), clusterId, ids, version);
      const [waiting] = await api.settled([added?.id ?? 0]);
      if (waiting === undefined) throw new Error('one task was made');
      expect(waiting.status).toBe('FAILED');

      // The new worker first: the old one cannot run what the new API plans.
      await start('worker', env);
      const port = await freePort();
      await start('api', { ...env, OBFLOW_LISTEN: `127.0.0.1:${port}` });
      const newApi = new ApiClient(`http://127.0.0.1:${port}`, 'admin', stack().secrets.admin);
      const both = await create([api, newApi], 'beside', 8);
      for (const [number, task] of both.entries()) {
        expect(task.status).toBe('SUCCESSFUL');
        expect(names(task)).toEqual(number % 2 === 0 ? CREATED : CREATED_LATER);
        // Either API shows it alike.
        expect(await api.task(task.id)).toEqual(await newApi.task(task.id));
      }

      expect(await parts.worker?.stop()).toBe(0);
      expect(await parts.api?.stop()).toBe(0);
      await host.restoreCommand('nc');
      await newApi.call('POST', `/api/v2/tasks/instances/${waiting.id}/retry`);
      const [repaired] = await newApi.settled([waiting.id], { statuses: ['SUCCESSFUL'] });
      expect(repaired?.subtasks.map(({ id, name }) => [id, name])).toEqual(
        waiting.subtasks.map(({ id, name }) => [id, name]),
      );
      expect(names(waiting)).not.toContain('Look around');
      expect(subtaskOf(repaired ?? waiting, 'Check if command exists')).toMatchObject({ runTime: 2 });
      expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
      expect((await create([newApi], 'after', 1)).map(names)).toEqual([CREATED_LATER]);

      // There is no way back but by a backup: the old version says so.
      const old = startObflow(['worker'], env, path.join(folder, 'old.log'));
      expect(await old.exited).toBe(1);
      expect(old.output()).toContain(`Run obflow ${NEXT_VERSION}, or restore the backup`);
    }, 180_000);
  },
  fleetUnavailable() ?? longRunOnly(),
);
