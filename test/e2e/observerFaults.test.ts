import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { GrowingCluster } from '../../sandbox/stack/growingCluster';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import {
  added,
  addServers,
  clustersOfOne,
  obeyed,
  observerEffects,
  type Place,
  placesOf,
  serversOf,
} from './observerScene';
import { describeWithStack, subtaskLog, subtaskOf } from './scene';

const START = 'Start observer process with param';

/** What a fault meets: a cluster of one server, and the host that joins it. */
interface Growth extends GrowingCluster, Place {
  readonly member: TestHost;
}

/**
 * Three clusters at once, each held at another step, because what a fault costs is waiting: for the heartbeat of a
 * worker that is gone, for a connection that is silent.
 */
describeWithStack(
  'faults while clusters grow',
  { hosts: 13, processes: 'split' },
  (stack) => {
    let clusters: GrowingCluster[];
    let places: Place[];
    beforeAll(async () => {
      const { hosts } = stack().fleet;
      clusters = await clustersOfOne(stack(), hosts.slice(0, 3), '4.2.1.2');
      places = await placesOf(stack(), hosts.slice(3));
    }, 120_000);

    /** The clusters and three hosts of their own, from number `first`. */
    function growths(first: number): [Growth, Growth, Growth] {
      const three = clusters.map((cluster, index) => {
        const place = places[first + index];
        const member = stack().fleet.hosts[index];
        if (place === undefined || member === undefined) throw new Error('twelve hosts were asked for');
        return { ...cluster, ...place, member };
      });
      return three as [Growth, Growth, Growth];
    }
    const steer = ({ cluster }: Growth, name: string, ms: number) =>
      cluster.sql(`ALTER SYSTEM SET ${name} = ${ms}`);
    const add = ({ clusterId, id }: Growth) => addServers(stack(), clusterId, 'zone1', [id]);
    const settled = async (tasks: readonly TaskJson[]) =>
      stack().api.settled(
        tasks.map(({ id }) => id),
        { deadlineMs: 120_000 },
      );

    /** The step is at work, or was when its host was last heard. */
    const isAt = async (task: TaskJson, name: string) =>
      subtaskOf(await stack().api.task(task.id), name).status === 'RUNNING';

    /** Stops the observer right after its birth: it cannot prove itself, so the step is certainly under way. */
    const holdNewborn = async ({ host }: Growth) => {
      // On the host itself: on a fast machine the step would be over between two looks from here.
      const held = await host.sh(
        'timeout 100 sh -c "until pkill -STOP -x -P 1 observer; do sleep 0.01; done"',
      );
      expect(held.exitCode).toBe(0);
    };
    const release = (host: TestHost) => host.sh('pkill -CONT -x observer');

    async function expectOnce(one: Growth): Promise<void> {
      expect((await added(one.cluster))[`${one.host.ip}:2882`]).toBe(1);
      expect(await observerEffects(one.host)).toEqual({ installs: 1, starts: 2, processes: 1 });
    }

    it('one of three hosts fails its pre-check: every finding is named, the others stop at the Wait node, and after the repair retry adds all three, each once', async () => {
      const { api } = stack();
      const [{ clusterId, cluster }] = growths(0);
      const three = places.slice(0, 3);
      const [, broken] = three;
      if (broken === undefined) throw new Error('three hosts were asked for');
      await broken.host.sh('mkdir -p /data/log1/obgrows0 && echo precious >/data/log1/obgrows0/notes');
      await broken.host.sh('setsid nc -lk 2881 >/dev/null 2>&1 </dev/null & sleep 0');
      await until(
        'the port is taken',
        async () => (await broken.host.sh('nc -z 127.0.0.1 2881')).exitCode === 0,
      );

      const task = await addServers(
        stack(),
        clusterId,
        'zone1',
        three.map(({ id }) => id),
      );
      const [failed] = await settled([task]);
      if (failed === undefined) throw new Error('no task');
      expect(failed.status).toBe('FAILED');
      const checks = failed.subtasks.filter(({ name }) => name === 'Pre check for install OB');
      expect(checks.map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCESSFUL', 'SUCCESSFUL']);
      const started = failed.subtasks.filter(({ status }) => status !== 'PENDING').map(({ name }) => name);
      expect(new Set(started)).toEqual(
        new Set(['Prepare add observer', 'Reserve host', 'Pre check for install OB']),
      );
      const bad = checks.find(({ status }) => status === 'FAILED');
      expect(bad?.failureMessage).toMatch(/port 2881 is held by .*nc.*\/data\/log1\/obgrows0 is not empty/s);
      for (const { host } of three) expect((await observerEffects(host)).installs).toBe(0);

      await broken.host.sh('pkill -x nc; rm -r /data/log1/obgrows0');
      await api.call('POST', `/api/v2/tasks/instances/${task.id}/retry`);
      const [done] = await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
      expect(done?.subtasks.find(({ id }) => id === bad?.id)).toMatchObject({
        operation: 'RETRY',
        runTime: 2,
      });
      const counts = await added(cluster);
      for (const { host } of three) {
        expect(counts[`${host.ip}:2882`]).toBe(1);
        expect(await observerEffects(host)).toEqual({ installs: 1, starts: 2, processes: 1 });
      }
      expect((await serversOf(stack(), clusterId)).map(({ status }) => status)).toEqual(
        Array(4).fill('RUNNING'),
      );
    }, 180_000);

    it('kill -9 of the worker while an observer starts, between ADD SERVER and its answer, and while one becomes active: the tasks go on by themselves, each step’s effect is there once', async () => {
      const [starting, adding, becoming] = growths(3);
      await steer(adding, '_standin_add_server_answer_delay', 60_000);
      await steer(becoming, '_standin_active_delay', 60_000);
      const tasks = await Promise.all([starting, adding, becoming].map(add));
      const [first, second, third] = tasks as [TaskJson, TaskJson, TaskJson];
      await Promise.all([
        holdNewborn(starting),
        until(
          'the cluster has obeyed',
          async () => (await added(adding.cluster))[`${adding.host.ip}:2882`] === 1,
        ),
        until('the task waits', () => isAt(third, 'Wait observer active')),
      ]);
      expect(await isAt(first, START)).toBe(true);
      expect(await isAt(second, 'Add observer')).toBe(true);

      await stack().parts.worker?.kill();
      await release(starting.host);
      await steer(adding, '_standin_add_server_answer_delay', 0);
      await steer(becoming, '_standin_active_delay', 0);
      await stack().startWorker();
      const done = await settled(tasks);
      expect(done.map(({ status }) => status)).toEqual(Array(3).fill('SUCCESSFUL'));
      for (const one of [starting, adding, becoming]) await expectOnce(one);
      expect(await subtaskLog(stack(), second, 'Add observer')).toMatch(/is a server of obgrows1/);
    }, 180_000);

    it('the host loses its network while its observer starts, while it is added, and while it becomes active: the tasks go on by themselves, each step’s effect is there once', async () => {
      const [starting, adding, becoming] = growths(6);
      await steer(becoming, '_standin_active_delay', 60_000);
      const tasks = await Promise.all([starting, adding, becoming].map(add));
      const [first, second, third] = tasks as [TaskJson, TaskJson, TaskJson];
      await Promise.all([
        holdNewborn(starting),
        until('the observer is there', () => adding.host.pids('observer').length > 0).then(async () => {
          // A root service that holds its breath keeps the step waiting until the cut is made.
          await adding.member.sh('pkill -STOP -x observer');
          await until('the server is to be added', () => isAt(second, 'Add observer'));
        }),
        until('the task waits', () => isAt(third, 'Wait observer active')),
      ]);
      expect(await isAt(first, START)).toBe(true);

      const hosts = [starting, adding, becoming].map(({ host }) => host);
      await Promise.all(hosts.map((host) => host.cut()));
      await release(adding.member);
      await steer(becoming, '_standin_active_delay', 0);
      await until('the loss is felt where the observer starts', async () =>
        /"lastFailure"/.test(JSON.stringify(subtaskOf(await stack().api.task(first.id), START))),
      );
      await until('the root service misses the server', async () =>
        /No answer .*4012|No answer .*Timeout/.test(await subtaskLog(stack(), second, 'Add observer')),
      );
      expect((await added(adding.cluster))[`${adding.host.ip}:2882`]).toBeUndefined();
      const missed = await serversOf(stack(), becoming.clusterId);
      expect(missed.find(({ ip }) => ip === becoming.host.ip)?.status).not.toBe('RUNNING');

      await Promise.all(hosts.map((host) => host.heal()));
      await release(starting.host);
      const done = await settled(tasks);
      expect(done.map(({ status }) => status)).toEqual(Array(3).fill('SUCCESSFUL'));
      for (const one of [starting, adding, becoming]) await expectOnce(one);
    }, 180_000);

    it('undone after it has joined, the server leaves the cluster, and nothing of it stays on the host', async () => {
      const { api } = stack();
      const [grown] = clusters;
      const place = places[9];
      if (grown === undefined || place === undefined) throw new Error('thirteen hosts were asked for');
      const { cluster, clusterId } = grown;
      const { host, id } = place;
      // A restart of a server with units is refused while its replicas would be replaced meanwhile.
      await cluster.sql('ALTER SYSTEM SET _standin_tenant_units = 1');
      await cluster.sql("ALTER SYSTEM SET server_permanent_offline_time = '10s'");
      const task = await addServers(stack(), clusterId, 'zone1', [id]);
      const [failed] = await settled([task]);
      if (failed === undefined) throw new Error('no task');
      expect(subtaskOf(failed, 'Restart observer process').failureMessage).toMatch(/permanent_offline_time/);
      expect(await observerEffects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });

      await api.call('POST', `/api/v2/tasks/instances/${task.id}/rollback`);
      const [undone] = await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
      expect(undone).toMatchObject({ operation: 'ROLLBACK' });
      expect((await serversOf(stack(), clusterId)).map(({ ip }) => ip)).not.toContain(host.ip);
      expect((await obeyed(cluster, 'deleteServer'))[`${host.ip}:2882`]).toBe(1);
      const left = await host.sh(
        'pgrep -x observer; rpm -q oceanbase-ce; ls -d /data/1/* /data/log1/* 2>/dev/null; true',
      );
      expect(left.stdout.trim()).toBe('package oceanbase-ce is not installed');
    }, 120_000);
  },
  // `npm run test:faults` breaks every part during every subtask of this operation.
  fleetUnavailable() ?? longRunOnly(),
);
