/** How units leave a server that is being deleted: where to, what OceanBase's tables say meanwhile, and what is refused. */
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { CE_3_1, CE_4_2, type ObserverHome, observerHomes, type Row, serving } from './observerHome';
import { errnoOf } from './proxyHome';

const homes = observerHomes();

/** A cluster of these zones, and one more server in zone1. */
async function grown(
  who = CE_4_2,
  zones = ['zone1'],
): Promise<[ObserverHome, ObserverHome, ...ObserverHome[]]> {
  const [member, ...others] = await homes.cluster(who, zones);
  if (member === undefined) throw new Error('no servers');
  const added = await homes.make(who, 'zone1');
  await added.launch(added.firstOptions([member]));
  await added.ready();
  await member.ask(`ALTER SYSTEM ADD SERVER '${added.address}' ZONE 'zone1'`);
  await serving(member, added);
  return [member, added, ...others];
}

const units = (asked: ObserverHome, tenant = 1002): Promise<Row[]> =>
  asked.ask(
    `select SVR_PORT as server, MIGRATE_FROM_SVR_PORT as origin from oceanbase.DBA_OB_UNITS
     where TENANT_ID = ${tenant} and ZONE = 'zone1'`,
  );

const isListed = async (asked: ObserverHome, home: ObserverHome): Promise<boolean> =>
  (await asked.ask(`select 1 as x from oceanbase.DBA_OB_SERVERS where SVR_PORT = ${home.rpcPort}`)).length >
  0;

describeIf(longRunOnly(), 'The observer stand-in with units', () => {
  test('units of a deleted server go to another one of its zone by a job each, and the row ends with the last of them', async () => {
    const [first, added] = await grown();
    await first.ask('ALTER SYSTEM SET _standin_tenants = 1');
    await first.ask('ALTER SYSTEM SET _standin_unit_move_delay = 600000');
    expect(await units(first)).toEqual([{ server: String(first.rpcPort), origin: null }]);
    await first.ask(`ALTER SYSTEM DELETE SERVER '${first.address}' ZONE 'zone1'`);
    const moving = [{ server: String(added.rpcPort), origin: String(first.rpcPort) }];
    expect(await units(first)).toEqual(moving);
    expect(await units(first, 1)).toEqual(moving);
    expect(
      await first.ask(
        'select JOB_TYPE, JOB_STATUS, UNIT_ID from oceanbase.DBA_OB_UNIT_JOBS order by UNIT_ID',
      ),
    ).toEqual([
      { JOB_TYPE: 'MIGRATE_UNIT', JOB_STATUS: 'INPROGRESS', UNIT_ID: '1' },
      { JOB_TYPE: 'MIGRATE_UNIT', JOB_STATUS: 'INPROGRESS', UNIT_ID: '1002001' },
    ]);
    // Both ends are taken meanwhile: 8 GiB of sys, 4 of the tenant.
    expect(
      await first.ask('select distinct MEM_ASSIGNED / 1073741824 as gib from oceanbase.GV$OB_SERVERS'),
    ).toEqual([{ gib: '12' }]);

    await first.ask(`ALTER SYSTEM CANCEL DELETE SERVER '${first.address}' ZONE 'zone1'`);
    expect(await units(first)).toEqual([{ server: String(first.rpcPort), origin: null }]);
    expect(await first.ask('select * from oceanbase.DBA_OB_UNIT_JOBS')).toEqual([]);

    await first.ask('ALTER SYSTEM SET _standin_unit_move_delay = 300');
    await first.ask(`ALTER SYSTEM DELETE SERVER '${first.address}' ZONE 'zone1'`);
    // The root service goes with sys; the one that is left answers, knows it all, and keeps it through a restart of both.
    await until('it is gone', async () => !(await isListed(added, first).catch(() => true)), 20_000);
    expect(await units(added)).toEqual([{ server: String(added.rpcPort), origin: null }]);
    expect(await added.ask('select SVR_PORT, WITH_ROOTSERVER from oceanbase.DBA_OB_SERVERS')).toEqual([
      { SVR_PORT: String(added.rpcPort), WITH_ROOTSERVER: 'YES' },
    ]);
    await first.stop();
    await added.stop();
    await first.launch([]);
    await added.launch([]);
    await added.ready();
    expect(await isListed(added, first)).toBe(false);
  }, 60_000);

  test('4624 when a unit of any tenant finds no room: no server, no memory, or one of its own kind on each', async () => {
    const [first, added] = await grown();
    const remove = (home: ObserverHome) => first.ask(`ALTER SYSTEM DELETE SERVER '${home.address}'`);
    await first.ask('ALTER SYSTEM SET _standin_tenants = 1');
    await first.ask('ALTER SYSTEM SET _standin_unit_num = 2');
    expect(await units(first)).toHaveLength(2);
    expect(await errnoOf(remove(added))).toBe(4624);
    await first.ask('ALTER SYSTEM SET _standin_unit_num = 1');
    await first.ask('ALTER SYSTEM SET _standin_memory_gib = 10');
    expect(await errnoOf(remove(first))).toBe(4624);
    await first.ask('ALTER SYSTEM SET _standin_memory_gib = 12');
    await added.stop('SIGKILL');
    await until(
      'INACTIVE',
      async () =>
        (await first.ask("select 1 as x from oceanbase.DBA_OB_SERVERS where STATUS = 'INACTIVE'")).length > 0,
    );
    expect(await errnoOf(remove(first))).toBe(4624);
    // A dead one without units is deleted at once.
    await remove(added);
    await until('it is gone', async () => !(await isListed(first, added)));
  }, 60_000);

  test('3.x says it in its own tables', async () => {
    const [first, added] = await grown(CE_3_1);
    await first.ask('ALTER SYSTEM SET _standin_tenants = 1');
    await first.ask('ALTER SYSTEM SET _standin_unit_move_delay = 600000');
    await first.ask(`ALTER SYSTEM DELETE SERVER '${first.address}' ZONE = 'zone1'`);
    expect(
      await first.ask(
        `select pool.tenant_id as tenant, pool.unit_count as units, unit.svr_port as server,
           unit.migrate_from_svr_port as origin, config.max_memory / 1073741824 as gib
         from oceanbase.__all_unit unit join oceanbase.__all_resource_pool pool
           on pool.resource_pool_id = unit.resource_pool_id
         join oceanbase.__all_unit_config config on config.unit_config_id = pool.unit_config_id
         order by tenant`,
      ),
    ).toEqual(
      [
        { tenant: '1', gib: '8' },
        { tenant: '1002', gib: '4' },
      ].map((unit) => ({
        ...{ units: '1', server: String(added.rpcPort), origin: String(first.rpcPort), ...unit },
      })),
    );
    expect(
      await first.ask("select unit_id from oceanbase.__all_rootservice_job where job_type = 'MIGRATE_UNIT'"),
    ).toHaveLength(2);
  }, 60_000);

  test('of three zones the root service leaves a deleted server at once, and whoever is away for too long leaves the members', async () => {
    const [first, added, , third] = await grown(CE_4_2, ['zone1', 'zone2', 'zone3']);
    if (third === undefined) throw new Error('three zones');
    await first.ask(`ALTER SYSTEM DELETE SERVER '${first.address}'`);
    await until('it is gone', async () => !(await isListed(third, first).catch(() => true)), 20_000);
    const roots = await third.ask(
      "select distinct VALUE from oceanbase.GV$OB_PARAMETERS where NAME = 'rootservice_list'",
    );
    expect(roots[0]?.VALUE).toContain(added.address);
    expect(roots[0]?.VALUE).not.toContain(first.address);

    await third.ask("ALTER SYSTEM SET server_permanent_offline_time = '20s'");
    await added.stop('SIGKILL');
    const members = async (): Promise<string> => {
      const [row] = await third.ask(
        'select PAXOS_MEMBER_LIST as list from oceanbase.GV$OB_LOG_STAT where TENANT_ID = 1 limit 1',
      );
      return row?.list ?? '';
    };
    expect(await members()).toContain(added.address);
    await until('it has left', async () => !(await members()).includes(added.address), 40_000);
  }, 90_000);
});
