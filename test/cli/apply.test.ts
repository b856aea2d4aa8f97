import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { apply } from '../../cli/apply/apply';
import { sshKeyPair } from '../../sandbox/hosts/keys';

const KEY = sshKeyPair('apply').privateKey;
const FILE = `credentials:
  - { name: hosts, kind: SSH_KEY, username: root, privateKeyFile: keys/id }
  - { name: ob-sys, kind: DATABASE, username: root@sys, passwordEnv: SYS_PASSWORD }
  - { name: ob-ro, kind: DATABASE, username: proxyro@sys, password: hunter2inline }
hosts:
  - { ip: 10.0.0.1, credential: hosts }
`;

interface Asked {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

let folder: string;
let server: Server;
let asked: Asked[];
let reply: { status: number; body: unknown };
let printed: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-apply-'));
  asked = [];
  printed = '';
  reply = { status: 200, body: { data: { changes: [], warnings: [] } } };
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push({
        url: `${request.method} ${request.url}`,
        authorization: request.headers.authorization,
        body: JSON.parse(text),
      });
      response
        .writeHead(reply.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed += String(chunk);
      return true;
    });
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function run(
  options: { dryRun?: boolean; check?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  rmSync(path.join(folder, 'keys'), { recursive: true, force: true });
  const keys = path.join(folder, 'keys');
  mkdirSync(keys);
  write('keys/id', KEY);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return apply(write('inventory.yaml', FILE), {
    dryRun: options.dryRun ?? false,
    check: options.check ?? false,
    env: { OBFLOW_URL: url, OBFLOW_PASSWORD: 'hunter2admin', SYS_PASSWORD: 'hunter2sys', ...options.env },
  });
}

describe('obflow apply', () => {
  it('sends everything in one request, with secrets fetched from files beside the inventory and from variables', async () => {
    expect(await run()).toBe(0);
    expect(asked).toEqual([
      {
        url: 'PUT /api/v2/inventory',
        authorization: `Basic ${Buffer.from('admin:hunter2admin').toString('base64')}`,
        body: {
          credentials: [
            { name: 'hosts', kind: 'SSH_KEY', username: 'root', secret: KEY },
            { name: 'ob-sys', kind: 'DATABASE', username: 'root@sys', secret: 'hunter2sys' },
            { name: 'ob-ro', kind: 'DATABASE', username: 'proxyro@sys', secret: 'hunter2inline' },
          ],
          hosts: [{ ip: '10.0.0.1', sshPort: 22, credential: 'hosts', idc: 'default', region: 'default' }],
          obClusters: [],
        },
      },
    ]);
  });

  it('prints what it adds, changes and leaves, a line each, and never a secret', async () => {
    reply.body = {
      data: {
        changes: [
          { kind: 'credential', name: 'hosts', change: 'changed', note: 'secret' },
          { kind: 'host', name: '10.0.0.1:22', change: 'added' },
          { kind: 'obCluster', name: 'ob', change: 'unchanged' },
        ],
        warnings: ['10.0.0.1 has no host key yet'],
      },
    };
    expect(await run()).toBe(0);
    expect(printed).toMatch(/^~ changed\s+credential hosts \(secret\)$/m);
    expect(printed).toMatch(/^\+ added\s+host 10\.0\.0\.1:22$/m);
    expect(printed).toMatch(/^= unchanged obCluster ob$/m);
    expect(printed).toMatch(/^1 added, 1 changed, 1 unchanged\.$/m);
    expect(printed).toMatch(/^Warning: 10\.0\.0\.1 has no host key yet$/m);
    expect(printed).not.toContain('hunter2');
  });

  it('fails with --check when a host or a cluster cannot be used as declared, and only then', async () => {
    const refused = 'OceanBase cluster ob refuses root@sys: error 1045';
    reply.body = {
      data: { changes: [{ kind: 'obCluster', name: 'ob', change: 'added' }], warnings: [refused] },
    };
    expect(await run({ check: true })).toBe(1);
    expect(printed).toContain(`Warning: ${refused}`);
    expect(printed).toMatch(/^1 added, 0 changed, 0 unchanged\.$/m);
    expect(await run()).toBe(0);
    // What the file itself is warned of (a password in clear) is nothing that a host or a cluster has said.
    reply.body = { data: { changes: [], warnings: [] } };
    expect(await run({ check: true })).toBe(0);
  });

  it('warns about a password in clear without repeating it', async () => {
    await run();
    expect(printed).toMatch(
      /^Warning: credential "ob-ro": password stands in the file in clear; .*passwordFile/m,
    );
    expect(printed).not.toContain('hunter2');
  });

  it('only asks what would change with --dry-run', async () => {
    reply.body = { data: { changes: [{ kind: 'host', name: 'h', change: 'added' }], warnings: [] } };
    expect(await run({ dryRun: true })).toBe(0);
    expect(asked[0]?.url).toBe('PUT /api/v2/inventory?dryRun=true');
    expect(printed).toMatch(/^\+ would add\s+host h$/m);
  });

  it('tells a refusal with the reason of every field, and fails', async () => {
    reply = {
      status: 400,
      body: {
        successful: false,
        error: {
          code: 'CMN20001',
          message: 'The inventory is not valid.',
          subErrors: [{ message: 'no such credential', field: 'hosts[0].credential' }],
        },
      },
    };
    expect(await run()).toBe(1);
    expect(printed).toContain('The API refused (400 CMN20001): The inventory is not valid.');
    expect(printed).toContain('  hosts[0].credential: no such credential');
  });

  it('says what to check when the password is wrong', async () => {
    reply = { status: 401, body: { error: { code: 10, message: 'Unauthorized' } } };
    expect(await run()).toBe(1);
    expect(printed).toMatch(/Check OBFLOW_USER \(admin\) and OBFLOW_PASSWORD/);
  });

  it('says which variable is missing before it asks anybody', async () => {
    expect(await run({ env: { SYS_PASSWORD: '' } })).toBe(1);
    expect(printed).toContain(
      'credential "ob-sys": password: the environment variable SYS_PASSWORD is not set',
    );
    expect(asked).toEqual([]);
  });

  it('names every secret that is missing, at once', async () => {
    const file = write(
      'bare.yaml',
      'credentials: [{ name: a, kind: DATABASE, username: u, passwordEnv: A }, { name: b, kind: DATABASE, username: u, passwordFile: b }]',
    );
    expect(await apply(file, { dryRun: true, env: { OBFLOW_PASSWORD: 'x' } })).toBe(1);
    expect(printed.match(/^credential "[ab]": /gm)).toEqual(['credential "a": ', 'credential "b": ']);
    expect(asked).toEqual([]);
  });

  it('says where it looked when nothing answers', async () => {
    expect(await run({ env: { OBFLOW_URL: 'http://127.0.0.1:1' } })).toBe(1);
    expect(printed).toMatch(/No answer from http:\/\/127\.0\.0\.1:1: .*OBFLOW_URL/);
  });

  it.each(['http://admin:hunter2admin@127.0.0.1:1', 'hunter2admin@nowhere', 'ftp://127.0.0.1'])(
    'refuses %s as an address, without repeating it',
    async (url) => {
      expect(await run({ env: { OBFLOW_URL: url } })).toBe(1);
      expect(printed).toMatch(/^OBFLOW_URL must .*127\.0\.0\.1:8080|OBFLOW_USER and OBFLOW_PASSWORD\.$/m);
      expect(printed).not.toContain('hunter2');
    },
  );

  it('refuses a key file that holds no private key', async () => {
    const file = write(
      'other.yaml',
      'credentials: [{ name: k, kind: SSH_KEY, username: root, privateKeyFile: pub }]',
    );
    write('pub', 'ssh-ed25519 AAAA hunter2');
    expect(await apply(file, { dryRun: false, env: { OBFLOW_PASSWORD: 'x' } })).toBe(1);
    expect(printed).toContain('credential "k": this is no private key');
    expect(printed).not.toContain('hunter2');
  });
});
