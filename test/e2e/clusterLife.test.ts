import type { TaskJson } from '../../sandbox/stack/apiClient';
import { until } from '../support/until';
import { clusterOnHosts, type ObserverScene, obeyed, serversOf } from './observerScene';
import { describeWithStack, subtaskLog } from './scene';
import { type Door, SteadyClient } from './steadyClient';

const PATIENCE = { deadlineMs: 280_000 };
/** Longer than a zone takes by itself, so that the next one has to wait. */
const SYNC_MS = 4_000;

describe.each(['4.2.1.2', '3.1.4'])('OceanBase %s', (version) => {
  describeWithStack(
    'a cluster of three zones restarts zone after zone, stops and starts',
    { hosts: 3, processes: 'one' },
    (stack) => {
      let scene: ObserverScene;
      beforeAll(async () => {
        scene = await clusterOnHosts(stack(), 3, version);
        await scene.cluster.sql('ALTER SYSTEM SET _standin_tenants = 1');
        await scene.cluster.sql('ALTER SYSTEM SET _standin_lease = 1500');
      }, 120_000);

      const host = (index: number) => {
        const found = stack().fleet.hosts[index];
        if (found === undefined) throw new Error('three hosts were asked for');
        return found;
      };
      const address = (index: number) => `${host(index).ip}:2882`;
      const pids = () => [0, 1, 2].map((index) => host(index).pids('observer'));
      const path = (verb: string) => `/api/v2/ob/clusters/${scene.clusterId}/${verb}`;
      const begin = (verb: string, body?: unknown) => stack().api.call<TaskJson>('POST', path(verb), body);
      async function ended(id: number): Promise<TaskJson> {
        const [task] = await stack().api.settled([id], PATIENCE);
        expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
        expect(task?.status).toBe('SUCCESSFUL');
        if (task === undefined) throw new Error('no task');
        return task;
      }
      const done = async (verb: string, body?: unknown) => ended((await begin(verb, body)).id);
      const status = async () => (await stack().api.call<{ status: string }>('GET', path(''))).status;
      const rows = async () => (await serversOf(stack(), scene.clusterId)).map((server) => server.status);
      const zoneStatuses = async () => {
        const { contents } = await stack().api.call<{ contents: { status: string }[] }>('GET', path('zones'));
        return contents.map((zone) => zone.status);
      };
      const rootServersTold = async () => {
        const { answer } = await stack().api.send(
          'GET',
          '/services?Action=ObRootServiceInfo&ObRegion=obgrows',
        );
        const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
        return RsList.map((one) => one.address).sort();
      };
      /** The stand-in's logs are behind for a while after each start of a process, and nothing may stop until then. */
      const inSync = () =>
        until('its logs are in sync', async () => {
          const { status: answered } = await stack().api.send('POST', `${path('restart')}?dryRun=true`);
          return answered === 200;
        });
      const ALL_RUN = ['RUNNING', 'RUNNING', 'RUNNING'];

      it('restarts zone after zone, never two at once, that of the root service last, and a client loses no statement', async () => {
        await scene.cluster.sql(`ALTER SYSTEM SET _standin_sync_delay = ${SYNC_MS}`);
        await inSync();
        const before = pids();
        const doors = [0, 1, 2].map((index) => ({ ip: host(index).ip, port: 2881 })) as [Door, Door, Door];
        const client = new SteadyClient(doors, { user: 'root@sys', password: stack().secrets.sys });
        await client.works();
        const task = await done('restart');
        const seen = await client.stop();
        expect(seen.failed).toEqual([]);
        expect(seen.mostZonesAway).toBe(1);
        // At least one session of the client was on a server when that was stopped.
        expect(seen.lost).toBeGreaterThan(0);
        expect(task.subtasks).toHaveLength(4 + 16 * 3);
        expect(pids().map((own, index) => [own.length, own[0] === before[index]?.[0]])).toEqual(
          Array(3).fill([1, false]),
        );
        const order = task.subtasks.filter(({ name }) => name === 'Stop zone');
        const logs = await Promise.all(
          order.map(({ id }) =>
            subtaskLog(stack(), { ...task, subtasks: order.filter((one) => one.id === id) }, 'Stop zone'),
          ),
        );
        expect(logs.map((log) => /STOP ZONE '(zone\d)'/.exec(log)?.[1])).toEqual(['zone2', 'zone3', 'zone1']);
        // The logs of the zone before were not in sync when it served again: the next one waited.
        const waits = task.subtasks.filter(({ name }) => name === 'Set zone context').slice(1);
        for (const wait of waits) {
          const log = await subtaskLog(stack(), { ...task, subtasks: [wait] }, 'Set zone context');
          expect(log).toMatch(
            /waits until the others are back: .*is not in sync[\s\S]*comes next, [23] of 3/,
          );
        }
        expect(await obeyed(scene.cluster, 'zoneChanges')).toEqual(
          Object.fromEntries(
            [1, 2, 3].flatMap((zone) => [
              [`STOP zone${zone}`, 1],
              [`START zone${zone}`, 1],
            ]),
          ),
        );
        expect([await status(), await rows(), await zoneStatuses()]).toEqual(['RUNNING', ALL_RUN, ALL_RUN]);
        expect(await rootServersTold()).toEqual([0, 1, 2].map(address).sort());
        await scene.cluster.sql('ALTER SYSTEM SET _standin_sync_delay = 0');
      }, 300_000);

      it('stops all of it, stays STOPPED however often it is asked, and starts with what it had', async () => {
        const table = version.startsWith('4') ? 'DBA_OB_TENANTS' : '__all_tenant';
        const tenants = () => scene.cluster.sql(`SELECT * FROM oceanbase.${table}`);
        const before = await tenants();
        const stop = await done('stop');
        expect(stop.subtasks).toHaveLength(11 + 2 * 5);
        expect(pids()).toEqual([[], [], []]);
        const ALL_STOPPED = ['STOPPED', 'STOPPED', 'STOPPED'];
        expect([await status(), await rows(), await zoneStatuses()]).toEqual([
          'STOPPED',
          ALL_STOPPED,
          ALL_STOPPED,
        ]);
        expect(await status()).toBe('STOPPED');
        expect(await obeyed(scene.cluster, 'stopServer')).toEqual({});
        expect((await host(0).sh('ls /var/lib/obflow 2>/dev/null')).stdout).toBe('');

        await host(1).cut();
        const start = await begin('start');
        await until(
          'it says which host is away',
          async () => {
            const [document] = [
              await stack().api.call<TaskJson>('GET', `/api/v2/tasks/instances/${start.id}`),
            ];
            return JSON.stringify(document.subtasks[0]).includes(host(1).ip);
          },
          60_000,
        );
        // Nothing of it was started meanwhile.
        expect(pids()).toEqual([[], [], []]);
        await host(1).heal();
        const started = await ended(start.id);
        expect(started.subtasks).toHaveLength(18 + 2 * 8);
        expect([await status(), await rows(), await zoneStatuses()]).toEqual(['RUNNING', ALL_RUN, ALL_RUN]);
        expect(await tenants()).toEqual(before);
        expect(await rootServersTold()).toEqual([0, 1, 2].map(address).sort());
        // Nobody was stopped for it, so nobody was started by SQL.
        expect(await obeyed(scene.cluster, 'startServer')).toEqual({});
      }, 300_000);

      it('starts what no task has ended, and with it the zone that was stopped before', async () => {
        await inSync();
        const zone = await stack().api.call<TaskJson>('POST', path('zones/zone3/stop'));
        await ended(zone.id);
        for (const index of [0, 1]) host(index).killProcesses(({ comm }) => comm === 'observer');
        await until('it is UNAVAILABLE', async () => (await status()) === 'UNAVAILABLE');
        await done('start');
        expect([await status(), await rows(), await zoneStatuses()]).toEqual(['RUNNING', ALL_RUN, ALL_RUN]);
      }, 300_000);

      it('restarts with force although a server is stopped, and puts it in service', async () => {
        await inSync();
        const [server] = await serversOf(stack(), scene.clusterId);
        const stopping = await stack().api.call<TaskJson>('POST', path(`servers/${server?.id}/stop`));
        await ended(stopping.id);
        const task = await done('restart', { force: true });
        expect(task.subtasks).toHaveLength(4 + 15 * 3);
        expect([await status(), await rows(), await zoneStatuses()]).toEqual(['RUNNING', ALL_RUN, ALL_RUN]);
      }, 300_000);
    },
  );
});
