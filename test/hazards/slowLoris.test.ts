/** Holding connections by doing next to nothing on each of them. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';
import { guardAgainstSlowClients } from '../../api/http/slowClients';
import { createLoggerTo } from '../../runtime/logger';
import { basic, type Json, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { makeCertificate } from '../support/certificates';
import { until } from '../support/until';
import { startMeasuredApi } from './measuredApi';

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

test('connections beyond the limit are closed, the others served, and a place that falls free is given again', async () => {
  const lines: string[] = [];
  const logger = createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info');
  const api = await startTestApi({ http: { maxConnections: 3 }, logger });
  const { hostname, port } = new URL(api.url);
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  const held = await Promise.all([open(), open(), open()]);
  for (const socket of held) socket.write('GET /api/status HTTP/1.1\r\n');
  const fourth = await open();
  await new Promise((resolve) => fourth.once('close', resolve));
  expect(lines.map((line) => JSON.parse(line) as Json)).toContainEqual(
    expect.objectContaining({ level: 'warn', maxConnections: 3 }),
  );
  held[0]?.write('Host: x\r\n\r\n');
  const answer = await new Promise<string>((resolve) =>
    held[0]?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  held[1]?.destroy();
  await until('a new connection is served', async () => {
    const socket = await open();
    socket.write('GET /api/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    return new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true));
      socket.once('close', () => resolve(false));
    });
  });
  for (const socket of sockets) socket.destroy();
  await api.stop();
});

test('a TLS handshake that does not come, or comes byte by byte, ends with the time of the headers', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-slow-'));
  const tls = makeCertificate(folder, 'slow');
  const api = await startTestApi({ http: { minRate, tls } });
  try {
    const silent = open(api.url);
    const slow = open(api.url);
    slow.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x10, 0x00]));
    void trickle(slow.socket, 1_000, 1, 50);
    for (const { closed } of [silent, slow]) expect(await closed).toBeLessThan(15_000);
  } finally {
    await api.stop();
    rmSync(folder, { recursive: true });
  }
});

test('hundreds of idle connections cost little memory, and who comes after them is served', async () => {
  const api = await startMeasuredApi({ maxConnections: 1_000 });
  try {
    const idle = Array.from({ length: 900 }, () => open(api.url));
    await Promise.all(idle.map(({ socket }) => once(socket, 'connect')));
    // Half of them have been served before and wait for what may come next, the others have begun a request.
    for (const [index, { socket }] of idle.entries()) {
      socket.write(
        index % 2 ? 'GET /api/status HTTP/1.1\r\nHost: x\r\n\r\n' : 'GET /api/status HTTP/1.1\r\n',
      );
    }
    await until(
      'half of them are answered',
      () => idle.every(({ text }, i) => i % 2 === 0 || text() !== ''),
      30_000,
    );
    await until('there is room for one more', async () => {
      const answer = await fetch(`${api.url}/api/status`).catch(() => undefined);
      return answer?.status === 200;
    });
    const { grown } = await api.measure();
    // 4 to 30 seen.
    expect(grown).toBeLessThan(100);
  } finally {
    for (const socket of sockets) socket.destroy();
    await api.stop();
  }
});
