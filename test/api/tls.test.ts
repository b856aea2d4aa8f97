import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { readCertificate, watchCertificate } from '../../api/http/certificate';
import { createLoggerTo } from '../../runtime/logger';
import { makeCertificate, type Pair } from '../support/certificates';
import { until } from '../support/until';
import { basic, type Json, PASSWORD, startTestApi, type TestApi } from './harness';

let folder: string;
let first: Pair;
let second: Pair;
let api: TestApi | undefined;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-tls-'));
  first = makeCertificate(folder, 'first');
  second = makeCertificate(folder, 'second');
});
afterEach(async () => {
  await api?.stop();
  api = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

function get(url: string, ca: string): Promise<Answer> {
  return ask(url, { ca, headers: { authorization: basic('admin', PASSWORD) } });
}

function ask(
  url: string,
  { ca, body, ...rest }: { ca: string; method?: string; headers: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: readFileSync(ca), ...rest, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asked.on('error', reject).end(body);
  });
}

function handshake(url: string, options: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' }): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(
      {
        host: hostname,
        port: Number(port),
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        ciphers: 'DEFAULT@SECLEVEL=0',
        ...options,
      },
      () => resolve(socket),
    );
    socket.on('error', reject);
  });
}

/** The files as an operator names them, which are then replaced. */
function deployed(pair: Pair): Pair {
  const files = { certFile: path.join(folder, 'live.pem'), keyFile: path.join(folder, 'live.key') };
  copyFileSync(pair.certFile, files.certFile);
  copyFileSync(pair.keyFile, files.keyFile);
  return files;
}

function replace(file: string, by: string): void {
  copyFileSync(by, `${file}.new`);
  renameSync(`${file}.new`, file);
}

describe('TLS', () => {
  test('serves https by certificate and key, tells browsers to stay there, and takes no old version', async () => {
    api = await startTestApi({ http: { tls: first } });
    expect(api.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    const { status, headers } = await get(`${api.url}/api/v2/info`, first.certFile);
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
    await expect(get(`${api.url}/api/v2/info`, second.certFile)).rejects.toThrow(/self.signed/);
    await expect(handshake(api.url, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
    const socket = await handshake(api.url, { maxVersion: 'TLSv1.2' });
    expect(socket.getProtocol()).toBe('TLSv1.2');
    socket.destroy();
  });

  test('an address that stays plain beside it serves OBProxies, and takes no login', async () => {
    const listen = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0, plain: true as const },
    ];
    api = await startTestApi({ http: { tls: first }, listen });
    const plain = api.urls[1] ?? '';
    expect(plain).toMatch(/^http:/);
    expect((await fetch(`${plain}/services?Action=GetObProxyConfig`)).status).toBe(200);
    const headers = { authorization: basic('admin', PASSWORD) };
    const refused = await fetch(`${plain}/api/v2/info`, { headers });
    expect(refused.status).toBe(403);
    expect(((await refused.json()) as Json).error.code).toBe('IAM11000');
    expect((await get(`${api.url}/api/v2/info`, first.certFile)).status).toBe(200);
  });

  test('its sessions have a cookie that no other host can plant, and begin over TLS alone', async () => {
    const listen = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0, plain: true as const },
    ];
    api = await startTestApi({ http: { tls: first }, listen });
    const body = JSON.stringify({ username: 'admin', password: PASSWORD });
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const login = await ask(`${api.url}/api/v2/iam/session`, { ...post, ca: first.certFile });
    const cookie = login.headers['set-cookie']?.[0] ?? '';
    expect(cookie).toMatch(/^__Host-obflow=[\w-]{43}; .*Path=\/; .*HttpOnly; Secure; SameSite=Strict$/);
    const [pair = ''] = cookie.split(';');
    const me = (sent: string) =>
      ask(`${api?.url}/api/v2/iam/me`, { ca: first.certFile, headers: { cookie: sent } });
    expect((await me(pair)).status).toBe(200);
    expect((await me(pair.replace('__Host-', ''))).status).toBe(401);
    const plain = await fetch(`${api.urls[1]}/api/v2/iam/session`, post);
    expect([plain.status, plain.headers.get('set-cookie')]).toEqual([403, null]);
    await plain.arrayBuffer();
  });

  test('plain HTTP says nothing of staying with https', async () => {
    api = await startTestApi();
    expect((await api.send('GET', '/api/v2/info')).headers.get('strict-transport-security')).toBeNull();
  });

  test('takes new files without a restart, and keeps the former while they do not fit each other', async () => {
    const files = deployed(first);
    const lines: string[] = [];
    api = await startTestApi({
      http: { tls: files },
      logger: createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info'),
    });
    const { url } = api;
    replace(files.certFile, second.certFile);
    await until(
      'the half change is told',
      () => lines.some((line) => line.includes('belongs to another')),
      20_000,
    );
    expect((await get(`${url}/api/v2/info`, first.certFile)).status).toBe(200);
    replace(files.keyFile, second.keyFile);
    const { fingerprint } = readCertificate(second);
    await until('the new one is used', () => lines.some((line) => line.includes(fingerprint)), 20_000);
    expect((await get(`${url}/api/v2/info`, second.certFile)).status).toBe(200);
  });
});

test('files that cannot even be looked at, as on a share that is away, end nothing', () => {
  const loop = path.join(folder, 'loop');
  symlinkSync(loop, loop);
  const lines: string[] = [];
  const logger = createLoggerTo({ write: (line: string) => lines.push(line) }, 'test', 'warn');
  const watch = watchCertificate({ certFile: loop, keyFile: loop }, logger, () => undefined);
  watch.reload();
  watch.stop();
  expect(lines.join('')).toContain('cannot be used');
});

describe('a certificate that cannot be used', () => {
  test.each<[string, () => Partial<Pair>, RegExp]>([
    [
      'a missing file',
      () => ({ certFile: '/nowhere/cert.pem' }),
      /nowhere\/cert\.pem: there is no such file.*OBFLOW_TLS_CERT/,
    ],
    [
      'a missing key',
      () => ({ keyFile: '/nowhere/key.pem' }),
      /nowhere\/key\.pem: there is no such file.*OBFLOW_TLS_KEY/,
    ],
    ['the key of another', () => ({ keyFile: second.keyFile }), /second\.key belongs to another certificate/],
    [
      'files that are swapped',
      () => ({ certFile: first.keyFile }),
      /first\.key: the file holds no certificate/,
    ],
    ['a key that is none', () => ({ keyFile: first.certFile }), /first\.pem: the file holds no private key/],
    [
      'a key with a passphrase',
      () => {
        const keyFile = path.join(folder, 'sealed.key');
        execFileSync('openssl', [
          'pkcs8',
          '-topk8',
          '-in',
          first.keyFile,
          '-out',
          keyFile,
          '-passout',
          'pass:x',
        ]);
        return { keyFile };
      },
      /sealed\.key: the key is protected by a passphrase/,
    ],
    [
      'an empty file',
      () => {
        const certFile = path.join(folder, 'empty.pem');
        writeFileSync(certFile, '');
        return { certFile };
      },
      /empty\.pem: the file holds no certificate/,
    ],
  ])('%s is named, and nothing listens', async (_what, wrong, message) => {
    await expect(startTestApi({ http: { tls: { ...first, ...wrong() } } })).rejects.toThrow(message);
  });
});
