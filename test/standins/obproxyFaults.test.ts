/** The stand-in's own switches around a hot restart, and what differs between versions (OBProxy's source). */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import Database from 'libsql';
import type { Connection } from 'mysql2/promise';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { errnoOf, type HomeOptions, PASSWORD, ProxyHome } from './proxyHome';

const run = promisify(execFile);

const homes: ProxyHome[] = [];
const open: Connection[] = [];
const servers: Server[] = [];
async function newHome(options: HomeOptions = {}): Promise<ProxyHome> {
  const home = await ProxyHome.make(options);
  homes.push(home);
  return home;
}
afterEach(async () => {
  for (const connection of open.splice(0)) connection.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  await Promise.all(homes.splice(0).map((home) => home.remove()));
});

const QUICK = { proxy_hot_upgrade_check_interval: '1s' };

async function started(options: HomeOptions = {}, values: Record<string, string> = {}): Promise<ProxyHome> {
  const home = await newHome(options);
  await home.launch(home.firstOptions({ ...QUICK, ...values }));
  await home.ready();
  return home;
}

function tell(home: ProxyHome, file: string, text = ''): void {
  mkdirSync(home.path('.standin'), { recursive: true });
  writeFileSync(home.path(`.standin/${file}`), text);
}

const info = async (home: ProxyHome) => (await home.ask('show proxyinfo upgrade'))[0]!.info!;

async function handedOver(home: ProxyHome): Promise<void> {
  await home.ask('alter proxyconfig set proxy_local_cmd=2');
  await until('the new process serves', async () => (await info(home)).includes('is_inherited:true'));
}

async function isServed(home: ProxyHome): Promise<boolean> {
  try {
    (await home.connect(PASSWORD, { timeoutMs: 500 })).destroy();
    return true;
  } catch {
    return false;
  }
}

describeIf(longRunOnly(), 'The process that a hot restart starts', () => {
  test('ends at once when told `exit`', async () => {
    const home = await started();
    const before = home.pids();
    tell(home, 'inherited', 'exit');
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await until('its end', () => home.log().includes('sub process exit'));
    await home.ready();
    expect(home.pids()).toEqual(before);
  });

  test('hangs when told `hang`, and serves later when told `delay`', async () => {
    const home = await started({}, { hot_upgrade_rollback_timeout: '4s' });
    // Both are looked at together: a moment later the one that hangs may be killed, or the one that is late serve.
    const nobodyIsServed = () =>
      until('there are two, and nobody is served', async () => {
        return !(await isServed(home)) && home.pids().length === 2;
      });
    const before = home.pids();
    tell(home, 'inherited', 'hang');
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await nobodyIsServed();
    await until('it is killed', () => isServed(home));
    expect(home.pids()).toEqual(before);
    tell(home, 'inherited', 'delay 2500');
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await nobodyIsServed();
    await home.ready();
    expect(await info(home)).toContain('is_inherited:true');
  });

  test('dies after it has begun to serve when told `crash`, and the former one goes on as long as it is there', async () => {
    const home = await started();
    const [before] = home.pids();
    const held = await home.connect();
    open.push(held);
    tell(home, 'inherited', 'crash 300');
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await until('it has served', () => home.counts().starts === 2);
    await until(
      'the former one alone serves',
      async () => home.pids().length === 1 && (await isServed(home)),
    );
    expect(home.pids()).toEqual([before]);
    await held.query('select proxy_status()');
  });

  test('cannot begin when it finds a library by LD_LIBRARY_PATH only, which -V in an empty environment tells', async () => {
    const home = await newHome({ library: 'libextra.so.1' });
    mkdirSync(home.path('lib'));
    writeFileSync(home.path('lib/libextra.so.1'), '');
    await home.launch(home.firstOptions(QUICK), { LD_LIBRARY_PATH: home.path('lib') });
    await home.ready();
    const before = home.pids();
    await expect(run('env', ['-i', './bin/obproxy', '-V'], { cwd: home.dir })).rejects.toMatchObject({
      code: 127,
      stderr: expect.stringContaining('error while loading shared libraries: libextra.so.1'),
    });
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await until('its end', () => home.log().includes('sub process exit'));
    await home.ready();
    expect(home.pids()).toEqual(before);
  });

  test('has its etc to itself: the former one can change nothing any more', async () => {
    const home = await started();
    const held = await home.connect();
    open.push(held);
    await handedOver(home);
    await home.ask("alter proxyconfig set proxy_mem_limited='3G'");
    expect(await errnoOf(held.query("alter proxyconfig set proxy_mem_limited='4G'"))).toBe(4016);
    const database = new Database(home.path('etc/proxyconfig_v1.db'), { readonly: true });
    expect(
      database.prepare("select value from proxy_config where name='proxy_mem_limited'").get(),
    ).toMatchObject({ value: '3G' });
    database.close();
  });
});

describeIf(longRunOnly(), 'Between versions', () => {
  test('before 4.3 the local commands 3 and 4 are not known', async () => {
    const home = await started({ version: '4.0.0' });
    expect(await home.ask("show proxyconfig like 'proxy_local_cmd'")).toMatchObject([{ range: '[0,2]' }]);
    expect(await errnoOf(home.ask('alter proxyconfig set proxy_local_cmd=3'))).toBe(4147);
  });

  test('4.0 stores all in obproxy_config.bin and what was altered in proxyconfig.db, and hands over', async () => {
    const home = await started({ version: '4.0.0' });
    await home.ask("alter proxyconfig set proxy_mem_limited='3G'");
    expect(existsSync(home.path('etc/proxyconfig_v1.db'))).toBe(false);
    const database = new Database(home.path('etc/proxyconfig.db'), { readonly: true });
    expect(
      database.prepare("select name, value from proxy_config where config_level='LEVEL_GLOBAL'").all(),
    ).toEqual([{ name: 'proxy_mem_limited', value: '3G' }]);
    database.close();
    expect(readFileSync(home.path('etc/obproxy_config.bin'), 'utf8')).toContain('app_name=app1');
    await handedOver(home);
    expect(await home.ask("show proxyconfig like 'proxy_mem_limited'")).toMatchObject([{ value: '3G' }]);
  });

  test('from 4.1 on a new process without proxyconfig_v1.db ends itself; with the values of the running one it serves', async () => {
    const home = await started({ version: '4.0.0' });
    const before = home.pids();
    home.put({ version: '4.2.1.0' });
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await until('its end', () => home.log().includes('sub process exit'));
    await home.ready();
    expect(home.pids()).toEqual(before);
    expect(existsSync(home.path('etc/proxyconfig_v1.db'))).toBe(false);

    const shown = await home.ask('show proxyconfig');
    const database = new Database(home.path('etc/proxyconfig_v1.db'));
    database.exec(
      `CREATE TABLE proxy_config(vid int NOT NULL default -1, vip varchar(100) NOT NULL default '',
       vport int NOT NULL default 0, tenant_name varchar(128) collate nocase NOT NULL default '',
       cluster_name varchar(260) collate nocase NOT NULL default '', name varchar(130) collate nocase NOT NULL,
       value varchar(4100) NOT NULL, info varchar(1024), range varchar(64), need_reboot bool,
       visible_level varchar(20), config_level varchar(20) NOT NULL,
       primary key(vid, vip, vport, tenant_name, cluster_name, name))`,
    );
    const insert = database.prepare(
      "insert into proxy_config(name,value,config_level) values(?,?,'LEVEL_GLOBAL')",
    );
    for (const { name, value } of shown) insert.run(name, value);
    database.close();
    await handedOver(home);
    expect((await home.ask('show proxyinfo binary'))[0]?.info).toContain('4.2.1.0-4');
  });

  test('a process before 4.3 leaves the rpc port to its child, which dies when somebody else has it', async () => {
    const home = await started({ version: '4.2.1.0' }, { enable_obproxy_rpc_service: 'false' });
    const before = home.pids();
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(home.rpcPort, '0.0.0.0', resolve));
    await home.ask('alter proxyconfig set enable_obproxy_rpc_service=true');
    home.put({ version: '4.3.1.0' });
    await home.ask('alter proxyconfig set proxy_local_cmd=2');
    await until('its end', () => home.log().includes('sub process exit'));
    await home.ready();
    expect(home.pids()).toEqual(before);
    expect(home.log()).toContain('errno=98');
    await new Promise((resolve) => server.close(resolve));
    await handedOver(home);
  });
});

describe('A user whose sessions a test holds', () => {
  async function user(home: ProxyHome): Promise<Connection> {
    const connection = await home.connect('x', { user: 'root@t1#obtest' });
    connection.on('error', () => undefined);
    open.push(connection);
    return connection;
  }

  test('is listed with tenant and cluster, and stays through a hot restart within its transaction', async () => {
    const home = await started({}, { hot_upgrade_exit_timeout: '2000000' });
    tell(home, 'serve-users');
    const session = await user(home);
    expect(await home.ask('show proxysession')).toEqual(
      expect.arrayContaining([expect.objectContaining({ Cluster: 'obtest', Tenant: 't1', User: 'root' })]),
    );
    expect(await home.ask("show proxystat like 'client_connections_currently_open'")).toMatchObject([
      { value: '2' },
    ]);
    await session.query('begin');
    await handedOver(home);
    const [rows] = await session.query('select 7');
    expect(rows).toEqual([{ 7: '7' }]);
    await until('the former process has left', () => home.pids().length === 1);
    await expect(session.query('select 1')).rejects.toThrow();
  });

  test('loses the session at the end of its transaction when the cluster is forgotten', async () => {
    const home = await started();
    tell(home, 'serve-users');
    const session = await user(home);
    await session.query('begin');
    await home.ask("alter proxyresource delete 'obtest'");
    await session.query('select 1');
    await session.query('commit');
    await expect(session.query('select 1')).rejects.toThrow();
    expect(await errnoOf(home.ask("alter proxyresource delete 'nowhere'"))).toBe(4018);
    await (await user(home)).query('select 1');
  });

  test('is sent away again when nobody wants sessions', async () => {
    const home = await started();
    tell(home, 'serve-users');
    await (await user(home)).query('select 1');
    rmSync(home.path('.standin/serve-users'));
    await expect(user(home)).rejects.toThrow();
  });
});
