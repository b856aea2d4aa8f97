/** The subtasks that make a zone, and their undo, on a cluster of a stand-in. */
import { workedZone } from '../../activities/zone/zoneLife';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import {
  installObserverRpm,
  observerRpmOf,
  startObserverProcess,
} from '../../sandbox/standins/observer/cluster';
import type { SubtaskInput } from '../../workflows/plan';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { type ObserverWorld, startObserverWorld } from './observerWorld';

const PLACE = { region: 'hangzhou', idc: 'hz2' } as const;

describeIf(fleetUnavailable(), 'a new zone', () => {
  let world: ObserverWorld;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 1 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  /** Rows of a zone with a server as the request makes them, and the subtasks. */
  async function given(name: string) {
    const { store, clusterId } = world;
    const task = await world.add(0, name);
    await store.obServers.addZone({ clusterId, name, ...PLACE, taskId: task.taskId });
    const input: Partial<SubtaskInput> = {
      element: { key: 'zone_names', value: name },
      context: {
        stringMap: { cluster_id: String(clusterId), zone_region: PLACE.region, zone_idc: PLACE.idc },
        listMap: {
          ...{ zone_names: [name], server_ids: [String(task.serverId)] },
          host_ids: [String(task.hostId)],
        },
      },
    };
    const { object } = workedZone({ id: clusterId }, name);
    return {
      host: task.host,
      run: (type: string, run = 1) => task.run(type, { run, input }),
      undo: (type: string) => task.run(type, { rollback: true, input }),
      work: async () => (await store.work.find(object))?.work,
    };
  }
  const listed = async (name: string) => {
    const rows = await world.cluster.sql('SELECT ZONE, STATUS, REGION, IDC FROM oceanbase.DBA_OB_ZONES');
    const found = rows.find(({ ZONE }) => ZONE === name);
    return found && [found.STATUS, found.REGION, found.IDC];
  };

  test('is added INACTIVE where it lies, started, and repeated nothing happens; its undo stops and deletes it', async () => {
    const zone = await given('zone2');
    await zone.run('PrepareAddObZone');
    await zone.run('AddObZone');
    await zone.run('AddObZone', 2);
    expect(await listed('zone2')).toEqual(['INACTIVE', PLACE.region, PLACE.idc]);
    expect(await zone.work()).toMatchObject({ endStatus: 'STOPPED' });
    await zone.run('StartObZone');
    await zone.run('StartObZone', 2);
    expect(await zone.work()).toMatchObject({ endStatus: 'RUNNING' });
    await world.cluster.sql("ALTER SYSTEM MODIFY ZONE 'zone2' SET REGION = 'elsewhere', IDC = ''");
    await zone.run('SetObZoneIdcInfo');
    expect(await listed('zone2')).toEqual(['ACTIVE', PLACE.region, PLACE.idc]);

    await zone.undo('SetObZoneIdcInfo');
    await zone.undo('StartObZone');
    expect(await listed('zone2')).toEqual(['INACTIVE', PLACE.region, PLACE.idc]);
    await zone.undo('AddObZone');
    await zone.undo('AddObZone');
    expect(await listed('zone2')).toBeUndefined();
    expect(await zone.work()).toMatchObject({ endStatus: null });
    await zone.undo('PrepareAddObZone');
    expect(await zone.work()).toBeUndefined();
  });

  test('that is ACTIVE still, because the undo of its start was skipped, is stopped by the undo of its addition', async () => {
    const zone = await given('zone2');
    await zone.run('AddObZone');
    await zone.run('StartObZone');
    await zone.undo('AddObZone');
    expect(await listed('zone2')).toBeUndefined();
    await zone.undo('StartObZone');
    await zone.undo('PrepareAddObZone');
  });

  test('that somebody else has added is neither taken nor deleted', async () => {
    const zone = await given('zone2');
    await zone.run('PrepareAddObZone');
    await world.cluster.sql("ALTER SYSTEM ADD ZONE 'zone2' REGION 'theirs'");
    expect(await failureWithout([], zone.run('PrepareAddObZone', 2))).toMatchObject({ type: 'ClusterUnfit' });
    expect(await failureWithout([], zone.run('AddObZone'))).toMatchObject({ type: 'ZoneExists' });
    expect(await zone.work()).toMatchObject({ endStatus: null });
    await zone.undo('AddObZone');
    await zone.undo('PrepareAddObZone');
    expect((await listed('zone2'))?.slice(0, 2)).toEqual(['INACTIVE', 'theirs']);
    await world.cluster.sql("ALTER SYSTEM DELETE ZONE 'zone2'");
  });

  test('that is one too many is refused in OceanBase’s words, and nothing is noted as sent', async () => {
    const { sql } = world.cluster;
    const others = Array.from({ length: 63 }, (_, index) => `other${index}`);
    for (const name of others) await sql(`ALTER SYSTEM ADD ZONE '${name}'`);
    const zone = await given('zone4');
    const failure = await failureWithout([], zone.run('AddObZone'));
    expect(failure).toMatchObject({ type: 'StatementRefused', nonRetryable: true });
    expect(failure.message).toMatch(/4632.*then retry/s);
    expect(await zone.work()).toMatchObject({ endStatus: null });
    for (const name of others) await sql(`ALTER SYSTEM DELETE ZONE '${name}'`);
    await zone.run('AddObZone', 2);
    await zone.undo('AddObZone');
    await zone.undo('PrepareAddObZone');
  });

  test('to which somebody else has added a server meanwhile is not deleted', async () => {
    const zone = await given('zone3');
    await zone.run('AddObZone');
    await zone.run('StartObZone');
    const { host } = zone;
    const { rootServers } = world.cluster;
    await installObserverRpm(host, observerRpmOf('4.2.1.2'));
    await startObserverProcess(host, {
      ...{ version: '4.2.1.2', clusterName: 'obacts', obClusterId: 5, zone: 'zone3', rootServers },
      ...{ sqlPort: 2881, rpcPort: 2882 },
    });
    await until('the server can be added', () =>
      world.cluster.sql(`ALTER SYSTEM ADD SERVER '${host.ip}:2882' ZONE 'zone3'`).then(
        () => true,
        () => false,
      ),
    );
    for (const type of ['StartObZone', 'AddObZone']) {
      const failure = await failureWithout([], zone.undo(type));
      expect(failure).toMatchObject({ type: 'ZoneNotEmpty' });
    }
    expect((await listed('zone3'))?.[0]).toBe('ACTIVE');
  });
});
