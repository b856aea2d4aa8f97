/**
 * What a fault meets at its worst: a statement that OceanBase has obeyed and nobody has heard of, and a process that has just
 * ended or just begun. The worker is killed, the host that owes the answer loses its network, and its power.
 */
import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { Counted } from '../../sandbox/standins/observer/counters';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { addServers, clusterOnHosts, type ObserverScene, obeyed, serversOf } from './observerScene';
import { describeWithStack, subtaskOf } from './scene';

const HELD_MS = 60_000;
/** Of the cluster: the server of zone2 stops and starts, the one that is added to zone3 is deleted. */
const MEMBER = 1;
const ADDED = 3;

const FAULTS = ['kill -9 of the worker', 'loss of the network', 'loss of power'] as const;
type Fault = (typeof FAULTS)[number];

describeWithStack(
  'at the seams of the life of an OBServer',
  { hosts: 4, processes: 'split' },
  (stack) => {
    let scene: ObserverScene;
    beforeAll(async () => {
      scene = await clusterOnHosts(stack(), 3, '4.2.1.2');
      for (const set of ['_standin_tenants = 1', '_standin_lease = 1500', '_standin_unit_move_delay = 300'])
        await scene.cluster.sql(`ALTER SYSTEM SET ${set}`);
    }, 120_000);
    afterEach(async () => {
      for (const host of stack().fleet.hosts) {
        if (!host.poweredOn) await host.boot();
        await host.heal();
      }
    });

    const host = (index: number): TestHost => {
      const found = stack().fleet.hosts[index];
      if (found === undefined) throw new Error('four hosts were asked for');
      return found;
    };
    const address = (index: number) => `${host(index).ip}:2882`;
    const pids = (index: number) => host(index).pids('observer');
    const steer = (name: string, ms: number, at: number) =>
      scene.cluster.sql(`ALTER SYSTEM SET ${name} = ${ms}`, at);
    const count = async (what: Counted, index: number) =>
      (await obeyed(scene.cluster, what))[address(index)] ?? 0;
    const serverAt = async (index: number) =>
      (await serversOf(stack(), scene.clusterId)).find(({ ip }) => ip === host(index).ip);
    const path = async (index: number) =>
      `/api/v2/ob/clusters/${scene.clusterId}/servers/${(await serverAt(index))?.id}`;
    const begin = async (verb: 'stop' | 'start') =>
      stack().api.call<TaskJson>('POST', `${await path(MEMBER)}/${verb}`);
    async function done({ id }: TaskJson): Promise<TaskJson> {
      const [task] = await stack().api.settled([id], { deadlineMs: 240_000 });
      expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(task?.status).toBe('SUCCESSFUL');
      if (task === undefined) throw new Error('no task');
      return task;
    }
    const isAt = async ({ id }: TaskJson, name: string) =>
      subtaskOf(await stack().api.task(id), name).status === 'RUNNING';
    const failing =
      ({ id }: TaskJson, name: string, words: RegExp) =>
      async () =>
        words.test(JSON.stringify(subtaskOf(await stack().api.task(id), name)));

    /** The server of zone2 as a test needs it, without any fault. */
    async function be(wanted: 'RUNNING' | 'STOPPED'): Promise<void> {
      // Asked anew: somebody may have seen it while one of its servers was away.
      const asked = () =>
        stack().api.call<{ status: string }>('GET', `/api/v2/ob/clusters/${scene.clusterId}`);
      await until('the cluster is RUNNING', async () => (await asked()).status === 'RUNNING');
      if ((await serverAt(MEMBER))?.status !== wanted)
        await done(await begin(wanted === 'RUNNING' ? 'start' : 'stop'));
      await until('all logs are in sync', async () => {
        const [row] = await scene.cluster.sql(
          "SELECT COUNT(*) AS behind FROM oceanbase.GV$OB_LOG_STAT WHERE IN_SYNC = 'NO'",
        );
        return row?.behind === '0';
      });
    }

    /** The server where the root service lives, as another one says it. */
    async function rootService(from: number): Promise<number> {
      const sql = "SELECT SVR_IP AS ip FROM oceanbase.DBA_OB_SERVERS WHERE WITH_ROOTSERVER = 'YES'";
      const [row] = await scene.cluster.sql(sql, from);
      return stack().fleet.hosts.findIndex(({ ip }) => ip === row?.ip);
    }

    /** Somebody else leads the cluster, as its other servers see it. */
    const hasMoved = (former: number, from: number) =>
      until('another server has the root service', async () => {
        const now = await rootService(from).catch(() => former);
        return now !== former;
      });

    async function restartWorker(): Promise<void> {
      await stack().parts.worker?.kill();
      await stack().startWorker();
    }

    /** As systemd or a person does it after a boot. */
    const startByHand = (index: number) =>
      host(index).sh(
        `cd ${OBSERVER_HOME} && setsid runuser -u admin -- ./bin/observer </dev/null >/dev/null 2>&1`,
      );

    /**
     * The server that owes the answer of a statement, or the worker that waits for it, is gone; `meanwhile` looks while it is
     * away, and then it is back.
     */
    async function loseAnswer(
      fault: Fault,
      delay: string,
      former: number,
      meanwhile: () => Promise<void>,
    ): Promise<void> {
      const witness = [0, 1, 2].find((index) => index !== former) ?? 0;
      if (fault === 'kill -9 of the worker') {
        await steer(delay, 0, witness);
        await restartWorker();
        return;
      }
      if (fault === 'loss of power') await host(former).powerOff();
      else await host(former).cut();
      await hasMoved(former, witness);
      await steer(delay, 0, witness);
      await meanwhile();
      if (fault === 'loss of power') {
        await host(former).boot();
        await startByHand(former);
      } else await host(former).heal();
    }

    describe.each(FAULTS)('%s', (fault) => {
      test('between STOP SERVER and its answer: it is sent once, and no process ends that others need', async () => {
        await be('RUNNING');
        const sent = await count('stopServer', MEMBER);
        const former = await rootService(0);
        expect(former).not.toBe(MEMBER);
        await steer('_standin_stop_answer_delay', HELD_MS, 0);
        const task = await begin('stop');
        await until('it is obeyed', async () => (await count('stopServer', MEMBER)) === sent + 1);
        await loseAnswer(fault, '_standin_stop_answer_delay', former, async () => {
          // One of three is away: without the server that is to stop nobody would have a majority.
          const waits = failing(task, 'Stop observer process', /1 of 3 replicas would stay/);
          await until('its process is not ended', waits, 150_000);
          expect(pids(MEMBER)).toHaveLength(1);
        });
        await done(task);
        expect(pids(MEMBER)).toEqual([]);
        expect(await count('stopServer', MEMBER)).toBe(sent + 1);
        expect((await serverAt(MEMBER))?.status).toBe('STOPPED');
      }, 400_000);

      test('while the process has just begun: one runs, and serves', async () => {
        await be('STOPPED');
        const task = await begin('start');
        // Held right after its birth it cannot prove itself, so the step is certainly under way.
        const held = await host(MEMBER).sh(
          'timeout 100 sh -c "until pkill -STOP -x -P 1 observer; do sleep 0.01; done"',
        );
        expect(held.exitCode).toBe(0);
        expect(await isAt(task, 'Start observer process')).toBe(true);
        if (fault === 'kill -9 of the worker') await restartWorker();
        else if (fault === 'loss of power') {
          await host(MEMBER).powerOff();
          await host(MEMBER).boot();
        } else {
          await host(MEMBER).cut();
          await until('it is felt', failing(task, 'Start observer process', /lastFailure/), 150_000);
          await host(MEMBER).heal();
        }
        await host(MEMBER).sh('pkill -CONT -x observer');
        await done(task);
        expect(pids(MEMBER)).toHaveLength(1);
        expect((await serverAt(MEMBER))?.status).toBe('RUNNING');
      }, 300_000);

      test('while the process has just ended: it is not begun again, and the server is stopped', async () => {
        await be('RUNNING');
        const task = await begin('stop');
        await until('its process has ended', () => pids(MEMBER).length === 0);
        if (fault === 'kill -9 of the worker') await restartWorker();
        else if (fault === 'loss of power') {
          await host(MEMBER).powerOff();
          await host(MEMBER).boot();
        } else {
          await host(MEMBER).cut();
          await until('it is felt', failing(task, 'Stop observer process', /lastFailure/), 150_000);
          await host(MEMBER).heal();
        }
        await done(task);
        expect(pids(MEMBER)).toEqual([]);
        expect(await serverAt(MEMBER)).toMatchObject({ status: 'STOPPED' });
        await be('RUNNING');
      }, 300_000);

      test('between DELETE SERVER and its answer: it is sent once, and its files go when it has left', async () => {
        await be('RUNNING');
        const [place] = scene.free;
        await done(await addServers(stack(), scene.clusterId, 'zone3', [place?.id ?? 0]));
        const sent = await count('deleteServer', ADDED);
        const former = await rootService(0);
        await steer('_standin_delete_answer_delay', HELD_MS, 0);
        const task = await stack().api.call<TaskJson>(
          'POST',
          `/api/v2/ob/clusters/${scene.clusterId}/servers/batchDelete`,
          { serverIds: [(await serverAt(ADDED))?.id] },
        );
        await until('it is obeyed', async () => (await count('deleteServer', ADDED)) === sent + 1);
        await loseAnswer(fault, '_standin_delete_answer_delay', former, async () => undefined);
        await done(task);
        expect(await count('deleteServer', ADDED)).toBe(sent + 1);
        expect(pids(ADDED)).toEqual([]);
        const left = await host(ADDED).sh(
          'rpm -q oceanbase-ce; ls -d /data/1/* /data/log1/* /var/lib/obflow/observer 2>/dev/null; true',
        );
        expect(left.stdout.trim()).toBe('package oceanbase-ce is not installed');
        expect(await serverAt(ADDED)).toBeUndefined();
      }, 400_000);
    });
  },
  longRunOnly() ?? fleetUnavailable(),
);
