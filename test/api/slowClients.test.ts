import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';
import { guardAgainstSlowClients } from '../../api/slowClients';
import { makeCertificate } from '../support/certificates';
import { until } from '../support/until';
import { basic, PASSWORD, startTestApi, type TestApi } from './harness';

const LOGIN = `Authorization: ${basic('admin', PASSWORD)}\r\n`;
/** 1000 bytes in each second. */
const minRate = { limit: 1000, seconds: 1 };

let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

interface Client {
  readonly socket: Socket;
  text(): string;
  readonly closed: Promise<number>;
}

/** A raw connection; `closed` resolves to the milliseconds it lived. */
function open(url: string): Client {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const start = performance.now();
  const closed = new Promise<number>((resolve) =>
    socket.once('close', () => resolve(performance.now() - start)),
  );
  return { socket, text: () => text, closed };
}

/** Writes a piece every `ms` until the connection is gone or all is sent. */
async function trickle(socket: Socket, pieces: number, size: number, ms: number): Promise<void> {
  for (let i = 0; i < pieces && !socket.destroyed && socket.writable; i++) {
    socket.write('x'.repeat(size));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

describe('a client that sends slowly', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ http: { minRate } });
  });
  afterAll(() => api.stop());

  test('is cut off with 408, whatever it is that trickles: a body of JSON, a package, headers', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.rpm"\r\n\r\n';
    const head = (path: string, type: string) =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\n${LOGIN}X-Trace-Id: slow-1\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`;
    const starts = [
      head('/api/v2/obproxy/clusters', 'application/json'),
      head('/api/v2/software-packages', 'multipart/form-data; boundary=b') + part,
      'GET / HTTP/1.1\r\nHost: x\r\n',
    ];
    const clients = starts.map((start) => {
      const client = open(api.url);
      client.socket.write(start);
      void trickle(client.socket, 1_000, 1, 50);
      return client;
    });
    const silent = open(api.url);
    // Answered before its body came.
    const refused = open(api.url);
    refused.socket.write('POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
    void trickle(refused.socket, 1_000, 1, 50);
    for (const { closed, text } of clients) {
      expect(await closed).toBeGreaterThan(900);
      const [top = '', body = ''] = text().split('\r\n\r\n');
      expect(top).toMatch(/^HTTP\/1\.1 408 /);
      expect(JSON.parse(body)).toMatchObject({ status: 408, error: { code: 'COM10003' } });
    }
    expect(clients.map(({ text }) => text().includes('"slow-1"'))).toEqual([true, true, false]);
    await Promise.all([silent.closed, refused.closed]);
    expect(refused.text()).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('is served when it is slow but honest', async () => {
    const client = open(api.url);
    const size = 4_500;
    client.socket.write(
      `POST /api/v2/obproxy/clusters HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${LOGIN}Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
    );
    // Two windows long, at twice the least rate.
    await trickle(client.socket, size / 100, 100, 45);
    await client.closed;
    expect(client.text()).toMatch(/^HTTP\/1\.1 400 /);
    expect(client.text()).toContain('not valid JSON');
  });

  test('does not stand in the way of others', async () => {
    const slow = Array.from({ length: 50 }, () => open(api.url));
    for (const { socket } of slow) {
      socket.write(
        `POST /api/v2/obproxy/clusters HTTP/1.1\r\nHost: x\r\n${LOGIN}Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{`,
      );
    }
    expect((await api.send('GET', '/api/v2/info')).status).toBe(200);
    await Promise.all(slow.map(({ closed }) => closed));
  });
});

describe.each(['http', 'https'] as const)('a client that reads its answer slowly over %s', (scheme) => {
  const BIG = 32 * 1024 ** 2;
  let folder: string;
  let server: Server;
  let guard: { stop(): void };
  let serverSockets: Socket[];
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-slow-'));
    serverSockets = [];
    const listener: RequestListener = (request, response) => {
      serverSockets.push(request.socket);
      if (request.url === '/events') response.write('one');
      else response.end(Buffer.alloc(BIG, 'x'));
    };
    if (scheme === 'http') server = createServer(listener);
    else {
      const { certFile, keyFile } = makeCertificate(folder, 'slow');
      server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, listener);
    }
    guard = guardAgainstSlowClients(server, minRate, () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    guard.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  async function ask(what: string): Promise<Socket> {
    const { port } = server.address() as AddressInfo;
    const socket =
      scheme === 'http'
        ? connect({ port, host: '127.0.0.1' })
        : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, scheme === 'http' ? 'connect' : 'secureConnect');
    socket.write(`GET ${what} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket;
  }

  test('is cut off when it takes next to nothing', async () => {
    const before = serverSockets.length;
    const socket = await ask('/big');
    socket.pause();
    await until('the request has come', () => serverSockets.length > before);
    await until('the connection is cut', () => serverSockets.at(-1)?.destroyed === true, 20_000);
  });

  test('gets all of it when it takes its time, and is left alone when there is nothing to read', async () => {
    const before = serverSockets.length;
    await ask('/events');
    await until('the request has come', () => serverSockets.length > before);
    const quiet = serverSockets.at(-1)!;
    const socket = await ask('/big');
    let size = 0;
    let pauses = 0;
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // Longer than a window in all, never a window long at once.
      if (pauses < 7 && size > pauses * 1024 ** 2) {
        pauses += 1;
        socket.pause();
        setTimeout(() => socket.resume(), 250);
      }
    });
    await until('all of it has come', () => size > BIG, 30_000);
    expect(pauses).toBe(7);
    expect(quiet.destroyed).toBe(false);
  });
});
