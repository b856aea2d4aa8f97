/** What linking a proxy to OceanBase meets at an observer. */
import { type Connection, createConnection } from 'mysql2/promise';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { errnoOf } from './proxyHome';

let observer: Observer;

async function start(version: string): Promise<void> {
  observer = await startObserver({
    host: '127.0.0.1',
    port: 0,
    version,
    clusterName: 'obtest',
    obClusterId: 7,
    users: { 'root@sys': 'rootpw', 'proxyro@sys': 'propw' },
  });
}
afterEach(() => observer.stop());

const login = (user: string, password: string): Promise<Connection> =>
  createConnection({ host: '127.0.0.1', port: observer.port, user, password });

async function ask(user: string, password: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await login(user, password);
  try {
    return (await connection.query(sql))[0] as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}
const asRoot = (sql: string) => ask('root@sys', 'rootpw', sql);
const asProxyro = (sql: string) => ask('proxyro@sys', 'propw', sql);

test('4.x answers the views with times that are NULL or timestamps, and has no parameter table of 3.x', async () => {
  await start('4.2.1.0');
  expect(await asProxyro('select ob_version() as version')).toEqual([{ version: '4.2.1.0' }]);
  expect(
    await asProxyro(
      "select SVR_IP, SQL_PORT from oceanbase.DBA_OB_SERVERS where STATUS = 'ACTIVE' and START_SERVICE_TIME is not null and STOP_TIME is null",
    ),
  ).toEqual([{ SVR_IP: '127.0.0.1', SQL_PORT: String(observer.port) }]);
  expect(await asProxyro("select VALUE from oceanbase.GV$OB_PARAMETERS where NAME = 'cluster'")).toEqual([
    { VALUE: 'obtest' },
  ]);
  expect(await errnoOf(asProxyro('select * from oceanbase.__all_virtual_sys_parameter_stat'))).toBe(1146);
});

test('3.x answers __all_server with bigint times, and has no views of 4.x', async () => {
  await start('3.1.2');
  expect(
    await asProxyro(
      "select svr_ip, inner_port from oceanbase.__all_server where status = 'active' and start_service_time > 0 and stop_time = 0",
    ),
  ).toEqual([{ svr_ip: '127.0.0.1', inner_port: String(observer.port) }]);
  expect(
    await asProxyro("select value from oceanbase.__all_virtual_sys_parameter_stat where name = 'cluster_id'"),
  ).toEqual([{ value: '7' }]);
  expect(await errnoOf(asProxyro('select * from oceanbase.DBA_OB_SERVERS'))).toBe(1146);
});

test('Only the right password of the sys tenant gets in; an unknown tenant is answered like a wrong password', async () => {
  await start('4.2.1.0');
  (await login('proxyro@sys#obtest', 'propw')).destroy();
  (await login('proxyro', 'propw')).destroy();
  for (const [user, password] of [
    ['proxyro@sys', 'wrong'],
    ['proxyro@sys', ''],
    ['proxyro@other', 'propw'],
    ['nobody@sys', 'propw'],
  ] as const)
    expect(await errnoOf(login(user, password))).toBe(1045);
  expect(observer.counts).toMatchObject({ logins: 2, failedLogins: 4, loginsOf: { proxyro: 2 } });
});

test('A new user may read nothing until granted, and a grant or password reaches later logins only', async () => {
  await start('4.2.1.0');
  await asRoot("CREATE USER IF NOT EXISTS reader IDENTIFIED BY 'it''s'");
  const early = await login('reader@sys', "it's");
  expect(await errnoOf(early.query('select * from oceanbase.DBA_OB_SERVERS'))).toBe(1142);
  await asRoot('GRANT SELECT ON oceanbase.* TO reader');
  expect(await errnoOf(early.query('select * from oceanbase.DBA_OB_SERVERS'))).toBe(1142);
  early.destroy();
  expect(await ask('reader@sys', "it's", 'select count(*) as servers from oceanbase.DBA_OB_SERVERS')).toEqual(
    [{ servers: '1' }],
  );
  expect(await asRoot('show grants for reader')).toEqual([
    { 'Grants for reader@%': "GRANT USAGE ON *.* TO 'reader'" },
    { 'Grants for reader@%': "GRANT SELECT ON `oceanbase`.* TO 'reader'" },
  ]);
  await asRoot("ALTER USER reader IDENTIFIED BY 'other'");
  expect(await errnoOf(login('reader@sys', "it's"))).toBe(1045);
  (await login('reader@sys', 'other')).destroy();
  expect(observer.users()).toEqual(['root', 'proxyro', 'reader']);
  expect(await asRoot("select user_name from oceanbase.__all_user where user_name = 'reader'")).toHaveLength(
    1,
  );
});

test('Users are made by root only, and once', async () => {
  await start('4.2.1.0');
  expect(await errnoOf(asProxyro("create user x identified by 'y'"))).toBe(1227);
  expect(await errnoOf(asProxyro('show grants for root'))).toBe(1142);
  expect(await errnoOf(asRoot("create user proxyro identified by 'y'"))).toBe(1396);
  expect(await errnoOf(asRoot("alter user x identified by 'y'"))).toBe(1396);
  expect(await errnoOf(asRoot('nonsense'))).toBe(1064);
  expect(await asProxyro('select @@version_comment')).toEqual([
    { '@@version_comment': expect.stringContaining('stand-in') },
  ]);
});
