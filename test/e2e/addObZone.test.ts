/** Adding a zone, on hosts with real processes: undone, whole, and with a worker that dies at its statements. */
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { Stack } from '../../sandbox/stack/stack';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import {
  added,
  clusterOnHosts,
  type ObserverScene,
  obeyed,
  observerEffects,
  type Place,
  serversOf,
} from './observerScene';
import { describeWithStack, subtaskLog, subtaskOf } from './scene';

interface ZoneJson {
  readonly name: string;
  readonly status: string;
  readonly innerStatus: string;
  readonly regionName: string;
  readonly idcName: string;
  readonly serverCount: number;
}

/** The fleet's hosts lie in three IDCs in turn: of six, the third and the last are neighbours. */
const IDC = 'idc3';

class Scene {
  readonly places: readonly [Place, Place];

  constructor(
    private readonly stack: () => Stack,
    readonly of: ObserverScene,
  ) {
    const [third, , , sixth] = of.free;
    if (third === undefined || sixth === undefined) throw new Error('six hosts were asked for');
    this.places = [third, sixth];
  }

  addZone(name: string): Promise<TaskJson> {
    return this.stack().api.call<TaskJson>('POST', `/api/v2/ob/clusters/${this.of.clusterId}/zones`, {
      ...{ name, idcName: IDC, servers: this.places.map(({ id }) => id) },
    });
  }

  async zones(): Promise<ZoneJson[]> {
    const path = `/api/v2/ob/clusters/${this.of.clusterId}/zones`;
    const { contents } = await this.stack().api.call<{ contents: ZoneJson[] }>('GET', path);
    return contents.map(({ name, status, innerStatus, regionName, idcName, serverCount }) => ({
      ...{ name, status, innerStatus, regionName, idcName, serverCount },
    }));
  }

  /** What OBProxies are told by the config server. */
  async rootServers(): Promise<string[]> {
    const { answer } = await this.stack().api.send(
      'GET',
      '/services?Action=ObRootServiceInfo&ObRegion=obgrows',
    );
    const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
    return RsList.map(({ address }) => address);
  }

  async everything() {
    const hosts = await Promise.all(
      this.places.map(async ({ host }) => {
        const { stdout } = await host.sh(
          'pgrep -x observer; rpm -qa | sort; find /data /home/admin /var/lib/obflow 2>/dev/null | sort; true',
        );
        return stdout;
      }),
    );
    const servers = await serversOf(this.stack(), this.of.clusterId);
    return {
      zones: await this.zones(),
      servers: servers.map(({ id, ip, status }) => ({ id, ip, status })),
      rootServers: await this.rootServers(),
      hosts,
    };
  }

  async settled(task: TaskJson, statuses?: readonly string[]): Promise<TaskJson> {
    const [one] = await this.stack().api.settled([task.id], {
      deadlineMs: 200_000,
      ...(statuses === undefined ? {} : { statuses }),
    });
    if (one === undefined) throw new Error('no task');
    return one;
  }

  /** The new zone serves, and every effect is there once. */
  async expectWhole(task: TaskJson, name: string): Promise<void> {
    const done = await this.settled(task);
    expect(done.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
    expect(done.status).toBe('SUCCESSFUL');
    expect(await this.zones()).toContainEqual({
      ...{ name, status: 'RUNNING', innerStatus: 'ACTIVE', regionName: 'region1', idcName: IDC },
      serverCount: 2,
    });
    const changes = await obeyed(this.of.cluster, 'zoneChanges');
    expect([changes[`ADD ${name}`], changes[`START ${name}`]]).toEqual([1, 1]);
    const counts = await added(this.of.cluster);
    for (const { host } of this.places) {
      expect(counts[`${host.ip}:2882`]).toBeGreaterThan(0);
      expect(await observerEffects(host)).toMatchObject({ processes: 1 });
    }
    const servers = await serversOf(this.stack(), this.of.clusterId);
    expect(servers.map(({ status }) => status)).toEqual(Array(4).fill('RUNNING'));
  }
}

describe.each(['4.2.1.2', '3.1.4', '2.2.77'])('OceanBase %s', (version) => {
  describeWithStack(
    'a cluster of two zones gets a third',
    { hosts: 6, processes: 'one' },
    (stack) => {
      let scene: Scene;
      beforeAll(async () => {
        scene = new Scene(stack, await clusterOnHosts(stack(), 2, version));
      }, 120_000);

      it('rolled back after its servers have joined: nothing of it is left in the cluster, the inventory, or on the hosts', async () => {
        const { api } = stack();
        const { cluster } = scene.of;
        const before = await scene.everything();
        await cluster.sql('ALTER SYSTEM SET _standin_active_delay = 600000');
        const task = await scene.addZone('zone3');
        const waiting = async () =>
          (await api.task(task.id)).subtasks.filter(
            ({ name, status }) => name === 'Wait observer active' && status === 'RUNNING',
          );
        await until('both servers wait to serve', async () => (await waiting()).length === 2);
        expect((await scene.zones()).find(({ name }) => name === 'zone3')?.status).toBe('CREATING');
        for (const { id } of await waiting())
          await api.call('POST', `/api/v2/tasks/instances/${task.id}/subtasks/${id}/cancel`);
        await scene.settled(task, ['FAILED']);

        await api.call('POST', `/api/v2/tasks/instances/${task.id}/rollback`);
        const undone = await scene.settled(task, ['SUCCESSFUL']);
        expect(undone).toMatchObject({ operation: 'ROLLBACK' });
        await cluster.sql('ALTER SYSTEM SET _standin_active_delay = 0');
        const changes = await obeyed(cluster, 'zoneChanges');
        expect(changes).toEqual({ 'ADD zone3': 1, 'START zone3': 1, 'STOP zone3': 1, 'DELETE zone3': 1 });
        // The root server of zone2, which nobody had declared, was found on the way.
        const rootServers = cluster.servers.map(({ host }) => `${host.ip}:2882`);
        expect(await scene.everything()).toEqual({ ...before, rootServers });
      }, 240_000);

      it('whole: the zone is ACTIVE where its hosts lie, both servers serve, and the config server tells of it', async () => {
        const { cluster } = scene.of;
        const task = await scene.addZone('zone4');
        await scene.expectWhole(task, 'zone4');
        expect((await scene.settled(task)).subtasks).toHaveLength(14 + 11 * 2);
        const [first] = scene.places;
        expect(await scene.rootServers()).toEqual([
          ...cluster.servers.map(({ host }) => `${host.ip}:2882`),
          `${first.host.ip}:2882`,
        ]);
      }, 240_000);
    },
    fleetUnavailable() ?? (version === '4.2.1.2' ? undefined : longRunOnly()),
  );
});

describeWithStack(
  'a cluster that gets a zone while workers die',
  { hosts: 6, processes: 'split' },
  (stack) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = new Scene(stack, await clusterOnHosts(stack(), 2, '4.2.1.2'));
    }, 120_000);

    it('kill -9 between ADD ZONE and its answer, and between START ZONE and its answer: each is sent once', async () => {
      const { cluster } = scene.of;
      const obeyedOnce = async (what: string) => (await obeyed(cluster, 'zoneChanges'))[what] === 1;
      await cluster.sql('ALTER SYSTEM SET _standin_zone_answer_delay = 60000');
      const task = await scene.addZone('zone3');
      await until('ADD ZONE is obeyed', () => obeyedOnce('ADD zone3'));
      expect(subtaskOf(await stack().api.task(task.id), 'Add zone').status).toBe('RUNNING');
      await stack().parts.worker?.kill();
      await stack().startWorker();
      await until('START ZONE is obeyed', () => obeyedOnce('START zone3'), 120_000);
      expect(subtaskOf(await stack().api.task(task.id), 'Start zone').status).toBe('RUNNING');
      await stack().parts.worker?.kill();
      await cluster.sql('ALTER SYSTEM SET _standin_zone_answer_delay = 0');
      await stack().startWorker();
      await scene.expectWhole(task, 'zone3');
      expect(await subtaskLog(stack(), task, 'Add zone')).toContain('obgrows has the zone zone3, INACTIVE');
    }, 300_000);
  },
  fleetUnavailable() ?? longRunOnly(),
);
