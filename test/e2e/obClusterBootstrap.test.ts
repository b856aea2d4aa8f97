import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { wholeStore } from '../../sandbox/stack/stack';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { difference, hostState } from '../faults/hostState';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import {
  asRoot,
  CLUSTERS,
  create,
  creation,
  emptyStack,
  fault,
  isOfObflow,
  ROOT_PASSWORD,
} from './creationScene';
import { countsOf } from './observerScene';
import { describeWithStack } from './scene';

/** What becomes of the one BOOTSTRAP of a cluster when somebody dies: it is never sent twice. */
describeWithStack(
  'the BOOTSTRAP of a cluster that obflow makes',
  { hosts: 2, processes: 'split', ownDisks: true },
  (stack) => {
    let rpmName = '';
    const hosts = () => stack().fleet.hosts;
    const first = () => hosts()[0] as TestHost;
    const begin = async (more: object = {}) =>
      create(
        stack(),
        await creation(
          stack(),
          rpmName,
          hosts().map((host) => [host]),
          more,
        ),
      );
    const settled = async (task: { readonly id: number }, status: string): Promise<TaskJson> => {
      const [done] = await stack().api.settled([task.id], { deadlineMs: 240_000 });
      expect(done?.subtasks.filter((subtask) => subtask.status === 'FAILED').map(({ name }) => name)).toEqual(
        status === 'FAILED' ? ['Bootstrap ob'] : [],
      );
      expect(done?.status).toBe(status);
      return done as TaskJson;
    };
    const command = (task: { readonly id: number }, what: string) =>
      stack().api.call('POST', `/api/v2/tasks/instances/${task.id}/${what}`, {});
    const attempts = async () => (await countsOf(first())).bootstrapAttempts ?? 0;
    const state = () =>
      Promise.all(hosts().map(async (host) => (await hostState(host, (text) => text)).lines));
    const statusOf = async (id: number) =>
      (
        await stack().api.call<{ contents: { id: number; status: string }[] }>('GET', `${CLUSTERS}?size=100`)
      ).contents.find((one) => one.id === id)?.status;

    const deleted = async (id: number) => {
      const task = await stack().api.call<TaskJson>('DELETE', `${CLUSTERS}/${id}?confirm=obmade`);
      const [done] = await stack().api.settled([task.id], { deadlineMs: 120_000 });
      expect(done?.status).toBe('SUCCESSFUL');
    };
    /** The way out that a refused rollback names. */
    const abandonedAndDeleted = async (task: { readonly id: number; readonly cluster: { id: number } }) => {
      await command(task, 'abandon');
      // A cluster that answers is what it says of itself.
      await until('the task is closed', async () =>
        ['UNAVAILABLE', 'RUNNING'].includes((await statusOf(task.cluster.id)) ?? ''),
      );
      await deleted(task.cluster.id);
    };
    // The faults lie in the home, which was there before the task then: an undo leaves the log in it.
    const isOfTask = (line: string) =>
      isOfObflow(line) && !/^. \/home\/admin\/oceanbase\/(audit|log|run|store) /.test(line);
    const clean = async (before: Awaited<ReturnType<typeof state>>) => {
      const after = await state();
      for (const [index, lines] of after.entries())
        expect(difference(before[index] ?? [], lines).filter(isOfTask)).toEqual([]);
    };

    beforeAll(async () => {
      rpmName = await emptyStack(stack(), '4.2.1.2');
    }, 120_000);
    beforeEach(async () => {
      for (const host of hosts()) await host.reinstall();
    }, 60_000);

    test('kill -9 of the worker while it is at work, and after it has ended: another goes on, and it was sent once', async () => {
      await fault(first(), { bootstrapMs: 3_000, bootstrapAnswerMs: 120_000 });
      const task = await begin();
      await until('it is at work', async () => (await attempts()) === 1, 120_000);
      await stack().parts.worker?.kill();
      await stack().startWorker();
      await settled(task, 'SUCCESSFUL');
      expect(await countsOf(first())).toMatchObject({ bootstrapAttempts: 1, bootstraps: 1 });
      await deleted(task.cluster.id);
    }, 400_000);

    test('the loss of its network while its answer is on the way: the task goes on by itself, and it was sent once', async () => {
      await fault(first(), { bootstrapMs: 1_000, bootstrapAnswerMs: 5_000 });
      const task = await begin();
      await until('it has ended', async () => (await countsOf(first())).bootstraps === 1, 120_000);
      await first().cut();
      const [, second] = hosts() as [TestHost, TestHost];
      await until('the other server misses it', () =>
        asRoot(second, 'SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_SERVERS', '').then(
          () => false,
          () => true,
        ),
      );
      await first().heal();
      await settled(task, 'SUCCESSFUL');
      expect(await countsOf(first())).toMatchObject({ bootstrapAttempts: 1, bootstraps: 1 });
      await deleted(task.cluster.id);
    }, 400_000);

    test('an observer that loses its power in it: FAILED, never sent again by a retry; the rollback leaves the hosts as they were, and the request works again', async () => {
      const before = await state();
      await fault(first(), { bootstrapMs: 600_000 });
      const task = await begin();
      await until('it is at work', async () => (await attempts()) === 1, 120_000);
      await first().crash();
      await first().boot();
      await fault(first(), {});
      await settled(task, 'FAILED');
      await command(task, 'retry');
      const again = await settled(task, 'FAILED');
      expect(JSON.stringify(again)).toContain('Roll the task back');
      expect(await attempts()).toBe(1);
      await command(task, 'rollback');
      await settled(task, 'SUCCESSFUL');
      expect(await statusOf(task.cluster.id)).toBeUndefined();
      await clean(before);
      const second = await begin();
      await settled(second, 'SUCCESSFUL');
      await deleted(second.cluster.id);
      await clean(before);
    }, 590_000);

    test('abandoned half-way it stays UNAVAILABLE, and is deleted like any other', async () => {
      const before = await state();
      await fault(first(), { clockAheadMs: 600_000 });
      const task = await begin();
      const failed = await settled(task, 'FAILED');
      expect(JSON.stringify(failed)).toContain('4015');
      await abandonedAndDeleted(task);
      await clean(before);
    }, 300_000);

    test('what tenants have is never wiped by a rollback', async () => {
      await fault(first(), { bootstrapAnswerMs: 600_000 });
      const task = await begin();
      await until('it has ended', async () => (await countsOf(first())).bootstraps === 1, 120_000);
      await asRoot(first(), 'ALTER SYSTEM SET _standin_tenants = 1', '');
      const [subtask] = (await stack().api.task(task.id)).subtasks.filter(
        ({ name }) => name === 'Bootstrap ob',
      );
      await command(task, `subtasks/${subtask?.id}/cancel`);
      await settled(task, 'FAILED');
      await command(task, 'rollback');
      const refused = await settled(task, 'FAILED');
      expect(JSON.stringify(refused)).toContain('app');
      expect(first().pids('observer')).toHaveLength(1);
      expect(await asRoot(first(), 'SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_SERVERS', '')).toEqual([
        { n: '2' },
      ]);
      await abandonedAndDeleted(task);
    }, 400_000);

    /** FAILED, and all that the task knows of its BOOTSTRAP, which has made a cluster, is that it was sent. */
    const sentAndCancelled = async () => {
      await fault(first(), { bootstrapAnswerMs: 600_000 });
      const task = await begin();
      await until('it has ended', async () => (await countsOf(first())).bootstraps === 1, 120_000);
      const subtask = (await stack().api.task(task.id)).subtasks.find(({ name }) => name === 'Bootstrap ob');
      await command(task, `subtasks/${subtask?.id}/cancel`);
      await settled(task, 'FAILED');
      return task;
    };
    const program = `${OBSERVER_HOME}/bin/observer`;

    test('what tenants have is never wiped by a rollback that finds no observer at work: it starts them and asks, and refuses where it cannot', async () => {
      const task = await sentAndCancelled();
      await asRoot(first(), 'ALTER SYSTEM SET _standin_tenants = 1', '');
      for (const host of hosts()) host.killProcesses(({ comm }) => comm === 'observer');
      await until('none works', () => hosts().every((host) => host.pids('observer').length === 0));
      await first().sh(`chmod 644 ${program}`);
      const before = await first().sh('find /data /home/admin/oceanbase/store -type f | sort');
      expect(before.stdout).not.toBe('');
      await command(task, 'rollback');
      expect(JSON.stringify(await settled(task, 'FAILED'))).toMatch(
        /OBE11007: .*users have tenants in it, is not known: .*Start the observers/,
      );
      expect((await first().sh('find /data /home/admin/oceanbase/store -type f | sort')).stdout).toBe(
        before.stdout,
      );
      await first().sh(`chmod 755 ${program}`);
      await command(task, 'rollback');
      expect(JSON.stringify(await settled(task, 'FAILED'))).toContain('tenants have been made in it: app');
      for (const host of hosts()) expect(host.pids('observer')).toHaveLength(1);
      expect(await asRoot(first(), 'SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_SERVERS', '')).toEqual([
        { n: '2' },
      ]);
      await abandonedAndDeleted(task);
    }, 400_000);

    test('a cluster whose root has another password by now is asked for it, not wiped; a rollback that may ask takes it away', async () => {
      const before = await state();
      const task = await sentAndCancelled();
      await asRoot(first(), "ALTER USER root IDENTIFIED BY 'byHand.77~~'", '');
      await command(task, 'rollback');
      expect(JSON.stringify(await settled(task, 'FAILED'))).toMatch(
        /is not known: .*denied.*correct the credential of root@sys/i,
      );
      for (const host of hosts()) expect(host.pids('observer')).toHaveLength(1);
      await asRoot(first(), `ALTER USER root IDENTIFIED BY '${ROOT_PASSWORD}'`, 'byHand.77~~');
      await command(task, 'rollback');
      await settled(task, 'SUCCESSFUL');
      expect(await statusOf(task.cluster.id)).toBeUndefined();
      await clean(before);
    }, 400_000);

    test('kill -9 of the worker after a rollback has stopped who answers for the cluster: another goes on to the end', async () => {
      const before = await state();
      const [, second] = hosts() as [TestHost, TestHost];
      await fault(first(), { bootstrapMs: 3_000 });
      const declared = wholeStore(stack());
      const together = (declared.hosts as object[]).map((host) => ({ ...host, idc: 'idc1' }));
      await stack().apply({ ...declared, obClusters: [], hosts: together });
      const body = await creation(stack(), rpmName, [hosts()]);
      const task = await create(stack(), body);
      await until('it is at work', async () => (await attempts()) === 1, 120_000);
      // The one that is added afterwards stands still: the cluster is there, and the subtask does not end.
      await second.sh('kill -STOP $(pgrep -x observer)');
      const { subtasks } = await stack().api.task(task.id);
      const subtask = subtasks.find(({ name }) => name === 'Bootstrap ob');
      await until('the task knows of its cluster', async () => {
        const log = await stack().api.call(
          'GET',
          `/api/v2/tasks/instances/${task.id}/subtasks/${subtask?.id}/log`,
        );
        return JSON.stringify(log).includes('Cluster obmade is made');
      });
      await command(task, `subtasks/${subtask?.id}/cancel`);
      await settled(task, 'FAILED');
      await command(task, 'rollback');
      await until('nobody can be asked', () => first().pids('observer').length === 0);
      expect(second.pids('observer')).toHaveLength(1);
      await stack().parts.worker?.kill();
      await second.sh('kill -CONT $(pgrep -x observer)');
      await stack().startWorker();
      await settled(task, 'SUCCESSFUL');
      expect(await statusOf(task.cluster.id)).toBeUndefined();
      await clean(before);
    }, 400_000);
  },
  longRunOnly() ?? fleetUnavailable(),
);
