import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { withKeptPublicUrl } from '../../cli/publicUrlFile';
import { ENVIRONMENT, readConfig } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';
import { isSameProcess, processIdentity } from '../../runtime/processIdentity';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { openStore } from '../../store';
import { CHAIN, planOf } from '../support/plans';
import { testTemporal } from '../support/temporal';
import { until } from '../support/until';

const run = promisify(execFile);

let folder: string;
let started: ObflowProcess[];
let sockets: Socket[];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-command-'));
  started = [];
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(started.map((part) => part.kill()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OBFLOW_(?!TEMPORAL_CLI)|TEMPORAL_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    OBFLOW_DATA_DIR: path.join(folder, 'data'),
    OBFLOW_LISTEN: '127.0.0.1:0',
    OBFLOW_TEMPORAL_PORT: '0',
    OBFLOW_TEMPORAL_UI_PORT: '0',
    ...extra,
  };
}

function obflow(command: string, extra?: NodeJS.ProcessEnv): ObflowProcess {
  const part = startObflow([command], environment(extra), path.join(folder, 'output.log'));
  started.push(part);
  return part;
}

async function readyUrl(part: ObflowProcess): Promise<string> {
  return (await part.line(/^ready: http/)).slice('ready: '.length);
}

const temporalServer = () =>
  processIdentity(Number(readFileSync(path.join(folder, 'data/temporal.pid.server'), 'utf8')));

/** Of the data folder, as a process of obflow opens it. */
const inventory = () =>
  openStore({
    databaseUrl: `file:${path.join(folder, 'data/obflow.db')}`,
    masterKeyFile: path.join(folder, 'data/master.key'),
  });

function get(url: string, password?: string): Promise<number> {
  const headers = password === undefined ? {} : { authorization: `Basic ${btoa(`admin:${password}`)}` };
  return fetch(url, { headers }).then((response) => response.status);
}

/** A request whose body never ends: it keeps the drain waiting. */
async function openRequest(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(
    'POST /api/v2/obproxy/clusters HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n{',
  );
  await new Promise((resolve) => socket.once('data', resolve));
}

/** SIGINT, unless the process has ended meanwhile. */
function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('obflow up', () => {
  it('serves when it says ready, drains on SIGTERM, leaves no process, and keeps its data', async () => {
    const first = obflow('up');
    const url = await readyUrl(first);
    const password = /the password is (\S+)/.exec(first.output())?.[1] ?? '';
    expect(await get(`${url}/api/status`)).toBe(200);
    expect(await get(`${url}/api/v2/obproxy/clusters`)).toBe(401);
    expect(await get(`${url}/api/v2/obproxy/clusters`, password)).toBe(200);
    expect(await get(`${url}/api-docs`, password)).toBe(200);
    // What doctor, in another terminal, asks hosts for.
    const told = readConfig({ OBFLOW_DATA_DIR: path.join(folder, 'data') }).config;
    expect(withKeptPublicUrl(told, {}).publicUrl).toBe(url);
    expect(withKeptPublicUrl(told, { OBFLOW_PUBLIC_URL: told.publicUrl }).publicUrl).toBe(told.publicUrl);
    expect(await get(/^Temporal Web UI: (\S+)/m.exec(first.output())?.[1] ?? '')).toBe(200);
    const server = temporalServer();
    expect(await first.stop()).toBe(0);
    expect(first.output()).toMatch(
      /SIGTERM: stopping; a second one stops at once\.\n(.+\n)*Stopping Temporal\.\n(.+\n)*Stopped\.\n$/,
    );
    expect(isSameProcess(server)).toBe(false);
    const store = await inventory();
    await store.tasks.add({ plan: planOf(CHAIN), workflowType: 'addObproxy' });
    await store.close();

    // Its Temporal is the same one, though at another port.
    const second = obflow('up');
    expect(await get(`${await readyUrl(second)}/api/v2/obproxy/clusters`, password)).toBe(200);
    expect(second.output()).not.toMatch(/password/);
    expect(await second.stop()).toBe(0);
  });

  it('stops at once at the second signal, Temporal included', async () => {
    const up = obflow('up');
    await openRequest(await readyUrl(up));
    const server = temporalServer();
    process.kill(up.pid, 'SIGINT');
    await up.line(/^SIGINT: stopping/);
    let exitCode: number | null | undefined;
    void up.exited.then((code) => {
      exitCode = code;
    });
    await until('the process has ended', () => {
      if (exitCode === undefined) interrupt(up.pid);
      return exitCode !== undefined;
    });
    expect(exitCode).toBe(130);
    expect(up.output()).toMatch(/SIGINT again: stopping at once\./);
    await until('Temporal has ended', () => !isSameProcess(server), 10_000);
  });

  it('takes the SIGINT that npm sends once more for the same Ctrl-C', async () => {
    const up = obflow('up');
    await readyUrl(up);
    process.kill(up.pid, 'SIGINT');
    process.kill(up.pid, 'SIGINT');
    expect(await up.exited).toBe(0);
  });

  it('ends cleanly when it is stopped while it starts', async () => {
    const up = obflow('up');
    await up.line(/^Data folder/);
    process.kill(up.pid, 'SIGTERM');
    expect(await up.exited).toBe(143);
    const left = path.join(folder, 'data/temporal.pid.server');
    if (existsSync(left)) await until('Temporal has ended', () => !isSameProcess(temporalServer()), 10_000);
  });

  it('ends with an error when Temporal dies', async () => {
    const up = obflow('up');
    await readyUrl(up);
    process.kill(temporalServer().pid, 'SIGKILL');
    expect(await up.exited).toBe(1);
    expect(up.output()).toMatch(/dev server ended by itself/);
  });

  it('says which port is taken, and leaves nothing running', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const up = obflow('up', { OBFLOW_LISTEN: `127.0.0.1:${port}` });
    expect(await up.exited).toBe(1);
    expect(up.output()).toMatch(new RegExp(`127.0.0.1:${port}.*OBFLOW_LISTEN`));
    expect(existsSync(path.join(folder, 'data/temporal.pid.server'))).toBe(false);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('obflow api and obflow worker', () => {
  it('wait for a Temporal that does not answer yet', async () => {
    const worker = obflow('worker', { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    await worker.line(/127\.0\.0\.1:1.*Trying again/);
    process.kill(worker.pid, 'SIGTERM');
    expect(await worker.exited).toBe(143);
  });
});

describe('a database whose tasks are in another Temporal', () => {
  beforeEach(async () => {
    mkdirSync(path.join(folder, 'data'));
    const store = await inventory();
    await store.temporal.use({ id: 'former', name: 'default', address: 'temporal.example:7233' });
    await store.tasks.add({ plan: planOf(CHAIN, { taskId: 77 }), workflowType: 'addObproxy' });
    await store.close();
  });
  const refusal =
    /obflow: Could not use this Temporal \((.+?), id (\S+)\).*\(77; 1 in all\) are in another one \(namespace \\"default\\" at temporal.example:7233, id former\).*TEMPORAL_ADDRESS.*OBFLOW_ACCEPT_TEMPORAL=\2,/;

  it('is not taken by the own dev server of obflow up, until it is named', async () => {
    const wrong = obflow('up');
    expect(await wrong.exited).toBe(1);
    expect(wrong.output()).toMatch(refusal);
    const [, temporal, id] = refusal.exec(wrong.output()) ?? [];
    expect(temporal).toBe(`the own dev server of ${path.join(folder, 'data')}`);
    const accepted = obflow('up', { OBFLOW_ACCEPT_TEMPORAL: id });
    await accepted.line(/Warning: open tasks of that one \(77\) cannot go on/);
    await readyUrl(accepted);
    expect(await accepted.stop()).toBe(0);
  });

  it('is not taken by a worker, until its tasks have ended', async () => {
    const temporal = await testTemporal();
    const elsewhere = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace };
    await temporal.close();
    const wrong = obflow('worker', elsewhere);
    expect(await wrong.exited).toBe(1);
    expect(wrong.output()).toMatch(refusal);
    const store = await inventory();
    await store.tasks.archive(77, {
      ...{ status: 'FAILED', operation: 'EXECUTE', finishTime: new Date().toISOString(), document: {} },
    });
    await store.close();
    const moved = obflow('worker', elsewhere);
    await moved.line(/^ready: worker/);
    expect(moved.output()).toMatch(/^The database was last used with another Temporal: .*temporal\.example/m);
    expect(await moved.stop()).toBe(0);
  });
});

describe('obflow', () => {
  const bin = path.join(repositoryRoot(), 'bin/obflow.js');
  const failure = (args: readonly string[], env = environment()) =>
    run(process.execPath, [bin, ...args], { env }).then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );

  it('lists every setting with its default in up --help', async () => {
    const { stdout } = await run(process.execPath, [bin, 'up', '--help']);
    for (const { name } of ENVIRONMENT) expect(stdout).toContain(name);
    expect(stdout).toContain('[127.0.0.1:8080]');
  });

  it('names a wrong setting and exits with 2', async () => {
    const { code, stderr } = await failure(['up'], environment({ OBFLOW_LISTEN: 'nowhere' }));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^obflow: OBFLOW_LISTEN must be host:port/);
  });

  it('exits with 2 on an unknown command and points to the help', async () => {
    const { code, stderr } = await failure(['upp']);
    expect(code).toBe(2);
    expect(stderr).toContain('--help');
  });

  it('warns about a misspelt setting', async () => {
    const worker = obflow('worker', { TEMPORAL_ADDRESS: '127.0.0.1:1', OBFLOW_DATADIR: 'x' });
    await worker.line(/Warning: OBFLOW_DATADIR/);
  });

  it('says how to build it when it is not built', async () => {
    mkdirSync(path.join(folder, 'bin'));
    copyFileSync(bin, path.join(folder, 'bin/obflow.js'));
    symlinkSync(path.join(repositoryRoot(), 'node_modules'), path.join(folder, 'node_modules'));
    const { code, stderr } = (await run(process.execPath, [path.join(folder, 'bin/obflow.js')]).catch(
      (error: { code: number; stderr: string }) => error,
    )) as { code: number; stderr: string };
    expect(code).toBe(1);
    expect(stderr).toMatch(/not built yet.*npm run build/);
  });
});
