import type { Json } from '../api/harness';
import { api, type Case, CREATE, given, givenApi, invalid, refused, VERSION } from './refusals';

givenApi();

beforeAll(async () => {
  const { store } = api;
  for (const obClusterId of [1, 2, 3]) {
    const name = `crowd${obClusterId}`;
    const secret = `Planted.${name}`;
    const { id } = await store.credentials.put({ name, kind: 'DATABASE', username: 'proxyro@sys', secret });
    await store.obClusters.put({
      ...{ name: 'crowd', obClusterId, version: '4.2.1.0', type: 'PRIMARY' },
      rootServers: [{ ip: '10.9.0.1', sqlPort: 2881, rpcPort: 2882 }],
      ...{ sysCredentialId: id, proxyroCredentialId: id },
    });
  }
});

const onCreate = () => CREATE;

function create(more: Json = {}): Json {
  return {
    name: 'fresh',
    workMode: 'CONFIG_URL',
    obLinks: [],
    startupParameters: [],
    parameters: [],
    ...more,
  };
}
function install(more: Json = {}): Json {
  return create({
    obproxyInstallParam: {
      hostIds: [given.free],
      sqlPort: 2883,
      exporterPort: 2884,
      version: VERSION,
      ...more,
    },
  });
}
const link = (more: Json = {}) => ({ clusterName: 'hooray', obClusterId: 1, username: 'proxyro', ...more });
const value = (text: unknown) => create({ parameters: [{ name: 'proxy_mem_limited', value: text }] });

const CASES: readonly Case[] = [
  invalid('RS_LIST without obLinks', onCreate, () => create({ workMode: 'RS_LIST' }), 'obLinks'),
  invalid(
    'RS_LIST with two obLinks',
    onCreate,
    () => create({ workMode: 'RS_LIST', obLinks: [link(), link({ clusterName: 'twin' })] }),
    'obLinks',
  ),
  {
    what: 'an unknown linked cluster',
    path: onCreate,
    body: () => create({ obLinks: [link({ clusterName: 'nowhere' })] }),
    status: 404,
    code: 'OBE11002',
    says: () => ['nowhere', 'obLinks[0]'],
  },
  {
    what: 'a linked cluster with another id',
    path: onCreate,
    body: () => create({ obLinks: [link({ obClusterId: 9 })] }),
    status: 404,
    code: 'OBE11002',
    says: () => ['obClusterId 1'],
  },
  invalid(
    'an ambiguous link',
    onCreate,
    () => create({ obLinks: [link({ clusterName: 'twin', obClusterId: undefined })] }),
    'obLinks[0].obClusterId',
  ),
  invalid(
    'three clusters of one name with three passwords, where a proxy keeps two',
    onCreate,
    () => create({ obLinks: [1, 2, 3].map((obClusterId) => link({ clusterName: 'crowd', obClusterId })) }),
    'obLinks[2].clusterName',
  ),
  {
    ...invalid(
      'a startup parameter with a comma, which this version cannot take',
      onCreate,
      () => ({
        ...install(),
        startupParameters: [
          { name: 'work_thread_num', value: '8' },
          { name: 'local_bound_ip', value: '10.0.0.1,10.0.0.2' },
        ],
      }),
      'startupParameters[1].value',
    ),
    says: () => ['local_bound_ip', '1.9.1.1', 'comma', 'OBProxy 4.1 or later'],
  },
  invalid('one link twice', onCreate, () => create({ obLinks: [link(), link()] }), 'obLinks[1].clusterName'),
  {
    what: 'a name that is taken',
    path: onCreate,
    body: () => create({ name: 'test' }),
    status: 409,
    code: 'COM10006',
    fields: ['name'],
  },
  invalid('no name', onCreate, () => create({ name: undefined }), 'name'),
  invalid('shell words in the name', onCreate, () => create({ name: 'a; rm -rf /' }), 'name'),
  invalid('an unknown work mode', onCreate, () => create({ workMode: 'OB_SHARDING' }), 'workMode'),
  invalid("a value with '", onCreate, () => value("it's"), 'parameters[0].value'),
  invalid('a value with "', onCreate, () => value('"x"'), 'parameters[0].value'),
  invalid('a value with a backslash', onCreate, () => value('a\\b'), 'parameters[0].value'),
  invalid('a value with a newline', onCreate, () => value('a\nb'), 'parameters[0].value'),
  invalid('a value with a semicolon', onCreate, () => value('1;drop'), 'parameters[0].value'),
  invalid('a value of another type', onCreate, () => value({ deep: 1 }), 'parameters[0].value'),
  invalid(
    'a startup parameter with a semicolon in its name',
    onCreate,
    () => create({ startupParameters: [{ name: 'a;b', value: '1' }] }),
    'startupParameters[0].name',
  ),
  invalid(
    'a parameter that is set from another field',
    onCreate,
    () => create({ parameters: [{ name: 'listen_port', value: '3306' }] }),
    'parameters[0].name',
  ),
  invalid(
    'a parameter twice',
    onCreate,
    () =>
      create({
        parameters: [
          { name: 'proxy_mem_limited', value: '1G' },
          { name: 'proxy_mem_limited', value: '2G' },
        ],
      }),
    'parameters[1].name',
  ),
  invalid('a weak password', onCreate, () => create({ password: 'secret' }), 'password'),
  invalid(
    'hosts without ports and version',
    onCreate,
    () => create({ obproxyInstallParam: { hostIds: [given.free] } }),
    'obproxyInstallParam.sqlPort',
    'obproxyInstallParam.exporterPort',
    'obproxyInstallParam.version',
  ),
  invalid(
    'equal ports on create',
    onCreate,
    () => install({ exportPort: 2883, exporterPort: undefined }),
    'obproxyInstallParam.exporterPort',
  ),
  {
    what: 'an unknown host on create',
    path: onCreate,
    body: () => install({ hostIds: [4711] }),
    status: 404,
    code: 'CMP07005',
  },
  {
    what: 'an unknown package on create',
    path: onCreate,
    body: () => install({ version: 'obproxy-9.9.9-1.el7.x86_64.rpm' }),
    status: 404,
    code: 'PKG10014',
  },
  {
    what: 'a held host on create',
    path: onCreate,
    body: () => install({ hostIds: [given.busy] }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  invalid(
    'an installPath that is not the home of the package',
    onCreate,
    () => ({ ...install(), installPath: '/data/obproxy' }),
    'installPath',
  ),
  invalid('a run user with shell words', onCreate, () => create({ runUser: 'admin;id' }), 'runUser'),
];

describe('a new OBProxy cluster that cannot be accepted is refused and leaves nothing behind', () => {
  refused(CASES);

  test('a password never comes back in the answer that refuses it', async () => {
    const answer = await api.send('POST', CREATE, create({ password: 'weak-but-secret' }));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('weak-but-secret');
  });
});

test('a dry run refuses what the request itself would be refused for', async () => {
  const answer = await api.send('POST', `${CREATE}?dryRun=true`, create({ name: 'test' }));
  expect(answer.body.error.code).toBe('COM10006');
  const fine = await api.send('POST', `${CREATE}?dryRun=true`, install());
  expect(fine.body.data).toMatchObject({ id: -1, obproxyClusterId: -1 });
  expect(await api.store.obproxy.findClusterByName('fresh')).toBeUndefined();
});

test('null fields count as absent ones', async () => {
  const body = create({
    address: null,
    port: null,
    obproxyInstallParam: null,
    password: null,
    obLinks: null,
  });
  expect((await api.send('POST', `${CREATE}?dryRun=true`, body)).status).toBe(200);
});

test('with hosts it answers one task, split by host on every step but the first and the last', async () => {
  const body = {
    ...install({ hostIds: [given.free, given.second] }),
    name: 'wide',
    obLinks: [link()],
    workMode: 'RS_LIST',
    startupParameters: [{ name: 'enable_strict_kernel_release', value: 'False' }],
    parameters: [{ name: 'proxy_mem_limited', value: '2G' }],
    password: 'aaBB11++more',
    installPath: '/opt/taobao/install/obproxy-1.9.1.1/',
  };
  const answer = await api.send('POST', CREATE, body);
  expect(answer.status).toBe(200);
  const { subtasks, context, obproxyClusterId, id } = answer.body.data;
  expect(subtasks).toHaveLength(1 + 10 * 2 + 1);
  expect(subtasks.filter((subtask: Json) => subtask.parallelIdx === -1).map((s: Json) => s.name)).toEqual([
    'Prepare obproxy install',
    'Finish node',
  ]);
  expect(context.listMap.host_ids).toEqual([String(given.free), String(given.second)]);
  expect(context.listMap.obproxy_server_ids).toHaveLength(2);
  const cluster = await api.store.obproxy.findCluster(obproxyClusterId);
  expect(cluster).toMatchObject({
    workMode: 'RS_LIST',
    startupParameters: body.startupParameters,
    parameters: body.parameters,
    servers: [{ sqlPort: 2883, exporterPort: 2884 }, { version: '1.9.1.1-1919579' }],
  });
  expect(await api.store.obproxy.proxysysPassword(obproxyClusterId)).toBe('aaBB11++more');
  for (const resource of [`obproxy_cluster:${obproxyClusterId}`, `host:${given.free}:OB_PROXY`]) {
    expect(await api.store.locks.holder(resource)).toBe(id);
  }
  expect(answer.text).not.toContain('aaBB11++more');
});
