/** Requests whose head, or whose form, is not what it should be. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { buildObproxyRpm } from '../../sandbox/standins/rpm';
import { basic, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { until } from '../support/until';

let api: TestApi;
let rpm: Buffer;
beforeAll(async () => {
  api = await startTestApi({ http: { minRate: { limit: 1_000, seconds: 1 } } });
  rpm = readFileSync(await buildObproxyRpm({ name: 'obproxy', version: '1.9.1.1', release: '1919579.el7' }));
});
afterAll(() => api.stop());

const LOGIN = `Authorization: ${basic('admin', PASSWORD)}\r\n`;

/** All that comes back for these bytes until the connection is closed. */
async function raw(...pieces: (string | Uint8Array)[]): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const piece of pieces) socket.write(piece);
  await closed;
  return text;
}

/** Status lines of the answers in what came back. */
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
const files = () => {
  try {
    return readdirSync(path.join(api.dataDir, 'packages'));
  } catch {
    return [];
  }
};

describe('a head', () => {
  const get = (more: string) =>
    `GET /api/v2/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${LOGIN}${more}\r\n`;

  test.each<[string, string, number]>([
    ['with one header of 20 KB', get(`X-Long: ${'a'.repeat(20_000)}\r\n`), 431],
    ['with 3000 headers', get(Array.from({ length: 3_000 }, (_, i) => `X-${i}: a\r\n`).join('')), 431],
    ['with a URL of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['with 4000 headers of four bytes', get('a:\r\n'.repeat(4_000)), 431],
    ['without Host', `GET /api/v2/info HTTP/1.1\r\nConnection: close\r\n${LOGIN}\r\n`, 400],
    [
      'with two Hosts',
      `GET /api/v2/info HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n${LOGIN}\r\n`,
      400,
    ],
    ['with a header of two lines', get('X-A: a\r\n b: c\r\n'), 400],
    ['with a space in a name', get('X A: a\r\n'), 400],
    ['with NUL in a value', get('X-A: a\0b\r\n'), 400],
    ['with a bare line feed', get('X-A: a\nX-B: b\r\n'), 400],
    ['of another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['of a method nobody knows', get('').replace('GET', 'FOO'), 400],
    ['of TRACE', get('').replace('GET', 'TRACE'), 405],
    ['of CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n', 0],
  ])('%s is refused, and nothing of it served', async (_what, head, status) => {
    const text = await raw(head);
    expect(statuses(text)).toEqual(status === 0 ? [] : [status]);
    if (status !== 0) expect(text).toMatch(/"code":"COM1000[13]"/);
    expect(text).not.toContain(PASSWORD);
  });

  const smuggled = 'GET /api/v2/info HTTP/1.1\r\nHost: smuggled\r\n\r\n';
  test.each<[string, string]>([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a length and chunks', `Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks by another name', `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['chunks twice', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a space before the colon', `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
    ['a length in hex', 'Content-Length: 0x5\r\n\r\nhello'],
    ['a length below nothing', 'Content-Length: -1\r\n\r\n'],
    ['a chunk of a size that is none', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n'],
    ['a chunk larger than numbers', `Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(20)}\r\nhello`],
  ])('with %s has one answer at the most, and no second request in its body', async (_what, rest) => {
    const text = await raw(
      `POST /api/v2/obproxy/clusters HTTP/1.1\r\nHost: x\r\n${LOGIN}Content-Type: application/json\r\n${rest}`,
    );
    expect(statuses(text)).toEqual([400]);
  });

  test('is not reflected as a header: neither trace id, nor path, nor Host, nor language', async () => {
    const evil = 'x%0d%0aSet-Cookie:%20evil=1';
    for (const [target, more] of [
      ['/api/v2/info', `X-Trace-Id: a b${evil}\r\n`],
      [`/${evil}`, ''],
      [`/api/v2/software-packages?keyword=${evil}`, ''],
      [`/api/v2/files/sys-package/${evil}`, ''],
      ['/api/v2/info', `Accept-Language: ${evil}\r\n`],
      ['/api/v2/info', `Idempotency-Key: ${evil}\r\n`],
      ['//evil.example/..', ''],
    ]) {
      const text = await raw(
        `GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n${LOGIN}${more}\r\n`,
      );
      const [head = '', body = ''] = text.split('\r\n\r\n');
      expect(head).not.toMatch(/evil/i);
      expect(body).not.toContain('evil.example:');
      expect(head).not.toMatch(/^location:/im);
    }
  });
});

describe('an upload', () => {
  const B = 'b0undary';
  const post = (type: string, body: (string | Uint8Array)[], length?: number) =>
    raw(
      `POST /api/v2/software-packages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${LOGIN}Content-Type: ${type}\r\n` +
        `Content-Length: ${length ?? body.reduce((sum, piece) => sum + Buffer.byteLength(piece as string), 0)}\r\n\r\n`,
      ...body,
    );
  const form = `multipart/form-data; boundary=${B}`;
  const part = (head: string, content: string) => `--${B}\r\n${head}\r\n\r\n${content}\r\n`;
  const FILE = 'Content-Disposition: form-data; name="file"; filename="x.rpm"';
  const field = (name: string) => `Content-Disposition: form-data; name="${name}"`;
  const END = `--${B}--\r\n`;

  test.each<[string, string, string[]]>([
    ['of a thousand fields', form, [...Array(1_000).fill(part(field('f'), 'x')), END]],
    ['of a thousand files', form, [...Array(1_000).fill(part(FILE.replace('"file"', '"other"'), 'x')), END]],
    ['of a thousand files of the right name', form, [...Array(1_000).fill(part(FILE, 'x')), END]],
    ['of a part whose headers do not end', form, [`--${B}\r\n`, 'X-A: b\r\n'.repeat(20_000)]],
    [
      'of a part with one header of 200 KB',
      form,
      [`--${B}\r\nX-A: ${'b'.repeat(200_000)}\r\n\r\nx\r\n`, END],
    ],
    ['of a part without headers', form, [part('', 'x'), END]],
    ['without a boundary', 'multipart/form-data', [part(FILE, 'x'), END]],
    ['with an empty boundary', 'multipart/form-data; boundary=', [part(FILE, 'x'), END]],
    ['with another boundary', 'multipart/form-data; boundary=other', [part(FILE, 'x'), END]],
    [
      'with a boundary of 10 KB',
      `multipart/form-data; boundary=${'b'.repeat(10_000)}`,
      [part(FILE, 'x'), END],
    ],
    ['that does not end', form, [part(FILE, 'x')]],
    ['of nothing but a preamble', form, ['x'.repeat(100_000)]],
    ['with the file as a field', form, [part(field('file'), 'x'), END]],
    [
      'with a part named __proto__',
      form,
      [part(field('__proto__'), 'x'), part(FILE.replace('"file"', '"__proto__"'), 'x'), END],
    ],
    ['of multipart/mixed', form.replace('form-data', 'mixed'), [part(FILE, 'x'), END]],
  ])('%s is refused, and no file is left', async (_what, type, body) => {
    const text = await post(type, body);
    expect([400, 415]).toContain(statuses(text)[0]);
    expect(statuses(text)).toHaveLength(1);
    expect(text).toMatch(/"code":"COM1000[13]"/);
    expect(files()).toEqual([]);
  });

  test('whose connection ends half-way leaves nothing behind', async () => {
    const started = request(`${api.url}/api/v2/software-packages`, {
      method: 'POST',
      headers: { authorization: basic('admin', PASSWORD), 'content-type': form },
    });
    started.on('error', () => undefined);
    started.write(`--${B}\r\n${FILE}\r\n\r\n`);
    started.write(rpm.subarray(0, rpm.length / 2));
    await until('the file being received', () => files().length === 1);
    started.destroy();
    await until('nothing left of it', () => files().length === 0, 10_000);
    expect((await api.traces()).packages).toBe(0);
  });

  test.each(['x\0.rpm', 'x\u001b[2J.rpm'])('whose file name is %j is refused', async (name) => {
    const text = await post(form, [part(FILE.replace('x.rpm', name), 'x'), END]);
    expect(statuses(text)).toEqual([400]);
    expect(files()).toEqual([]);
  });

  test('with a few fields before the file, and any name of the file, is stored under its own', async () => {
    const names = ['../../etc/passwd', 'a\\r\\n.rpm', 'CON', `${'n'.repeat(5_000)}.rpm`, '=?utf-8?B?Li4v?='];
    for (const name of names) {
      const data = new FormData();
      for (let i = 0; i < 5; i++) data.append(`field${i}`, 'x'.repeat(1_000));
      data.append('__proto__', 'x');
      data.append('file', new Blob([new Uint8Array(rpm)]), name);
      const { status, body } = await api.send('POST', '/api/v2/software-packages', data);
      expect([name, status, body.data?.fileName, body.data?.size, body.error?.message]).toEqual([
        ...[name, 200, 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm', rpm.length, undefined],
      ]);
    }
    expect(files()).toHaveLength(1);
    expect(files()[0]).toMatch(/^[0-9a-f]{64}\.rpm$/);
  });
});
