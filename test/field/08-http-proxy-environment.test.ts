/**
 * http_proxy and the like in the environment: they stand between obflow and neither its own Temporal nor its hosts.
 *
 * Source: temporalio/sdk-typescript#1387 (grpc-js obeys http_proxy), grpc/grpc-node#1243.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startDevServer } from '../../runtime/devServer';
import { connectTemporal, nativeConnection } from '../../runtime/temporal';
import { withoutProxy } from '../../runtime/temporalPlace';
import { fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { addressOf, hostsWithPins } from '../hosts/reach';
import { describeIf } from '../support/skip';

const NAMES = ['http_proxy', 'https_proxy', 'grpc_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy'];
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';

describe('a proxy in the environment that is not there', () => {
  const before = { ...process.env };
  beforeAll(() => {
    for (const name of NAMES) process.env[name] = NOWHERE;
    for (const name of ['no_proxy', 'NO_PROXY', 'no_grpc_proxy']) delete process.env[name];
  });
  afterAll(() => {
    for (const name of NAMES) delete process.env[name];
    Object.assign(process.env, before);
  });

  test('does not keep the own dev server from starting, nor API and worker from it', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-proxy-'));
    const server = await startDevServer({ dataDir: folder, port: 0, uiPort: 0, persistent: false });
    try {
      const temporal = await connectTemporal({ address: server.address });
      await temporal.connection.workflowService.describeNamespace({ namespace: 'default' });
      await (await nativeConnection(temporal)).close();
      await temporal.close();
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  test.each([
    ['127.0.0.1:7233', true],
    ['127.8.0.1:7233', true],
    ['localhost:7233', true],
    ['[::1]:7233', true],
    ['10.0.0.1:7233', false],
    ['temporal.example:7233', false],
    ['127.example:7233', false],
  ])('Temporal at %s is asked for directly: %s', (address, directly) => {
    expect(withoutProxy(address)).toEqual(directly ? { 'grpc.enable_http_proxy': 0 } : {});
  });
});

describeIf(fleetUnavailable(), 'a proxy in the environment of a host', () => {
  test('is not handed on to what obflow starts there', async () => {
    const fleet = await startFleet({ hosts: 1 });
    await fleet.hosts[0]!.configureSshd({
      SetEnv: `PATH=/usr/bin:/bin http_proxy=${NOWHERE} HTTPS_PROXY=${NOWHERE} no_proxy=x`,
    });
    const hosts = hostsWithPins();
    const host = await hosts.open(addressOf(fleet));
    expect((await host.sh('env | grep -i proxy')).stdout).toBe('');
    expect((await host.sh('env | grep -i proxy', { user: 'admin' })).stdout).toBe('');
    const id = { taskId: 1, subtaskId: 1, run: 1, name: 'env' };
    expect(await host.once(id, 'env | grep -i proxy; exit 0')).toMatchObject({ output: '' });
    await hosts.close();
    await fleet.stop();
  });
});
