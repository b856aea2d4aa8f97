import { connect, createServer, type Server, type Socket } from 'node:net';
import { openCluster } from '../../oceanbase/clusterSession';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { ACCESS_DENIED, openObserver } from '../../oceanbase/observerSql';
import {
  couldNotAsk,
  isUnanswered,
  openSqlSession,
  SqlConnectionError,
  SqlError,
} from '../../oceanbase/sqlSession';
import { PermanentError, TransientError } from '../../runtime/errors';
import { startMysqlServer } from '../../sandbox/standins/mysql/server';
import { type Observer, startObserver } from '../../sandbox/standins/observer';
import { ANY_ADDRESS } from '../support/addresses';

const PASSWORD = 'aaBB11..planted';
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** A port that takes connections and says nothing. */
async function silentPort(): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as { port: number }).port;
}

async function observer(version?: string): Promise<Observer> {
  const started = await startObserver({
    host: '127.0.0.1',
    port: 0,
    clusterName: 'c',
    obClusterId: 1,
    users: { 'root@sys': PASSWORD, 'proxyro@sys': PASSWORD },
    ...(version === undefined ? {} : { version }),
  });
  open.push({ close: () => started.stop() });
  return started;
}

const login = (port: number, more: object = {}) => ({
  to: { ip: '127.0.0.1', port, addresses: ANY_ADDRESS },
  user: 'proxyro@sys',
  password: PASSWORD,
  timeoutMs: 5_000,
  ...more,
});

describe('a session with a database', () => {
  test('does not wait for a server that says nothing', async () => {
    const port = await silentPort();
    const error = await openSqlSession(login(port, { timeoutMs: 200 })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SqlConnectionError);
  });

  test('tells a refused connection from a refused login', async () => {
    const { port } = await observer();
    await expect(openSqlSession(login(1))).rejects.toBeInstanceOf(SqlConnectionError);
    const refused = openSqlSession(login(port, { password: 'wrong' }));
    await expect(refused).rejects.toMatchObject({ errno: ACCESS_DENIED });
  });

  test('ends a statement that is not answered, and every later one at once', async () => {
    const server = await startMysqlServer<object>('127.0.0.1', 0, {
      serverVersion: '5.6.25',
      login: () => ({ session: {} }),
      query: () => new Promise<never>(() => undefined),
      useDatabase: () => ({ kind: 'ok' }),
    });
    open.push(server);
    const session = await openSqlSession(login(server.port, { timeoutMs: 300 }));
    await expect(session.query('select 1')).rejects.toThrow(/no answer within 300 ms/);
    await expect(session.query('select 1')).rejects.toBeInstanceOf(SqlConnectionError);
    session.close();
  });

  test('ends with the signal of its caller', async () => {
    const port = await silentPort();
    const stop = new AbortController();
    const opening = openSqlSession(login(port, { signal: stop.signal }));
    stop.abort();
    await expect(opening).rejects.toBeInstanceOf(SqlConnectionError);
  });

  test('keeps no statement, and so no password, in an error', async () => {
    const { port } = await observer();
    const session = await openSqlSession(login(port));
    const error = await session.query(`nonsense '${PASSWORD}'`).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SqlError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('planted');
    session.close();
  });
});

describe('an error of a question', () => {
  const answered = (errno: number) => new SqlError(errno, 'planted');

  test('is no answer when none came, or the server gives up, boots, or does not hold the tenant now', () => {
    const none = [new SqlConnectionError('lost'), ...[4012, 8001, 5150].map(answered)];
    expect(none.map(couldNotAsk)).toEqual([true, true, true, true]);
    const answers = [...[1045, 1142, 1146, 4179].map(answered), new Error('of ours'), undefined];
    expect(answers.map(couldNotAsk)).toEqual(answers.map(() => false));
  });

  test('leaves what a change did unknown, unless the server has not begun it', () => {
    const errors = [new SqlConnectionError('lost'), ...[4012, 8001, 5150].map(answered)];
    expect(errors.map(isUnanswered)).toEqual([true, true, false, false]);
  });
});

describe('an observer', () => {
  test.each(['4.2.1.0', '3.1.4'])('of %s tells its version, servers, grants and users', async (version) => {
    const { port } = await observer(version);
    const session = await openObserver({
      ip: '127.0.0.1',
      sqlPort: port,
      addresses: ANY_ADDRESS,
      user: 'root',
      password: PASSWORD,
    });
    expect(await session.version()).toBe(version);
    expect(await session.servers(version)).toEqual([
      { ip: '127.0.0.1', sqlPort: port, status: expect.stringMatching(/^active$/i) },
    ]);
    expect((await session.grants()).join()).toContain('GRANT');
    expect(await session.hasUser('proxyro')).toBe(true);
    expect(await session.hasUser('nobody')).toBe(false);
    await session.createReader('reader', "aa'BB11..");
    session.close();
    const reader = await openObserver({
      ip: '127.0.0.1',
      sqlPort: port,
      addresses: ANY_ADDRESS,
      user: 'reader',
      password: "aa'BB11..",
    });
    expect(await reader.servers(version)).toHaveLength(1);
    reader.close();
  });
});

describe('the servers of a cluster', () => {
  const started = async (more: object) => {
    const server = await startObserver({
      ...{ host: '127.0.0.1', port: 0, clusterName: 'c', obClusterId: 1, users: { 'root@sys': PASSWORD } },
      ...more,
    });
    open.push({ close: () => server.stop() });
    return { ip: '127.0.0.1', sqlPort: server.port };
  };
  const cluster = (...servers: { ip: string; sqlPort: number }[]) =>
    openCluster({ servers, addresses: ANY_ADDRESS, user: 'root@sys', password: PASSWORD });

  test('are asked one after the other while they boot (8001; 5150 a moment later); when all do, that is no refusal', async () => {
    const [booting, other] = [await started({ booting: true }), await started({})];
    const session = await cluster(booting, other);
    expect(session.at).toBe(`127.0.0.1:${other.sqlPort}`);
    session.close();
    const error = await cluster(booting, { ip: '127.0.0.1', sqlPort: 1 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SqlConnectionError);
    expect(String(error)).toMatch(/initializing.*ECONNREFUSED/);
  });

  test('that let in nobody are waited for no longer than a login may take, however long a statement may', async () => {
    const server = await startMysqlServer<object>('127.0.0.1', 0, {
      serverVersion: '5.6.25',
      login: () => ({ session: {} }),
      query: () => new Promise<never>(() => undefined),
      useDatabase: () => ({ kind: 'ok' }),
    });
    open.push(server);
    const silent = [server.port, await silentPort()].map((sqlPort) => ({ ip: '127.0.0.1', sqlPort }));
    const target = { addresses: ANY_ADDRESS, user: 'root@sys', password: PASSWORD, timeoutMs: 120_000 };
    await expect(openCluster({ ...target, servers: silent, loginMs: 200 })).rejects.toThrow(
      /no answer within 200 ms.*(no answer|ETIMEDOUT)/,
    );
    const working = await started({});
    const session = await openCluster({ ...target, servers: [...silent, working], loginMs: 2_000 });
    expect(session.at).toBe(`127.0.0.1:${working.sqlPort}`);
    session.close();
  });

  test('have refused the login when none of them lets in, whoever else is away', async () => {
    const [strict, other] = [await started({ users: { 'root@sys': 'x' } }), await started({ booting: true })];
    await expect(cluster(strict, other)).rejects.toMatchObject({ errno: ACCESS_DENIED });
    await expect(cluster(other, strict)).rejects.toMatchObject({ errno: ACCESS_DENIED });
  });

  test('are silent or gone: only a machine that says so proves that nobody listens', async () => {
    const nobody = { ip: '127.0.0.1', sqlPort: 1 };
    const silent = { ip: '127.0.0.1', sqlPort: await silentPort() };
    const booting = await started({ booting: true });
    const said = async (...servers: { ip: string; sqlPort: number }[]) => {
      const target = {
        servers,
        addresses: ANY_ADDRESS,
        user: 'root@sys',
        password: PASSWORD,
        timeoutMs: 300,
      };
      const error = await openCluster(target).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SqlConnectionError);
      return (error as SqlConnectionError).nobodyListens;
    };
    expect(await said(nobody, nobody)).toBe(true);
    expect([await said(nobody, silent), await said(silent, nobody)]).toEqual([false, false]);
    expect([await said(nobody, booting), await said()]).toEqual([false, false]);
  });

  test('that may not tell where tenants live are no servers without tenants', async () => {
    const server = await started({});
    const root = await cluster(server);
    await root.alter(`CREATE USER reader IDENTIFIED BY '${PASSWORD}'`);
    const units = { ip: '127.0.0.1', rpcPort: 2882 };
    expect(await root.units(units)).toBe(0);
    root.close();
    const reader = await openCluster({
      ...{ servers: [server], addresses: ANY_ADDRESS, user: 'reader', password: PASSWORD },
    });
    await expect(reader.units(units)).rejects.toMatchObject({ errno: 1142 });
    // What is only shown is left out.
    expect(await reader.tenantCount()).toBeUndefined();
    reader.close();
  });

  test('tell the name that the cluster gives itself, as far as they let us ask', async () => {
    const name = async (more: object) => {
      const { ip, sqlPort } = await started(more);
      const to = { ip, sqlPort, addresses: ANY_ADDRESS, user: 'root', password: PASSWORD };
      const session = await openObserver(to);
      const own = await session.clusterName((more as { version?: string }).version ?? '4.2.1.0');
      session.close();
      return own;
    };
    expect(await name({})).toBe('c');
    expect(await name({ version: '3.1.4' })).toBe('c');
    expect(await name({ without: ['GV$OB_PARAMETERS'] })).toBeUndefined();
  });
});

describe('the administration connection', () => {
  const stream = (port: number) => async () => connect(port, '127.0.0.1');

  test('names both causes of a refused login', async () => {
    const { port } = await observer();
    const error = await openObproxyAdmin({ where: 'p:2883', password: 'wrong', open: stream(port) }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(PermanentError);
    expect(String(error)).toMatch(/ODP10001.*wrong password.*address/);
  });

  test('that gets no answer may be tried again, and leaves no stream open', async () => {
    const port = await silentPort();
    const socket = connect(port, '127.0.0.1');
    const error = await openObproxyAdmin({
      where: 'p:2883',
      password: PASSWORD,
      timeoutMs: 200,
      open: async () => socket,
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
    expect(socket.destroyed).toBe(true);
  });

  test.each([4012, 8001, 5150])(
    'that answers %i may be tried again, and is no older version',
    async (code) => {
      const server = await startMysqlServer<object>('127.0.0.1', 0, {
        serverVersion: '5.6.25',
        login: () => ({ session: {} }),
        query: () => ({ kind: 'error', error: { code, message: 'planted' } }),
        useDatabase: () => ({ kind: 'drop' }),
      });
      open.push(server);
      const admin = await openObproxyAdmin({ where: 'p:2883', password: 'x', open: stream(server.port) });
      for (const asked of [admin.binaryInfo(), admin.status(), admin.changedNames()]) {
        await expect(asked).rejects.toBeInstanceOf(TransientError);
      }
      admin.close();
    },
  );

  test('notices a value that the proxy cut silently', async () => {
    const said: string[] = [];
    const server = await startMysqlServer<object>('127.0.0.1', 0, {
      serverVersion: '5.6.25',
      login: () => ({ session: {} }),
      query: (_session, sql) => {
        said.push(sql);
        if (sql.startsWith('alter')) return { kind: 'ok' };
        return { kind: 'rows', columns: ['name', 'value', 'need_reboot'], rows: [['a_b', 'cut', 'false']] };
      },
      useDatabase: () => ({ kind: 'drop' }),
    });
    open.push(server);
    const admin = await openObproxyAdmin({ where: 'p:2883', password: 'x', open: stream(server.port) });
    await expect(admin.alter('a_b', 'cut off')).rejects.toMatchObject({ type: 'ObproxyParameterDiffers' });
    await expect(admin.alter('a_b', "it's")).rejects.toBeInstanceOf(RangeError);
    await expect(admin.alter('a; b', 'x')).rejects.toBeInstanceOf(RangeError);
    admin.close();
    expect(said).toEqual(["alter proxyconfig set a_b = 'cut off'", "show proxyconfig like 'a_b'"]);
  });
});
