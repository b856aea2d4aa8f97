import { givenHost, givenPackage, givenProxyCluster } from '../api/harness';
import { CHAIN } from '../support/plans';
import { gate } from '../support/tasks';
import { TaskScene } from './taskScene';

let scene: TaskScene;
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene.close());

const heldLines = (stdout: string) =>
  /\nHeld until it ends\n(( {2}.*\n)*)/.exec(stdout)?.[1]?.trimEnd().split('\n') ?? [];

describe('A task that others have to wait for', () => {
  it('names what it holds by the names that people know, until it closes', async () => {
    const { store } = scene.api;
    const hostId = await givenHost(store, '192.0.2.9');
    const clusterId = await givenProxyCluster(store, 'orders');
    const { id: packageId, fileName } = await givenPackage(store, { version: '4.3.1.0', release: '4.el7' });
    const door = gate();
    scene.bed.behaviours.a = door.behaviour;
    const plan = await scene.submit(CHAIN);
    const other = await scene.submit(CHAIN);
    const shared = { shared: `obproxy_cluster:${clusterId}` };
    await store.locks.release(plan.taskId);
    await store.locks.take(
      plan.taskId,
      [`host:${hostId}:OB_PROXY`, shared, `package:${packageId}`, 'of:a:later:release'],
      [],
    );
    await store.locks.take(other.taskId, [shared], []);

    const { body } = await scene.api.send('GET', `/api/v2/tasks/instances/${plan.taskId}`);
    expect(body.data.lockCount).toBe(4);
    expect(body.data.locks).toEqual([
      {
        ...{ resource: `host:${hostId}:OB_PROXY`, kind: 'HOST', id: hostId },
        ...{ name: '192.0.2.9', service: 'OB_PROXY' },
      },
      {
        ...{ resource: shared.shared, kind: 'OBPROXY_CLUSTER', id: clusterId, name: 'orders' },
        ...{ shared: true, heldBy: [other.taskId] },
      },
      { resource: `package:${packageId}`, kind: 'PACKAGE', id: packageId, name: fileName },
    ]);
    const { stdout } = await scene.task('show', plan.taskId);
    expect(heldLines(stdout)).toEqual([
      '  host 192.0.2.9 (OBProxy)',
      `  OBProxy cluster orders, together with task ${other.taskId}`,
      `  package ${fileName}`,
      `  … 1 more; obflow task show ${plan.taskId} -o json has the first 100`,
    ]);

    door.open();
    for (const { taskId } of [plan, other]) {
      const closed = await scene.bed.documentWhen({ taskId } as typeof plan, 'SUCCESSFUL');
      expect(closed).not.toHaveProperty('locks');
    }
    expect(heldLines((await scene.task('show', plan.taskId)).stdout)).toEqual([]);
  });

  it('shows the first 100 of many, and how many there are', async () => {
    const door = gate();
    scene.bed.behaviours.a = door.behaviour;
    const plan = await scene.submit(CHAIN);
    const hosts = Array.from({ length: 1_200 }, (_, at) => `host:${at + 10_000}:OB_CLUSTER`);
    await scene.api.store.locks.release(plan.taskId);
    await scene.api.store.locks.take(plan.taskId, hosts, []);
    const { body } = await scene.api.send('GET', `/api/v2/tasks/instances/${plan.taskId}`);
    expect([body.data.lockCount, body.data.locks.length]).toEqual([1_200, 100]);
    expect(heldLines((await scene.task('show', plan.taskId)).stdout).at(-1)).toContain('… 1190 more;');
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
  });

  it('is named, by its id, to who asks for what it holds', async () => {
    const { store } = scene.api;
    const hostId = await givenHost(store, '192.0.2.10');
    const door = gate();
    scene.bed.behaviours.a = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await store.locks.take(plan.taskId, [`host:${hostId}:OB_PROXY`], []);
    const { status, body } = await scene.api.send('POST', `/api/v2/compute/hosts/${hostId}/forget`);
    expect([status, body.error.target, body.error.heldBy]).toEqual([
      409,
      `host:${hostId}:OB_PROXY`,
      plan.taskId,
    ]);
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
  });
});
