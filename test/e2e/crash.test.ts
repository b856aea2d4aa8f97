import { openInventory } from '../../inventory';
import { readConfig } from '../../runtime/config';
import { startTcpProxy } from '../support/tcpProxy';
import { until } from '../support/until';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  subtaskOf,
  uploaded,
} from './scene';

describeWithStack('crashes of obflow itself', { hosts: 3, processes: 'split' }, (stack) => {
  let ids: number[];
  let clusterId: number;

  beforeAll(async () => {
    await stack().apply();
    ids = await hostIds(stack());
    clusterId = await createCluster(stack(), 'crash');
  }, 60_000);

  /** Kills the worker at a moment, starts another, and expects the task to end by itself within 30 s. */
  async function killWorkerWhile(
    taskId: number,
    moment: () => Promise<boolean>,
    meanwhile: () => Promise<void> = async () => {},
  ) {
    await until('the moment to kill the worker', moment);
    await stack().parts.worker?.kill();
    await meanwhile();
    await stack().startWorker();
    const [task] = await stack().api.settled([taskId], { deadlineMs: 30_000 });
    return task;
  }

  it('kill -9 of the worker while rpm installs: the task goes on by itself and the host saw one install', async () => {
    const host = stack().fleet.hosts[0];
    if (!host) throw new Error('three hosts were asked for');
    const version = await uploaded(stack(), {
      ...OBPROXY_1_9,
      release: '1919581.el7',
      payloadBytes: 60_000_000,
    });
    const [task] = await batchAdd(stack(), clusterId, ids.slice(0, 1), version);
    if (!task) throw new Error('no task');
    const done = await killWorkerWhile(task.id, async () => host.pids('rpm').length > 0);
    expect(done?.status).toBe('SUCCESSFUL');
    expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
  }, 120_000);

  it('kill -9 of the worker while OBProxy starts: the task goes on by itself and the host saw one start', async () => {
    const host = stack().fleet.hosts[1];
    if (!host) throw new Error('three hosts were asked for');
    const version = await uploaded(stack(), OBPROXY_1_9);
    const [task] = await batchAdd(stack(), clusterId, ids.slice(1, 2), version);
    if (!task) throw new Error('no task');
    const done = await killWorkerWhile(
      task.id,
      // Only the daemon: a stopped launcher would stop runuser too. Held still right after its birth, the proxy cannot be verified: the step is certainly under way.
      async () => (await host.sh('pkill -STOP -x -P 1 obproxy')).exitCode === 0,
      async () => {
        expect(subtaskOf(await stack().api.task(task.id), 'Start obproxy process').status).not.toBe(
          'SUCCESSFUL',
        );
        await host.sh('pkill -CONT -x -P 1 obproxy');
      },
    );
    expect(done?.status).toBe('SUCCESSFUL');
    expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
  }, 120_000);

  it('kill -9 of the API between commit and start: the task still runs', async () => {
    const { api, env, parts, temporalAddress } = stack();
    const [temporalHost = '', temporalPort = ''] = temporalAddress.split(':');
    const proxy = await startTcpProxy({ host: temporalHost, port: Number(temporalPort) });
    try {
      await parts.api?.stop();
      env.TEMPORAL_ADDRESS = proxy.address;
      await stack().startApi();
      proxy.hold();
      const request = batchAdd(stack(), clusterId, ids.slice(2), await versionInStore());
      request.catch(() => undefined);
      // Read from the database itself: the API's lists would wait for Temporal.
      const inventory = await openInventory(readConfig(env).config);
      const row = await until('the task to be committed', async () => {
        const { contents } = await inventory.tasks.list({ hostId: ids[2] ?? 0 }, { page: 1, size: 1 });
        return contents[0];
      });
      expect(row.started).toBe(false);
      await inventory.close();
      await stack().parts.api?.kill();
      await expect(request).rejects.toThrow();
      env.TEMPORAL_ADDRESS = temporalAddress;
      await stack().startApi();
      const [task] = await api.settled([row.id]);
      expect(task?.status).toBe('SUCCESSFUL');
    } finally {
      env.TEMPORAL_ADDRESS = temporalAddress;
      await proxy.stop();
    }
  }, 120_000);

  async function versionInStore(): Promise<string> {
    const list = await stack().api.call<{ contents: { fileName: string }[] }>(
      'GET',
      '/api/v2/software-packages?keyword=1919579',
    );
    return list.contents[0]?.fileName ?? '';
  }
});
