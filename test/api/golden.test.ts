import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DELETE_OB_SERVERS } from '../../operations/deleteObservers';
import { REPLACE_OB_SERVER } from '../../operations/replaceObserver';
import { repositoryRoot } from '../../runtime/paths';
import { type Observer, type ServerRow, startObserver, type ZoneRow } from '../../sandbox/standins/observer';
import type { ObServerRow } from '../../store/types';
import { entrance, hostsWithObservers, newCluster } from '../operations/newCluster';
import {
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from './harness';
import { namedTasks } from './legacyTasks';

const golden = (name: string): Json =>
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'operations/samples', `${name}.json`), 'utf8'));

const published = (name: string): Json =>
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'test/golden/published', `${name}.json`), 'utf8'));

/**
 * Samples of V4.3.5 leave out classes and context, and print three things that other samples do not: they are said
 * here by fields that every task has.
 */
function asNewerSample(answer: Json): Json {
  const { context, subtasks, ...task } = answer.data;
  return {
    ...answer,
    data: {
      ...task,
      prohibitRollback: context.stringMap.prohibit_rollback === 'true',
      subtasks: subtasks.map(({ className, prohibitSkip = false, ...subtask }: Json) => {
        expect(className).toMatch(/^com\.alipay\.ocp\.service\.task\.business\.(\w+\.)?\w+$/);
        return { ...subtask, prohibitSkip, taskId: task.id };
      }),
    },
  };
}

/** The id of the task is the task's own. */
function withoutTaskIds(answer: Json): Json {
  const { subtasks, ...task } = answer.data;
  for (const { taskId } of subtasks) expect(taskId).toBe(task.id);
  return {
    ...answer,
    data: { ...task, subtasks: subtasks.map(({ taskId: _, ...subtask }: Json) => subtask) },
  };
}

/** Names occur more than once: what comes before and after tells a "Wait node" from another. */
const inOrder = ({ name, upstreams, downstreams }: Json): string =>
  [name, ...upstreams, ...downstreams].join('\n');

/** What a sample cannot fix: ids, times, addresses, and the numbering of seriesId. */
function comparable(answer: Json): Json {
  const { traceId, timestamp, server, duration, ...rest } = answer;
  expect(traceId).toMatch(/^[0-9a-f]{16}$/);
  expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
  expect(typeof server).toBe('string');
  expect(Number.isInteger(duration)).toBe(true);
  const task = ({ id, startTime, executor, subtasks, hostId, ...fields }: Json): Json => {
    const names = new Map<number, string>(subtasks.map((subtask: Json) => [subtask.id, subtask.name]));
    expect(startTime).toMatch(/[+-]\d\d:\d\d$/);
    expect([...subtasks].map((subtask: Json) => subtask.seriesId).sort((a, b) => a - b)).toEqual(
      subtasks.map((_: Json, index: number) => index),
    );
    return {
      ...fields,
      hostId: typeof hostId,
      ids: [typeof id, typeof executor],
      subtasks: subtasks
        .map(({ id: _id, seriesId: _series, upstreams, downstreams, ...subtask }: Json) => ({
          ...subtask,
          upstreams: upstreams.map((up: number) => names.get(up)),
          downstreams: downstreams.map((down: number) => names.get(down)),
        }))
        .sort((a: Json, b: Json) => inOrder(a).localeCompare(inOrder(b))),
    };
  };
  const { contents, ...single } = rest.data;
  return { ...rest, data: contents === undefined ? task(single) : { contents: contents.map(task) } };
}

describe('answers to the documented sample requests', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  test('batchAdd answers the sample in every field but ids, times, addresses and seriesId', async () => {
    const clusterId = await givenProxyCluster(api.store, 'test');
    await givenHost(api.store, '10.1.0.1');
    const hostId = await givenHost(api.store, '10.1.0.2');
    await givenPackage(api.store, { version: '1.9.1.1', release: '1919579.el7' });
    const request = { ...golden('add-obproxy.request'), hostIds: [hostId] };

    const answer = await api.send(
      'POST',
      `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`,
      request,
    );
    expect(answer.status).toBe(200);
    const expected = golden('add-obproxy.response');
    const context = expected.data.contents[0].context.stringMap;
    const [server] = (await api.store.obproxy.findCluster(clusterId))!.servers;
    // Ids of this inventory.
    Object.assign(context, {
      host_id: String(hostId),
      obproxy_cluster_id: String(clusterId),
      obproxy_server_id: String(server!.id),
    });
    expect(comparable(answer.body)).toEqual(comparable(expected));
    expect(api.started.map((plan) => plan.taskId)).toEqual([answer.body.data.contents[0].id]);
  });

  test('takeOver answers the sample, and one key more in the context that tells it from an installation', async () => {
    const { store } = api;
    const clusterId = await givenProxyCluster(store, 'test-over');
    const other = await givenHost(store, '10.1.1.1');
    const hostId = await givenHost(store, '10.1.1.2');
    const part = await store.packages.findByFileName('obproxy-1.9.1.1-1919579.el7.x86_64.rpm');
    await store.obproxy.addServer({
      clusterId,
      hostId: other,
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: null,
      version: '1.9.1.1-1919579',
      packageId: part!.id,
      parameterVersion: 1,
      taskId: 1,
    });
    const request = golden('take-over-obproxy.request');
    request.hosts[0].hostId = hostId;

    const answer = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/takeOver`, request);
    expect(answer.status).toBe(200);
    const expected = golden('take-over-obproxy.response');
    const server = await store.obproxy.findServerOnHost(hostId);
    Object.assign(expected.data.contents[0].context.stringMap, {
      host_id: String(hostId),
      obproxy_cluster_id: String(clusterId),
      obproxy_cluster_name: 'test-over',
      service_name: 'test-over',
      obproxy_server_id: String(server!.id),
      obproxy_take_over: 'true',
    });
    expect(comparable(answer.body)).toEqual(comparable(expected));
    expect(server).toMatchObject({ status: 'TAKINGOVER', operateStatus: 'OPERATING', sqlPort: 2883 });
  });

  test('create cluster answers the sample, with obproxyClusterId beside the task', async () => {
    await givenObCluster(api.store, 'hooray', 1);
    const request = golden('create-obproxy-cluster.request');
    const answer = await api.send('POST', '/api/v2/obproxy/clusters', request);
    expect(answer.status).toBe(200);
    const { obproxyClusterId, ...task } = answer.body.data;
    expect(comparable({ ...answer.body, data: task })).toEqual(
      comparable(golden('create-obproxy-cluster.response')),
    );

    const cluster = await api.store.obproxy.findCluster(obproxyClusterId);
    expect(cluster).toMatchObject({
      name: 'OBProxy001',
      address: 'foo.bar',
      port: 2883,
      workMode: 'CONFIG_URL',
      obLinks: [{ clusterName: 'hooray', obClusterId: 1, username: 'proxyro' }],
    });
    expect(api.started.at(-1)!.taskId).toBe(task.id);
  });

  describe('of the life of an OBProxy', () => {
    let clusterId = 0;
    let serverId = 0;
    let hostId = 0;
    const statusOf = async (status: 'RUNNING' | 'STOPPED') => {
      await api.store.work.settle({ kind: 'obproxyServer', id: serverId }, 1, status);
    };

    beforeAll(async () => {
      const { store } = api;
      clusterId = await givenProxyCluster(store, 'life');
      hostId = await givenHost(store, '10.1.2.1');
      const part = await store.packages.findByFileName('obproxy-1.9.1.1-1919579.el7.x86_64.rpm');
      serverId = await store.obproxy.addServer({
        ...{ clusterId, hostId, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
        ...{ version: '1.9.1.1-1919579', packageId: part!.id, parameterVersion: 1, taskId: 1 },
      });
      await givenPackage(store, { version: '1.9.9.1', release: '1915266.el7' });
    });
    /** Every request of these leaves a lock, which its task would release. */
    afterEach(async () => {
      const plan = api.started.at(-1)!;
      await api.store.locks.release(plan.taskId);
    });

    test.each([
      ['stop', 'stop-obproxy', 'RUNNING'],
      ['start', 'start-obproxy', 'STOPPED'],
      ['restart', 'restart-obproxy', 'RUNNING'],
      ['delete', 'delete-obproxy', 'RUNNING'],
    ] as const)('%s answers the sample in every field that it has', async (verb, name, status) => {
      await statusOf(status);
      const request = { ...golden(`${name}.request`), obproxyServerIds: [serverId] };
      const answer = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/servers/${verb}`, request);
      expect(answer.body.error).toBeUndefined();
      expect(answer.status).toBe(200);
      // One sample lacks the last digit of its time.
      const expected = { ...published(name), timestamp: answer.body.timestamp };
      expect(comparable(withoutTaskIds(asNewerSample(answer.body)))).toEqual(
        comparable(withoutTaskIds(expected)),
      );
      expect(answer.body.data.context).toMatchObject({
        stringMap: { service_type: 'OB_PROXY', service_name: 'life' },
        listMap: { host_ids: [String(hostId)], obproxy_server_ids: [String(serverId)] },
      });
    });

    test.each([
      ['the newer form', (id: number) => ({ obproxyServerIds: [id] }), () => 'servers/upgrade'],
      ['the older form', () => ({}), (id: number) => `obproxies/${id}/upgrade`],
    ])('an upgrade by %s answers the sample in every field that it has', async (_, ids, path) => {
      await statusOf('RUNNING');
      // The sample names a version that stops and starts: obflow does that only when it is asked to.
      const wishes = { shortRpmName: 'obproxy-1.9.9.1-1915266', hotRestart: false };
      const request = { ...golden('upgrade-obproxy.request'), ...ids(serverId), ...wishes };
      if (!('obproxyServerIds' in ids(serverId))) delete request.obproxyServerIds;
      const answer = await api.send(
        'POST',
        `/api/v2/obproxy/clusters/${clusterId}/${path(serverId)}`,
        request,
      );
      expect(answer.body.error).toBeUndefined();
      const expected = { ...published('upgrade-obproxy'), timestamp: answer.body.timestamp };
      expect(comparable(withoutTaskIds(asNewerSample(answer.body)))).toEqual(
        comparable(withoutTaskIds(expected)),
      );
    });

    test('the older restart answers as the newer one does', async () => {
      await statusOf('RUNNING');
      const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/${serverId}/restart`;
      const answer = await api.send('POST', path);
      expect(answer.status).toBe(200);
      expect(comparable(withoutTaskIds(asNewerSample(answer.body)))).toEqual(
        comparable(withoutTaskIds(published('restart-obproxy'))),
      );
    });

    test('the older delete answers the sample in every field', async () => {
      const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/${serverId}`;
      const answer = await api.send('DELETE', path);
      expect(answer.status).toBe(200);
      const expected = golden('offline-obproxy.response');
      expected.data.context.stringMap.service_name = 'life';
      expected.data.context.listMap = {
        host_ids: [String(hostId)],
        obproxy_server_ids: [String(serverId)],
      };
      expect(comparable(answer.body)).toEqual(comparable(expected));
    });

    test('deleting an empty cluster answers the sample', async () => {
      const empty = await givenProxyCluster(api.store, 'empty');
      const answer = await api.send('DELETE', `/api/v2/obproxy/clusters/${empty}`);
      expect(answer.status).toBe(200);
      expect(comparable(answer.body)).toEqual(comparable(golden('delete-obproxy-cluster.response')));
      expect(await api.store.obproxy.findCluster(empty)).toBeDefined();
    });

    test('deleting a cluster with proxies answers the older delete of all of them, and says so in the context', async () => {
      const answer = await api.send('DELETE', `/api/v2/obproxy/clusters/${clusterId}`);
      expect(answer.status).toBe(200);
      const expected = golden('offline-obproxy.response');
      Object.assign(expected.data.context.stringMap, {
        service_name: 'life',
        obproxy_need_delete_cluster: 'true',
      });
      expected.data.context.listMap = {
        host_ids: [String(hostId)],
        obproxy_server_ids: [String(serverId)],
      };
      expect(comparable(answer.body)).toEqual(comparable(expected));
    });

    test('changing the address answers the cluster, with the fields of the sample', async () => {
      const request = golden('change-obproxy-cluster.request');
      const answer = await api.send('PATCH', `/api/v2/obproxy/clusters/${clusterId}`, request);
      expect(answer.status).toBe(200);
      const { data } = golden('change-obproxy-cluster.response');
      // Ours: parameters are shown; what the proxy has not told yet is absent.
      const { startupParameters, parameters, ...shown } = answer.body.data;
      expect([startupParameters, parameters]).toEqual([[], []]);
      expect(Object.keys(shown).sort()).toEqual(Object.keys(data).sort());
      expect(shown.obproxies.map((one: Json) => Object.keys(one).sort())).toEqual([
        Object.keys(data.obproxies[0])
          .filter((key) => key !== 'lastActiveTime')
          .sort(),
      ]);
      expect(shown).toMatchObject({ address: 'foo.bar', port: null, name: 'life' });
      const port = await api.send('PATCH', `/api/v2/obproxy/clusters/${clusterId}`, { port: 2881 });
      expect(port.body.data).toMatchObject({ address: 'foo.bar', port: 2881 });
      expect((await api.send('PATCH', `/api/v2/obproxy/clusters/${clusterId}`, {})).status).toBe(200);
    });
  });

  describe('of the take-over of an OceanBase cluster', () => {
    let api: TestApi;
    let observer: Awaited<ReturnType<typeof newCluster>>;
    beforeAll(async () => {
      api = await startTestApi({ hosts: hostsWithObservers(new Map()) });
      observer = await newCluster('ob4320', 1658110562, '10.6.0.1');
      await givenHost(api.store, '10.6.0.1');
    });
    afterAll(async () => {
      await observer.stop();
      await api.stop();
    });

    const plain = (answer: Json, sample: string): void => {
      const expected = published(sample);
      const { clusterId, ...task } = expected.data;
      const wanted = { ...answer, data: task };
      // The cluster stands beside the task, and is an object besides.
      expect(typeof clusterId).toBe('number');
      const { clusterId: id, cluster, ...rest } = answer.data;
      expect(cluster?.id ?? id).toEqual(expect.any(Number));
      expect(comparable(withoutTaskIds(asNewerSample({ ...answer, data: rest })))).toEqual(
        comparable({ ...wanted, timestamp: answer.timestamp }),
      );
    };

    test('the precheck answers every field of the sample', async () => {
      const { switchConfigUrl, ...body } = entrance(observer, { proxyroPassword: 'Planted.ro88' });
      const answer = await api.send('POST', '/api/v2/ob/clusters/takeOverPreCheck', body);
      expect(answer.status).toBe(200);
      const { vpcId, vpcName, ...data } = published('take-over-pre-check').data;
      expect(Object.keys(answer.body.data)).toEqual(expect.arrayContaining(Object.keys(data)));
      const { host, ...server } = data.servers[0];
      expect(Object.keys(answer.body.data.servers[0])).toEqual(expect.arrayContaining(Object.keys(server)));
      expect(answer.body.data).toMatchObject({
        ...{
          clusterName: 'ob4320',
          clusterType: 'PRIMARY',
          obClusterId: 1658110562,
          proxyroPassword: '******',
        },
        result: { valid: true, messages: [] },
        servers: [
          { ip: '10.6.0.1', port: 2882, sqlPort: 2881, pid: 4711, status: 'ACTIVE', withRootserver: true },
        ],
      });
    });

    test('taking over answers the sample in every field that it has', async () => {
      const answer = await api.send('POST', '/api/v2/ob/clusters/takeOver', entrance(observer));
      expect(answer.body.error).toBeUndefined();
      expect(answer.body.data.subtasks).toHaveLength(26);
      plain(answer.body, 'take-over-ob-cluster');
    });

    test('moving out answers the four subtasks that the sample still has, in its order', async () => {
      const clusterId = await givenObCluster(api.store, 'obmoves', 71);
      await api.store.obClusters.recordStatus(clusterId, 'RUNNING');
      const seen = { zone: 'zone1', ip: '10.6.0.1', rpcPort: 2892, sqlPort: 2891, innerStatus: 'ACTIVE' };
      const times = { startTime: null, stopTime: null, buildVersion: '4.2.1.0', withRootserver: true };
      await api.store.obServers.record(clusterId, {
        servers: [{ ...seen, ...times, status: 'RUNNING' }],
        zones: [],
      });
      await api.store.locks.release(api.started.at(-1)!.taskId);
      const answer = await api.send('POST', `/api/v2/ob/clusters/${clusterId}/moveOut`);
      expect(answer.body.error).toBeUndefined();
      const sample = published('move-out-ob-cluster').data;
      expect(answer.body.data.name).toBe(sample.name);
      for (const { name, timeout, parallelIdx, prohibitRollback } of sample.subtasks) {
        expect(answer.body.data.subtasks).toContainEqual(
          expect.objectContaining({ name, timeout, parallelIdx, prohibitRollback }),
        );
      }
      expect(answer.body.data.subtasks.map(({ name }: Json) => name)).toEqual([
        'Mc lock ob clusters',
        'Prepare move out cluster',
        'Inactive agent modules',
        'Delete cluster related info',
        'Delete cluster info',
        'Unreserve host',
        'Mc unlock ob clusters',
      ]);
    });
  });

  test('the published answer of "Replace OB server" is that of "Add OB server": both ends of our chain are its own', () => {
    const named = (list: Json): string[] => {
      const byId = new Map<number, Json>(list.map((task: Json) => [task.id, task]));
      const names: string[] = [];
      for (let at = list.find(({ upstreams }: Json) => upstreams.length === 0); at !== undefined; )
        at = names.push(at.name) && byId.get(at.downstreams[0]);
      return names;
    };
    const published = named(golden('replace-observer.response').data.tasks);
    expect(published).toEqual(named(golden('add-observer.response').data.tasks));
    const ours = REPLACE_OB_SERVER.map(({ name }) => name);
    expect(ours.slice(0, 18)).toEqual(published.slice(0, 18));
    expect(ours.slice(-3)).toEqual(published.slice(-3));
    expect(ours.slice(18, -3)).toEqual(DELETE_OB_SERVERS.slice(1, 11).map(({ name }) => name));
  });

  let observerPackage: Promise<unknown> | undefined;
  describe.each([
    {
      ...{ sample: 'add-observer', path: 'servers', count: 21 },
      // The sample asks for zone2 and answers zone1.
      ...{ zone: 'zone1', changed: { zoneName: 'zone1' }, serverId: 7 },
    },
    { ...{ sample: 'add-ob-zone', path: 'zones', count: 25 }, zone: 'zone2', changed: {}, serverId: 6 },
  ])('$sample', ({ sample, path, count, zone, changed, serverId }) => {
    test('answers the sample in the older form, with the modern subtasks beside it', async () => {
      const observer = await startObserver({
        ...{ host: '127.0.0.1', port: 0, version: '2.2.75', clusterName: 'ob_upgrade', obClusterId: 22 },
        users: { 'root@sys': 'Planted.db' },
      });
      try {
        const { store } = api;
        const how = { version: '2.2.75', sqlPort: observer.port };
        const clusterId = await givenObCluster(store, 'ob_upgrade', 22, '127.0.0.1', how);
        const hostId = await givenHost(store, `10.1.0.${count}`, {}, 22, 'hz2');
        observerPackage ??= givenPackage(store, {
          ...{ name: 'oceanbase', version: '2.2.75', release: '20210108170301.el7' },
          home: '/home/admin/oceanbase',
        });
        await observerPackage;
        const request = { ...golden(`${sample}.request`), ...changed, servers: [hostId] };
        const answer = await api.send('POST', `/api/v2/ob/clusters/${clusterId}/${path}`, request);
        expect(answer.body.error).toBeUndefined();
        expect(answer.status).toBe(200);

        const { data, ...envelope } = answer.body;
        const expected = golden(`${sample}.response`);
        const { traceId, timestamp, server, duration, ...fixed } = envelope;
        expect([traceId, timestamp, server, duration].every((value) => value !== undefined)).toBe(true);
        expect(fixed).toEqual({ successful: true, status: 200 });

        const { id, startTime, tasks, subtasks, ...rest } = data;
        const added = (await store.obServers.onHost(hostId))[0]!;
        expect(rest).toEqual({
          name: expected.data.name,
          status: expected.data.status,
          creator: expected.data.creator,
          cluster: { ...expected.data.cluster, id: clusterId },
          context: expected.data.context
            .replace('cluster_id=21', `cluster_id=${clusterId}`)
            .replace('host.1.zone', `host.${hostId}.zone`)
            .replace('xxx.xxx.xxx.xxx', '127.0.0.1')
            .replace(`server_ids=[${serverId}]`, `server_ids=[${added.id}]`)
            .replace('host_ids=[1]', `host_ids=[${hostId}]`),
        });
        expect(namedTasks(tasks)).toEqual(namedTasks(expected.data.tasks));
        expect(subtasks.map((subtask: Json) => subtask.id)).toEqual(tasks.map((task: Json) => task.id));
        expect(subtasks).toHaveLength(count);
        expect(subtasks[0]).toMatchObject({ status: 'READY', timeout: 300, parallelIdx: -1 });
        expect(startTime).toMatch(/[+-]\d\d:\d\d$/);
        expect(api.started.at(-1)!.taskId).toBe(id);
        expect(added).toMatchObject({ status: 'CREATING', zone, sqlPort: 2881, rpcPort: 2882, taskId: id });
        // The other sample is of the same cluster.
        await store.locks.release(id);
      } finally {
        await observer.stop();
      }
    });
  });

  describe('of the life of a cluster', () => {
    let observer: Observer;
    let clusterId = 0;
    let server: ObServerRow;
    const listening = () =>
      startObserver({
        ...{ host: '127.0.0.1', port: 0, version: '4.2.1.2', clusterName: 'ob_whole', obClusterId: 29 },
        users: { 'root@sys': 'Planted.db' },
        servers: [
          {
            ...{ ip: '10.1.8.5', id: 1, zone: 'zone1', holdsSysUnit: true },
            ...{ sqlPort: 2881, rpcPort: 2882 },
            active: true,
          },
        ],
      });

    beforeAll(async () => {
      observer = await listening();
      await givenHost(api.store, '10.1.8.5');
      clusterId = await givenObCluster(api.store, 'ob_whole', 29, '127.0.0.1', {
        ...{ version: '4.2.1.2', sqlPort: observer.port },
      });
      await api.send('GET', `/api/v2/ob/clusters/${clusterId}/servers`);
      server = (await api.store.obServers.ofCluster(clusterId))[0]!;
    });
    afterAll(() => observer.stop());
    afterEach(() => api.store.locks.release(api.started.at(-1)!.taskId));

    test.each(['stop', 'restart', 'start'] as const)('%s answers the sample in every field', async (verb) => {
      if (verb === 'start') {
        // One that is to be started answers nobody.
        await observer.stop();
        await api.store.obClusters.recordStatus(clusterId, 'STOPPED');
      }
      const body = golden(`${verb}-ob-cluster.request`);
      const answer = await api.send('POST', `/api/v2/ob/clusters/${clusterId}/${verb}`, body);
      expect(answer.body.error).toBeUndefined();
      expect(answer.status).toBe(200);
      const expected = golden(`${verb}-ob-cluster.response`).data;
      const { id, startTime, tasks, subtasks, ...rest } = answer.body.data;
      expect(rest).toEqual({
        name: expected.name,
        status: expected.status,
        creator: expected.creator,
        cluster: { id: clusterId, name: 'ob_whole', obClusterId: 29 },
        context: expected.context
          .replace('cluster_name=ob_upgrade, cluster_id=21', `cluster_name=ob_whole, cluster_id=${clusterId}`)
          .replaceAll('21.zone1', `${clusterId}.zone1`)
          .replaceAll('server_ids=[5]', `server_ids=[${server.id}]`)
          .replaceAll('host_ids=[5]', `host_ids=[${server.hostId}]`),
      });
      expect(namedTasks(tasks)).toEqual(namedTasks(expected.tasks));
      expect(subtasks.map((subtask: Json) => subtask.id)).toEqual(tasks.map((task: Json) => task.id));
      expect(startTime).toMatch(/[+-]\d\d:\d\d$/);
      expect(api.started.at(-1)).toMatchObject({ taskId: id });
    });
  });

  describe('of the life of an OBServer', () => {
    const ips = ['10.1.9.1', '10.1.9.2', '10.1.9.3'];
    let observer: Observer;
    let clusterId = 0;
    let server: ObServerRow;
    /** Of the second server, as the cluster says it. */
    const stoppedSince = (stopTime: number) => {
      listed[1] = { ...listed[1]!, stopTime };
    };
    const listed: ServerRow[] = ips.map((ip, index) => ({
      ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: true },
      ...{ ip, id: index + 1, zone: `zone${index + 1}` },
    }));
    const zones: ZoneRow[] = [1, 2, 3].map((number) => ({
      ...{ name: `zone${number}`, status: 'ACTIVE', region: 'r', idc: 'i' },
    }));
    const base = () => `/api/v2/ob/clusters/${clusterId}/servers/${server.id}`;

    beforeAll(async () => {
      const { store } = api;
      observer = await startObserver({
        ...{ host: '127.0.0.1', port: 0, version: '4.2.1.2', clusterName: 'protoss', obClusterId: 20 },
        users: { 'root@sys': 'Planted.db' },
        servers: listed,
        zones,
      });
      for (const ip of ips) await givenHost(store, ip);
      clusterId = await givenObCluster(store, 'protoss', 20, '127.0.0.1', {
        ...{ version: '4.2.1.2', sqlPort: observer.port },
      });
      await api.send('GET', `/api/v2/ob/clusters/${clusterId}/servers`);
      const rows = await store.obServers.ofCluster(clusterId);
      server = rows.find(({ zone }) => zone === 'zone2')!;
    });
    afterAll(() => observer.stop());
    /** Every request of these leaves a lock, which its task would release. */
    afterEach(async () => {
      const plan = api.started.at(-1)!;
      await api.store.locks.release(plan.taskId);
    });

    test.each([
      ['stop', 'stop-observer', 0],
      ['start', 'start-observer', 1_700_000_000_000_000],
    ] as const)('the older %s answers the sample in every field', async (verb, name, since) => {
      stoppedSince(since);
      const answer = await api.send('POST', `${base()}/${verb}`);
      expect(answer.body.error).toBeUndefined();
      expect(answer.status).toBe(200);
      const expected = golden(`${name}.response`).data;
      const { id, startTime, tasks, subtasks, ...rest } = answer.body.data;
      expect(rest).toEqual({
        name: expected.name,
        status: expected.status,
        creator: expected.creator,
        cluster: { id: clusterId, name: 'protoss', obClusterId: 20 },
        context: expected.context
          .replace('cluster_id=20', `cluster_id=${clusterId}`)
          .replace('cluster_name=ob_upgrade', 'cluster_name=protoss')
          .replace('server_id=3', `server_id=${server.id}`)
          .replace('server_ids=[3]', `server_ids=[${server.id}]`),
      });
      expect(namedTasks(tasks)).toEqual(namedTasks(expected.tasks));
      expect(subtasks.map((subtask: Json) => subtask.id)).toEqual(tasks.map((task: Json) => task.id));
      expect(startTime).toMatch(/[+-]\d\d:\d\d$/);
      expect(api.started.at(-1)).toMatchObject({ taskId: id });
    });

    test('the older restart answers the sample in every field', async () => {
      stoppedSince(0);
      const answer = await api.send('POST', `${base()}/restart`, { force: false });
      expect(answer.body.error).toBeUndefined();
      const expected = golden('restart-observer.response');
      Object.assign(expected.data.context.stringMap, {
        ...{ cluster_id: String(clusterId), server_id: String(server.id) },
      });
      expected.data.context.listMap.server_ids = [String(server.id)];
      expected.data.clusterId = clusterId;
      expect(comparable(answer.body)).toEqual(comparable(expected));
    });

    test.each([
      ['stop', 'stop-observer-service', { freezeServer: true, type: 'STOP_SERVICE' }],
      ['restart', 'restart-observer-435', { freezeServer: true }],
    ] as const)('%s of V4.3.5 answers the sample in every field that it has', async (verb, name, body) => {
      const answer = await api.send('POST', `${base()}/${verb}`, body);
      expect(answer.body.error).toBeUndefined();
      const expected = published(name);
      expected.data.clusterId = clusterId;
      expect(comparable(withoutTaskIds(asNewerSample(answer.body)))).toEqual(
        comparable(withoutTaskIds(expected)),
      );
      expect(answer.body.data.hostId).toBe(server.hostId);
      const again = api.started.at(-1)!;
      expect(again.unshown?.stringMap.freeze_server).toBe('true');
    });

    test.each([
      ['stop', 'ACTIVE'],
      ['start', 'INACTIVE'],
      ['restart', 'ACTIVE'],
    ] as const)('%s of a zone answers the sample in every field', async (verb, status) => {
      stoppedSince(0);
      zones[1] = { ...zones[1]!, status };
      const answer = await api.send('POST', `/api/v2/ob/clusters/${clusterId}/zones/zone2/${verb}`);
      zones[1] = { ...zones[1]!, status: 'ACTIVE' };
      expect(answer.body.error).toBeUndefined();
      const expected = golden(`${verb}-ob-zone.response`);
      expected.data.clusterId = clusterId;
      expected.data.context.stringMap.cluster_id = String(clusterId);
      expected.data.context.listMap.server_ids = [String(server.id)];
      expect(comparable(answer.body)).toEqual(comparable(expected));
    });

    /** zone2 without units: it may go. */
    const withoutUnits = async <T>(work: () => Promise<T>): Promise<T> => {
      stoppedSince(0);
      listed[1] = { ...listed[1]!, holdsSysUnit: false };
      try {
        return await work();
      } finally {
        listed[1] = { ...listed[1]!, holdsSysUnit: true };
      }
    };

    test('a deletion of servers answers the sample in every field', async () => {
      const path = `/api/v2/ob/clusters/${clusterId}/servers/batchDelete`;
      // Its [1] is neither the host nor the server of its answer.
      const answer = await withoutUnits(() =>
        api.send('POST', path, { ...golden('delete-observers.request'), servers: [server.id] }),
      );
      expect(answer.body.error).toBeUndefined();
      const expected = golden('delete-observers.response');
      expected.data.clusterId = clusterId;
      Object.assign(expected.data.context.stringMap, {
        ...{ cluster_id: String(clusterId), service_name: 'protoss:20', service_version: '4.2.1.2' },
      });
      Object.assign(expected.data.context.listMap, {
        ...{ server_ids: [String(server.id)], host_ids: [String(server.hostId)] },
      });
      expect(comparable(answer.body)).toEqual(comparable(expected));
    });

    test('a deletion of a zone answers the sample in every field', async () => {
      const answer = await withoutUnits(() =>
        api.send('DELETE', `/api/v2/ob/clusters/${clusterId}/zones/zone2`),
      );
      expect(answer.body.error).toBeUndefined();
      const expected = golden('delete-ob-zone.response').data;
      const { tasks, subtasks, ...rest } = answer.body.data;
      expect(rest).toMatchObject({
        name: expected.name,
        cluster: { id: clusterId, name: 'protoss', obClusterId: 20 },
        context: expected.context
          .replace('cluster_name=ob_upgrade', 'cluster_name=protoss')
          .replace('cluster_id=21', `cluster_id=${clusterId}`)
          .replace('service_name=ob_upgrade:22', 'service_name=protoss:20')
          .replace('service_version=2.2.75', 'service_version=4.2.1.2')
          .replace('ob_cluster_id=22', 'ob_cluster_id=20')
          .replace('server_ids=[8]', `server_ids=[${server.id}]`)
          .replace('host_ids=[1]', `host_ids=[${server.hostId}]`),
      });
      expect(namedTasks(tasks)).toEqual(namedTasks(expected.tasks));
      expect(subtasks.map((subtask: Json) => subtask.id)).toEqual(tasks.map((task: Json) => task.id));
    });

    test('STOP_PROCESS of V4.3.5 has the nodes of both, in the newer form', async () => {
      const answer = await api.send('POST', `${base()}/stop`, { type: 'STOP_PROCESS' });
      expect(answer.body.data.subtasks.map((subtask: Json) => subtask.name)).toEqual([
        ...['Prepare stop observer', 'Stop observer service', 'Inactive agent modules'],
        ...['Stop observer process', 'Wait observer stop', 'Update observer status', 'Update zone status'],
        ...['Sync cluster info', 'Update OB cluster status'],
      ]);
      expect(answer.body.data.tasks).toBeUndefined();
    });
  });
});
