/** Hosts, their places and their credentials by the documented calls; hosts that answer are made up, everything else is real. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ContactFinding } from '../../hosts/firstContact';
import type { Host, HostAddress, Hosts } from '../../hosts/types';
import { hostLocks } from '../../operations/locks';
import { PermanentError } from '../../runtime/errors';
import { repositoryRoot } from '../../runtime/paths';
import {
  givenHost,
  givenObCluster,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from './harness';

const HOSTS = '/api/v2/compute/hosts';
const CREDENTIALS = '/api/v2/profiles/me/credentials';
const KEY = 'SHA256:fP6YdLq2cT6mJ0b8kQe0mT3nJmWl4XhJv0yq8c9c1aE';
const SECRET = 'Planted.ssh+pass';

const sample = (name: string): Json =>
  JSON.parse(readFileSync(path.join(repositoryRoot(), 'operations/samples', `${name}.json`), 'utf8'));

/** Every address answers, but those that are told not to. */
class Contacts implements Hosts {
  readonly asked: HostAddress[] = [];
  readonly findings = new Map<string, ContactFinding[]>();
  readonly refusing = new Set<string>();

  async open(address: HostAddress): Promise<Host> {
    this.asked.push(address);
    if (this.refusing.has(address.ip)) {
      throw new PermanentError({
        type: 'HostLoginRefused',
        code: 'CMP07002',
        tried: 'log in',
        where: address.ip,
        cameBack: 'the host refused it',
        next: 'Correct the credential.',
      });
    }
    await address.pin?.(address.hostId, KEY);
    return { firstContact: async () => this.findings.get(address.ip) ?? [] } as unknown as Host;
  }

  async close(): Promise<void> {}
}

let api: TestApi;
let contacts: Contacts;
let credentialId = 0;
let idcId = 0;
let typeId = 0;
beforeAll(async () => {
  contacts = new Contacts();
  api = await startTestApi({ hosts: contacts });
  await givenHost(api.store, '10.5.0.250');
  credentialId = (await api.store.credentials.find('root'))!.id;
  idcId = (await api.store.hosts.findByAddress('10.5.0.250', 22))!.idc.id;
  typeId = (await api.send('POST', '/api/v2/compute/hostTypes', { name: 'tiny' })).body.data.id;
});
afterAll(() => api.stop());

const body = (ips: string[], more: Json = {}): Json => ({
  hostBasicDataList: ips.map((innerIpAddress) => ({ innerIpAddress })),
  ...{ sshPort: 22, kind: 'DEDICATED_PHYSICAL_MACHINE', idcId, typeId, credentialId },
  ...more,
});
const create = (ips: string[], more: Json = {}, query = '') =>
  api.send('POST', `${HOSTS}/batchCreate${query}`, body(ips, more));

/** Keys of the published task, which lacks some that obflow always answers; ids as names. */
function asPublished(task: Json, published: Json): Json {
  const names = new Map<number, string>(task.subtasks.map((one: Json) => [one.id, one.name]));
  const pick = (from: Json, like: Json) =>
    Object.fromEntries(Object.keys(like).map((key) => [key, from[key]]));
  return {
    ...pick(task, published),
    ...{ id: 0, executor: '', hostId: 0, startTime: '' },
    subtasks: task.subtasks
      .map((one: Json) => ({
        ...pick(one, published.subtasks[0]),
        ...{ id: 0, seriesId: 0 },
        upstreams: one.upstreams.map((id: number) => names.get(id)),
        downstreams: one.downstreams.map((id: number) => names.get(id)),
      }))
      .sort((a: Json, b: Json) => a.name.localeCompare(b.name)),
  };
}

describe('adding hosts', () => {
  test('answers the published sample, with the ids of the hosts beside it', async () => {
    const request = sample('batch-create-hosts.request');
    const answer = await api.send('POST', `${HOSTS}/batchCreate`, {
      ...request,
      idcId,
      typeId,
      credentialId,
    });
    expect(answer.status).toBe(200);
    const { contents, hostIds, id, findings } = answer.body.data;
    const published = sample('batch-create-hosts.response').data.contents[0];
    expect(contents.map((task: Json) => asPublished(task, published))).toEqual([
      asPublished(published, published),
    ]);
    expect([hostIds, id, findings]).toEqual([[contents[0].hostId], contents[0].hostId, undefined]);
    expect(api.started.at(-1)).toMatchObject({ taskId: contents[0].id, hostId: id });

    const { body: got } = await api.send('GET', `${HOSTS}/${id}`);
    expect(got.data).toMatchObject({
      ...{ innerIpAddress: '10.0.0.1', status: 'NEW', alias: 'Server 1', serialNumber: '6CU4120W67' },
      ...{ description: null, typeId, typeName: 'tiny', idcId, kind: 'DEDICATED_PHYSICAL_MACHINE' },
    });
    const row = await api.store.hosts.find(id);
    expect(row).toMatchObject({ hostKey: KEY, hostKeySource: 'FIRST_CONTACT', taskId: contents[0].id });
  });

  test('nothing is put on a host as long as its task is open, nor is it deleted', async () => {
    const { body: made } = await create(['10.5.1.1']);
    const { id } = made.data;
    for (const resource of hostLocks(id)) {
      expect(await api.store.locks.holder(resource)).toBe(made.data.contents[0].id);
    }
    const deleted = await api.send('DELETE', `${HOSTS}/${id}`);
    expect([deleted.status, deleted.body.error.code]).toEqual([409, 'CMP07004']);
    expect(deleted.body.error.message).toContain(`task ${made.data.contents[0].id}`);
    const changed = await api.send('PUT', `${HOSTS}/${id}`, { alias: 'x' });
    expect([changed.status, changed.body.error.code]).toEqual([409, 'CMP07004']);
  });

  test('is refused when one host cannot be logged in to; all such hosts are named, nothing is stored', async () => {
    contacts.refusing.add('10.5.2.2');
    contacts.findings.set('10.5.2.3', [
      { level: 'ERROR', check: 'sudo', text: 'sudo wants a password', next: 'Give it NOPASSWD.' },
    ]);
    const before = await api.traces();
    for (const query of ['', '?dryRun=true']) {
      const { status, body: answer } = await create(['10.5.2.1', '10.5.2.2', '10.5.2.3'], {}, query);
      expect([status, answer.error.code]).toEqual([400, 'CMP07026']);
      expect(answer.error.subErrors).toEqual([
        {
          ...{ field: 'hostBasicDataList[1].innerIpAddress', rejectedValue: '10.5.2.2' },
          message: expect.stringContaining('the host refused it'),
        },
        {
          ...{ field: 'hostBasicDataList[2].innerIpAddress', rejectedValue: '10.5.2.3' },
          message: expect.stringContaining('sudo wants a password. Give it NOPASSWD.'),
        },
      ]);
    }
    expect(await api.traces()).toEqual(before);
  });

  test('with shortcomings says them, in a dry run as well, which stores nothing', async () => {
    contacts.findings.set('10.5.3.1', [
      { level: 'INFO', check: 'shell', text: 'a shell as root', next: '' },
      { level: 'ERROR', check: 'rpm', text: 'the host has no command rpm', next: 'Install rpm on the host.' },
    ]);
    const before = await api.traces();
    const dry = await create(['10.5.3.1'], {}, '?dryRun=true');
    expect(dry.body.data).toMatchObject({ hostIds: [-1], id: -1, contents: [{ id: -1, hostId: -1 }] });
    expect(dry.body.data.findings).toEqual([
      {
        ...{ hostId: -1, level: 'ERROR' },
        message: '10.5.3.1: the host has no command rpm. Install rpm on the host.',
      },
    ]);
    expect(await api.traces()).toEqual(before);
    const made = await create(['10.5.3.1']);
    expect(made.body.data.findings).toMatchObject([{ hostId: made.body.data.id, level: 'ERROR' }]);
  });

  test('of the same address at once makes one host', async () => {
    const answers = await Promise.all([create(['10.5.4.1']), create(['10.5.4.1'])]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body.error).toMatchObject({
      code: 'CMP07001',
      subErrors: [{ field: 'hostBasicDataList[0].innerIpAddress', rejectedValue: '10.5.4.1' }],
    });
  });

  test.each<[string, () => Json, number, string, string]>([
    ['the same address twice', () => body(['10.5.9.1', '10.5.9.1']), 400, 'CMP07032', '10.5.9.1'],
    ['a known address', () => body(['10.5.0.250']), 409, 'CMP07001', '10.5.0.250:22'],
    ['an unknown IDC', () => body(['10.5.9.1'], { idcId: 987 }), 400, 'COM10002', 'idcId'],
    ['an unknown type', () => body(['10.5.9.1'], { typeId: 987 }), 400, 'COM10002', 'typeId'],
    ['an unknown credential', () => body(['10.5.9.1'], { credentialId: 987 }), 404, 'CRD08001', '987'],
    ['no host', () => body([]), 400, 'COM10001', 'hostBasicDataList'],
    [
      'more than 50 hosts',
      () => body(Array.from({ length: 51 }, (_, index) => `10.5.8.${index}`)),
      ...([400, 'COM10001', 'hostBasicDataList'] as const),
    ],
    ['a name for an address', () => body(['host1']), 400, 'COM10001', 'innerIpAddress'],
    ['an alias for two', () => body(['10.5.9.1', '10.5.9.2'], { alias: 'x' }), 400, 'COM10001', 'alias'],
    ['another kind', () => body(['10.5.9.1'], { kind: 'VM' }), 400, 'COM10001', 'kind'],
    [
      'ports of what is no container',
      () => body(['10.5.9.1'], { publishPorts: '8080:80,8090' }),
      ...([400, 'COM10001', 'publishPorts'] as const),
    ],
    [
      'ports that are none',
      () => body(['10.5.9.1'], { kind: 'DEDICATED_CONTAINER', publishPorts: ['99999'] }),
      ...([400, 'COM10001', 'publishPorts'] as const),
    ],
  ])('is refused for %s, and leaves nothing', async (_, request, status, code, says) => {
    const before = await api.traces();
    const answer = await api.send('POST', `${HOSTS}/batchCreate`, request());
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(JSON.stringify(answer.body.error)).toContain(says);
    expect(await api.traces()).toEqual(before);
  });

  test('with a login of databases is refused, and that password is offered to no host', async () => {
    await givenObCluster(api.store, 'databases', 9, '10.9.9.9');
    const database = (await api.store.credentials.find('database'))!;
    const asked = contacts.asked.length;
    const { status, body: answer } = await create(['10.5.9.1'], { credentialId: database.id });
    expect([status, answer.error.target, contacts.asked.length]).toEqual([400, 'credentialId', asked]);
  });

  test('a container has its ports, given as text with commas', async () => {
    const { body: made } = await create(['10.5.5.1'], {
      ...{ kind: 'DEDICATED_CONTAINER', publishPorts: '8080:80, 8090', typeId: undefined },
    });
    const { body: got } = await api.send('GET', `${HOSTS}/${made.data.id}`);
    expect(got.data).toMatchObject({ publishPorts: ['8080:80', '8090'] });
    expect(got.data).not.toHaveProperty('typeId');
  });
});

describe('deleting hosts', () => {
  test('answers as published, and everything of the host is forgotten, its key too', async () => {
    const id = await givenHost(api.store, '10.6.0.1');
    await api.store.hosts.pinHostKey(id, KEY);
    const { status, body: answer } = await api.send('DELETE', `${HOSTS}/${id}`);
    const keys = Object.keys(sample('delete-host.response')).sort();
    expect([status, Object.keys(answer).sort()]).toEqual([200, keys]);
    expect(await api.store.hosts.find(id)).toBeUndefined();
    const again = await api.send('DELETE', `${HOSTS}/${id}`);
    expect([again.status, again.body.error.code]).toEqual([404, 'CMP07005']);
    const anew = await givenHost(api.store, '10.6.0.1');
    expect([anew > id, (await api.store.hosts.find(anew))?.hostKey]).toEqual([true, null]);
  });

  test('of several is all or none, and is refused for those with services, which it names', async () => {
    const { store } = api;
    const free = await givenHost(store, '10.6.1.1');
    const proxied = await givenHost(store, '10.6.1.2');
    const rooted = await givenHost(store, '10.6.1.3');
    const clusterId = await givenProxyCluster(store, 'keeps');
    await store.obproxy.addServer({
      ...{ clusterId, hostId: proxied, sqlPort: 2883, exporterPort: 2884, rpcPort: null },
      ...{ version: '1', packageId: null, parameterVersion: 1, taskId: 1 },
    });
    await givenObCluster(store, 'rooted', 3, '10.6.1.3');
    const { status, body: answer } = await api.send('POST', `${HOSTS}/batchDelete`, {
      hostIdList: [free, proxied, rooted],
    });
    expect([status, answer.error.code]).toEqual([409, 'CMP07006']);
    expect(answer.error.message).toContain('OBProxy of keeps');
    expect(JSON.stringify(answer.error.subErrors)).toContain('OBServer of rooted:3');
    expect(await store.hosts.find(free)).toBeDefined();

    const dry = await api.send('POST', `${HOSTS}/batchDelete?dryRun=true`, { hostIdList: [free] });
    expect([dry.status, await store.hosts.find(free)]).toEqual([200, expect.anything()]);
    const unknown = await api.send('POST', `${HOSTS}/batchDelete`, { hostIdList: [free, 98765] });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'CMP07005']);
    const second = await givenHost(store, '10.6.1.4');
    const gone = await api.send('POST', `${HOSTS}/batchDelete`, { hostIdList: [free, second] });
    const keys = Object.keys(sample('batch-delete-hosts.response')).sort();
    expect([gone.status, Object.keys(gone.body).sort()]).toEqual([200, keys]);
    expect(await store.hosts.findMany([free, second])).toEqual([]);
    const { contents } = await store.audit.list({}, { page: 1, size: 1 });
    expect(contents[0]?.command).toContain('hosts deleted: 10.6.1.1');
  });

  test('that a task keeps for an observer is refused', async () => {
    const id = await givenHost(api.store, '10.6.2.1');
    await api.store.obServers.reserveHost(id, 4711);
    const { status, body: answer } = await api.send('DELETE', `${HOSTS}/${id}`);
    expect([status, answer.error.code]).toEqual([409, 'CMP07004']);
  });
});

describe('changing a host', () => {
  test('keeps what is absent, and empties what is empty', async () => {
    const id = await givenHost(api.store, '10.7.0.1');
    const first = await api.send('PUT', `${HOSTS}/${id}`, { alias: 'one', description: 'two', typeId });
    expect(first.body.data).toMatchObject({ alias: 'one', description: 'two', typeId, sshPort: 22 });
    const second = await api.send('PUT', `${HOSTS}/${id}`, { alias: '' });
    expect(second.body.data).toMatchObject({ alias: null, description: 'two', typeId });
  });

  test('to another address logs in there first, and wants the pinned key', async () => {
    const id = await givenHost(api.store, '10.7.1.1');
    await api.store.hosts.pinHostKey(id, KEY);
    contacts.refusing.add('10.7.1.3');
    const refused = await api.send('PUT', `${HOSTS}/${id}`, { innerIpAddress: '10.7.1.3' });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'CMP07026']);
    const moved = await api.send('PUT', `${HOSTS}/${id}`, { innerIpAddress: '10.7.1.2', sshPort: 2222 });
    expect(moved.body.data).toMatchObject({ innerIpAddress: '10.7.1.2', sshPort: 2222 });
    expect(contacts.asked.at(-1)).toMatchObject({ ip: '10.7.1.2', sshPort: 2222, hostKey: KEY });
    const taken = await api.send('PUT', `${HOSTS}/${id}`, { innerIpAddress: '10.5.0.250', sshPort: 22 });
    expect([taken.status, taken.body.error.code]).toEqual([409, 'CMP07001']);
  });

  test('with services keeps its address and its IDC', async () => {
    const id = await givenHost(api.store, '10.7.2.1');
    await givenObCluster(api.store, 'stays', 4, '10.7.2.1');
    const region = await api.send('POST', '/api/v2/compute/regions', { name: 'elsewhere' });
    const idc = await api.send('POST', '/api/v2/compute/idcs', {
      name: 'there',
      regionId: region.body.data.id,
    });
    const moved = await api.send('PUT', `${HOSTS}/${id}`, { idcId: idc.body.data.id });
    expect([moved.status, moved.body.error.code]).toEqual([409, 'CMP07035']);
    const other = await api.send('PUT', `${HOSTS}/${id}`, { innerIpAddress: '10.7.2.2' });
    expect([other.status, other.body.error.code]).toEqual([409, 'CMP07006']);
    expect((await api.send('PUT', `${HOSTS}/${id}`, { alias: 'y' })).status).toBe(200);
  });
});

describe('regions, IDCs and host types', () => {
  const PUBLISHED = { regions: 'regionId', idcs: 'idcId', hostTypes: 'hostTypeId' } as const;
  const made = (kind: keyof typeof PUBLISHED, more: Json) =>
    api.send('POST', `/api/v2/compute/${kind}`, { description: 'said', ...more });

  test('are added, listed, found and deleted, each with its fields as published', async () => {
    const region = (await made('regions', { name: '上海' })).body.data;
    const idc = (await made('idcs', { name: 'idc-1', regionId: region.id })).body.data;
    const type = (await made('hostTypes', { name: 'large' })).body.data;
    expect(Object.keys(idc).sort()).toEqual(
      ['createTime', 'description', 'id', 'name', 'regionId', 'regionName', 'updateTime'].sort(),
    );
    for (const [kind, one] of [
      ['regions', region],
      ['idcs', idc],
      ['hostTypes', type],
    ] as const) {
      expect(one).toMatchObject({ description: 'said', createTime: expect.stringMatching(/^20/) });
      const path = `/api/v2/compute/${kind}`;
      expect((await api.send('GET', `${path}/${one.id}`)).body.data).toEqual(one);
      const { contents, page } = (await api.send('GET', `${path}?size=2000&sort=name,desc`)).body.data;
      expect(contents).toContainEqual(one);
      expect(page.totalElements).toBe(contents.length);
    }
    const kept = await api.send('DELETE', `/api/v2/compute/regions/${region.id}`);
    expect([kept.status, kept.body.error.code]).toEqual([409, 'CMP07000']);
    expect(kept.body.error.message).toContain('idc-1');
    for (const path of [`idcs/${idc.id}`, `regions/${region.id}`, `hostTypes/${type.id}`]) {
      const { status, body: answer } = await api.send('DELETE', `/api/v2/compute/${path}`);
      expect([status, Object.keys(answer).sort()]).toEqual([
        200,
        Object.keys(sample('delete-host.response')).sort(),
      ]);
      const gone = await api.send('GET', `/api/v2/compute/${path}`);
      expect([gone.status, gone.body.error.code]).toEqual([404, 'COM10002']);
    }
  });

  test('have names of their own; hosts keep their IDC and type', async () => {
    const region = (await made('regions', { name: 'twice' })).body.data;
    const again = await made('regions', { name: 'twice' });
    expect([again.status, again.body.error.code]).toEqual([409, 'COM10006']);
    await made('idcs', { name: 'same', regionId: region.id });
    expect((await made('idcs', { name: 'same', regionId: region.id })).status).toBe(409);
    const nowhere = await made('idcs', { name: 'same', regionId: 98765 });
    expect([nowhere.status, nowhere.body.error.code]).toEqual([400, 'COM10002']);
    const typed = await api.send('DELETE', `/api/v2/compute/hostTypes/${typeId}`);
    expect([typed.status, typed.body.error.code]).toEqual([409, 'CMP07000']);
    expect((await api.send('DELETE', `/api/v2/compute/idcs/${idcId}`)).status).toBe(409);
    for (const name of ['', ' x', 'a$(b)', 'x'.repeat(129)]) {
      expect((await made('regions', { name })).status).toBe(400);
    }
  });

  test('are the ones that the inventory file names', async () => {
    const region = (await made('regions', { name: 'shared' })).body.data;
    const idc = (await made('idcs', { name: 'shared-1', regionId: region.id })).body.data;
    const declared = { ip: '10.8.0.1', credential: 'root', idc: 'shared-1', region: 'shared' };
    const applied = await api.send('PUT', '/api/v2/inventory', { hosts: [declared] });
    expect(applied.status).toBe(200);
    const host = await api.store.hosts.findByAddress('10.8.0.1', 22);
    expect(host?.idc).toMatchObject({ id: idc.id, region: { id: region.id } });
    const list = await api.send('GET', `${HOSTS}?idcId=${idc.id}`);
    expect(list.body.data.contents[0]).toMatchObject({ idcDescription: 'said', regionDescription: 'said' });
  });
});

describe('credentials', () => {
  const add = (name: string, more: Json = {}, ssh: Json = {}) =>
    api.send('POST', CREDENTIALS, {
      ...{ targetType: 'HOST', name, ...more },
      sshCredentialProperty: { type: 'PASSWORD', username: 'root', passphrase: SECRET, ...ssh },
      obJdbcCredentialProperty: {},
    });

  test('are added with HTTP 200, listed by target and found; no answer holds the secret', async () => {
    const { status, body: made, text } = await add('hosts_1', { description: 'all hosts' });
    expect([status, made.data]).toMatchObject([
      200,
      {
        ...{ name: 'hosts_1', targetType: 'HOST', description: 'all hosts' },
        sshCredentialProperty: { type: 'PASSWORD', username: 'root', hostIdList: [] },
      },
    ]);
    const one = await api.send('GET', `${CREDENTIALS}/${made.data.id}`);
    const all = await api.send('GET', `${CREDENTIALS}?targetType=HOST&size=100`);
    expect(one.body.data).toEqual(made.data);
    expect(all.body.data.contents).toContainEqual(made.data);
    expect(all.body.data.contents.every(({ targetType }: Json) => targetType === 'HOST')).toBe(true);
    const databases = await api.send('GET', `${CREDENTIALS}?targetType=OB`);
    expect(databases.body.data.contents.map(({ name }: Json) => name)).toEqual(['database']);
    expect(`${text}${one.text}${all.text}`).not.toContain(SECRET);
    expect(await api.store.credentials.open(made.data.id)).toMatchObject({ secret: SECRET });
  });

  test('keep their secret in a change without one, and are opened by it under another name', async () => {
    const { id } = (await add('before')).body.data;
    const changed = await api.send('PUT', `${CREDENTIALS}/${id}`, {
      name: 'after',
      sshCredentialProperty: { username: 'admin', passphrase: '' },
    });
    expect(changed.body.data).toMatchObject({ name: 'after', sshCredentialProperty: { username: 'admin' } });
    expect(await api.store.credentials.open(id)).toMatchObject({ name: 'after', secret: SECRET });
    const other = await api.send('PUT', `${CREDENTIALS}/${id}`, {
      sshCredentialProperty: { type: 'PRIVATE_KEY' },
    });
    expect([other.status, other.body.error.target]).toEqual([400, 'sshCredentialProperty.passphrase']);
    const applied = await api.send('PUT', '/api/v2/inventory?dryRun=true', {
      credentials: [{ name: 'after', kind: 'SSH_PASSWORD', username: 'root', secret: SECRET }],
    });
    expect(applied.body.data.changes).toEqual([{ kind: 'credential', name: 'after', change: 'changed' }]);
  });

  test('are refused when the name is taken or none, the key is none, or the target is a database', async () => {
    await add('taken_1');
    const taken = await add('taken_1');
    expect([taken.status, taken.body.error.code]).toEqual([409, 'CRD08002']);
    for (const name of ['1a', 'a', 'a_', 'a-b', 'x'.repeat(65)]) expect((await add(name)).status).toBe(400);
    const key = await add('key_1', {}, { type: 'PRIVATE_KEY', passphrase: `${SECRET} no key` });
    expect([key.status, key.text.includes(SECRET)]).toEqual([400, false]);
    expect((await add('ob_1', { targetType: 'OB' })).status).toBe(400);
    const database = (await api.store.credentials.find('database'))!;
    expect((await api.send('PUT', `${CREDENTIALS}/${database.id}`, { description: 'x' })).status).toBe(400);
    const unknown = await api.send('GET', `${CREDENTIALS}/98765`);
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'CRD08001']);
  });

  test('are tried on hosts: a refusal stores nothing, and each host says how it went', async () => {
    const good = await givenHost(api.store, '10.8.1.1');
    const bad = await givenHost(api.store, '10.8.1.2');
    const sudo = await givenHost(api.store, '10.8.1.3');
    contacts.refusing.add('10.8.1.2');
    contacts.findings.set('10.8.1.3', [{ level: 'ERROR', check: 'sudo', text: 'no sudo', next: '' }]);
    const refused = await add('tried_1', { validate: true }, { hostIdList: [good, bad] });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'CRD08003']);
    const asRoot = await add('tried_1', { validate: true }, { hostIdList: [sudo] });
    expect([asRoot.status, asRoot.body.error.code]).toEqual([400, 'CRD08006']);
    expect(await api.store.credentials.find('tried_1')).toBeUndefined();
    const { id } = (await add('tried_1', { validate: true }, { hostIdList: [good] })).body.data;
    const validated = await api.send('POST', `${CREDENTIALS}/${id}/validate`, {
      hostIdList: [good, bad, sudo, 98765],
    });
    const { succeededCount, failedCount, details } = validated.body.data;
    expect([succeededCount, failedCount]).toEqual([1, 3]);
    expect(details.map(({ connectionResult }: Json) => connectionResult)).toEqual([
      ...['SUCCEEDED', 'CONNECT_FAILED', 'SUDO_NOT_ALLOWED', 'HOST_NOT_EXISTS'],
    ]);
    expect(contacts.asked.at(-1)).toMatchObject({ auth: { kind: 'password', password: SECRET } });
  });

  test('in use are not deleted, and those who use them are named', async () => {
    const used = await api.send('DELETE', `${CREDENTIALS}/${credentialId}`);
    expect([used.status, used.body.error.code]).toEqual([409, 'COM10005']);
    expect(used.body.error.message).toContain('host 10.5.0.250');
    const { id } = (await add('unused_1')).body.data;
    expect((await api.send('DELETE', `${CREDENTIALS}/${id}`)).status).toBe(200);
    expect((await api.send('GET', `${CREDENTIALS}/${id}`)).status).toBe(404);
  });
});

describe('the OCP agent that no host has', () => {
  test('cannot be stopped or started, and no task says that it was', async () => {
    const id = await givenHost(api.store, '10.9.0.1');
    const before = await api.traces();
    for (const [path, request] of [
      [`${HOSTS}/${id}/agent/stop`, undefined],
      [`${HOSTS}/${id}/agent/restart`, undefined],
      [`${HOSTS}/${id}/agent/processes/7/stop`, undefined],
      [`${HOSTS}/${id}/agent/processes/7/restart`, undefined],
      [`${HOSTS}/batchStopAgents`, { hostIds: [id] }],
      [`${HOSTS}/batchRestartAgents`, { hostids: [id] }],
    ] as const) {
      const { status, body: answer } = await api.send('POST', path, request);
      expect([path, status, answer.error.code]).toEqual([path, 400, 'CMP07019']);
    }
    const unknown = await api.send('POST', `${HOSTS}/98765/agent/stop`);
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'CMP07005']);
    const agent = await api.send('GET', `${HOSTS}/${id}/agent`);
    expect([agent.status, agent.body.error.code]).toEqual([404, 'COM10002']);
    const processes = await api.send('GET', `${HOSTS}/${id}/agent/processes`);
    expect(processes.body.data).toEqual({ contents: [] });
    expect(await api.traces()).toEqual(before);
  });
});
