import type { TestHost } from '../../sandbox/hosts/fleet';
import { until } from '../support/until';
import {
  added,
  addServers,
  clusterOnHosts,
  type ObserverScene,
  observerEffects,
  serversOf,
} from './observerScene';
import { describeWithStack, subtaskLog, subtaskOf } from './scene';

describeWithStack('broken hosts while a cluster grows', { hosts: 4, processes: 'one' }, (stack) => {
  let scene: ObserverScene;
  beforeAll(async () => {
    scene = await clusterOnHosts(stack(), 1, '4.2.1.2');
  }, 120_000);

  it('one of three hosts fails its pre-check: every finding is named, the others stop at the Wait node, and after the repair retry adds all three, each once', async () => {
    const { api } = stack();
    const { clusterId, cluster, free } = scene;
    const [, broken] = free;
    if (broken === undefined) throw new Error('three hosts were asked for');
    await broken.host.sh('mkdir -p /data/log1/obgrows && echo precious >/data/log1/obgrows/notes');
    await broken.host.sh('setsid nc -lk 2881 >/dev/null 2>&1 </dev/null & sleep 0');
    await until(
      'the port is taken',
      async () => (await broken.host.sh('nc -z 127.0.0.1 2881')).exitCode === 0,
    );

    const task = await addServers(
      stack(),
      clusterId,
      'zone1',
      free.map(({ id }) => id),
    );
    const [failed] = await api.settled([task.id]);
    if (failed === undefined) throw new Error('no task');
    expect(failed.status).toBe('FAILED');
    const checks = failed.subtasks.filter(({ name }) => name === 'Pre check for install OB');
    expect(checks.map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCESSFUL', 'SUCCESSFUL']);
    const started = failed.subtasks.filter(({ status }) => status !== 'PENDING').map(({ name }) => name);
    expect(new Set(started)).toEqual(
      new Set(['Prepare add observer', 'Reserve host', 'Pre check for install OB']),
    );
    const bad = checks.find(({ status }) => status === 'FAILED');
    expect(bad?.failureMessage).toMatch(/port 2881 is held by .*nc.*\/data\/log1\/obgrows is not empty/s);
    for (const { host } of free) expect((await observerEffects(host)).installs).toBe(0);

    await broken.host.sh('pkill -x nc; rm -r /data/log1/obgrows');
    await api.call('POST', `/api/v2/tasks/instances/${task.id}/retry`);
    const [done] = await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    expect(done?.subtasks.find(({ id }) => id === bad?.id)).toMatchObject({ operation: 'RETRY', runTime: 2 });
    const counts = await added(cluster);
    for (const { host } of free) {
      expect(counts[`${host.ip}:2882`]).toBe(1);
      expect(await observerEffects(host)).toEqual({ installs: 1, starts: 2, processes: 1 });
    }
    expect((await serversOf(stack(), clusterId)).map(({ status }) => status)).toEqual(
      Array(4).fill('RUNNING'),
    );
  }, 180_000);
});

describeWithStack('crashes while a cluster grows', { hosts: 6, processes: 'split' }, (stack) => {
  let scene: ObserverScene;
  beforeAll(async () => {
    scene = await clusterOnHosts(stack(), 1, '4.2.1.2');
  }, 120_000);

  const at = (index: number) => {
    const place = scene.free[index];
    if (place === undefined) throw new Error('five hosts were asked for');
    return place;
  };
  const steer = (name: string, value: number) => scene.cluster.sql(`ALTER SYSTEM SET ${name} = ${value}`);
  const runs = async (taskId: number, name: string) =>
    ['RUNNING', 'READY'].includes(subtaskOf(await stack().api.task(taskId), name).status);

  async function expectOnce(host: TestHost): Promise<void> {
    expect((await added(scene.cluster))[`${host.ip}:2882`]).toBe(1);
    expect(await observerEffects(host)).toEqual({ installs: 1, starts: 2, processes: 1 });
  }

  async function killWorker(): Promise<void> {
    await stack().parts.worker?.kill();
    await stack().startWorker();
  }

  it('kill -9 of the worker while the observer starts: one first start', async () => {
    const { host, id } = at(0);
    const task = await addServers(stack(), scene.clusterId, 'zone1', [id]);
    // Held still right after its birth, it cannot be verified: the step is certainly under way.
    await until(
      'the observer is born',
      async () => (await host.sh('pkill -STOP -x -P 1 observer')).exitCode === 0,
    );
    await stack().parts.worker?.kill();
    expect(subtaskOf(await stack().api.task(task.id), 'Start observer process with param').status).not.toBe(
      'SUCCESSFUL',
    );
    await host.sh('pkill -CONT -x -P 1 observer');
    await stack().startWorker();
    const [done] = await stack().api.settled([task.id], { deadlineMs: 60_000 });
    expect(done?.status).toBe('SUCCESSFUL');
    await expectOnce(host);
  }, 120_000);

  it('kill -9 of the worker between ADD SERVER and its answer: the server is added once', async () => {
    const { host, id } = at(1);
    await steer('_standin_add_server_answer_delay', 3_000);
    const task = await addServers(stack(), scene.clusterId, 'zone1', [id]);
    await until(
      'the cluster has obeyed',
      async () => (await added(scene.cluster))[`${host.ip}:2882`] === 1,
      60_000,
    );
    await killWorker();
    await steer('_standin_add_server_answer_delay', 0);
    const [done] = await stack().api.settled([task.id], { deadlineMs: 60_000 });
    expect(done?.status).toBe('SUCCESSFUL');
    await expectOnce(host);
    if (done === undefined) throw new Error('no task');
    expect(await subtaskLog(stack(), done, 'Add observer')).toMatch(/is a server of obgrows/);
  }, 120_000);

  it('kill -9 of the worker, then the loss of the host, while it becomes active: the task goes on by itself', async () => {
    const { host, id } = at(2);
    await steer('_standin_active_delay', 6_000);
    const task = await addServers(stack(), scene.clusterId, 'zone1', [id]);
    await until('the task waits', () => runs(task.id, 'Wait observer active'), 60_000);
    await killWorker();
    await steer('_standin_active_delay', 0);
    await host.cut();
    await until(
      'the cluster misses the server, or never saw it',
      async () =>
        (await serversOf(stack(), scene.clusterId)).some(
          ({ ip, status }) => ip === host.ip && status !== 'RUNNING',
        ),
      30_000,
    );
    await host.heal();
    const [done] = await stack().api.settled([task.id], { deadlineMs: 90_000 });
    expect(done?.status).toBe('SUCCESSFUL');
    await expectOnce(host);
  }, 180_000);

  it('the network of the host is cut while its observer starts: one first start', async () => {
    const { host, id } = at(3);
    const task = await addServers(stack(), scene.clusterId, 'zone1', [id]);
    await until('the observer starts', () => runs(task.id, 'Start observer process with param'), 60_000);
    await host.cut();
    await until('the observer is there, or the loss is felt', async () => {
      const subtask = subtaskOf(await stack().api.task(task.id), 'Start observer process with param');
      return host.pids('observer').length > 0 || 'lastFailure' in subtask;
    });
    await host.heal();
    const [done] = await stack().api.settled([task.id], { deadlineMs: 120_000 });
    expect(done?.status).toBe('SUCCESSFUL');
    await expectOnce(host);
  }, 180_000);
});
