/** The published answers of making and deleting an OceanBase cluster. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../runtime/paths';
import { givenHost, givenPackage, type Json, startTestApi, type TestApi } from './harness';
import { namedTasks } from './legacyTasks';

const golden = (name: string): Json =>
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'operations/samples', `${name}.json`), 'utf8'));

let api: TestApi;
let hostId = 0;
beforeAll(async () => {
  api = await startTestApi({ unreachableHosts: true });
  hostId = await givenHost(api.store, '10.1.7.1');
  await givenPackage(api.store, {
    ...{ name: 'oceanbase', version: '2.2.73', release: '20201211175814.el7' },
    home: '/home/admin/oceanbase',
  });
});
afterAll(() => api.stop());

function expectPublished(answer: Json, sample: Json, context: (text: string) => string): void {
  expect(answer.body.error).toBeUndefined();
  const { data } = answer.body;
  const { id, startTime, tasks, subtasks, ...rest } = data;
  expect(rest).toMatchObject({
    ...{ name: sample.data.name, status: sample.data.status, creator: sample.data.creator },
    context: context(sample.data.context),
  });
  expect(namedTasks(tasks)).toEqual(namedTasks(sample.data.tasks));
  expect(subtasks.map((subtask: Json) => subtask.id)).toEqual(tasks.map((task: Json) => task.id));
  expect(startTime).toMatch(/[+-]\d\d:\d\d$/);
  expect(api.started.at(-1)?.taskId).toBe(id);
}

test('creating a cluster and deleting it answer the samples, and nothing of the password', async () => {
  const request = golden('create-ob-cluster.request');
  const zones = [{ name: 'zone1', idcName: 'am171', servers: [hostId] }];
  const created = await api.send('POST', '/api/v2/ob/clusters', { ...request, zones });
  const clusterId = created.body.data?.cluster?.id;
  expectPublished(created, golden('create-ob-cluster.response'), (text) =>
    text
      .replace('cluster_id=22', `cluster_id=${clusterId}`)
      .replace('zone1.idc=hz2', 'zone1.idc=am171')
      .replaceAll('xxx.xxx.xxx.xxx', '10.1.7.1')
      .replace('root_servers=[1]', `root_servers=[${hostId}]`)
      .replaceAll('host_ids=[1]', `host_ids=[${hostId}]`),
  );
  expect(created.body.data.cluster).toEqual({ id: clusterId, name: 'terran', obClusterId: 1 });
  expect(created.body.data.subtasks).toHaveLength(23);
  const plan = JSON.stringify(api.started.at(-1));
  for (const shown of [JSON.stringify(created.body), plan]) expect(shown).not.toContain(request.password);

  const { store } = api;
  const row = await store.obClusters.find(clusterId);
  expect(row).toMatchObject({
    status: 'CREATING',
    version: '2.2.73',
    origin: { bootstrap: { state: 'NONE' } },
  });
  expect(await store.credentials.open(row?.sysCredentialId ?? 0)).toMatchObject({
    ...{ username: 'root', secret: '' },
    pending: { secret: request.password },
  });
  expect(await store.obServers.zones(clusterId)).toMatchObject([
    { name: 'zone1', region: 'hangzhou', idc: 'am171' },
  ]);
  expect(await store.obServers.ofCluster(clusterId)).toMatchObject([
    { status: 'CREATING', zone: 'zone1', hostId, taskId: created.body.data.id },
  ]);

  // As it is when the task has ended.
  await store.work.settle({ kind: 'obCluster', id: clusterId }, created.body.data.id, 'RUNNING');
  for (const { id } of await store.obServers.ofCluster(clusterId))
    await store.work.settle({ kind: 'obServer', id }, created.body.data.id, 'RUNNING');
  await store.locks.release(created.body.data.id);
  const deleted = await api.send(
    'DELETE',
    `/api/v2/ob/clusters/${clusterId}?confirm=terran&skipOperationHostIds=${hostId}`,
  );
  expectPublished(deleted, golden('delete-ob-cluster.response'), (text) =>
    text
      .replace('cluster_id=19', `cluster_id=${clusterId}`)
      .replaceAll('25', '1')
      .replace('service_version=2.2.52', 'service_version=2.2.73')
      .replace('host_ids=[1]', `host_ids=[${hostId}]`),
  );
  expect(deleted.body.data.subtasks.map(({ name }: Json) => name)).toEqual([
    ...['Prepare delete cluster', 'Stop ocp agent service', 'Wait node'],
    ...['Clean observer host', 'Delete cluster info', 'Unreserve host'],
  ]);
});
