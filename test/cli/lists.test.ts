/** `obflow package`, the lists and the pages of what there is, and `obflow audit`. */

import { addKeyCommands } from '../../cli/access/keyCommands';
import { givenHost, givenObCluster, givenProxyCluster } from '../api/harness';
import { rpm } from '../support/rpmFile';
import { OperationScene } from './operationScene';
import { runCommand } from './taskScene';

let scene: OperationScene;
let cluster: number;
beforeAll(async () => {
  scene = await OperationScene.open();
  cluster = await givenProxyCluster(scene.api.store, 'proxies');
  await scene.givenProxy(cluster, '10.5.0.1');
  await scene.givenProxy(cluster, 'fd00::5', 'STOPPED');
  await givenObCluster(scene.api.store, 'obcluster', 1, '10.5.1.1');
});
afterAll(() => scene.close());

const FILE = 'obproxy-4.2.1.0-11.el7.x86_64.rpm';
const content = () => rpm({ version: '4.2.1.0', release: '11.el7', home: '/home/admin/obproxy' });

describe('obflow package', () => {
  it('uploads, lists and deletes by file name', async () => {
    const file = scene.file('whatever it is called.rpm', content());
    const up = await scene.obflow('package', 'upload', file);
    expect([up.code, up.stderr]).toEqual([0, '']);
    expect(up.stdout).toMatch(
      new RegExp(`^Package ${FILE} is uploaded \\(id \\d+\\), SHA-256 [0-9a-f]{64}\\.`),
    );
    const list = await scene.obflow('package', 'ls');
    expect(list.stdout).toMatch(new RegExp(`^ID +FILE +TYPE .*\\n\\d+ +${FILE} +OBPROXY_INSTALL_PACKAGE`));
    expect(list.stdout).toMatch(/ USED BY\n/);
    const gone = await scene.obflow('package', 'rm', FILE);
    expect([gone.code, gone.stdout]).toEqual([0, `Package ${FILE} is deleted.\n`]);
    const again = await scene.obflow('package', 'rm', FILE);
    expect([again.code, again.stderr]).toEqual([
      1,
      `There is no package ${FILE}. obflow package ls lists them.\n`,
    ]);
    const none = await scene.obflow('package', 'ls');
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining('obflow package upload')]);
  });

  it('names who uses a package: the clusters with servers made of it, and how many these are', async () => {
    const { store } = scene.api;
    await scene.obflow('package', 'upload', scene.file('used.rpm', content()));
    const { id: packageId } = (await store.packages.findByFileName(FILE))!;
    const users = [];
    for (const ip of ['10.5.2.1', '10.5.2.2']) {
      const hostId = await givenHost(store, ip);
      users.push(
        await store.obproxy.addServer({
          ...{ clusterId: cluster, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
          ...{ version: '4.2.1.0-11', packageId, parameterVersion: 1, taskId: 1 },
        }),
      );
    }
    const [of] = (await store.obClusters.list({ page: 1, size: 1 })).contents;
    const observer = await store.obServers.add({
      ...{ clusterId: of!.id, zone: 'zone1', hostId: await givenHost(store, '10.5.2.3'), ip: '10.5.2.3' },
      ...{ rpcPort: 2882, sqlPort: 2881, packageId, startupParameters: [], taskId: 1 },
    });
    const list = await scene.obflow('package', 'ls');
    expect(list.stdout).toMatch(/ {2}proxies \(2 OBProxies\), obcluster \(1 OBServer\)\n/);
    for (const id of users) await store.obproxy.deleteServer(id);
    await store.obServers.delete(observer);
    expect((await scene.obflow('package', 'rm', FILE)).code).toBe(0);
  });

  it('signs an upload with an access key', async () => {
    const made = await runCommand(addKeyCommands, ['key', 'add'], scene.env);
    const [, accessKeyId = '', accessKeySecret = ''] = /ID=(\w+)\n.*SECRET=(\w+)\n/.exec(made.stdout) ?? [];
    const env = { OBFLOW_URL: scene.api.url, OBFLOW_ACCESS_KEY_ID: accessKeyId };
    const file = scene.file('signed.rpm', content());
    const signed = { ...env, OBFLOW_ACCESS_KEY_SECRET: accessKeySecret };
    const up = await scene.as(signed, 'package', 'upload', file, '-o', 'json');
    expect([up.code, JSON.parse(up.stdout).contents[0].fileName]).toEqual([0, FILE]);
    const forged = { ...env, OBFLOW_ACCESS_KEY_SECRET: accessKeySecret.replace(/^./, 'X') };
    expect((await scene.as(forged, 'package', 'upload', file)).stderr).toContain('(401');
    await scene.as(signed, 'package', 'rm', FILE);
  });

  it('names what it cannot read, and uploads nothing then', async () => {
    const good = scene.file('good.rpm', content());
    const { code, stderr } = await scene.obflow('package', 'upload', good, '/nowhere.rpm');
    expect([code, stderr]).toEqual([1, 'Cannot read /nowhere.rpm (ENOENT). Nothing was uploaded.\n']);
    expect((await scene.api.traces()).packages).toBe(0);
    const bad = await scene.obflow('package', 'upload', scene.file('bad.rpm', 'no package'));
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('The API refused (400')]);
  });
});

describe('what there is', () => {
  it('is listed and shown by the names that people use', async () => {
    const clusters = await scene.obflow('proxy', 'cluster', 'ls');
    expect(clusters.stdout).toMatch(/\d+ +proxies +CONFIG_URL +1 RUNNING, 1 STOPPED\n$/);
    const whole = await scene.obflow('proxy', 'cluster', 'show', 'proxies');
    expect(whole.stdout).toMatch(/^name: +proxies$/m);
    expect(whole.stdout).toMatch(/^\d+ +proxies +\[fd00::5\]:2883 +4\.3\.1\.0-4 +STOPPED +am171$/m);
    const proxies = await scene.obflow('proxy', 'ls', '-o', 'json');
    expect(JSON.parse(proxies.stdout).contents).toEqual([
      expect.objectContaining({ cluster: 'proxies', ip: '10.5.0.1', status: 'RUNNING' }),
      expect.objectContaining({ cluster: 'proxies', ip: 'fd00::5', status: 'STOPPED' }),
    ]);
    const [first] = JSON.parse(proxies.stdout).contents;
    await scene.api.store.obproxy.recordConfigUrl(first.id, 'http://10.1.1.1:8080/services?old');
    expect((await scene.obflow('proxy', 'ls')).stdout).toMatch(/^\d+ +proxies .* RUNNING +am171 +1$/m);
    const warned = await scene.obflow('proxy', 'show', 'proxies', '10.5.0.1');
    expect(warned.stdout).toMatch(/^warnings: +It asks http:\/\/10\.1\.1\.1:8080.*push-url/m);
    const one = await scene.obflow('proxy', 'show', 'proxies', '[fd00::5]:2883');
    expect(one.stdout).toMatch(/^status: +STOPPED$/m);
    const ob = await scene.obflow('ob', 'ls');
    expect(ob.stdout).toMatch(/\d+ +obcluster:1 +4\.2\.1\.0 +UNAVAILABLE +PRIMARY/);
    const shown = await scene.obflow('ob', 'show', 'obcluster:1');
    expect(shown.stdout).toMatch(/^not asked: +\S/m);
    expect((await scene.obflow('ob', 'show', 'nothing')).stderr).toContain('obflow ob ls lists them');
  });
});

describe('obflow audit', () => {
  it('lists who did what, by user, task and time', async () => {
    const stop = await scene.obflow('proxy', 'stop', 'proxies', '10.5.0.1');
    const task = /Task (\d+)/.exec(stop.stdout)?.[1] ?? '';
    const { code, stdout } = await scene.obflow('audit', '--task', task, '--user', 'admin');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(
          `^TIME .*\\n\\S+ +admin +\\S+ +POST /api/v2/obproxy/clusters/${cluster}/servers/stop +200 +${task}\\n$`,
        ),
      ),
    ]);
    const later = await scene.obflow('audit', '--from', '2099-01-01', '-o', 'json');
    expect(JSON.parse(later.stdout)).toEqual({ contents: [] });
    const bad = await scene.obflow('audit', '--from', 'yesterday');
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('from')]);
    expect((await scene.obflow('audit', '--page', '0')).code).toBe(2);
  });
});

describe('a look on demand', () => {
  it('is for the OBProxies of a cluster, and exits with 1 where one is not alive', async () => {
    const { code, stdout, stderr } = await scene.obflow('proxy', 'check', 'proxies');
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^ID +CLUSTER +ADDRESS .*SEEN\n/);
    expect(stdout).toMatch(/ proxies +10\.5\.0\.1:2883 /);
    const events = await scene.api.send('GET', '/api/v2/audit/events');
    expect(events.body.data.contents[0]).toMatchObject({ command: 'check' });
  });

  it('is for the servers of an OceanBase cluster', async () => {
    const { code, stdout } = await scene.obflow('ob', 'check', 'obcluster');
    expect(stdout).toContain('obcluster:1');
    expect(code).toBe(0);
    const none = await scene.obflow('ob', 'check', 'nowhere');
    expect([none.code, none.stderr]).toEqual([
      1,
      'There is no OceanBase cluster nowhere. obflow ob ls lists them.\n',
    ]);
  });
});
