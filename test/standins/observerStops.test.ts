/** How a cluster of stand-ins bears servers that stop: STOP SERVER and its rules, killed processes, root services that move. */
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { CE_3_1, CE_4_2, type ObserverHome, observerHomes } from './observerHome';
import { errnoOf } from './proxyHome';

const homes = observerHomes();
const ZONES = ['zone1', 'zone2', 'zone3'] as const;
type Three = [ObserverHome, ObserverHome, ObserverHome];

const SYS_LEADER = 'select SVR_PORT as port from oceanbase.DBA_OB_SERVERS where WITH_ROOTSERVER = "YES"';
const LEADERS = `select SVR_PORT as port, count(*) as n from oceanbase.CDB_OB_LS_LOCATIONS
  where ROLE = 'LEADER' group by SVR_PORT`;

const three = async (who = CE_4_2) => (await homes.cluster(who, ZONES)) as Three;

/** The root service, once one of these servers knows it. */
function root(asked: ObserverHome): Promise<string> {
  return until(
    'a root service',
    async () => {
      const rows = await asked.ask(SYS_LEADER).catch(() => []);
      return rows[0]?.port ?? undefined;
    },
    30_000,
  );
}

const said = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error as Error).message,
  );

describeIf(longRunOnly(), 'A cluster of three zones', () => {
  test('moves its root service within STOP SERVER, keeps it where it is afterwards, and every server goes on answering', async () => {
    const [first, second, third] = await three();
    await first.ask(`ALTER SYSTEM SET _standin_tenants = 1`);
    expect(await root(first)).toBe(String(first.rpcPort));
    await third.ask(`ALTER SYSTEM STOP SERVER '${first.address}' ZONE 'zone1'`);
    const moved = await root(second);
    expect(moved).not.toBe(String(first.rpcPort));
    const leaders = await first.ask(LEADERS);
    expect(leaders.map(({ port }) => port)).not.toContain(String(first.rpcPort));
    // A stopped process has no say; the others bear its end.
    await first.stop();
    await until('INACTIVE', async () => {
      const [row] = await second.ask(
        `select STATUS from oceanbase.DBA_OB_SERVERS where SVR_PORT = ${first.rpcPort}`,
      );
      return row?.STATUS === 'INACTIVE';
    });
    expect(await errnoOf(second.ask(`ALTER SYSTEM STOP SERVER '${third.address}'`))).toBe(4660);
    await first.launch([]);
    await first.ready();
    await second.ask(`ALTER SYSTEM START SERVER '${first.address}' ZONE 'zone1'`);
    expect(await root(first)).toBe(moved);
  }, 60_000);

  test('a root service that is killed is replaced by a survivor, which knows all that was done; two dead leave none', async () => {
    const [first, second, third] = await three();
    await first.ask('ALTER SYSTEM SET _standin_election = 700');
    await first.ask("CREATE USER proxyro IDENTIFIED BY 'propw'");
    await first.ask('GRANT SELECT ON oceanbase.* TO proxyro');
    await first.stop('SIGKILL');
    const next = await root(third);
    expect([second, third].map(({ rpcPort }) => String(rpcPort))).toContain(next);
    expect(
      await second.ask('select count(*) as n from oceanbase.DBA_OB_SERVERS', 'propw', 'proxyro'),
    ).toEqual([{ n: '3' }]);
    await second.stop('SIGKILL');
    await until('nobody answers', async () => (await said(third.ask(SYS_LEADER))) !== 'nothing', 20_000);
    // One of them back makes a majority again, whoever it is.
    await first.launch([]);
    await root(third);
    await second.launch([]);
    await until('all three are ACTIVE', async () => {
      const [row] = await third
        .ask("select count(*) as n from oceanbase.DBA_OB_SERVERS where STATUS = 'ACTIVE'")
        .catch(() => []);
      return row?.n === '3';
    });
  }, 90_000);

  test('stops and starts as a whole without SQL, and keeps what was stopped', async () => {
    const all = await three();
    const [first, second] = all;
    await first.ask('ALTER SYSTEM SET _standin_election = 700');
    await first.ask(`ALTER SYSTEM STOP SERVER '${second.address}'`);
    await Promise.all(all.map((home) => home.stop('SIGKILL')));
    await Promise.all(all.map((home) => home.launch([])));
    await Promise.all(all.map((home) => home.ready()));
    const [row] = await first.ask(
      `select STOP_TIME from oceanbase.DBA_OB_SERVERS where SVR_PORT = ${second.rpcPort}`,
    );
    expect(row?.STOP_TIME).not.toBeNull();
  }, 60_000);

  test('refuses by the logs: replicas that are behind, leaders that are gone, and what FORCE and ISOLATE overlook', async () => {
    const [first, second, third] = await three();
    await first.ask('ALTER SYSTEM SET _standin_tenants = 1');
    await first.ask(`ALTER SYSTEM SET _standin_behind = '${third.address}'`);
    const stop = (how = 'STOP') => first.ask(`ALTER SYSTEM ${how} SERVER '${second.address}'`);
    expect(await errnoOf(stop())).toBe(4179);
    expect(await said(stop())).toContain('log not sync');
    const [row] = await first.ask(
      `select IN_SYNC, PAXOS_REPLICA_NUM, PAXOS_MEMBER_LIST from oceanbase.GV$OB_LOG_STAT
       where TENANT_ID = 1002 and LS_ID = 1001 and SVR_PORT = ${third.rpcPort}`,
    );
    expect(row).toEqual({
      IN_SYNC: 'NO',
      PAXOS_REPLICA_NUM: '3',
      PAXOS_MEMBER_LIST: [first, second, third].map(({ address }) => `${address}:1`).join(','),
    });
    await stop('FORCE STOP');
    // Who is stopped already may be stopped again.
    await stop();
    await first.ask(`ALTER SYSTEM START SERVER '${second.address}'`);
    await first.ask("ALTER SYSTEM SET _standin_behind = ''");
    await third.stop('SIGKILL');
    await until('INACTIVE', async () => {
      const [gone] = await first.ask(
        `select STATUS from oceanbase.DBA_OB_SERVERS where SVR_PORT = ${third.rpcPort}`,
      );
      return gone?.STATUS === 'INACTIVE';
    });
    expect(await said(stop())).toContain('no enough valid paxos member');
    expect(await errnoOf(stop('FORCE STOP'))).toBe(4179);
    await stop('ISOLATE');
  }, 60_000);

  test('zones: one at a time, not beside a stopped server, never the last, and each START and STOP by its state', async () => {
    const [first, second, third] = await three();
    await second.ask('ALTER SYSTEM STOP ZONE zone1');
    expect(await root(second)).not.toBe(String(first.rpcPort));
    await second.ask('ALTER SYSTEM STOP ZONE zone1');
    expect(await errnoOf(second.ask('ALTER SYSTEM STOP ZONE zone2'))).toBe(4660);
    expect(await errnoOf(second.ask(`ALTER SYSTEM STOP SERVER '${third.address}'`))).toBe(4660);
    await second.ask('ALTER SYSTEM START ZONE zone1');
    expect(await errnoOf(second.ask('ALTER SYSTEM START ZONE zone1'))).toBe(4633);
    await second.ask(`ALTER SYSTEM STOP SERVER '${third.address}'`);
    expect(await errnoOf(second.ask('ALTER SYSTEM STOP ZONE zone1'))).toBe(4660);
  }, 60_000);

  test('3.x tells localities, units, lagging logs and leaders by its own tables', async () => {
    const [first, second] = await three(CE_3_1);
    await first.ask('ALTER SYSTEM SET _standin_tenants = 1');
    expect(await first.ask('select tenant_name, locality from oceanbase.__all_tenant')).toEqual([
      { tenant_name: 'sys', locality: 'FULL{1}@zone1, FULL{1}@zone2, FULL{1}@zone3' },
      { tenant_name: 'app', locality: 'FULL{1}@zone1, FULL{1}@zone2, FULL{1}@zone3' },
    ]);
    const lagging =
      'select svr_port as port from oceanbase.__all_virtual_clog_stat where is_in_sync = 0 and is_offline = 0';
    expect(await first.ask(lagging)).toEqual([]);
    await first.ask(`ALTER SYSTEM SET _standin_behind = '${second.address}'`);
    expect(await first.ask(lagging)).toEqual([{ port: String(second.rpcPort) }]);
  }, 60_000);
});
