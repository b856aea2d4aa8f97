import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clusters } from '../../cli/doctor/clusters';
import { deadProxies } from '../../cli/doctor/deadProxies';
import { temporal } from '../../cli/doctor/temporal';
import { readConfig } from '../../runtime/config';
import { startDevServer } from '../../runtime/devServer';
import { freePort } from '../../runtime/ports';
import { startObserver } from '../../sandbox/standins/observer';
import { openStore } from '../../store';
import { givenHost, givenProxyCluster } from '../api/harness';
import { plan } from '../store/plan';
import { ALLOWED_ADDRESSES } from '../support/addresses';

const SECRET = 'Planted.db.1';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-doctor-asks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const config = (extra: NodeJS.ProcessEnv = {}) =>
  readConfig({
    OBFLOW_DATA_DIR: folder,
    OBFLOW_TASK_QUEUE: 'nobody',
    OBFLOW_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
    ...extra,
  }).config;

async function declared(name: string, obClusterId: number, sqlPort: number): Promise<void> {
  const store = await openStore(config());
  const credential = (username: string) =>
    store.credentials.put({ name: `${name} ${username}`, kind: 'DATABASE', username, secret: SECRET });
  await store.obClusters.put({
    ...{ name, obClusterId, version: '4.2.1.0', type: 'PRIMARY' },
    rootServers: [{ ip: '127.0.0.1', sqlPort, rpcPort: 2882 }],
    sysCredentialId: (await credential('root@sys')).id,
    proxyroCredentialId: (await credential('proxyro@sys')).id,
  });
  await store.close();
}

describe('obflow doctor', () => {
  it('logs in to every cluster as both users, compares its name, and tells "refused" from "could not ask"', async () => {
    const users = { 'root@sys': SECRET, 'proxyro@sys': SECRET };
    const start = (clusterName: string, obClusterId: number, of: Record<string, string>) =>
      startObserver({ host: '127.0.0.1', port: 0, clusterName, obClusterId, users: of });
    const good = await start('good', 1, users);
    const changed = await start('changed', 2, { ...users, 'proxyro@sys': 'Another.1' });
    const renamed = await start('its_own_name', 4, users);
    try {
      await declared('good', 1, good.port);
      await declared('changed', 2, changed.port);
      await declared('silent', 3, await freePort('127.0.0.1'));
      await declared('renamed', 4, renamed.port);
      const found = await clusters(config());
      expect([...found].sort((one, other) => (one.check < other.check ? -1 : 1))).toEqual([
        {
          ...{ check: 'cluster changed', verdict: 'problem', next: expect.stringContaining('obflow apply') },
          message: expect.stringMatching(/^It refuses proxyro@sys: /),
        },
        {
          ...{ check: 'cluster good', verdict: 'ok' },
          message: `OceanBase 4.2.1.0 at 127.0.0.1:${good.port}: root@sys and proxyro@sys can log in`,
        },
        {
          ...{ check: 'cluster renamed', verdict: 'problem', next: expect.stringContaining('obflow apply') },
          message: expect.stringContaining('it calls itself "its_own_name" (parameter cluster)'),
        },
        {
          ...{ check: 'cluster silent', verdict: 'warning', next: expect.stringContaining('network') },
          message: expect.stringMatching(/^Could not ask it: 127\.0\.0\.1:\d+: /),
        },
      ]);
      expect(JSON.stringify(found)).not.toContain(SECRET);
    } finally {
      await good.stop();
      await changed.stop();
      await renamed.stop();
    }
  });

  it('finds the dev server of its data folder on whatever port it is', async () => {
    const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = process.env;
    delete process.env.TEMPORAL_ADDRESS;
    delete process.env.TEMPORAL_NAMESPACE;
    const server = await startDevServer({ dataDir: folder, port: 0, uiPort: 0, persistent: true });
    try {
      const elsewhere = String(await freePort('127.0.0.1'));
      const [found] = await temporal(config({ OBFLOW_TEMPORAL_PORT: elsewhere }));
      expect(found).toMatchObject({
        check: 'Temporal',
        verdict: 'ok',
        message: expect.stringContaining(`${server.address}, `),
      });
    } finally {
      await server.stop();
      if (address !== undefined) process.env.TEMPORAL_ADDRESS = address;
      if (namespace !== undefined) process.env.TEMPORAL_NAMESPACE = namespace;
    }
    const [gone] = await temporal(config({ OBFLOW_TEMPORAL_PORT: String(await freePort('127.0.0.1')) }));
    expect(gone?.verdict).toBe('problem');
  });

  it('says which OBProxies were dead or could not be asked at the last look, and when nobody looks', async () => {
    const store = await openStore(config());
    const clusterId = await givenProxyCluster(store, 'proxies');
    const ids: number[] = [];
    for (const ip of ['10.4.0.1', '10.4.0.2', '10.4.0.3']) {
      const hostId = await givenHost(store, ip);
      const id = await store.obproxy.addServer({
        ...{ clusterId, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null, version: '4.3.1.0-4' },
        ...{ packageId: null, parameterVersion: 1, taskId: 5 },
      });
      await store.work.settle({ kind: 'obproxyServer', id }, 5, 'RUNNING');
      ids.push(id);
    }
    await store.tasks.add({ plan: plan(5), workflowType: 'addObproxy' });
    await store.tasks.applyStateChange({
      ...{ taskId: 5, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
    const [alive = 0, gone = 0, away = 0] = ids;
    expect(await deadProxies(config())).toMatchObject([
      { check: 'proxies', verdict: 'warning', message: expect.stringContaining('never looked') },
    ]);
    const time = new Date().toISOString();
    const look = { kind: 'obproxyServer', time } as const;
    await store.observations.record([
      { ...look, id: alive, state: 'ALIVE', by: 'METRICS', reason: null },
      { ...look, id: gone, state: 'GONE', by: 'SSH', reason: 'its process is gone' },
      { ...look, id: away, state: 'UNKNOWN', by: null, reason: 'no route' },
    ]);
    expect(await deadProxies(config())).toEqual([
      {
        ...{
          check: `proxy ${gone}`,
          verdict: 'problem',
          next: expect.stringContaining('obflow proxy forget'),
        },
        message: '10.4.0.2:2883 is GONE, never seen alive: its process is gone.',
      },
      {
        ...{ check: `proxy ${away}`, verdict: 'warning', next: expect.stringContaining('network') },
        message: '10.4.0.3:2883 is UNKNOWN, never seen alive: no route.',
      },
    ]);
    for (const id of [gone, away]) await store.obproxy.deleteServer(id);
    expect(await deadProxies(config())).toMatchObject([{ check: 'proxies', verdict: 'ok' }]);
    expect(await deadProxies(config({ OBFLOW_LOOK_SECONDS: '0' }))).toMatchObject([
      { verdict: 'warning', message: expect.stringContaining('OBFLOW_LOOK_SECONDS is 0') },
    ]);
    await store.close();
  });
});
