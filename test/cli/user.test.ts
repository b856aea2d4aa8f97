import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addKeyCommands } from '../../cli/access/keyCommands';
import { addResetAdmin, addUserCommands } from '../../cli/access/userCommands';
import { repositoryRoot } from '../../runtime/paths';
import { PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { type Outcome, runCommand } from './taskScene';

const ANN = 'Planted.ann+pass';
const BIN = path.join(repositoryRoot(), 'bin/obflow.js');

let api: TestApi;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  api = await startTestApi();
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-user-'));
  env = { OBFLOW_URL: api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD };
});
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const obflow = (args: string[], as = env): Promise<Outcome> =>
  runCommand(
    (program) => {
      addUserCommands(program);
      addKeyCommands(program);
    },
    args,
    as,
  );

function passwordFile(text: string): string {
  const file = path.join(folder, `password-${Math.random()}`);
  writeFileSync(file, text);
  return file;
}
const add = (name: string, ...roles: string[]) =>
  obflow([
    'user',
    'add',
    name,
    '--password-file',
    passwordFile(`${ANN}\n`),
    ...roles.flatMap((role) => ['--role', role]),
  ]);
const as = (user: string, password = ANN) => ({ ...env, OBFLOW_USER: user, OBFLOW_PASSWORD: password });

describe('obflow user', () => {
  it('adds a user with a password from a file and shows it; roles in any case', async () => {
    const { code, stdout, stderr } = await add('ann', 'host_viewer', 'TASK_MANAGER');
    expect([code, stderr]).toEqual([0, '']);
    const [heading, row] = stdout.split('\n');
    expect(heading).toMatch(/^ID +NAME +STATE +ROLES +ADDED/);
    expect(row).toMatch(/^\d+ +ann +enabled +HOST_VIEWER TASK_MANAGER +2/);
    expect((await obflow(['user', 'ls'])).stdout).toMatch(/ admin +enabled +ADMIN .*\n.* ann +enabled/s);
  });

  it('changes roles, disables, enables and deletes', async () => {
    await add('bea', 'TASK_VIEWER');
    expect((await obflow(['user', 'roles', 'bea', 'OBPROXY_MANAGER', 'TASK_MANAGER'])).stdout).toMatch(
      /OBPROXY_MANAGER TASK_MANAGER/,
    );
    expect((await obflow(['user', 'roles', 'bea'])).stdout).toMatch(/OBPROXY_MANAGER TASK_MANAGER/);
    const none = await obflow(['user', 'roles', 'bea', '--none', '-o', 'json']);
    expect(JSON.parse(none.stdout)).toMatchObject({ name: 'bea', roles: [] });
    expect((await obflow(['user', 'disable', 'bea'])).stdout).toMatch(/bea +disabled/);
    expect((await obflow(['key', 'ls'], as('bea'))).code).toBe(1);
    expect((await obflow(['user', 'enable', 'bea'])).stdout).toMatch(/bea +enabled/);
    expect((await obflow(['user', 'rm', 'bea'])).stdout).toBe('User bea is deleted.\n');
    const gone = await obflow(['user', 'rm', 'bea']);
    expect([gone.code, gone.stderr]).toEqual([1, 'There is no user bea. obflow user ls lists the users.\n']);
  });

  it('lists the roles and what they permit', async () => {
    expect((await obflow(['user', 'roles'])).stdout).toMatch(/^TASK_MANAGER +TASK_MANAGER TASK_VIEWER$/m);
  });

  it('sets the password of another user, and the own one by the present one', async () => {
    await add('cid');
    const second = passwordFile('Planted.second+pass');
    expect((await obflow(['user', 'passwd', 'cid', '--password-file', second])).code).toBe(0);
    const third = passwordFile('Planted.third+pass');
    const own = await obflow(['user', 'passwd', '--password-file', third], as('cid', 'Planted.second+pass'));
    expect(own.stdout).toBe('User cid has a new password.\n');
    expect((await obflow(['key', 'ls'], as('cid', 'Planted.third+pass'))).code).toBe(0);
  });

  it('says why it was refused: the last administrator, a short password, no permission', async () => {
    expect((await obflow(['user', 'rm', 'admin'])).stderr).toContain('No enabled user with the role ADMIN');
    const short = await obflow(['user', 'add', 'dot', '--password-file', passwordFile('short')]);
    expect([short.code, short.stderr]).toEqual([1, expect.stringContaining('at least 8 characters')]);
    await add('eva');
    expect((await obflow(['user', 'ls'], as('eva'))).stderr).toContain('needs the permission ADMIN');
  });

  it('has no option for a password', async () => {
    const { code, stderr } = await obflow(['user', 'add', 'fox', '--password', ANN]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("unknown option '--password'")]);
    expect(stderr).not.toContain(ANN);
  });
});

describe('obflow key', () => {
  it('prints a pair once, with which the command can log in instead of a password', async () => {
    await add('gil', 'HOST_VIEWER');
    const made = await obflow(['key', 'add', '--user', 'gil', '--description', 'nightly']);
    const [, id = '', secret = ''] =
      /^OBFLOW_ACCESS_KEY_ID=(\w{16})\nOBFLOW_ACCESS_KEY_SECRET=(\w{32})\n$/.exec(made.stdout) ?? [];
    expect(id).not.toBe('');
    const signed = { OBFLOW_URL: api.url, OBFLOW_ACCESS_KEY_ID: id, OBFLOW_ACCESS_KEY_SECRET: secret };
    const listed = await obflow(['key', 'ls'], signed);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +enabled +2\\S+ +2\\S+ +nightly$`, 'm'));
    expect(listed.stdout).not.toContain(secret);
    // With a body and more than once in a second.
    const more = await Promise.all([obflow(['key', 'add'], { ...signed, OBFLOW_PASSWORD: '' })]);
    expect(more.map(({ code }) => code)).toEqual([0]);
    const { OBFLOW_ACCESS_KEY_SECRET: _secret, ...rest } = signed;
    const byFile = { ...rest, OBFLOW_ACCESS_KEY_SECRET_FILE: passwordFile(secret) };
    for (let time = 0; time < 3; time += 1)
      expect((await obflow(['key', 'disable', '2'], byFile)).code).toBe(0);
  });

  it('says what to check when the key is not believed, without the secret', async () => {
    const wrong = {
      OBFLOW_URL: api.url,
      OBFLOW_ACCESS_KEY_ID: 'unknown',
      OBFLOW_ACCESS_KEY_SECRET: 'Planted-secret',
    };
    const { code, stderr } = await obflow(['key', 'ls'], wrong);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Check OBFLOW_ACCESS_KEY_ID (unknown)')]);
    expect(stderr).not.toContain('Planted-secret');
    const missing = await obflow(['key', 'ls'], { ...wrong, OBFLOW_ACCESS_KEY_SECRET: '' });
    expect(missing.stderr).toContain('Set OBFLOW_ACCESS_KEY_SECRET');
  });

  it('disables, enables and deletes by the id that clients use', async () => {
    await add('hal');
    const made = JSON.parse((await obflow(['key', 'add', '-o', 'json'], as('hal'))).stdout);
    const id = made.accessKeyId as string;
    expect((await obflow(['key', 'disable', id], as('hal'))).stdout).toMatch(`${id}  disabled`);
    expect((await obflow(['key', 'enable', id, '--user', 'hal'])).stdout).toMatch(`${id}  enabled`);
    expect((await obflow(['key', 'rm', id], as('hal'))).stdout).toBe(`Access key ${id} is deleted.\n`);
    const gone = await obflow(['key', 'rm', id], as('hal'));
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining(`no access key ${id}`)]);
  });
});

describe('obflow reset-admin', () => {
  it('lets a person back in who has the machine and no password', async () => {
    const { id } = await api.store.users.add({ name: 'kay', password: ANN, roles: ['TASK_VIEWER'] });
    await api.store.users.change(id, { enabled: false });
    const reset = (name: string, file: string, dataDir: string) =>
      runCommand(addResetAdmin, ['reset-admin', name, '--password-file', file], { OBFLOW_DATA_DIR: dataDir });
    const { code, stdout } = await reset('kay', passwordFile('Planted.reset+pass'), api.dataDir);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^User kay is enabled, has the role ADMIN/)]);
    const { stdout: listed } = await obflow(['user', 'roles', 'kay'], as('kay', 'Planted.reset+pass'));
    expect(listed).toMatch(/kay +enabled +ADMIN TASK_VIEWER/);
    const { contents } = await api.store.audit.list({}, { page: 1, size: 1 });
    expect(contents[0]?.command).toBe('user kay: obflow reset-admin');
    await reset('lin', passwordFile(ANN), api.dataDir);
    expect((await obflow(['user', 'ls'], as('lin'))).code).toBe(0);
    await expect(reset('kay', passwordFile('short'), api.dataDir)).rejects.toThrow(/at least 8 characters/);
    // Such a name could never log in.
    await expect(reset('li:n', passwordFile(ANN), api.dataDir)).rejects.toThrow(
      /name must begin with a letter/,
    );
    expect(await api.store.users.exists('li:n')).toBe(false);
    // A typing error must not make a new database.
    await expect(reset('kay', passwordFile(ANN), path.join(folder, 'nowhere'))).rejects.toThrow(
      /There is no database/,
    );
  });
});

/** What a process printed until it ended. */
async function ended(child: ChildProcess): Promise<{ code: number | null; printed(): string }> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      printed += String(chunk);
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, printed: () => printed };
}

describe('the command as installed', () => {
  it('reads a password from standard input, and without a terminal asks for nothing', async () => {
    const options = { env: { ...process.env, ...env } };
    const piped = spawn(process.execPath, [BIN, 'user', 'add', 'ida', '--password-stdin'], options);
    piped.stdin.end(`${ANN}\n`);
    const { code, printed } = await ended(piped);
    expect([code, printed()]).toEqual([0, expect.stringContaining('ida')]);
    expect((await obflow(['key', 'ls'], as('ida'))).code).toBe(0);
    const mute = spawn(process.execPath, [BIN, 'user', 'add', 'ivo'], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const refused = await ended(mute);
    expect([refused.code, refused.printed()]).toEqual([1, expect.stringContaining('--password-stdin')]);
  });

  describeIf(
    existsSync('/usr/bin/script') ? undefined : 'script is missing: apt-get install bsdutils',
    'at a terminal',
    () => {
      it('asks twice for a password, and shows nothing of it', async () => {
        const command = `${process.execPath} ${BIN} user add jon`;
        const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
          env: { ...process.env, ...env },
        });
        let shown = '';
        child.stdout.on('data', (chunk) => {
          shown += String(chunk);
        });
        const done = ended(child);
        await until('the first question', () => shown.includes('New password of jon: '));
        child.stdin.write(`${ANN}\r`);
        await until('the second question', () => shown.includes('Once more: '));
        child.stdin.write(`${ANN}\r`);
        const { code } = await done;
        expect([code, shown]).toEqual([0, expect.stringMatching(/jon +enabled/)]);
        expect(shown).not.toContain(ANN);
        expect((await obflow(['key', 'ls'], as('jon'))).code).toBe(0);
      });
    },
  );
});
