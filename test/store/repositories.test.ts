import { TransientError } from '../../runtime/errors';
import { DuplicateError, InUseError } from '../../store/types';
import { addHost, addObCluster, addObproxyCluster, addServer, onEveryDatabase, packageOf } from './databases';

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const all = { page: 1, size: 100 };

onEveryDatabase('Users', (on) => {
  test('The first start makes admin with the documented id, later starts leave it alone', async () => {
    const { users } = await on.open();
    expect(await users.ensureAdmin('first')).toBe(true);
    expect(await users.ensureAdmin('second')).toBe(false);
    expect(await users.verify('admin', 'first')).toMatchObject({ id: 100, name: 'admin', roles: ['ADMIN'] });
    expect(await users.verify('admin', 'second')).toBeUndefined();
  });

  test('A wrong password fails also after the right one was seen', async () => {
    const { users } = await on.open();
    await users.ensureAdmin('right');
    for (const round of [1, 2]) {
      expect(await users.verify('admin', 'right')).toMatchObject({ id: 100 });
      expect([round, await users.verify('admin', 'wrong')]).toEqual([round, undefined]);
    }
    expect(await users.verify('admin', '')).toBeUndefined();
    expect(await users.verify('nobody', 'right')).toBeUndefined();
  });
});

onEveryDatabase('Credentials', (on) => {
  const key = {
    name: 'key',
    kind: 'SSH_KEY',
    username: 'root',
    secret: 'PEM\nlines',
    passphrase: 'p',
  } as const;

  test('A credential comes back as it was put, and only what differs counts as a change', async () => {
    const { credentials } = await on.open();
    expect(await credentials.compare(key)).toBe('added');
    const { id, change } = await credentials.put(key);
    expect([id, change]).toEqual([1, 'added']);
    expect(await credentials.open(id)).toEqual({ id, ...key });
    expect(await credentials.put(key)).toEqual({ id, change: 'unchanged' });
    const { passphrase: _, ...bare } = key;
    expect(await credentials.compare(bare)).toBe('changed');
    expect(await credentials.put({ ...bare, secret: 'other' })).toEqual({ id, change: 'changed' });
    expect(await credentials.open(id)).toEqual({ id, ...bare, secret: 'other' });
  });

  test('Looking a credential up by name tells no secret', async () => {
    const { credentials } = await on.open();
    await credentials.put(key);
    expect(await credentials.find('key')).toEqual({ id: 1, name: 'key', kind: 'SSH_KEY', username: 'root' });
    expect(await credentials.find('other')).toBeUndefined();
  });

  test('An unknown id is an error that says what to do', async () => {
    const { credentials } = await on.open();
    await expect(credentials.open(7)).rejects.toThrow(/credential 7.*obflow apply/);
  });
});

onEveryDatabase('Credentials by request', (on) => {
  const login = {
    name: 'ops',
    kind: 'SSH_PASSWORD',
    username: 'root',
    secret: 's1',
    description: 'd',
  } as const;

  test('One is added, renamed with its secret, listed by kind and removed', async () => {
    const store = await on.open();
    const { credentials } = store;
    await addObCluster(store, 'ob', 1);
    const id = await credentials.add(login);
    await expect(credentials.add(login)).rejects.toBeInstanceOf(DuplicateError);
    await credentials.replace({ ...login, id, name: 'renamed', secret: 's2' });
    expect(await credentials.open(id)).toMatchObject({ name: 'renamed', secret: 's2' });
    expect(await credentials.findById(id)).toMatchObject({ name: 'renamed', description: 'd' });
    expect((await credentials.list({ ssh: true }, all)).contents.map((row) => row.id)).toEqual([id]);
    expect((await credentials.list({ ssh: false }, all)).totalElements).toBe(2);
    expect(
      (await credentials.list({}, { ...all, sort: { field: 'name', descending: true } })).totalElements,
    ).toBe(3);
    expect([await credentials.remove(id), await credentials.remove(id)]).toEqual([true, false]);
  });

  test('Who is reached by one is known: hosts, and clusters by either of their logins', async () => {
    const store = await on.open();
    const hostId = await addHost(store);
    const clusterId = await addObCluster(store, 'ob', 1);
    const idOf = async (name: string) => (await store.credentials.find(name))?.id ?? 0;
    expect(await store.credentials.users(await idOf('root key'))).toEqual({
      hosts: [{ id: hostId, ip: '10.1.1.1' }],
      obClusters: [],
    });
    expect(await store.credentials.users(await idOf('ob proxyro'))).toEqual({
      hosts: [],
      obClusters: [{ id: clusterId, name: 'ob' }],
    });
    const both = [await idOf('root key'), await idOf('ob proxyro')];
    expect([...(await store.credentials.usersOf(both))]).toEqual([
      [both[0], { hosts: [{ id: hostId, ip: '10.1.1.1' }], obClusters: [] }],
      [both[1], { hosts: [], obClusters: [{ id: clusterId, name: 'ob' }] }],
    ]);
  });
});

onEveryDatabase('Places', (on) => {
  test('Regions, IDCs and host types are added once, found, sorted and removed', async () => {
    const { places } = await on.open();
    const region = await places.regions.add({ name: 'r1', description: null });
    expect(region).toMatchObject({ name: 'r1', createTime: expect.stringMatching(UTC) });
    await expect(places.regions.add({ name: 'r1', description: null })).rejects.toBeInstanceOf(
      DuplicateError,
    );
    const idc = await places.idcs.add({ name: 'i1', description: 'x', regionId: region.id });
    expect(idc).toMatchObject({ name: 'i1', region: { id: region.id, name: 'r1' } });
    const type = await places.hostTypes.add({ name: 't1', description: null });
    await places.hostTypes.add({ name: 't2', description: null });
    const sorted = await places.hostTypes.list({ ...all, sort: { field: 'name', descending: true } });
    expect([sorted.totalElements, sorted.contents.map(({ name }) => name)]).toEqual([2, ['t2', 't1']]);
    expect(await places.regions.children(region.id)).toEqual(['i1']);
    expect(
      (await places.idcs.list({ ...all, sort: { field: 'regionName', descending: false } })).contents,
    ).toEqual([idc]);
    expect(await places.idcs.remove(idc.id)).toBe(true);
    expect([await places.regions.remove(region.id), await places.regions.remove(region.id)]).toEqual([
      true,
      false,
    ]);
    expect(await places.hostTypes.find(type.id)).toEqual(type);
  });

  test('A host keeps its type and IDC, is changed, and is forgotten', async () => {
    const store = await on.open();
    await addHost(store);
    const [declared] = (await store.hosts.list({}, all)).contents;
    const type = await store.places.hostTypes.add({ name: 't1', description: 'd' });
    const id = await store.hosts.add({
      ...{ ip: '10.1.1.9', sshPort: 22, hostKey: 'SHA256:k', taskId: 7, typeId: type.id, alias: 'a' },
      idcId: declared?.idc.id ?? 0,
      credentialId: declared?.credentialId ?? 0,
      publishPorts: ['80:8080'],
    });
    expect(await store.hosts.find(id)).toMatchObject({
      ...{ status: 'NEW', taskId: 7, hostKey: 'SHA256:k', hostKeySource: 'FIRST_CONTACT', alias: 'a' },
      ...{ type: { id: type.id, name: 't1', description: 'd' }, publishPorts: ['80:8080'] },
    });
    expect(await store.places.hostTypes.children(type.id)).toEqual(['10.1.1.9']);
    expect(await store.places.idcs.children(declared?.idc.id ?? 0)).toEqual(['10.1.1.1', '10.1.1.9']);
    const again = store.hosts.add({
      ...{ ip: '10.1.1.9', sshPort: 22, hostKey: null, taskId: 8 },
      idcId: declared?.idc.id ?? 0,
      credentialId: declared?.credentialId ?? 0,
    });
    await expect(again).rejects.toBeInstanceOf(DuplicateError);
    await store.hosts.change(id, { ip: '10.1.1.8', alias: null, typeId: undefined });
    expect(await store.hosts.findByAddress('10.1.1.8', 22)).toMatchObject({
      id,
      alias: null,
      type: { id: type.id },
    });
    expect([await store.hosts.remove(id), await store.hosts.remove(id)]).toEqual([true, false]);
  });
});

onEveryDatabase('Hosts', (on) => {
  test('A host is declared once, changed in place, and known by address', async () => {
    const store = await on.open();
    const id = await addHost(store);
    const host = await store.hosts.find(id);
    expect(host).toEqual({
      id: 1,
      ip: '10.1.1.1',
      sshPort: 22,
      name: null,
      credentialId: 1,
      hostKey: null,
      hostKeySource: null,
      idc: { id: 1, name: 'idc1', description: null, region: { id: 1, name: 'region1', description: null } },
      architecture: null,
      kernel: null,
      osId: null,
      osLike: null,
      osMajor: null,
      status: 'NEW',
      ...{ type: null, taskId: null, alias: null, description: null, serialNumber: null, publishPorts: null },
      kind: 'DEDICATED_PHYSICAL_MACHINE',
      createTime: expect.stringMatching(UTC),
      updateTime: expect.stringMatching(UTC),
    });
    const declared = {
      ip: '10.1.1.1',
      sshPort: 22,
      name: null,
      credentialId: 1,
      hostKey: null,
      idcName: 'idc1',
      regionName: 'region1',
    };
    expect(await store.hosts.put(declared)).toEqual({ id, change: 'unchanged' });
    const moved = { ...declared, idcName: 'idc2', name: 'proxy-one' };
    expect(await store.hosts.compare(moved)).toBe('changed');
    expect(await store.hosts.put(moved)).toEqual({ id, change: 'changed' });
    expect(await store.hosts.find(id)).toMatchObject({
      id,
      name: 'proxy-one',
      idc: { name: 'idc2', region: { id: 1 } },
    });
    expect(await store.hosts.compare({ ...declared, sshPort: 2222 })).toBe('added');
  });

  test('The first host key pinned counts, whoever tries to pin another', async () => {
    const store = await on.open();
    const id = await addHost(store);
    const keys = ['SHA256:a', 'SHA256:b', 'SHA256:c'];
    const answers = await Promise.all(keys.map((key) => store.hosts.pinHostKey(id, key)));
    const [pinned] = answers;
    expect(keys).toContain(pinned);
    expect(answers).toEqual([pinned, pinned, pinned]);
    expect(await store.hosts.pinHostKey(id, 'SHA256:late')).toBe(pinned);
    expect(await store.hosts.find(id)).toMatchObject({
      hostKey: pinned,
      hostKeySource: 'FIRST_CONTACT',
    });
    await expect(store.hosts.pinHostKey(99, 'SHA256:a')).rejects.toThrow(/no host of that id/);
  });

  test('A declared host key replaces a recorded one, and declaring none leaves it', async () => {
    const store = await on.open();
    const id = await addHost(store);
    await store.hosts.pinHostKey(id, 'SHA256:seen');
    const host = {
      ip: '10.1.1.1',
      sshPort: 22,
      name: null,
      credentialId: 1,
      hostKey: 'SHA256:given' as string | null,
      idcName: 'idc1',
      regionName: 'region1',
    };
    expect((await store.hosts.put(host)).change).toBe('changed');
    expect((await store.hosts.put(host)).change).toBe('unchanged');
    expect((await store.hosts.put({ ...host, hostKey: null })).change).toBe('unchanged');
    expect(await store.hosts.find(id)).toMatchObject({ hostKey: 'SHA256:given', hostKeySource: 'GIVEN' });
    expect(await store.hosts.pinHostKey(id, 'SHA256:seen')).toBe('SHA256:given');
  });

  test('What a contact tells is kept, and the declared name goes before the one the host gives itself', async () => {
    const store = await on.open();
    const id = await addHost(store);
    const facts = {
      hostname: 'h1.example',
      architecture: 'x86_64',
      kernel: '5.10',
      osId: 'rocky',
      osLike: 'rhel centos',
      osMajor: '8',
    };
    await store.hosts.recordFacts(id, facts);
    await store.hosts.recordStatus(id, 'AVAILABLE');
    const { hostname, ...stored } = facts;
    expect(await store.hosts.find(id)).toMatchObject({ ...stored, name: hostname, status: 'AVAILABLE' });
    await store.hosts.put({
      ip: '10.1.1.1',
      sshPort: 22,
      name: 'mine',
      credentialId: 1,
      hostKey: null,
      idcName: 'idc1',
      regionName: 'region1',
    });
    expect(await store.hosts.find(id)).toMatchObject({ name: 'mine', kernel: '5.10' });
  });

  test('Hosts are found by status, by part of name, address or service, and by type of service', async () => {
    const store = await on.open();
    const one = await addHost(store, 1);
    const two = await addHost(store, 2);
    const three = await addHost(store, 13);
    await addObCluster(store, 'Bank', 7); // root servers on hosts one and two
    const cluster = await addObproxyCluster(store, 'front');
    await addServer(store, cluster, three);
    await store.hosts.recordStatus(two, 'OFFLINE');
    await store.hosts.recordFacts(three, {
      hostname: 'Proxy_3',
      architecture: 'x86_64',
      kernel: 'k',
      osId: '',
      osLike: '',
      osMajor: '',
    });
    const ids = async (filter: Parameters<typeof store.hosts.list>[0]) =>
      (await store.hosts.list(filter, all)).contents.map((host) => host.id);
    expect(await ids({})).toEqual([one, two, three]);
    expect(await ids({ status: [] })).toEqual([one, two, three]);
    expect(await ids({ status: ['OFFLINE', 'nonsense'] })).toEqual([two]);
    expect(await ids({ keyword: '1.1.1' })).toEqual([one, three]);
    expect(await ids({ keyword: 'proxy_' })).toEqual([three]);
    expect(await ids({ keyword: 'proxy%3' })).toEqual([]);
    expect(await ids({ keyword: 'FRON' })).toEqual([three]);
    expect(await ids({ keyword: 'bank:7' })).toEqual([one, two]);
    expect(await ids({ includedServiceType: 'OB_PROXY' })).toEqual([three]);
    expect(await ids({ excludedServiceType: 'OB_PROXY' })).toEqual([one, two]);
    expect(await ids({ includedServiceType: 'OB_CLUSTER', status: ['NEW'] })).toEqual([one]);
    expect(await ids({ includedServiceType: 'OMS' })).toEqual([]);
    expect(await ids({ excludedServiceType: 'OMS' })).toEqual([one, two, three]);
    expect((await store.hosts.findMany([three, 99, one, three])).map((host) => host.id)).toEqual([
      three,
      one,
    ]);
    expect(await store.hosts.findMany([])).toEqual([]);
  });

  test('Pages are cut after sorting, and an unknown sort field or page is a RangeError', async () => {
    const store = await on.open();
    for (const number of [5, 3, 9, 1]) await addHost(store, number);
    const page = await store.hosts.list({}, { page: 2, size: 3, sort: { field: 'ip', descending: true } });
    expect([page.totalElements, page.contents.map((host) => host.ip)]).toEqual([4, ['10.1.1.1']]);
    const list = (request: object) => store.hosts.list({}, { ...all, ...request });
    expect((await list({ page: Number.MAX_SAFE_INTEGER })).contents).toEqual([]);
    for (const field of ['password', 'constructor', 'ip desc; drop table hosts']) {
      await expect(list({ sort: { field, descending: false } })).rejects.toThrow(RangeError);
    }
    for (const page of [0, -1, 1.5, Number.NaN]) await expect(list({ page })).rejects.toThrow(RangeError);
    await expect(list({ size: 0 })).rejects.toThrow(RangeError);
  });
});

onEveryDatabase('Packages', (on) => {
  test('The same file added twice is one row, other content under its name is refused', async () => {
    const { packages } = await on.open();
    const first = await packages.add(packageOf('4.3.1.0'));
    expect(first).toEqual({ id: 1, ...packageOf('4.3.1.0'), createTime: expect.stringMatching(UTC) });
    expect(await packages.add(packageOf('4.3.1.0'))).toEqual(first);
    await expect(packages.add(packageOf('4.3.1.0', { sha256: 'c'.repeat(64) }))).rejects.toThrow(
      DuplicateError,
    );
    expect(await packages.find(1)).toEqual(first);
    expect(await packages.findByFileName(first.fileName)).toEqual(first);
    expect(await packages.findByFileName('obproxy-4.rpm\0')).toBeUndefined();
  });

  test('Packages are listed by keyword, type, version, system and architecture', async () => {
    const { packages } = await on.open();
    await packages.add(packageOf('4.3.1.0'));
    await packages.add(packageOf('4.3.2.0', { os: 'el8' }));
    await packages.add(packageOf('4.3.2.0', { os: 'el8', arch: 'aarch64' }));
    const ids = async (filter: Parameters<typeof packages.list>[0]) =>
      (await packages.list(filter, all)).contents.map((row) => row.id);
    expect(await ids({})).toEqual([1, 2, 3]);
    expect(await ids({ keyword: '4.3.2' })).toEqual([2, 3]);
    expect(await ids({ version: ['4.3.2.0'], architecture: ['aarch64'] })).toEqual([3]);
    expect(await ids({ operatingSystem: ['el7'], type: ['OBPROXY_INSTALL_PACKAGE'] })).toEqual([1]);
    expect(await ids({ type: ['OB_SERVER_INSTALL_PACKAGE'] })).toEqual([]);
  });

  test('A package that a proxy was made from cannot be deleted', async () => {
    const store = await on.open();
    const { id } = await store.packages.add(packageOf('4.3.1.0'));
    const server = await addServer(store, await addObproxyCluster(store), await addHost(store), id);
    expect(await store.packages.users(id)).toEqual([server]);
    await expect(store.packages.delete(id)).rejects.toThrow(InUseError);
    await store.obproxy.deleteServer(server);
    await store.packages.delete(id);
    expect(await store.packages.find(id)).toBeUndefined();
  });
});

onEveryDatabase('OceanBase clusters', (on) => {
  test('A cluster is known by name and cluster id, and its root servers by whatever order', async () => {
    const store = await on.open();
    const id = await addObCluster(store);
    const row = await store.obClusters.find(id);
    expect(row).toMatchObject({ id: 1, name: 'ob1', obClusterId: 1, type: 'PRIMARY', sysCredentialId: 1 });
    if (row === undefined) throw new Error('absent');
    const servers = [...row.rootServers].reverse();
    expect((await store.obClusters.put({ ...row, rootServers: servers })).change).toBe('unchanged');
    const grown = { ...row, rootServers: [...servers, { ip: '10.1.1.3', sqlPort: 2881, rpcPort: 2882 }] };
    expect(await store.obClusters.compare(grown)).toBe('changed');
    expect(await store.obClusters.put(grown)).toEqual({ id, change: 'changed' });
    expect((await store.obClusters.find(id))?.rootServers).toEqual(grown.rootServers);
    const standby = await addObCluster(store, 'ob1', 2);
    expect((await store.obClusters.findByName('ob1')).map((cluster) => cluster.id)).toEqual([id, standby]);
    expect((await store.obClusters.list(all)).totalElements).toBe(2);
  });
});

onEveryDatabase('OBProxy clusters', (on) => {
  test('A cluster comes back with links and servers', async () => {
    const store = await on.open();
    const ob = await addObCluster(store);
    const host = await addHost(store);
    const id = await addObproxyCluster(store, 'front', [ob]);
    const server = await addServer(store, id, host);
    const cluster = await store.obproxy.findCluster(id);
    expect(cluster).toEqual({
      id: 1,
      name: 'front',
      address: null,
      port: null,
      workMode: 'CONFIG_URL',
      parameterVersion: 1,
      startupParameters: [{ name: 'prometheus_listen_port', value: '2884' }],
      parameters: [{ name: 'enable_strict_kernel_release', value: 'false' }],
      runUser: 'admin',
      creator: { id: 100, name: 'admin' },
      obLinks: [
        { clusterId: ob, clusterName: 'ob1', obClusterId: 1, clusterType: 'PRIMARY', username: 'proxyro' },
      ],
      servers: [
        {
          id: server,
          clusterId: id,
          hostId: host,
          ip: '10.1.1.1',
          idcName: 'idc1',
          architecture: null,
          sqlPort: 2883,
          exporterPort: 2884,
          rpcPort: null,
          version: '4.3.1.0-1',
          packageId: null,
          status: 'CREATING',
          operateStatus: 'OPERATING',
          parameterVersion: 1,
          lastActiveTime: null,
          taskId: 1,
          work: { taskId: 1, status: 'CREATING', formerStatus: null, endStatus: null },
          adopted: null,
          home: null,
          parameterDrift: [],
          configUrl: null,
        },
      ],
      createTime: expect.stringMatching(UTC),
      updateTime: expect.stringMatching(UTC),
    });
    expect(await store.obproxy.findClusterByName('front')).toEqual(cluster);
    expect((await store.obproxy.listClusters(all)).contents).toEqual([cluster]);
    expect(await store.obproxy.proxysysPassword(id)).toBe('proxysys secret');
    await expect(store.obproxy.proxysysPassword(9)).rejects.toThrow(/no such cluster/);
  });

  test('A name is given once, also when two ask at the same time', async () => {
    const store = await on.open();
    const results = await Promise.allSettled([addObproxyCluster(store), addObproxyCluster(store)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(addObproxyCluster(store)).rejects.toThrow(DuplicateError);
    expect((await store.obproxy.listClusters(all)).totalElements).toBe(1);
  });

  test('A host has one OBProxy, of whatever cluster', async () => {
    const store = await on.open();
    const host = await addHost(store);
    const server = await addServer(store, await addObproxyCluster(store, 'one'), host);
    const other = await addObproxyCluster(store, 'two');
    await expect(addServer(store, other, host)).rejects.toThrow(DuplicateError);
    expect(await store.obproxy.findServerOnHost(host)).toMatchObject({ id: server });
    expect(await store.obproxy.findServer(server)).toMatchObject({ hostId: host });
    expect(await store.obproxy.findServerOnHost(host + 1)).toBeUndefined();
  });

  test('A proxy that is taken over keeps what was found, and its former password until it is forgotten', async () => {
    const store = await on.open();
    const host = await addHost(store);
    const clusterId = await addObproxyCluster(store);
    const id = await store.obproxy.addServer({
      clusterId,
      hostId: host,
      sqlPort: 2883,
      exporterPort: 0,
      rpcPort: null,
      version: '',
      packageId: null,
      parameterVersion: 1,
      taskId: 1,
      status: 'TAKINGOVER',
      formerPassword: 'the former one',
    });
    const { obproxy } = store;
    expect(await obproxy.findServersAt('10.1.1.1')).toMatchObject([
      { id, status: 'TAKINGOVER', version: '', adopted: null, parameterDrift: [] },
    ]);
    expect(await obproxy.findServersAt('10.1.1.9')).toEqual([]);
    const adopted = {
      home: '/srv/obproxy',
      user: 'admin',
      program: '/srv/obproxy/bin/obproxy',
      package: null,
      keeper: 'none' as const,
      keeperDetail: '',
    };
    const found = { version: '4.3.1.0-4', exporterPort: 2884, rpcPort: 2885, packageId: null };
    await obproxy.recordAdopted(id, { ...found, adopted });
    const drift = [{ name: 'work_thread_num', value: '128', expectedValue: '8' }];
    await obproxy.setParameterDrift(id, drift);
    expect(await obproxy.findServer(id)).toMatchObject({ ...found, adopted, parameterDrift: drift });
    await obproxy.setParameterDrift(id, []);
    expect(await obproxy.findServer(id)).toMatchObject({ parameterDrift: [] });
    await obproxy.recordConfigUrl(id, 'http://10.0.0.5:8080/services?Action=GetObProxyConfig');
    expect((await obproxy.findServer(id))?.configUrl).toBe(
      'http://10.0.0.5:8080/services?Action=GetObProxyConfig',
    );

    expect(await obproxy.formerPassword(id)).toBe('the former one');
    await obproxy.setFormerPassword(id, '');
    expect(await obproxy.formerPassword(id)).toBe('');
    await obproxy.setFormerPassword(id, undefined);
    expect(await obproxy.formerPassword(id)).toBeUndefined();
    expect(await obproxy.formerPassword(id + 1)).toBeUndefined();
  });

  test('A proxy that was seen at work says when, and which parameters it has', async () => {
    const store = await on.open();
    const server = await addServer(store, await addObproxyCluster(store), await addHost(store));
    expect(await store.obproxy.findServer(server)).toMatchObject({
      status: 'CREATING',
      operateStatus: 'OPERATING',
      lastActiveTime: null,
    });
    await store.obproxy.recordActive(server);
    await store.obproxy.setServerParameterVersion(server, 4);
    expect(await store.obproxy.findServer(server)).toMatchObject({
      lastActiveTime: expect.stringMatching(UTC),
      parameterVersion: 4,
    });
  });

  test('A home is recorded when it is no longer that of the package, and an access address when it changes', async () => {
    const store = await on.open();
    const cluster = await addObproxyCluster(store);
    const server = await addServer(store, cluster, await addHost(store));
    expect(await store.obproxy.findServer(server)).toMatchObject({ home: null });
    await store.obproxy.setHome(server, '/home/admin/obproxy-4.3.1.0');
    expect(await store.obproxy.findServer(server)).toMatchObject({ home: '/home/admin/obproxy-4.3.1.0' });
    await store.obproxy.setAccess(cluster, { address: 'proxy.example.com' });
    await store.obproxy.setAccess(cluster, { port: 3306 });
    await store.obproxy.setAccess(cluster, {});
    expect(await store.obproxy.findCluster(cluster)).toMatchObject({
      address: 'proxy.example.com',
      port: 3306,
    });
  });

  test('A cluster goes when its proxies are gone, and their exporters with them', async () => {
    const store = await on.open();
    const ob = await addObCluster(store);
    const id = await addObproxyCluster(store, 'front', [ob]);
    const server = await addServer(store, id, await addHost(store));
    const exporter = { obproxyServerId: server, target: '10.1.1.1:2884', labels: { cluster: 'front' } };
    await store.obproxy.putExporter({ ...exporter, target: 'old:1' });
    await store.obproxy.putExporter(exporter);
    await store.work.settle({ kind: 'obproxyServer', id: server }, 1, 'RUNNING');
    expect(await store.obproxy.listExporters()).toEqual([{ ...exporter, status: 'RUNNING' }]);
    await expect(store.obproxy.deleteCluster(id)).rejects.toThrow(InUseError);
    await store.obproxy.deleteServer(server);
    expect(await store.obproxy.listExporters()).toEqual([]);
    await store.obproxy.deleteExporter(server);
    await store.obproxy.deleteCluster(id);
    await store.obproxy.deleteCluster(id);
    expect(await store.obproxy.findCluster(id)).toBeUndefined();
  });

  test('A row that refers to nothing is refused by the database itself', async () => {
    const store = await on.open();
    const failure = await addServer(store, 77, await addHost(store)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(TransientError);
    expect(failure).not.toBeInstanceOf(DuplicateError);
  });
});
