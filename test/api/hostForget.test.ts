import { createServer, type Server } from 'node:net';
import { addHostCommands } from '../../cli/host/command';
import { freePort } from '../../runtime/ports';
import { runCommand } from '../cli/taskScene';
import { plan } from '../store/plan';
import {
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  PASSWORD,
  startTestApi,
  type TestApi,
} from './harness';

/** A host on which nothing listens, with an OBProxy and an OBServer that are as dead. */
let api: TestApi;
let sshPort: number;
let hostId: number;
let serverId: number;
let observerId: number;
let sshd: Server | undefined;

beforeEach(async () => {
  api = await startTestApi({ unreachableHosts: true });
  const { store } = api;
  sshPort = await freePort('127.0.0.1');
  hostId = await givenHost(store, '127.0.0.1', {}, sshPort);
  const release = await givenPackage(store, { name: 'oceanbase-ce', version: '4.2.1.0', release: '1.el7' });
  for (const taskId of [5, 6]) await store.tasks.add({ plan: plan(taskId), workflowType: 'addObproxy' });
  serverId = await store.obproxy.addServer({
    ...{ clusterId: await givenProxyCluster(store, 'proxies'), hostId, sqlPort: await freePort('127.0.0.1') },
    ...{
      exporterPort: 0,
      rpcPort: null,
      version: '4.3.1.0-4',
      packageId: null,
      parameterVersion: 1,
      taskId: 5,
    },
  });
  await store.work.settle({ kind: 'obproxyServer', id: serverId }, 5, 'RUNNING');
  observerId = await store.obServers.add({
    ...{ clusterId: await givenObCluster(store, 'ob1'), zone: 'zone1', hostId, ip: '127.0.0.1' },
    ...{ rpcPort: 2882, sqlPort: 2881, packageId: release.id, startupParameters: [], taskId: 6 },
  });
  for (const taskId of [5, 6]) {
    const done = { status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 } as const;
    await store.tasks.applyStateChange({ taskId, ...done });
  }
});
afterEach(async () => {
  await new Promise((resolve) => (sshd === undefined ? resolve(undefined) : sshd.close(resolve)));
  sshd = undefined;
  await api.stop();
});

/** The host is there after all. */
async function greets(): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n'));
  await new Promise<void>((resolve) => server.listen(sshPort, '127.0.0.1', resolve));
  sshd = server;
}

const path = () => `/api/v2/compute/hosts/${hostId}/forget`;
const forget = (body?: unknown, query = '') => api.send('POST', path() + query, body);
const known = async () => {
  const { store } = api;
  const found = [await store.hosts.find(hostId), await store.obproxy.findServer(serverId)];
  return found.map((row) => row !== undefined);
};

test('A host that is gone leaves the inventory with its OBProxy; its OBServer stays one of its cluster', async () => {
  const dry = await forget({}, '?dryRun=true');
  expect(dry.status).toBe(200);
  expect(await known()).toEqual([true, true]);

  const { status, body } = await forget();
  expect(status).toBe(200);
  expect(body.data).toEqual(dry.body.data);
  expect(body.data).toMatchObject({
    ...{ id: hostId, innerIpAddress: '127.0.0.1', observed: { state: 'UNKNOWN' } },
    obproxies: [{ id: serverId, observed: { state: 'UNKNOWN' } }],
    obServers: [{ id: observerId, port: 2882 }],
    leftBehind: [expect.stringMatching(/^OBServer 127\.0\.0\.1:2882 of ob1:1 in zone1.*DELETE SERVER$/)],
  });
  expect(await known()).toEqual([false, false]);
  expect(await api.store.obServers.find(observerId)).toMatchObject({ hostId: null });
  const { contents } = await api.store.audit.list({}, { page: 1, size: 1 });
  expect(contents[0]).toMatchObject({
    ...{ command: 'forget', path: path(), status: 200 },
    why: expect.stringMatching(
      /^host \d+ 127\.0\.0\.1: UNKNOWN; OBProxy .*; OBServer .* left to its cluster$/,
    ),
  });
  expect((await forget()).body.error.code).toBe('CMP07005');
});

test('One that answers is refused unless it is forced, in both languages, and stays', async () => {
  await greets();
  const refused = await forget();
  expect([refused.status, refused.body.error.code]).toEqual([409, 'CMP07004']);
  expect(refused.body.error.message).toMatch(/answers by SSH.*force=true/);
  const chinese = await api.send('POST', path(), {}, { 'accept-language': 'zh-CN' });
  expect(chinese.body.error.message).toMatch(/SSH 有应答/);
  expect(await known()).toEqual([true, true]);
  expect((await forget({ force: true })).status).toBe(200);
  expect(await known()).toEqual([false, false]);
});

test('One whose OBServer was seen alive is refused unless it is forced', async () => {
  const look = { state: 'ALIVE', by: 'SQL', reason: null, time: new Date().toISOString() } as const;
  await api.store.work.settle({ kind: 'obServer', id: observerId }, 6, 'RUNNING');
  await api.store.observations.record([{ ...look, kind: 'obServer', id: observerId }]);
  const refused = await forget();
  expect([refused.status, refused.body.error.code]).toEqual([409, 'CMP07004']);
  expect(refused.body.error.message).toContain('127.0.0.1:2882');
  expect(await known()).toEqual([true, true]);
});

test.each([
  ['the host', () => `host:${hostId}:OB_CLUSTER`],
  ['its OBProxy', () => `host:${hostId}:OB_PROXY`],
  ['the cluster of its OBServer', () => 'ob_cluster:1'],
])('A task that holds %s is named, and nothing is forgotten, forced or not', async (_what, lock) => {
  await api.store.locks.take(6, [lock()], []);
  for (const body of [{}, { force: true }]) {
    const refused = await forget(body);
    expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('task 6')]);
  }
  expect(await known()).toEqual([true, true]);
});

test('It needs CLUSTER_MANAGER', async () => {
  await api.store.users.add({ name: 'hosts', password: 'Planted.hosts+pass', roles: ['HOST_MANAGER'] });
  const authorization = `Basic ${Buffer.from('hosts:Planted.hosts+pass').toString('base64')}`;
  expect((await api.send('POST', path(), {}, { authorization })).status).toBe(403);
});

test('obflow host forget says what is forgotten, and what stays', async () => {
  const env = { OBFLOW_URL: api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD };
  const obflow = (...args: string[]) => runCommand(addHostCommands, ['host', 'forget', ...args], env);
  const dry = await obflow('127.0.0.1', '--dry-run');
  expect([dry.code, dry.stdout]).toEqual([
    0,
    expect.stringContaining('would be forgotten; it was seen UNKNOWN'),
  ]);
  await greets();
  expect(await obflow('127.0.0.1')).toMatchObject({ code: 1, stderr: expect.stringContaining('CMP07004') });
  const done = await obflow('127.0.0.1', '--force');
  expect([done.code, done.stdout]).toEqual([
    0,
    expect.stringMatching(
      /Host 127\.0\.0\.1 \(id \d+\) is forgotten; it was seen ALIVE\nOBProxy \d+ .*is forgotten/,
    ),
  ]);
  expect(done.stdout).toMatch(/OBServer 127\.0\.0\.1:2882 of ob1:1/);
  expect(await known()).toEqual([false, false]);
});
