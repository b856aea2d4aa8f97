import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { startDevServer, temporalCli } from '../../runtime/devServer';
import { repositoryRoot } from '../../runtime/paths';
import { isSameProcess, processIdentity } from '../../runtime/processIdentity';
import { connectTemporal, nativeConnection, prepareNamespace } from '../../runtime/temporal';
import { SEARCH_ATTRIBUTES } from '../../workflows/searchAttributes';
import { until } from '../support/until';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-dev-server-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const free = { port: 0, uiPort: 0 };

/** The Temporal server process behind a persistent dev server. */
const serverPid = () => Number(readFileSync(path.join(folder, 'temporal.pid.server'), 'utf8'));

describe('Dev server', () => {
  it('answers on its addresses, keeps its data over a restart, and leaves nothing behind', async () => {
    const first = await startDevServer({ dataDir: folder, ...free, persistent: true });
    const server = processIdentity(serverPid());
    expect(server.command).toContain('start-dev');
    expect((await fetch(first.uiUrl)).ok).toBe(true);
    const temporal = await connectTemporal({ address: first.address });
    await prepareNamespace(temporal, { retentionDays: 90 });
    await temporal.client.workflow.start('none', { taskQueue: 'none', workflowId: 'kept' });
    await temporal.close();
    await first.stop();
    await first.stop();
    expect(isSameProcess(server)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('.pid'))).toEqual([]);

    const second = await startDevServer({ dataDir: folder, ...free, persistent: true });
    const again = await connectTemporal({ address: second.address });
    await prepareNamespace(again, { retentionDays: 30 });
    expect((await again.client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    const listed = await again.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(listed.customAttributes)).toEqual(
      expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name)),
    );
    const described = await again.connection.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 86_400);
    const native = await nativeConnection(again);
    await native.close();
    await again.close();
    await second.stop();
  });

  it('is spoken to without compression, which between two processes of one machine costs both of them', async () => {
    const server = await startDevServer({ dataDir: folder, ...free, persistent: false });
    const [, port] = server.address.split(':');
    const heard: Buffer[] = [];
    const relay = createServer((near) => {
      const far = connect(Number(port), '127.0.0.1');
      near.on('data', (bytes) => heard.push(bytes));
      near.pipe(far).pipe(near);
      for (const one of [near, far]) one.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const temporal = await connectTemporal({ address: server.address });
    const address = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
    const { connectionOptions } = temporal;
    const through = { ...temporal, address, connectionOptions: { ...connectionOptions, address } };
    const native = await nativeConnection(through);
    await native.workflowService.describeNamespace({ namespace: 'default' });
    await native.close();
    await temporal.close();
    relay.close();
    await server.stop();
    const sent = Buffer.concat(heard);
    expect(sent.includes('default')).toBe(true);
    // What gzip begins with.
    expect(sent.includes(Buffer.of(0x1f, 0x8b, 0x08))).toBe(false);
  });

  it('refuses a second server on one data folder and names the first one’s owner', async () => {
    const first = await startDevServer({ dataDir: folder, ...free, persistent: true });
    await expect(startDevServer({ dataDir: folder, ...free, persistent: true })).rejects.toThrow(
      new RegExp(`process ${process.pid} .*OBFLOW_DATA_DIR`),
    );
    await first.stop();
  });

  it('ends when its owner is killed', async () => {
    const devServer = path.join(repositoryRoot(), 'dist/runtime/devServer.js');
    const options = { dataDir: folder, port: 0, uiPort: 0, persistent: true };
    const program = `require(${JSON.stringify(devServer)}).startDevServer(${JSON.stringify(options)})
      .then(() => process.stdout.write('up'))`;
    const owner = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(owner);
    await once(owner.stdout, 'data');
    const server = processIdentity(serverPid());
    expect(isSameProcess(server)).toBe(true);
    owner.kill('SIGKILL');
    await until('the server has ended', () => !isSameProcess(server), 15_000);

    // What the dead owner left in the folder does not stop the next start.
    await (await startDevServer({ dataDir: folder, ...free, persistent: true })).stop();
  });

  it('ends a leftover server of a dead owner before it starts', async () => {
    const cli = await temporalCli(folder);
    const leftover = spawn(
      cli,
      ['server', 'start-dev', '--headless', '--port', '0', '--log-level', 'never'],
      {
        stdio: 'ignore',
      },
    );
    children.push(leftover);
    await once(leftover, 'spawn');
    writeFileSync(path.join(folder, 'temporal.pid'), JSON.stringify({ pid: 999_999_999, started: '1' }));
    writeFileSync(path.join(folder, 'temporal.pid.server'), String(leftover.pid));
    const ended = once(leftover, 'exit');
    const server = await startDevServer({ dataDir: folder, ...free, persistent: true });
    await ended;
    await server.stop();
  });

  it('says which port is taken and what to set', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startDevServer({ dataDir: folder, port, uiPort: 0, persistent: false })).rejects.toThrow(
      new RegExp(`127.0.0.1:${port}.*OBFLOW_TEMPORAL_PORT`),
    );
    other.close();
  });

  it('quotes the log of a server that ends at once', async () => {
    const broken = path.join(folder, 'temporal');
    writeFileSync(
      broken,
      '#!/bin/sh\n[ "$1" = --version ] && echo "temporal version 1.9.1" && exit\necho "no space left on device" >&2\nexit 3\n',
      { mode: 0o755 },
    );
    const env = { OBFLOW_TEMPORAL_CLI: broken };
    await expect(startDevServer({ dataDir: folder, ...free, persistent: true, env })).rejects.toThrow(
      /exit code 3: no space left on device/,
    );
    expect(existsSync(path.join(folder, 'temporal.pid'))).toBe(false);
  });

  it('starts again when the server panics over a port of its own, and quotes the panic when it goes on', async () => {
    const real = await temporalCli(folder);
    const panics = (times: number) => {
      const cli = path.join(folder, `temporal-${times}`);
      const script = [
        '#!/bin/sh',
        '[ "$1" = --version ] && echo "temporal version 1.9.1" && exit',
        `echo start >>${cli}.starts`,
        `if [ $(wc -l <${cli}.starts) -le ${times} ]; then`,
        '  printf "panic: failed assigning ephemeral port\\n\\ngoroutine 1 [running]:\\n" >&2',
        '  for i in 1 2 3 4 5 6 7 8 9; do echo "main.main() frame $i" >&2; done; exit 2',
        'fi',
        `exec ${real} "$@"`,
      ];
      writeFileSync(cli, `${script.join('\n')}\n`, { mode: 0o755 });
      return { OBFLOW_TEMPORAL_CLI: cli };
    };
    const server = await startDevServer({ dataDir: folder, ...free, persistent: true, env: panics(1) });
    await server.stop();
    await expect(
      startDevServer({ dataDir: folder, ...free, persistent: true, env: panics(9) }),
    ).rejects.toThrow(/exit code 2: panic: failed assigning ephemeral port/);
    expect(readFileSync(path.join(folder, 'temporal-9.starts'), 'utf8')).toBe('start\n'.repeat(3));
  });

  it('tells when the server dies by itself', async () => {
    const server = await startDevServer({ dataDir: folder, ...free, persistent: true });
    process.kill(serverPid(), 'SIGKILL');
    expect(await server.died).toContain(server.logFile);
    await server.stop();
  });
});

describe('Temporal connection', () => {
  it('says what to do when nothing answers', async () => {
    await expect(connectTemporal({ address: '127.0.0.1:1' })).rejects.toThrow(
      /127\.0\.0\.1:1.*TEMPORAL_ADDRESS/,
    );
  });
});
