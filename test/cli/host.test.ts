import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addCredentialCommands } from '../../cli/credential/command';
import { addHostCommands } from '../../cli/host/command';
import type { Host, HostAddress, Hosts } from '../../hosts/types';
import { TransientError } from '../../runtime/errors';
import { givenHost, givenObCluster, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { type Outcome, runCommand } from './taskScene';

const SECRET = 'Planted.cli+pass';

/** Addresses that end in 9 are away. */
const HOSTS: Hosts = {
  async open({ ip, pin, hostId }: HostAddress) {
    if (ip.endsWith('9')) {
      const trouble = { type: 'HostUnreachable', tried: 'connect', where: ip, cameBack: 'nothing', next: '' };
      throw new TransientError(trouble);
    }
    await pin?.(hostId, 'SHA256:fP6YdLq2cT6mJ0b8kQe0mT3nJmWl4XhJv0yq8c9c1aE');
    return {
      firstContact: async () => [
        { level: 'WARN', check: 'channels', text: 'few channels', next: 'Allow more.' },
      ],
    } as unknown as Host;
  },
  close: async () => undefined,
};

let api: TestApi;
let folder: string;
beforeAll(async () => {
  api = await startTestApi({ hosts: HOSTS });
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-host-'));
  await givenHost(api.store, '10.4.0.1');
});
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const obflow = (...args: string[]): Promise<Outcome> =>
  runCommand(
    (program) => {
      addHostCommands(program);
      addCredentialCommands(program);
    },
    args,
    { OBFLOW_URL: api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD },
  );

function fileOf(text: string): string {
  const file = path.join(folder, `secret-${Math.random()}`);
  writeFileSync(file, text);
  return file;
}

describe('obflow credential', () => {
  test('adds a login with a password from a file, lists it without, and deletes it', async () => {
    const added = await obflow(
      ...['credential', 'add', 'ops', '--username', 'root', '--password-file', fileOf(`${SECRET}\n`)],
    );
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(added.stdout).toMatch(
      /^ID +NAME +FOR +TYPE +USER +HOSTS +DESCRIPTION\n\d+ +ops +HOST +PASSWORD +root +0/,
    );
    const list = await obflow('credential', 'ls', '-o', 'json');
    expect(JSON.parse(list.stdout).contents).toContainEqual(expect.objectContaining({ name: 'ops' }));
    expect(list.stdout).not.toContain(SECRET);
    const { id } = (await api.store.credentials.find('ops'))!;
    expect(await api.store.credentials.open(id)).toMatchObject({ secret: SECRET });
    expect((await obflow('credential', 'rm', 'ops')).stdout).toBe('Credential ops is deleted.\n');
    const gone = await obflow('credential', 'rm', 'ops');
    expect([gone.code, gone.stderr]).toEqual([
      1,
      'There is no credential ops. obflow credential ls lists them.\n',
    ]);
  });

  test('is tried on hosts by name, and exits 1 when it does not work on one of them', async () => {
    await givenHost(api.store, '10.4.0.9');
    const tried = await obflow('credential', 'validate', 'root', '10.4.0.1');
    expect([tried.code, tried.stdout]).toEqual([
      0,
      '10.4.0.1:22  ok  Logged in, with a shell as root.\n  WARN  few channels. Allow more.\n',
    ]);
    const all = await obflow('credential', 'validate', 'root');
    expect(all.code).toBe(1);
    expect(all.stdout).toMatch(/10\.4\.0\.9:22 {2}CONNECT_FAILED/);
    await api.send(
      'DELETE',
      `/api/v2/compute/hosts/${(await api.store.hosts.findByAddress('10.4.0.9', 22))!.id}`,
    );
  });
});

describe('obflow host', () => {
  test('adds by the names of credential and IDC, shows, lists and checks', async () => {
    const dry = await obflow(
      'host',
      'add',
      '10.4.1.1',
      '--credential',
      'root',
      '--idc',
      'am171',
      '--dry-run',
    );
    expect([dry.code, dry.stdout]).toEqual([0, 'All of them can be logged in to; none was added.\n']);
    expect(dry.stderr).toContain('few channels');
    const added = await obflow(
      ...[
        'host',
        'add',
        '10.4.1.1',
        '10.4.1.2',
        '--credential',
        'root',
        '--idc',
        'am171',
        '--region',
        'hangzhou',
      ],
    );
    expect([added.code, api.started.length]).toEqual([0, 2]);
    expect(added.stdout).toMatch(
      /^Host 10\.4\.1\.1 is added \(id \d+\); task (\d+) prepares it: obflow task watch \1\nHost 10\.4\.1\.2 /,
    );
    const list = await obflow('host', 'ls', '--status', 'NEW');
    expect(
      list.stdout.split('\n').filter((line) => /10\.4\.1\.[12] .* NEW +hangzhou\/am171/.test(line)),
    ).toHaveLength(2);
    const shown = await obflow('host', 'show', '10.4.0.1');
    expect(shown.stdout).toMatch(/^address: +10\.4\.0\.1, SSH port 22$/m);
    expect(shown.stdout).toMatch(/^credential: +root$/m);
    const checked = await obflow('host', 'check', 'host-10.4.0.1', '-o', 'json');
    expect([checked.code, JSON.parse(checked.stdout).details[0].connectionResult]).toEqual([0, 'SUCCEEDED']);
  });

  test('says what is refused, with every reason', async () => {
    const away = await obflow('host', 'add', '10.4.1.9', '--credential', 'root', '--idc', 'am171');
    expect(away.code).toBe(1);
    expect(away.stderr).toMatch(/CMP07026.*10\.4\.1\.9/s);
    const nowhere = await obflow('host', 'add', '10.4.1.8', '--credential', 'root', '--idc', 'moon');
    expect(nowhere.stderr).toBe('There is no IDC moon. GET /api/v2/compute/idcs lists them.\n');
    expect((await obflow('host', 'add', '10.4.1.8')).code).toBe(2);
  });

  test('deletes hosts by address or id, and names the services of one that stays', async () => {
    const first = await givenHost(api.store, '10.4.2.1');
    await givenHost(api.store, '10.4.2.2');
    const gone = await obflow('host', 'rm', String(first), '10.4.2.2');
    expect(gone.stdout).toMatch(/^Host 10\.4\.2\.1 \(id \d+\) is deleted\.\nHost 10\.4\.2\.2 /);
    await givenHost(api.store, '10.4.2.3');
    await givenObCluster(api.store, 'keeps', 1, '10.4.2.3');
    const kept = await obflow('host', 'rm', '10.4.2.3');
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('OBServer of keeps:1')]);
  });
});
