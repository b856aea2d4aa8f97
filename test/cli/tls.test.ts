import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readCertificate } from '../../api/http/certificate';
import { repositoryRoot } from '../../runtime/paths';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { makeCertificate, type Pair } from '../support/certificates';

const PASSWORD = 'Planted.Adm1n+pass';

let folder: string;
let files: Pair;
let second: Pair;
let up: ObflowProcess;
let url: string;
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...(process.env.OBFLOW_TEMPORAL_CLI && { OBFLOW_TEMPORAL_CLI: process.env.OBFLOW_TEMPORAL_CLI }),
});

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-cli-tls-'));
  files = makeCertificate(folder, 'first');
  second = makeCertificate(folder, 'second');
  up = startObflow(
    ['up'],
    {
      ...environment(),
      OBFLOW_DATA_DIR: path.join(folder, 'data'),
      OBFLOW_LISTEN: '127.0.0.1:0',
      OBFLOW_TEMPORAL_PORT: '0',
      OBFLOW_TEMPORAL_UI_PORT: '0',
      OBFLOW_ADMIN_PASSWORD: PASSWORD,
      OBFLOW_TLS_CERT: files.certFile,
      OBFLOW_TLS_KEY: files.keyFile,
      OBFLOW_LOG_FORMAT: 'json',
    },
    path.join(folder, 'output.log'),
  );
  url = /ready: (https:[^"]+)/.exec(await up.line(/ready: https:/))?.[1] ?? '';
}, 60_000);
afterAll(async () => {
  await up.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

function client(env: NodeJS.ProcessEnv): Promise<{ code: number; text: string }> {
  const access = { OBFLOW_URL: url, OBFLOW_PASSWORD: PASSWORD };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(repositoryRoot(), 'bin/obflow.js'), 'task', 'ls'],
      { env: { ...environment(), ...access, ...env } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), text: stdout + stderr }),
    );
  });
}

describe('obflow over https', () => {
  it('says ready with its https address, every line as JSON when asked to', () => {
    const lines = up.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  it.each(['OBFLOW_CA_FILE', 'NODE_EXTRA_CA_CERTS'])(
    'is talked to by the command that trusts its CA by %s',
    async (name) => {
      const { code, text } = await client({ [name]: files.certFile });
      expect([code, text]).toEqual([0, expect.any(String)]);
    },
  );

  it('is not talked to by one that does not, which says what to set', async () => {
    const { code, text } = await client({});
    expect(code).not.toBe(0);
    expect(text).toMatch(/self.signed certificate.*OBFLOW_CA_FILE/);
    const wrong = await client({ OBFLOW_CA_FILE: path.join(folder, 'nowhere.pem') });
    expect(wrong.code).toBe(2);
    expect(wrong.text).toMatch(/OBFLOW_CA_FILE names .*nowhere\.pem, which cannot be read \(ENOENT\)/);
  });

  it('takes a new certificate on SIGHUP and goes on', async () => {
    const { fingerprint } = readCertificate(second);
    copyFileSync(second.keyFile, files.keyFile);
    copyFileSync(second.certFile, files.certFile);
    process.kill(up.pid, 'SIGHUP');
    await up.line(new RegExp(fingerprint), 20_000);
    expect((await client({ OBFLOW_CA_FILE: second.certFile })).code).toBe(0);
  });
});
