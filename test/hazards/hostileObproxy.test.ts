/** An OBProxy or observer that is none: it speaks MySQL as far as it likes. */
import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { openSqlSession, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { startMysqlServer } from '../../sandbox/standins/mysql/server';
import { ANY_ADDRESS } from '../support/addresses';

const PASSWORD = 'Planted-pa55word';
const MIB = 1024 * 1024;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A port where `serve` gets every connection. */
async function port(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as { port: number }).port;
}

const session = (to: number, timeoutMs = 15_000) =>
  openSqlSession({
    to: { ip: '127.0.0.1', port: to, addresses: ANY_ADDRESS },
    user: 'root@proxysys',
    password: PASSWORD,
    timeoutMs,
  });

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SqlError || error instanceof SqlConnectionError)) {
    throw new Error(`expected an error of the session, got ${String(error)}`);
  }
  expect(error.message).not.toContain(PASSWORD);
  return error;
}

test.each<[string, (socket: Socket) => void]>([
  ['random bytes', (socket) => socket.write(randomBytes(4_096))],
  ['HTTP', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a packet that announces 16 MB and stops', (socket) => socket.write(Buffer.from([255, 255, 255, 0, 10]))],
  ['an empty packet', (socket) => socket.write(Buffer.from([0, 0, 0, 0]))],
  ['the end', (socket) => socket.end()],
])('%s instead of a greeting is an error of the connection', async (_what, serve) => {
  await failureOf(session(await port(serve), 1_000));
});

async function answering(rows: number, width: number): Promise<number> {
  const server = await startMysqlServer<object>('127.0.0.1', 0, {
    serverVersion: '5.6.25',
    login: () => ({ session: {} }),
    query: () => ({
      kind: 'rows',
      columns: ['name'],
      rows: Array.from({ length: rows }, () => ['x'.repeat(width)]),
    }),
    useDatabase: () => ({ kind: 'drop' }),
  });
  closing.push(() => server.close());
  return server.port;
}

test('an answer without end is cut off after 32 MiB, and says so', async () => {
  const admin = await session(await answering(80, MIB));
  const error = await failureOf(admin.query('SHOW PROXYCONFIG'));
  expect(error.message).toContain('longer than 32 MiB');
});

test('what earlier answers brought does not count against the next one', async () => {
  const admin = await session(await answering(20, MIB));
  for (let i = 0; i < 3; i++) expect(await admin.query('SHOW PROXYCONFIG')).toHaveLength(20);
  admin.close();
});
