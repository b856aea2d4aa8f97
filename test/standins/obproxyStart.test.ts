/** How an OBProxy starts, fails to start, keeps its configuration and leaves: the traps an installer must know. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import Database from 'libsql';
import { startObserver } from '../../sandbox/standins/observer';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { freePort } from './home';
import { errnoOf, PASSWORD, ProxyHome, sha1 } from './proxyHome';

const SCHEMA = `CREATE TABLE proxy_config(vid int NOT NULL default -1, vip varchar(100) NOT NULL default '',
  vport int NOT NULL default 0, tenant_name varchar(128) collate nocase NOT NULL default '',
  cluster_name varchar(260) collate nocase NOT NULL default '', name varchar(130) collate nocase NOT NULL,
  value varchar(4100) NOT NULL, info varchar(1024), range varchar(64), need_reboot bool, visible_level varchar(20),
  config_level varchar(20) NOT NULL, primary key(vid, vip, vport, tenant_name, cluster_name, name))`;

/** etc/proxyconfig_v1.db as an installer writes it before the first start; readable by its owner only. */
function prepare(home: ProxyHome, values: Readonly<Record<string, string>>): string {
  const file = home.path('etc/proxyconfig_v1.db');
  mkdirSync(home.path('etc'), { recursive: true });
  const database = new Database(file);
  database.exec(SCHEMA);
  const insert = database.prepare(
    "insert into proxy_config(name,value,config_level) values(?,?,'LEVEL_GLOBAL')",
  );
  for (const [name, value] of Object.entries(values)) insert.run(name, value);
  database.close();
  chmodSync(file, 0o600);
  return file;
}

async function occupy(port: number, host = '0.0.0.0'): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

const homes: ProxyHome[] = [];
const servers: Server[] = [];
async function newHome(version?: string): Promise<ProxyHome> {
  const home = await ProxyHome.make(version === undefined ? {} : { version });
  homes.push(home);
  return home;
}
function prepared(home: ProxyHome): Record<string, string> {
  return {
    listen_port: String(home.sqlPort),
    prometheus_listen_port: String(home.metricsPort),
    rpc_listen_port: String(home.rpcPort),
    app_name: 'prepared',
    obproxy_sys_password: sha1(PASSWORD),
    rootservice_list: '127.0.0.1:1',
    rootservice_cluster_name: 'obtest',
  };
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  await Promise.all(homes.splice(0).map((home) => home.remove()));
});

describeIf(longRunOnly(), 'The launcher', () => {
  test('prints argv and the version on stderr, says that it is a stand-in, and writes no file', async () => {
    const home = await newHome('1.9.1.1');
    const { code, stdout, stderr } = await home.launch(['-V']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr.split('\n').slice(0, 2)).toEqual(['./bin/obproxy -V', 'obproxy (OceanBase 1.9.1.1 4.el8)']);
    expect(stderr).toContain('STAND-IN');
    expect(existsSync(home.path('etc'))).toBe(false);
  });

  test.each([
    ['neither root servers nor a config server', ['-p', '6688']],
    ['a bad value behind -o', ['-r', '127.0.0.1:1', '-o', 'proxy_mem_limited=1X']],
    ['a quote behind -o', ['-r', '127.0.0.1:1', '-o', "obproxy_config_server_url='http://x/?a'"]],
  ])('exits 0 although %s kills the start, which only the log tells', async (_what, args) => {
    const home = await newHome();
    const { code, stderr } = await home.launch(args);
    expect(code).toBe(0);
    expect(stderr).toContain(`./bin/obproxy ${args.join(' ')}`);
    await until(
      'the line in the log',
      () => existsSync(home.path('log/obproxy.log')) && / EDIAG .*ret=-/.test(home.log()),
    );
    await home.gone();
    expect(home.counts()).toMatchObject({ starts: 0, startAttempts: 1 });
  });

  test.each([
    ['an unknown option', ['-x']],
    ['a port out of range', ['-p', '80']],
  ])('exits 0 with its usage on stderr for %s, and leaves neither process nor log', async (_what, args) => {
    const home = await newHome();
    const { code, stdout, stderr } = await home.launch(args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('--listen_port');
    await home.gone();
    expect(existsSync(home.path('log'))).toBe(false);
    expect(existsSync(home.path('.standin'))).toBe(false);
  });

  test('leaves its folders in whatever directory it was started, unless OBPROXY_ROOT says otherwise', async () => {
    const [here, there] = [await newHome(), await newHome()];
    await here.launch(here.firstOptions(), { OBPROXY_ROOT: there.dir });
    await here.ready();
    expect(existsSync(here.path('etc'))).toBe(false);
    for (const folder of ['etc', 'log', '.conf', 'control-config', 'sharding-config'])
      expect(existsSync(there.path(folder))).toBe(true);
  });

  test('the process is called obproxy and shows the typed command line', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions());
    await home.ready();
    const [pid] = home.pids();
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('obproxy\n');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, 4)).toEqual([
      './bin/obproxy',
      '-p',
      String(home.sqlPort),
    ]);
  });
});

describeIf(longRunOnly(), 'The stored configuration', () => {
  test('survives: the next start needs no option, and changed passwords and ports hold', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions());
    await home.ready();
    const other = await freePort();
    await home.ask("alter proxyconfig set obproxy_sys_password='second'");
    await home.ask(`alter proxyconfig set listen_port=${other}`, 'second');
    // The running process keeps its port, although it shows the new one.
    expect(await home.ask("show proxyconfig like 'listen_port'", 'second')).toMatchObject([
      { value: String(other) },
    ]);
    await home.stop();
    await home.launch([]);
    await home.ready('second', other);
    expect(await home.ask("show proxyconfig like 'app_name'", 'second', other)).toMatchObject([
      { value: 'app1' },
    ]);
    expect(home.counts()).toMatchObject({ starts: 2, alters: { obproxy_sys_password: 1, listen_port: 1 } });
  });

  test('is overridden by options, which are stored: starting again as the first time brings back the first password', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions());
    await home.ready();
    await home.ask("alter proxyconfig set obproxy_sys_password='second'");
    await home.stop();
    await home.launch(home.firstOptions());
    await home.ready(PASSWORD);
    expect(await errnoOf(home.connect('second'))).toBe(1045);
  });

  test('may be prepared as a database, and then nothing stands in argv and its mode is kept', async () => {
    const home = await newHome();
    const file = prepare(home, {
      ...prepared(home),
      enable_cluster_checkout: 'false',
      no_such_item: '1',
      proxy_mem_limited: '1X',
    });
    await home.launch([]);
    await home.ready();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await home.ask("show proxyconfig like 'app_name'")).toMatchObject([{ value: 'prepared' }]);
    expect(await home.ask("show proxyconfig like 'enable_cluster_checkout'")).toMatchObject([
      { value: 'False' },
    ]);
    // A bad value: the default, and a line in the log. An unknown name: ignored.
    expect(await home.ask("show proxyconfig like 'proxy_mem_limited'")).toMatchObject([{ value: '2G' }]);
    expect(home.log()).toMatch(/EDIAG.*proxy_mem_limited/);
    await home.ask("alter proxyconfig set proxy_mem_limited='3G'");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const database = new Database(file, { readonly: true });
    expect(database.prepare('select count(*) as rows from proxy_config').get()).toMatchObject({
      rows: expect.any(Number),
    });
    expect(
      database.prepare("select value from proxy_config where name='proxy_mem_limited'").get(),
    ).toMatchObject({
      value: '3G',
    });
    database.close();
  });

  test('that is no database kills the start; an empty file does not', async () => {
    const home = await newHome();
    const file = prepare(home, {});
    writeFileSync(
      file,
      'this is no database, but long enough to have a header of one hundred bytes'.repeat(10),
    );
    await home.launch([]);
    await until(
      'the reason in the log',
      () => existsSync(home.path('log/obproxy.log')) && home.log().includes('ret=-4016'),
    );
    await home.gone();
    writeFileSync(file, '');
    await home.launch(home.firstOptions());
    await home.ready();
  });

  test('cannot be changed while etc is gone: 4016, and the old value stays', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions());
    await home.ready();
    rmSync(home.path('etc'), { recursive: true });
    expect(await errnoOf(home.ask("alter proxyconfig set proxy_mem_limited='1G'"))).toBe(4016);
    expect(await home.ask("show proxyconfig like 'proxy_mem_limited'")).toMatchObject([{ value: '2G' }]);
  });

  test('shows the hashes of passwords in a log that a umask of 077 hides', async () => {
    const home = await newHome();
    const before = process.umask(0o077);
    try {
      await home.launch(home.firstOptions());
    } finally {
      process.umask(before);
    }
    await home.ready();
    expect(home.log()).toContain(sha1(PASSWORD));
    expect(home.log()).not.toContain(PASSWORD);
    for (const [name, mode] of [
      ['log/obproxy.log', 0o600],
      ['log', 0o700],
      ['etc/proxyconfig_v1.db', 0o600],
    ] as const)
      expect(statSync(home.path(name)).mode & 0o777).toBe(mode);
  });
});

describeIf(longRunOnly(), 'Ports', () => {
  test.each(['sqlPort', 'rpcPort'] as const)(
    '%s taken: the start dies with errno 98, having stored its options',
    async (port) => {
      const home = await newHome();
      servers.push(await occupy(home[port]));
      await home.launch(home.firstOptions());
      await until(
        'the reason in the log',
        () => existsSync(home.path('log/obproxy.log')) && home.log().includes('errno=98'),
      );
      await home.gone();
      const database = new Database(home.path('etc/proxyconfig_v1.db'), { readonly: true });
      expect(database.prepare("select value from proxy_config where name='app_name'").get()).toMatchObject({
        value: 'app1',
      });
      database.close();
    },
  );

  test('the metrics port taken: it starts without metrics and says nothing', async () => {
    const home = await newHome();
    servers.push(await occupy(home.metricsPort));
    await home.launch(home.firstOptions());
    await home.ready();
    expect(home.log()).not.toContain('EDIAG');
  });
});

test('Metrics switched off: the port is open all the same, with the seven samples of the exposer', async () => {
  const home = await newHome();
  await home.launch(home.firstOptions({ enable_prometheus: 'false' }));
  await home.ready();
  await expect(home.connect('x', { user: 'root@sys#obtest' })).rejects.toThrow();
  const answer = await fetch(`http://127.0.0.1:${home.metricsPort}/metrics`);
  expect((await answer.text()).split('\n').filter((line) => /^[a-z]/.test(line))).toHaveLength(7);
});

describeIf(longRunOnly(), 'A user of a cluster', () => {
  const PROXYRO = 'ro';
  const ROOT = 'administrator';
  const dropped = async (home: ProxyHome): Promise<void> => {
    await expect(home.connect('x', { user: 'root@sys#obtest' })).rejects.toMatchObject({
      code: 'PROTOCOL_CONNECTION_LOST',
    });
  };

  /** What is in the diagnosis log after logins through a proxy of the cluster `obtest`. */
  async function login(clusterName: string, password = PROXYRO, through = dropped): Promise<string> {
    const observer = await startObserver({
      host: '127.0.0.1',
      port: 0,
      clusterName,
      obClusterId: 1,
      users: { 'proxyro@sys': PROXYRO, 'root@sys': ROOT },
    });
    try {
      const home = await newHome();
      const options = home.firstOptions({ observer_sys_password: sha1(password) });
      options[options.indexOf('-r') + 1] = `127.0.0.1:1;127.0.0.1:${observer.port}`;
      await home.launch(options);
      await home.ready();
      await through(home);
      return existsSync(home.path('log/obproxy_diagnosis.log')) ? home.read('log/obproxy_diagnosis.log') : '';
    } finally {
      await observer.stop();
    }
  }

  test('is sent away when the cluster has another name, which only the diagnosis log tells', async () => {
    expect(await login('other')).toMatch(/LOGIN_TRACE.*error_code:-4666.*cluster name mismatch.*"other"/);
  });

  test('is sent away when proxyro has another password, which only the diagnosis log tells', async () => {
    expect(await login('obtest', 'wrong')).toMatch(/error_code:1045.*proxyro@sys access denied/);
  });

  test('of the right name goes to a server that answers, which checks the password; no such line is left', async () => {
    const asked = async (home: ProxyHome) => {
      const connection = await home.connect(ROOT, { user: 'root@sys#obtest' });
      const [rows] = await connection.query('SELECT ob_version() AS v');
      expect(rows).toEqual([{ v: '4.2.1.0' }]);
      // The observer's own words, over the same connection.
      await expect(connection.query('SELECT nothing')).rejects.toMatchObject({ errno: expect.any(Number) });
      connection.destroy();
      expect(await errnoOf(home.connect('x', { user: 'root@sys#obtest' }))).toBe(1045);
      expect(await errnoOf(home.connect('x', { user: 'nobody@sys#obtest' }))).toBe(1045);
      // Without a name there is only one cluster.
      (await home.connect(ROOT, { user: 'root@sys' })).destroy();
    };
    expect(await login('obtest', PROXYRO, asked)).toBe('');
  });
});

describeIf(longRunOnly(), 'Leaving', () => {
  test('SIGTERM ends it within three seconds, SIGKILL at once, and both lose nothing', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions());
    await home.ready();
    await home.ask("alter proxyconfig set proxy_mem_limited='4G'");
    for (const pid of home.pids()) process.kill(pid, 'SIGKILL');
    await home.gone();
    await home.launch([]);
    await home.ready();
    expect(await home.ask("show proxyconfig like 'proxy_mem_limited'")).toMatchObject([{ value: '4G' }]);
    const asked = Date.now();
    await home.stop();
    expect(Date.now() - asked).toBeLessThan(3_000);
  });

  test('in the foreground it exits 1 after a normal end and 0 after a failed start', async () => {
    const home = await newHome();
    expect(await home.foreground([]).ended).toBe(0);
    const proxy = home.foreground(home.firstOptions());
    await home.ready();
    process.kill(proxy.pid, 'SIGTERM');
    expect(await proxy.ended).toBe(1);
  });

  test('proxy_local_cmd=1 ends it at the next check', async () => {
    const home = await newHome();
    await home.launch(home.firstOptions({ proxy_hot_upgrade_check_interval: '1s' }));
    await home.ready();
    await home.ask('alter proxyconfig set proxy_local_cmd=1');
    await home.gone();
  });
});

describeIf(longRunOnly(), 'Older versions', () => {
  test('1.9.1.1 knows neither -l nor -s nor proxy_config, keeps obproxy_config.bin and lets an empty password in', async () => {
    const home = await newHome('1.9.1.1');
    expect((await home.launch(['-l', '2884'])).stderr).toContain('invalid option');
    const args = ['-p', String(home.sqlPort), '-n', 'old', '-c', 'obtest', '-r', '127.0.0.1:1'];
    await home.launch([...args, '-o', `prometheus_listen_port=${home.metricsPort}`]);
    await home.ready('');
    expect(await home.ask("show proxyconfig like 'skip_proxy_sys_private_check'", '')).toMatchObject([
      { value: 'True' },
    ]);
    expect(await errnoOf(home.ask('select * from proxy_config', ''))).toBe(1235);
    await home.ask("alter proxyconfig set obproxy_sys_password='new'", '');
    await home.stop();
    expect(existsSync(home.path('etc/proxyconfig_v1.db'))).toBe(false);
    await home.launch([]);
    await home.ready('new');
    expect(readFileSync(home.path('etc/obproxy_config.bin'), 'utf8')).toContain(sha1('new'));
  });

  test('4.3 has a built-in password that is not empty', async () => {
    const home = await newHome();
    await home.launch([
      '-p',
      String(home.sqlPort),
      '-s',
      String(home.rpcPort),
      '-l',
      String(home.metricsPort),
      '-r',
      '127.0.0.1:1',
    ]);
    await until('the listener', async () => (await errnoOf(home.connect('')).catch(() => 0)) === 1045);
  });
});

test('Counters hold names and numbers, never a password', async () => {
  const home = await newHome();
  await home.launch(home.firstOptions());
  await home.ready();
  expect(await errnoOf(home.connect('wrong'))).toBe(1045);
  await home.ask("alter proxyconfig set observer_sys_password='secretive'");
  expect(home.counts()).toEqual({
    starts: 1,
    startAttempts: 1,
    logins: expect.any(Number),
    failedLogins: 1,
    alters: { observer_sys_password: 1 },
  });
  const text = readFileSync(home.path('.standin/counters.json'), 'utf8');
  for (const secret of ['secretive', sha1('secretive'), sha1(PASSWORD)]) expect(text).not.toContain(secret);
});

test('A row that cannot be written is not there, in the running process either', async () => {
  const home = await newHome();
  await home.launch(home.firstOptions());
  await home.ready();
  const replace = (value: string) =>
    home.ask(
      `replace into proxy_config(cluster_name,name,value,config_level) values('obtest','proxy_idc_name','${value}','LEVEL_CLUSTER')`,
    );
  await replace('one');
  renameSync(home.path('etc'), home.path('etc.away'));
  expect(await errnoOf(replace('two'))).toBe(4016);
  renameSync(home.path('etc.away'), home.path('etc'));
  const rows = await home.ask("select value from proxy_config where cluster_name = 'obtest'");
  expect(JSON.stringify(rows)).toContain('one');
  expect(JSON.stringify(rows)).not.toContain('two');
});

test('A failing replace into proxy_config stands in the log with its plain text', async () => {
  const home = await newHome();
  await home.launch(home.firstOptions());
  await home.ready();
  expect(
    await errnoOf(home.ask("replace into proxy_config(name,value) values('observer_sys_password','leaky')")),
  ).toBe(4016);
  expect(home.log()).toContain('leaky');
});
