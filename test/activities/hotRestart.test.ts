import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { awaitFormer } from '../../activities/obproxy/hotFormer';
import { proveProgram, proveReady } from '../../activities/obproxy/hotProofs';
import type { HotProxy, HotScope } from '../../activities/obproxy/hotProxy';
import { hotRestart, restoreRollbackTimeout } from '../../activities/obproxy/hotRestart';
import type { Host, Hosts } from '../../hosts';
import { type ObproxyAdmin, openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { inEnglish, type Said } from '../../runtime/messages/catalogue';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { obproxyStandin } from '../../sandbox/standins/bundle';
import { type StartedByHand, startByHand } from '../../sandbox/standins/startByHand';
import { addressOf, failureOf, hostsWithPins } from '../hosts/reach';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';

const PASSWORD = 'hotOnes.55++';
const RPM = { name: 'obproxy-ce', version: '4.3.1.0', release: '4.el7' } as const;
const NEWER = { version: '4.3.2.0', release: '9.el7' };
const DONE = (): void => undefined;

let fleet: Fleet;
let machine: TestHost;
let hosts: Hosts;
let host: Host;
let proxy: StartedByHand;
let lines: string[];
let taskId = 100;
const open: Connection[] = [];

class NotYet extends Error {}

function scopeOf(run = 1): HotScope {
  const say = (line: Said) => void lines.push(inEnglish(line));
  return {
    input: { taskId, run },
    log: { info: say, warn: (line) => say(`WARN ${inEnglish(line)}`), error: say, hide: DONE },
    signal: new AbortController().signal,
    pause: (ms) => delay(Math.min(ms, 100)),
    notYet: (text) => {
      throw new NotYet(inEnglish(text));
    },
  };
}

function proxyOf(more: Partial<HotProxy> = {}): HotProxy {
  return {
    host,
    home: proxy.home,
    user: 'admin',
    sqlPort: 2883,
    login: (timeoutMs) =>
      openObproxyAdmin({
        where: `${host.ip}:2883`,
        password: PASSWORD,
        open: () => host.tunnel(2883),
        timeoutMs,
      }),
    ...more,
  };
}

async function ask<T>(question: (admin: ObproxyAdmin) => Promise<T>): Promise<T> {
  const admin = await proxyOf().login(10_000);
  try {
    return await question(admin);
  } finally {
    admin.close();
  }
}

const rollbackTimeout = () => ask((admin) => admin.showConfig('hot_upgrade_rollback_timeout'));
const tell = (file: string, text: string) =>
  machine.sh(`mkdir -p ${proxy.home}/.standin && echo '${text}' >${proxy.home}/.standin/${file}`);
const inherited = async () => {
  const { inherited: is } = await ask((admin) => admin.upgradeInfo());
  return is;
};
async function starts(): Promise<number> {
  const { stdout } = await machine.sh(`cat ${proxy.home}/.standin/counters.json`);
  return (JSON.parse(stdout) as { starts: number }).starts;
}

/** A client in the midst of a transaction. */
async function client(): Promise<Connection> {
  const connection = await createConnection({
    host: machine.ip,
    port: 2883,
    user: 'root@t1#obcluster',
    password: 'x',
  });
  connection.on('error', DONE);
  open.push(connection);
  await connection.query('begin');
  return connection;
}

async function start(options: readonly string[] = [], home?: string): Promise<StartedByHand> {
  return startByHand(machine, {
    rpm: RPM,
    sqlPort: home === undefined ? 2883 : 3883,
    exporterPort: home === undefined ? 2884 : 3884,
    rpcPort: home === undefined ? 2885 : 3885,
    password: PASSWORD,
    source: { cluster: 'obcluster', rootServers: '127.0.0.1:1' },
    options: ['proxy_hot_upgrade_check_interval=1s', ...options],
    ...(home === undefined ? {} : { home }),
  });
}

/** Puts another program in place, as an upgrade does. */
async function put(identity: Parameters<typeof obproxyStandin>[0]): Promise<void> {
  await host.writeFile('/tmp/obproxy.new', obproxyStandin(identity), { mode: '0755', owner: 'admin' });
  await machine.sh(`mv /tmp/obproxy.new ${proxy.home}/bin/obproxy`);
}

describeIf(fleetUnavailable(), 'A hot restart on a real host', () => {
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    machine = fleet.hosts[0]!;
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  }, 120_000);
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  }, 60_000);
  beforeEach(() => {
    lines = [];
    taskId += 1;
  });
  afterEach(async () => {
    for (const connection of open.splice(0)) connection.destroy();
    await machine.sh(
      'cd /proc && for pid in [0-9]*; do [ "$(cat $pid/comm 2>/dev/null)" = obproxy ] && kill -9 $pid; done',
    );
    await until('no obproxy', () => machine.pids('obproxy').length === 0);
    await machine.sh('rpm -e obproxy-ce; rm -rf /home/admin/obproxy-* /srv/second /var/lib/obflow/1*');
  }, 60_000);

  test('keeps a transaction that is open, puts the timeout back, and happens once', async () => {
    proxy = await start();
    await tell('serve-users', '');
    const [before] = machine.pids('obproxy');
    const session = await client();
    const scope = scopeOf();
    await ask((admin) => proveReady(host, '4.3.1.0', admin));
    const process = await hotRestart(scope, proxyOf());
    expect(await inherited()).toBe(true);
    expect((await rollbackTimeout())?.value).toBe('24h');
    const [rows] = await session.query('select 7');
    expect(rows).toEqual([{ 7: '7' }]);
    // Twice: nothing is done.
    expect((await hotRestart(scope, proxyOf())).pid).toBe(process.pid);
    expect(await starts()).toBe(2);

    expect(await awaitFormer(scope, proxyOf(), 0)).toBe(false);
    expect(lines.at(-1)).toMatch(/^WARN The former process .* still has 1 connections of clients/);
    session.destroy();
    expect(await awaitFormer(scope, proxyOf(), 60_000)).toBe(true);
    // A process that has ended keeps its name until its parent has asked for its end.
    await until('the former process is buried', () => machine.pids('obproxy').length < 2);
    expect(machine.pids('obproxy')).toHaveLength(1);
    expect(machine.pids('obproxy')).not.toContain(before);
  });

  test('runs the program that is in place then', async () => {
    proxy = await start();
    await put(NEWER);
    expect(await proveProgram(proxyOf(), '4.3.2.0-9.el7')).toBe('4.3.2.0-9.el7');
    await hotRestart(scopeOf(), proxyOf());
    expect(await ask((admin) => admin.binaryInfo())).toContain('4.3.2.0-9.el7');
  });

  test('fails when the new process ends: the former one serves as before, and a retry works', async () => {
    proxy = await start();
    const before = machine.pids('obproxy');
    await tell('inherited', 'exit');
    const failure = await failureOf(hotRestart(scopeOf(), proxyOf()));
    expect(failure.type).toBe('HotRestartFailed');
    expect(failure.message).toMatch(/serves as before; log\/obproxy\.log says: .*sub process exit/);
    expect(machine.pids('obproxy')).toEqual(before);
    expect((await rollbackTimeout())?.value).toBe('24h');
    await machine.sh(`rm ${proxy.home}/.standin/inherited`);
    await hotRestart(scopeOf(2), proxyOf());
    expect(await inherited()).toBe(true);
  });

  test('an undo takes the command and the timeout back, and does nothing when nothing was noted', async () => {
    proxy = await start(['proxy_hot_upgrade_check_interval=1h']);
    await restoreRollbackTimeout(scopeOf(), proxyOf());
    const gone: HotProxy = {
      ...proxyOf(),
      login: async (timeoutMs) => {
        const admin = await proxyOf().login(timeoutMs);
        const localCommand = async (command: 0 | 2 | 3 | 4) => {
          await admin.localCommand(command);
          throw new Error('the worker is gone');
        };
        return { ...admin, localCommand };
      },
    };
    await failureOf(hotRestart(scopeOf(), gone));
    const command = () => ask((admin) => admin.showConfig('proxy_local_cmd'));
    expect([(await rollbackTimeout())?.value, (await command())?.value]).toEqual(['120s', '2']);
    await restoreRollbackTimeout(scopeOf(), proxyOf());
    expect([(await rollbackTimeout())?.value, (await command())?.value]).toEqual(['24h', '0']);
  });

  test('is refused for a program that is missing, another one, or lacks a library, and for an old proxy', async () => {
    proxy = await start();
    const refused = async (version = '4.3.1.0') => {
      const { type, message } = await failureOf(proveProgram(proxyOf(), version));
      return `${type}: ${message}`;
    };
    expect(await refused('4.3.2.0')).toMatch(/^ObproxyVersionDiffers: .*4\.3\.1\.0-4\.el7, not 4\.3\.2\.0/);
    expect(await refused('4.3.1.0-5')).toMatch(/^ObproxyVersionDiffers/);
    await put({ version: '4.3.1.0', release: '4.el7', library: 'libextra.so.1' });
    expect(await refused()).toMatch(/^ProgramDoesNotRun: .*libextra\.so\.1: cannot open shared object/);
    await machine.sh(`chmod 644 ${proxy.home}/bin/obproxy`);
    expect(await refused()).toMatch(/^ProgramMissing/);
    await machine.sh(`rm -r ${proxy.home}`);
    expect(await refused()).toMatch(/^ProgramMissing: .*cannot use the folder/);
    const failure = await failureOf(ask((admin) => proveReady(host, '3.2.0', admin)));
    expect(failure).toMatchObject({ type: 'ObproxyTooOld', code: 'ODP21018' });
  });

  describeIf(longRunOnly(), 'whatever comes between', () => {
    test('of one proxy leaves another of the host alone', async () => {
      const second = await start([], '/srv/second');
      proxy = await start();
      await hotRestart(scopeOf(), proxyOf());
      const { stdout } = await machine.sh(`readlink /proc/${second.pid}/cwd`);
      expect(stdout.trim()).toBe('/srv/second');
    });

    test('goes on from wherever an attempt broke off, and still happens once', async () => {
      proxy = await start();
      const CHANGES = ['writeFile', 'alter', 'localCommand'];
      /** The worker dies at the change of this number: before it is made, or before anybody hears that it was. */
      const breaking = (at: number, made: boolean): { proxy: HotProxy; over: () => boolean } => {
        let changes = 0;
        const counted = <T extends object>(target: T): T =>
          new Proxy(target, {
            get: (of, name) => {
              const value = Reflect.get(of, name) as unknown;
              if (typeof value !== 'function' || !CHANGES.includes(String(name))) return value;
              return async (...args: unknown[]) => {
                changes += 1;
                if (changes === at && !made) throw new Error('the worker is gone');
                const answer: unknown = await Reflect.apply(value, of, args);
                if (changes === at) throw new Error('the worker is gone');
                return answer;
              };
            },
          });
        const whole = proxyOf();
        const login = async (timeoutMs: number) => counted(await whole.login(timeoutMs));
        return { proxy: { ...whole, host: counted(host), login }, over: () => changes < at };
      };
      let generations = await starts();
      let rounds = 0;
      for (const made of [false, true]) {
        for (let at = 1; ; at += 1) {
          taskId += 1;
          const scope = scopeOf();
          const broken = breaking(at, made);
          const outcome = await hotRestart(scope, broken.proxy).then(
            () => 'done',
            (error: Error) => error.message,
          );
          expect(outcome).toBe(broken.over() ? 'done' : 'the worker is gone');
          await hotRestart(scope, proxyOf());
          generations += 1;
          rounds += 1;
          expect({ at, made, starts: await starts() }).toEqual({ at, made, starts: generations });
          expect((await rollbackTimeout())?.value).toBe('24h');
          await awaitFormer(scope, proxyOf(), 60_000);
          if (broken.over()) break;
        }
      }
      expect(rounds).toBe(16);
    }, 240_000);

    test('fails when the new process hangs, as soon as the proxy has taken it back', async () => {
      proxy = await start(['hot_upgrade_rollback_timeout=3s']);
      const before = machine.pids('obproxy');
      await tell('inherited', 'hang');
      const held = await proxyOf().login(10_000);
      const restart = failureOf(hotRestart(scopeOf(), proxyOf()));
      await until('it is under way', async () => !(await held.upgradeInfo()).accepts);
      expect((await failureOf(proveReady(host, '4.3.1.0', held))).type).toBe('HotRestartUnderWay');
      const failure = await restart;
      held.close();
      expect(failure.type).toBe('HotRestartFailed');
      expect(machine.pids('obproxy')).toEqual(before);
      // Shorter than ours: it stays.
      expect((await rollbackTimeout())?.value).toBe('3s');
    });

    test('waits for a new process that is slow', async () => {
      proxy = await start();
      await tell('inherited', 'delay 4000');
      await hotRestart(scopeOf(), proxyOf());
      expect(await inherited()).toBe(true);
      expect(await starts()).toBe(2);
    });

    test('gives the command twice, and says when no notice is taken of it', async () => {
      proxy = await start();
      let given = 0;
      const deaf: HotProxy = {
        ...proxyOf(),
        login: async (timeoutMs) => {
          const admin = await proxyOf().login(timeoutMs);
          const localCommand = async (command: 0 | 2 | 3 | 4) => {
            if (command === 2) given += 1;
          };
          return { ...admin, localCommand };
        },
      };
      expect((await failureOf(hotRestart(scopeOf(), deaf))).type).toBe('HotRestartIgnored');
      expect(given).toBe(2);
      expect((await rollbackTimeout())?.value).toBe('24h');
    });

    test('takes a proxy that was started anew meanwhile, and says what that cost', async () => {
      proxy = await start();
      const deaf: HotProxy = {
        ...proxyOf(),
        login: async (timeoutMs) => ({
          ...(await proxyOf().login(timeoutMs)),
          localCommand: async () => undefined,
        }),
      };
      const restart = hotRestart(scopeOf(), deaf);
      await until('the command is given', () => lines.length > 0);
      await machine.sh(`kill -9 ${machine.pids('obproxy').join(' ')}`);
      await until('it is gone', () => machine.pids('obproxy').length === 0);
      await machine.sh(`cd ${proxy.home} && runuser -u admin -- ./bin/obproxy >/dev/null 2>&1`);
      await restart;
      expect(lines.join('\n')).toMatch(/WARN pid \d+ ended by itself .* the sessions it had are lost/);
      expect((await rollbackTimeout())?.value).toBe('24h');
    });
  });
});
