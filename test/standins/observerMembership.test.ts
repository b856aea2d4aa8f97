/** How servers come into a cluster and leave it: what ADD SERVER and DELETE SERVER meet. */

import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { CE_3_1, CE_4_2, EE_2_2, type ObserverHome, observerHomes, type Row, serving } from './observerHome';
import { errnoOf } from './proxyHome';

const homes = observerHomes();

const SERVERS = 'select * from oceanbase.DBA_OB_SERVERS order by ID';

async function joining(member: ObserverHome, zone = 'zone1'): Promise<ObserverHome> {
  const home = await homes.make(member.who, zone);
  await home.launch(home.firstOptions([member]));
  await home.ready();
  return home;
}

async function rowOf(member: ObserverHome, home: ObserverHome): Promise<Row | undefined> {
  return (await member.ask(SERVERS)).find((row) => row.SVR_PORT === String(home.rpcPort));
}

describeIf(longRunOnly(), 'The observer stand-in as a member of a cluster', () => {
  test('A started server is nobody until ADD SERVER, then INACTIVE, then ACTIVE, and serves later still', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    await member.ask('ALTER SYSTEM SET _standin_active_delay = 600');
    await member.ask('ALTER SYSTEM SET _standin_service_delay = 600');
    const home = await joining(member);
    expect(await member.ask(SERVERS)).toHaveLength(1);
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}' ZONE 'zone1'`);
    expect(await rowOf(member, home)).toMatchObject({
      SVR_IP: '127.0.0.1',
      SQL_PORT: String(home.sqlPort),
      ZONE: 'zone1',
      STATUS: 'INACTIVE',
      START_SERVICE_TIME: null,
      STOP_TIME: null,
      WITH_ROOTSERVER: 'NO',
      BUILD_VERSION: expect.stringMatching(/^4\.2\.1\.2_102000042023120514-/),
    });
    const active = await until('ACTIVE', async () => {
      const row = await rowOf(member, home);
      return row?.STATUS === 'ACTIVE' ? row : undefined;
    });
    expect(active.START_SERVICE_TIME).toBeNull();
    expect(await errnoOf(home.connect())).toBe(8001);
    await serving(member, home);
    await home.ready();
    // Any server answers for the cluster.
    expect(await home.ask(SERVERS)).toEqual(await member.ask(SERVERS));
    expect(member.counts()).toMatchObject({ addServer: { [home.address]: 1 }, refusedAddServer: {} });
  });

  test.each([CE_3_1, EE_2_2])('$name $version says it in __all_server, with bigint times', async (who) => {
    const [member] = (await homes.cluster(who)) as [ObserverHome];
    const home = await joining(member);
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}' ZONE = 'zone1'`);
    const row = await serving(member, home);
    expect(row).toMatchObject({ zone: 'zone1', inner_port: String(home.sqlPort), with_rootserver: '0' });
    expect(await errnoOf(member.ask(SERVERS))).toBe(1146);
    expect(
      await member.ask("select info from oceanbase.__all_zone where zone = 'zone1' and name = 'status'"),
    ).toEqual([{ info: 'ACTIVE' }]);
    expect(
      await member.ask(
        "select min(value) as v from oceanbase.__all_virtual_sys_parameter_stat where name = 'min_observer_version'",
      ),
    ).toEqual([{ v: who.version }]);
  });

  test('ADD SERVER is refused twice over, for another zone, for a zone nobody knows, and where nobody listens', async () => {
    const [member] = (await homes.cluster(CE_4_2, ['zone1', 'zone2'])) as [ObserverHome];
    const home = await joining(member);
    const add = (rest: string) => member.ask(`ALTER SYSTEM ADD SERVER '${home.address}'${rest}`);
    expect(await errnoOf(add(" ZONE 'zone2'"))).toBe(4631);
    expect(await errnoOf(add(" ZONE 'zone9'"))).toBe(4530);
    expect(await errnoOf(member.ask("ALTER SYSTEM ADD SERVER '127.0.0.1:1'"))).toBe(4012);
    await add('');
    expect(await errnoOf(add(" ZONE 'zone1'"))).toBe(4017);
    expect(await errnoOf(add(" ZONE 'zone2'"))).toBe(4017);
    await serving(member, home);
    expect(member.counts()).toMatchObject({
      addServer: { [home.address]: 1 },
      refusedAddServer: { [home.address]: 4 },
    });
  });

  test('DELETE SERVER takes its time and can be revoked; a server that is out comes back only with empty directories', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    const home = await joining(member);
    const alter = (what: string) => member.ask(`ALTER SYSTEM ${what} SERVER '${home.address}'`);
    expect(await errnoOf(alter('DELETE'))).toBe(4630);
    await alter('ADD');
    await serving(member, home);
    expect(await errnoOf(alter('CANCEL DELETE'))).toBe(4629);
    await member.ask('ALTER SYSTEM SET _standin_delete_delay = 600000');
    await alter('DELETE');
    expect(await errnoOf(alter('DELETE'))).toBe(4628);
    expect(await rowOf(member, home)).toMatchObject({ STATUS: 'DELETING' });
    await alter('CANCEL DELETE');
    expect(await rowOf(member, home)).toMatchObject({ STATUS: 'ACTIVE' });
    await member.ask('ALTER SYSTEM SET _standin_delete_delay = 200');
    await alter('DELETE');
    await until('the row is gone', async () => (await rowOf(member, home)) === undefined);
    expect(home.pids()).toHaveLength(1);
    expect(await errnoOf(alter('ADD'))).toBe(4179);
    expect(member.counts()).toMatchObject({
      deleteServer: { [home.address]: 2 },
      cancelDeleteServer: { [home.address]: 1 },
    });
    // The only server of a zone that holds the sys tenant cannot go.
    expect(await errnoOf(member.ask(`ALTER SYSTEM DELETE SERVER '${member.address}'`))).toBe(4624);
  });

  test('STOP SERVER leaves STATUS as it is, says STOP_TIME, and is refused while another zone has stopped servers', async () => {
    const [first, second] = (await homes.cluster(CE_4_2, ['zone1', 'zone2', 'zone3'])) as [
      ObserverHome,
      ObserverHome,
    ];
    await first.ask(`ALTER SYSTEM STOP SERVER '${second.address}' ZONE 'zone2'`);
    expect(await rowOf(first, second)).toMatchObject({
      STATUS: 'ACTIVE',
      STOP_TIME: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
    });
    expect(await errnoOf(first.ask(`ALTER SYSTEM STOP SERVER '${first.address}'`))).toBe(4660);
    await first.ask(`ALTER SYSTEM START SERVER '${second.address}'`);
    expect(await rowOf(first, second)).toMatchObject({ STATUS: 'ACTIVE', STOP_TIME: null });
  });

  test('A server that falls silent is INACTIVE after its lease, and after a restart its service is a newer one', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    await member.ask('ALTER SYSTEM SET _standin_lease = 1500');
    const home = await joining(member);
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}'`);
    const before = await serving(member, home);
    await home.stop('SIGKILL');
    await until('INACTIVE', async () => (await rowOf(member, home))?.STATUS === 'INACTIVE');
    await home.launch([]);
    const after = await until('a newer service', async () => {
      const row = await serving(member, home);
      return row.START_SERVICE_TIME !== before.START_SERVICE_TIME ? row : undefined;
    });
    expect(String(after.START_SERVICE_TIME) > String(before.START_SERVICE_TIME)).toBe(true);
    expect(after.ID).toBe(before.ID);
  });

  test('The root service keeps servers, users and parameters through its own restart', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    const home = await joining(member);
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}'`);
    await serving(member, home);
    await member.ask("CREATE USER proxyro IDENTIFIED BY 'propw'");
    await member.ask('GRANT SELECT ON oceanbase.* TO proxyro');
    await member.ask("ALTER USER root IDENTIFIED BY 'rootpw'");
    await member.stop();
    // Without a root service nobody can be checked.
    expect(await errnoOf(home.connect('rootpw'))).toBe(4012);
    await member.launch([]);
    await member.ready('rootpw');
    expect(await member.ask(SERVERS, 'propw', 'proxyro@sys#obtest')).toHaveLength(2);
    expect(await home.ask('select count(*) as n from oceanbase.DBA_OB_SERVERS', 'propw', 'proxyro')).toEqual([
      { n: '2' },
    ]);
    expect(await errnoOf(home.ask('ALTER SYSTEM START SERVER "127.0.0.1:1"', 'propw', 'proxyro'))).toBe(1227);
  });

  test('A zone is added INACTIVE, takes servers once started, and goes only when stopped and empty', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    await member.ask("ALTER SYSTEM ADD ZONE 'zone2' REGION 'HANGZHOU' IDC 'hz1'");
    expect(await member.ask("select * from oceanbase.DBA_OB_ZONES where ZONE = 'zone2'")).toEqual([
      { ZONE: 'zone2', STATUS: 'INACTIVE', IDC: 'hz1', REGION: 'HANGZHOU', TYPE: 'ReadWrite' },
    ]);
    expect(await errnoOf(member.ask('ALTER SYSTEM ADD ZONE zone2'))).toBe(4017);
    const home = await joining(member, 'zone2');
    expect(await errnoOf(member.ask(`ALTER SYSTEM ADD SERVER '${home.address}' ZONE 'zone2'`))).toBe(4655);
    await member.ask('ALTER SYSTEM START ZONE zone2');
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}' ZONE 'zone2'`);
    await serving(member, home);
    expect(await errnoOf(member.ask('ALTER SYSTEM DELETE ZONE zone2'))).toBe(4633);
    await member.ask('ALTER SYSTEM STOP ZONE zone2');
    expect(await errnoOf(member.ask('ALTER SYSTEM DELETE ZONE zone2'))).toBe(4668);
    await member.ask(`ALTER SYSTEM DELETE SERVER '${home.address}'`);
    await until('the row is gone', async () => (await rowOf(member, home)) === undefined);
    await member.ask('ALTER SYSTEM DELETE ZONE zone2');
    expect(await member.ask('select ZONE from oceanbase.DBA_OB_ZONES')).toEqual([{ ZONE: 'zone1' }]);
  });

  test('An ADD SERVER whose answer is held back is done all the same when the connection is lost', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    const home = await joining(member);
    await member.ask('ALTER SYSTEM SET _standin_add_server_answer_delay = 600000');
    const lost = await member.connect();
    lost.query(`ALTER SYSTEM ADD SERVER '${home.address}' ZONE 'zone1'`).catch(() => undefined);
    await serving(member, home);
    lost.destroy();
    await member.ask('ALTER SYSTEM SET _standin_add_server_answer_delay = 0');
    expect(await errnoOf(member.ask(`ALTER SYSTEM ADD SERVER '${home.address}'`))).toBe(4017);
  });

  test('A server of another cluster id can be added, but is never heard', async () => {
    const [member] = (await homes.cluster(CE_4_2)) as [ObserverHome];
    const home = await homes.make(CE_4_2);
    await home.launch(home.firstOptions([member], ['-c', '8']));
    await home.ready();
    await member.ask(`ALTER SYSTEM ADD SERVER '${home.address}'`);
    const heard = await joining(member);
    await member.ask(`ALTER SYSTEM ADD SERVER '${heard.address}'`);
    await serving(member, heard);
    expect(await rowOf(member, home)).toMatchObject({ STATUS: 'INACTIVE', START_SERVICE_TIME: null });
  });

  test('Times of 4.x stand in the time zone of the session, at first +08:00, whichever server is asked', async () => {
    const [member, other] = (await homes.cluster(CE_4_2, ['zone1', 'zone2'])) as [ObserverHome, ObserverHome];
    for (const server of [member, other]) {
      const connection = await server.connect();
      const started = async () => {
        const [rows] = await connection.query(`${SERVERS} limit 1`);
        return Date.parse(
          `${String((rows as Row[])[0]?.START_SERVICE_TIME)
            .replace(' ', 'T')
            .slice(0, 23)}Z`,
        );
      };
      const local = await started();
      await connection.query("SET time_zone = '+00:00'");
      const utc = await started();
      connection.destroy();
      expect(local - utc).toBe(8 * 3_600_000);
      expect(Math.abs(Date.now() - utc)).toBeLessThan(60_000);
    }
  });

  test('Parameters say where the root service is, with both ports', async () => {
    const [member, other] = (await homes.cluster(CE_4_2, ['zone1', 'zone2'])) as [ObserverHome, ObserverHome];
    const list = `${member.address}:${member.sqlPort};${other.address}:${other.sqlPort}`;
    expect(
      await other.ask(
        "select distinct VALUE from oceanbase.GV$OB_PARAMETERS where NAME = 'rootservice_list'",
      ),
    ).toEqual([{ VALUE: list }]);
    expect(await member.ask("show parameters like 'rootservice_list'")).toMatchObject([
      { svr_port: String(member.rpcPort), value: list },
      { svr_port: String(other.rpcPort), value: list },
    ]);
    expect(await member.ask("show variables like 'version_comment'")).toEqual([
      { Variable_name: 'version_comment', Value: expect.stringMatching(/^OceanBase_CE 4\.2\.1\.2 \(r1020/) },
    ]);
    expect(
      await member.ask(
        'select SVR_PORT from oceanbase.CDB_OB_LS_LOCATIONS where ROLE = "LEADER" and TENANT_ID = 1',
      ),
    ).toEqual([{ SVR_PORT: String(member.rpcPort) }]);
  });
});
