import { addProxyCommands } from '../../cli/proxy/command';
import { freePort } from '../../runtime/ports';
import { givenHost, givenProxyCluster, PASSWORD, startTestApi, type TestApi } from '../api/harness';
import { plan } from '../store/plan';
import { runCommand } from './taskScene';

let api: TestApi;
let sqlPort = 0;
let serverId = 0;

beforeAll(async () => {
  api = await startTestApi({ unreachableHosts: true });
  const { store } = api;
  // Nothing listens on any of these ports: the proxy is dead, and its host cannot be asked.
  sqlPort = await freePort('127.0.0.1');
  const hostId = await givenHost(store, '127.0.0.1', {}, await freePort('127.0.0.1'));
  serverId = await store.obproxy.addServer({
    ...{
      clusterId: await givenProxyCluster(store, 'proxies'),
      hostId,
      sqlPort,
      exporterPort: 0,
      rpcPort: null,
    },
    ...{ version: '4.3.1.0-4', packageId: null, parameterVersion: 1, taskId: 5 },
  });
  await store.work.settle({ kind: 'obproxyServer', id: serverId }, 5, 'RUNNING');
  await store.tasks.add({ plan: plan(5), workflowType: 'addObproxy' });
  await store.tasks.applyStateChange({
    ...{ taskId: 5, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
  });
});
afterAll(() => api.stop());

const obflow = (...args: string[]) =>
  runCommand(addProxyCommands, ['proxy', ...args], {
    ...{ OBFLOW_URL: api.url, OBFLOW_USER: 'admin', OBFLOW_PASSWORD: PASSWORD },
  });
const known = async () => (await api.store.obproxy.findServer(serverId)) !== undefined;

describe('obflow proxy forget', () => {
  it('takes names and addresses, and says which there are', async () => {
    const nowhere = await obflow('forget', 'nowhere', String(serverId));
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining('no OBProxy cluster nowhere'),
    ]);
    const strange = await obflow('forget', 'proxies', '10.9.9.9');
    expect([strange.code, strange.stderr]).toEqual([
      1,
      expect.stringContaining(`It has: ${serverId} (127.0.0.1:${sqlPort})`),
    ]);
    expect(await known()).toBe(true);
  });

  it('only looks with --dry-run; then forgets, and lists what stays on the host', async () => {
    const dry = await obflow('forget', 'proxies', '127.0.0.1', '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringContaining('would be forgotten; it was seen UNKNOWN'),
    ]);
    expect(await known()).toBe(true);

    const done = await obflow('forget', 'proxies', `127.0.0.1:${sqlPort}`);
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringContaining('is forgotten; it was seen UNKNOWN'),
    ]);
    expect(done.stdout).toMatch(/Left behind on its host:\n {2}nobody could look at the host/);
    expect(await known()).toBe(false);
  });
});
