/** `obflow ob parameters` and `obflow ob password`, against a cluster that answers. */
import { givenAnsweringCluster, type ObScene } from '../api/obScene';
import { OperationScene } from './operationScene';

let scene: OperationScene;
let cluster: ObScene;
let name = '';
beforeAll(async () => {
  scene = await OperationScene.open();
  cluster = await givenAnsweringCluster(scene.api.store, { tenants: ['app'] });
  name = (await scene.api.store.obClusters.find(cluster.id))?.name ?? '';
});
afterAll(async () => {
  await cluster.observer.stop();
  await scene.close();
});

it('lists parameters, with the servers of each value where they differ', async () => {
  const set = await scene.obflow('ob', 'parameters', 'set', name, 'cpu_count=8', '--zone', 'zone1');
  expect([set.code, set.stderr]).toEqual([0, '']);
  expect(set.stdout).toContain('cpu_count');
  const list = await scene.obflow('ob', 'parameters', 'ls', name, '--like', 'cpu_count');
  expect(list.stdout).toMatch(
    /cpu_count +0 \(10\.5\.0\.2:2882, 10\.5\.0\.3:2882\); 8 \(10\.5\.0\.1:2882\) +INT +0/,
  );
});

it('sets several for tenants, and says what waits for a restart', async () => {
  const tenants = await scene.obflow('ob', 'parameters', 'set', name, 'undo_retention=60', '--all-tenants');
  expect([tenants.code, tenants.stderr]).toEqual([0, '']);
  const { code, stdout, stderr } = await scene.obflow(
    'ob',
    'parameters',
    'set',
    name,
    'stack_size=1M',
    'backup_region=a=b',
  );
  expect([code, stdout]).toEqual([0, expect.stringContaining('stack_size, backup_region')]);
  expect(stderr).toContain('stack_size takes effect when');
  expect(cluster.observer.statementsLike(/^alter system set/i).slice(-3)).toEqual([
    "ALTER SYSTEM SET undo_retention = '60' TENANT = 'app'",
    "ALTER SYSTEM SET stack_size = '1M'",
    "ALTER SYSTEM SET backup_region = 'a=b'",
  ]);
});

it('fails with the words of the API, and for what is no name=value', async () => {
  const unit = await scene.obflow('ob', 'parameters', 'set', name, 'memory_limit=8');
  expect([unit.code, unit.stderr]).toEqual([1, expect.stringContaining('needs its unit')]);
  const odd = await scene.obflow('ob', 'parameters', 'set', name, 'memory_limit');
  expect([odd.code, odd.stderr]).toEqual([1, 'memory_limit is no name=value.\n']);
});

it('changes the password of root@sys, which stands in no argument', async () => {
  const file = scene.file('new', 'Planted.new#22\n');
  const { code, stdout } = await scene.obflow('ob', 'password', name, '--password-file', file);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`root@sys of ${name} is changed`)]);
  expect((await scene.api.store.credentials.open(cluster.credentialId)).secret).toBe('Planted.new#22');
});
