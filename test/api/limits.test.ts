import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { createLoggerTo } from '../../runtime/logger';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { until } from '../support/until';
import { basic, type Json, PASSWORD, startTestApi, type TestApi } from './harness';

let api: TestApi | undefined;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await api?.stop();
  api = undefined;
});

const incoming = (dataDir: string) => {
  try {
    return readdirSync(path.join(dataDir, 'packages'));
  } catch {
    return [];
  }
};

describe('an upload', () => {
  test('over the size limit is refused, announced or not, and leaves nothing', async () => {
    api = await startTestApi({ http: { maxPackageBytes: 100_000 } });
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(200_000)]), 'x.rpm');
    const { status, body } = await api.send('POST', '/api/v2/software-packages', form);
    expect([status, body.error.code]).toEqual([413, 'COM10003']);
    expect(body.error.message).toContain('OBFLOW_MAX_PACKAGE_MB');
    // Announced by its length: refused before any of it was read.
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.write(
      `POST /api/v2/software-packages HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('admin', PASSWORD)}\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000000\r\n\r\n',
    );
    await until('it is answered', () => text.includes('\r\n\r\n'));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(incoming(api.dataDir)).toEqual([]);
  });

  test('of a thousand parts is refused, and one with a few fields beside the file is not', async () => {
    api = await startTestApi();
    const form = (fields: number, rpm?: Buffer) => {
      const all = new FormData();
      for (let i = 0; i < fields; i++) all.append(`field${i}`, 'x'.repeat(1000));
      if (rpm !== undefined) all.set('file', new Blob([new Uint8Array(rpm)]), 'x.rpm');
      return all;
    };
    const { status, body } = await api.send('POST', '/api/v2/software-packages', form(1000));
    expect([status, body.error.code]).toEqual([400, 'COM10003']);
    expect(body.error.message).toContain('more parts');
    const rpm = readFileSync(
      await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' }),
    );
    const stored = await api.send('POST', '/api/v2/software-packages', form(5, rpm));
    expect([stored.status, stored.body.data.size]).toEqual([200, rpm.length]);
    expect(incoming(api.dataDir)).toHaveLength(1);
  });
});

test('connections beyond the limit are closed, the others served, and a place that falls free is given again', async () => {
  const lines: string[] = [];
  const logger = createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info');
  api = await startTestApi({ http: { maxConnections: 3 }, logger });
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
});

test('the documentation page may load nothing from elsewhere, and nobody may frame it', async () => {
  api = await startTestApi();
  const { headers } = await api.send('GET', '/api-docs');
  expect(headers.get('content-security-policy')).toMatch(/default-src 'self';.*frame-ancestors 'none'/);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test.each([
  [['127.0.0.1'], 0],
  [['127.0.0.1', '0.0.0.0'], 1],
])('listening on %j in clear text warns %i time(s)', async (hosts, warnings) => {
  const lines: string[] = [];
  const logger = createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info');
  api = await startTestApi({ listen: hosts.map((host) => ({ host, port: 0 })), logger });
  expect(lines.filter((line) => line.includes('OBFLOW_TLS_CERT'))).toHaveLength(warnings);
});
