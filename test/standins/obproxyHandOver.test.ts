/**
 * How an OBProxy hands over to a new process, goes offline and ends, as far as our code relies on it: the stand-in, and the
 * program that OBFLOW_REAL_OBPROXY names.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Connection } from 'mysql2/promise';
import { until } from '../support/until';
import { freePort } from './home';
import { errnoOf, PASSWORD, ProxyHome, subjects } from './proxyHome';

const run = promisify(execFile);

describe.each(subjects())('$name', ({ real }) => {
  const program = real === undefined ? {} : { real };
  let home: ProxyHome;
  const open: Connection[] = [];

  /** Looks for commands once a second at most; other values as given. */
  async function start(values: Readonly<Record<string, string>> = {}): Promise<number> {
    home = await ProxyHome.make(program);
    await home.launch(home.firstOptions({ proxy_hot_upgrade_check_interval: '1s', ...values }));
    await home.ready();
    return home.pids()[0]!;
  }

  async function session(): Promise<Connection> {
    const connection = await home.connect();
    connection.on('error', () => undefined);
    open.push(connection);
    return connection;
  }

  const command = (number: number) => home.ask(`alter proxyconfig set proxy_local_cmd=${number}`);

  async function upgradeInfo(connection?: Connection): Promise<string> {
    if (connection === undefined) return (await home.ask('show proxyinfo upgrade'))[0]!.info!;
    const [rows] = await connection.query('show proxyinfo upgrade');
    return (rows as { info: string }[])[0]!.info;
  }

  /** The process that is none of `before` and serves, as it says itself. */
  function child(...before: number[]): Promise<number> {
    return until('a new process serves', async () => {
      const connection = await home.connect();
      try {
        if (!(await upgradeInfo(connection)).includes('is_inherited:true')) return undefined;
        const [rows] = await connection.query('show proxysession');
        const pid = Number((rows as { pid: string }[])[0]?.pid);
        return before.includes(pid) ? undefined : pid;
      } finally {
        connection.destroy();
      }
    });
  }

  /** A login that gets no greeting. */
  async function isUnanswered(): Promise<boolean> {
    try {
      (await home.connect(PASSWORD, { timeoutMs: 700 })).destroy();
      return false;
    } catch (error) {
      return (error as { code?: string }).code === 'ETIMEDOUT';
    }
  }

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.destroy();
    await home?.remove();
  });

  test('a hot restart loses no login and no session, and the former process goes with its last session', async () => {
    const parent = await start();
    const held = await session();
    let logins = 0;
    let over = false;
    const logging = (async () => {
      while (!over) {
        await home.ask('select proxy_status()');
        logins += 1;
      }
    })();
    await command(2);
    const pid = await child(parent);
    over = true;
    await logging;
    expect(logins).toBeGreaterThan(3);
    expect(home.pids().sort()).toEqual([parent, pid].sort());
    // Answered by the former one.
    expect(await upgradeInfo(held)).toMatch(/is_inherited:false.*need_conn_accept:false/s);
    held.destroy();
    await until('the former process is gone', () => !home.pids().includes(parent), 10_000);
    expect(await upgradeInfo()).toContain('is_inherited:true');
  });

  test('the new process has the first word of the command line, the folder and the stored configuration', async () => {
    const parent = await start({ proxy_mem_limited: '1G' });
    const other = await freePort();
    await home.ask('alter proxyconfig set work_thread_num=64');
    await home.ask(`alter proxyconfig set listen_port=${other}`);
    await command(2);
    const pid = await child(parent);
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]);
    expect(stdout.trim()).toMatch(/(^|\s)\.\/bin\/obproxy$/);
    expect(await home.ask("show proxyconfig like 'proxy_mem_limited'")).toMatchObject([{ value: '1G' }]);
    expect(await home.ask("show proxyconfig like 'work_thread_num'")).toMatchObject([{ value: '64' }]);
    // The port is inherited, whatever the configuration says.
    expect(await home.ask("show proxyconfig like 'listen_port'")).toMatchObject([{ value: String(other) }]);
    expect(await errnoOf(home.connect(PASSWORD, { port: other }))).toBeDefined();
    expect((await fetch(`http://127.0.0.1:${home.metricsPort}/metrics`)).status).toBe(200);
    expect(existsSync(home.path('etc/obproxy_config.bin'))).toBe(true);
  });

  test('a second hot restart works while the first former process still has a session', async () => {
    const first = await start();
    await session();
    await command(2);
    const second = await child(first);
    await until('ready again', async () => (await upgradeInfo()).includes('HU_STATE_WAIT_HU_CMD'));
    await session();
    await command(2);
    const third = await child(first, second);
    expect(home.pids().sort()).toEqual([first, second, third].sort());
  });

  test('sessions that stay are cut after hot_upgrade_exit_timeout', async () => {
    const parent = await start({ hot_upgrade_exit_timeout: '3000000' });
    const held = await session();
    await command(2);
    await child(parent);
    await until('the former process is gone', () => !home.pids().includes(parent), 10_000);
    await expect(held.query('select proxy_status()')).rejects.toThrow();
  });

  test.each([
    ['exits', 'exit 1'],
    ['is no program', ''],
  ])('when the new program %s the former process goes on, and the next attempt works', async (what, text) => {
    const parent = await start();
    const held = await session();
    if (what === 'exits') home.putScript(text);
    else
      await run('sh', ['-c', 'echo rubbish >bin/x && chmod 755 bin/x && mv bin/x bin/obproxy'], {
        cwd: home.dir,
      });
    await command(2);
    await until('the only trace', () => home.log().includes('sub process exit'));
    await home.ready();
    expect(home.pids()).toEqual([parent]);
    expect(await upgradeInfo(held)).toMatch(/need_conn_accept:true.*HU_STATE_WAIT_HU_CMD/s);
    await home.ask("alter proxyconfig set proxy_mem_limited='1G'");
    home.put(program);
    await command(2);
    await child(parent);
  });

  test('when the new program hangs nobody is served until hot_upgrade_rollback_timeout', async () => {
    const parent = await start({ hot_upgrade_rollback_timeout: '4s' });
    const held = await session();
    home.putScript('exec sleep 1000');
    await command(2);
    await until('nobody is served', isUnanswered);
    expect(home.pids()).toHaveLength(2);
    // Who has a session keeps it.
    expect(await upgradeInfo(held)).toMatch(/need_conn_accept:false.*HU_STATE_WAIT_LOCAL_CR_FINISH/s);
    await until('the former process serves again', async () => !(await isUnanswered()), 15_000);
    expect(home.pids()).toEqual([parent]);
    expect(await upgradeInfo()).toContain('is_inherited:false');
  });

  test('a command during a hot restart is dropped without a word', async () => {
    const parent = await start({ hot_upgrade_rollback_timeout: '5s' });
    const held = await session();
    home.putScript('exec sleep 1000');
    await command(2);
    await until('nobody is served', isUnanswered);
    await held.query('alter proxyconfig set proxy_local_cmd=1');
    await until('it is dropped', async () => {
      const [rows] = await held.query("show proxyconfig like 'proxy_local_cmd'");
      return (rows as { value: string }[])[0]?.value === '0';
    });
    await until('the former process serves again', async () => !(await isUnanswered()), 15_000);
    expect(home.pids()).toEqual([parent]);
  });

  test('commands 3 and 4 change only what load balancers are told', async () => {
    const pid = await start();
    const held = await session();
    const status = async () => {
      const [rows] = await held.query('select proxy_status()');
      return Object.values((rows as Record<string, string>[])[0]!)[0];
    };
    const second = await session();
    await held.query('alter proxyconfig set proxy_local_cmd=3');
    await until('it is to be inactive', async () => (await status()) === 'BE_INACTIVE');
    await home.ready();
    second.destroy();
    await until('one connection is as good as none', async () => (await status()) === 'INACTIVE');
    await held.query('alter proxyconfig set proxy_local_cmd=4');
    await until('it is active again', async () => (await status()) === 'ACTIVE');
    expect(home.pids()).toEqual([pid]);
  });

  test('after SIGUSR1 logins hang on the open port, sessions go on, and it ends with the last one', async () => {
    const pid = await start();
    const held = await session();
    process.kill(pid, 'SIGUSR1');
    await until('logins hang', () => isUnanswered());
    expect(await upgradeInfo(held)).toContain('need_conn_accept:false');
    held.destroy();
    await home.gone();
  });

  test('between transactions sessions are closed so that as many are left as there is time', async () => {
    const pid = await start({ hot_upgrade_exit_timeout: '10000000' });
    const held = await Promise.all(Array.from({ length: 6 }, () => session()));
    process.kill(pid, 'SIGUSR1');
    const lost = new Set<Connection>();
    await until('half of them are closed, and more are open', async () => {
      for (const connection of held.filter((one) => !lost.has(one))) {
        await connection.query('select proxy_status()').catch(() => lost.add(connection));
      }
      return lost.size >= 3;
    });
    expect(lost.size).toBeLessThan(6);
  });

  test.each(['0', '-1'])('a time of %s is none, or no end of it', async (timeout) => {
    const pid = await start({ hot_upgrade_exit_timeout: timeout });
    const held = await session();
    process.kill(pid, 'SIGUSR1');
    if (timeout === '0') {
      await home.gone();
      return;
    }
    await until('logins hang', () => isUnanswered());
    await until('a while', () => isUnanswered());
    expect(await upgradeInfo(held)).toContain('need_conn_accept:false');
  });

  test('in the foreground, the parent gets SIGUSR2 after SIGUSR1, and not after SIGTERM', async () => {
    for (const [signal, said] of [
      ['SIGUSR1', ['USR2', '1']],
      ['SIGTERM', ['1']],
    ] as const) {
      home = await ProxyHome.make(program);
      const words = home.firstOptions().map((word) => `'${word}'`);
      const script = `trap 'echo USR2' USR2; ./bin/obproxy -N ${words.join(' ')} & proxy=$!; echo $proxy
        while kill -0 $proxy 2>/dev/null; do wait $proxy; code=$?; done; echo $code`;
      const shell = spawn('sh', ['-c', script], { cwd: home.dir, stdio: ['ignore', 'pipe', 'ignore'] });
      let heard = '';
      shell.stdout.on('data', (text: Buffer) => {
        heard += text.toString();
      });
      const ended = new Promise((resolve) => shell.on('close', resolve));
      await home.ready();
      process.kill(Number(heard.split('\n')[0]), signal);
      await ended;
      expect(heard.trim().split('\n').slice(1)).toEqual(said);
      await home.remove();
    }
  });

  test('-V prints the version in an empty environment and writes nothing', async () => {
    home = await ProxyHome.make(program);
    const { stdout, stderr } = await run('env', ['-i', './bin/obproxy', '-V'], { cwd: home.dir });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^\.\/bin\/obproxy -V\nobproxy \(OceanBase \d+(\.\d+)+ [^)]+\)\n/);
    expect(existsSync(home.path('etc'))).toBe(false);
    expect(existsSync(home.path('log'))).toBe(false);
  });
});
