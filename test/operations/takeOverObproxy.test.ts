import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { givenHost, givenProxyCluster, type Json } from '../api/harness';
import { api, type Case, given, givenApi, invalid, refused, TAKE_OVER } from './refusals';

givenApi();

const onTakeOver = () => TAKE_OVER(given.cluster);

function adopt(more: Json = {}, host: Json = {}): Json {
  return { hosts: [{ hostId: given.free, sqlPort: 2883, ...host }], ...more };
}
const CASES: readonly Case[] = [
  {
    what: 'taking over into an unknown cluster',
    path: () => TAKE_OVER(4711),
    body: () => adopt(),
    status: 404,
    code: 'ODP21001',
    says: () => ['4711'],
  },
  {
    what: 'taking over on an unknown host',
    path: onTakeOver,
    body: () => adopt({}, { hostId: 4711 }),
    status: 404,
    code: 'CMP07005',
    says: () => ['4711'],
  },
  {
    what: 'taking over on a host whose proxy belongs to another cluster',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.taken }),
    status: 409,
    code: 'ODP21116',
    says: () => ['10.2.0.3', '"other"'],
  },
  {
    what: 'taking over a proxy that is known by another host row of the same address',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.twin }),
    status: 409,
    code: 'ODP21116',
    says: () => ['10.2.0.3:2883', '"other"'],
  },
  {
    what: 'taking over on a host another task holds',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.busy }),
    status: 409,
    code: 'CMP07004',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'taking over into a cluster another task holds',
    path: () => TAKE_OVER('3'),
    body: () => adopt(),
    status: 409,
    code: 'ODP21010',
    says: () => [`task ${given.busyTask}`],
  },
  {
    what: 'taking over the port of an observer',
    path: onTakeOver,
    body: () => adopt({}, { hostId: given.observer, sqlPort: 2881 }),
    status: 409,
    code: 'COM10005',
    fields: ['hosts[0].sqlPort'],
    says: () => ['2881', 'hooray'],
  },
  {
    what: 'an rpcPort for a cluster of proxies before 4.0',
    path: () => TAKE_OVER(given.other),
    body: () => adopt({ rpcPort: 2885 }),
    status: 400,
    code: 'ODP21018',
    fields: ['rpcPort'],
  },
  invalid('taking over without hosts', onTakeOver, () => ({}), 'hosts'),
  invalid('taking over an empty list of hosts', onTakeOver, () => ({ hosts: [] }), 'hosts'),
  invalid(
    'taking over one host twice',
    onTakeOver,
    () => ({ hosts: [...adopt().hosts, ...adopt().hosts] }),
    'hosts[1].hostId',
  ),
  invalid(
    'taking over without a sqlPort',
    onTakeOver,
    () => adopt({}, { sqlPort: undefined }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over a sqlPort below 1025',
    onTakeOver,
    () => adopt({}, { sqlPort: 80 }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over with an exporterPort equal to a sqlPort',
    onTakeOver,
    () => adopt({ exporterPort: 2883 }),
    'hosts[0].sqlPort',
  ),
  invalid(
    'taking over with equal exporterPort and rpcPort',
    onTakeOver,
    () => adopt({ exporterPort: 2885, rpcPort: 2885 }),
    'rpcPort',
  ),
  invalid(
    'a proxysysPasswd with a newline',
    onTakeOver,
    () => adopt({}, { proxysysPasswd: 'a\nb' }),
    'hosts[0].proxysysPasswd',
  ),
  invalid(
    'a host id as text in a take-over',
    onTakeOver,
    () => adopt({}, { hostId: '1' }),
    'hosts[0].hostId',
  ),
];

describe('a take-over that cannot be accepted is refused and leaves nothing behind', () => {
  refused(CASES);

  test('a password never comes back in the answer that refuses it', async () => {
    const answer = await api.send('POST', onTakeOver(), adopt({}, { proxysysPasswd: 'secret\nwith-break' }));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('with-break');
  });
});

test('a password given is stored encrypted and stands neither in the plan nor in the answer', async () => {
  const cluster = await givenProxyCluster(api.store, 'over');
  const host = await givenHost(api.store, '10.2.0.99');
  const body = adopt({ exporterPort: 2884 }, { hostId: host, proxysysPasswd: 'Planted.over-77' });
  const answer = await api.send('POST', TAKE_OVER(cluster), body);
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain('Planted.over');
  const [{ id, context }] = answer.body.data.contents;
  expect(context.stringMap).not.toHaveProperty('package_version');
  const task = await api.store.tasks.find(id);
  expect(JSON.stringify(task)).not.toContain('Planted.over');
  const server = await api.store.obproxy.findServerOnHost(host);
  expect(await api.store.obproxy.formerPassword(server!.id)).toBe('Planted.over-77');
  for (const file of await readdir(api.dataDir)) {
    const where = path.join(api.dataDir, file);
    if (!(await stat(where)).isFile()) continue;
    expect((await readFile(where)).includes('Planted.over')).toBe(false);
  }
  const shown = await api.send('GET', `/api/v2/obproxy/clusters/${cluster}`);
  expect(shown.body.data.versions).toEqual([]);
  expect(shown.body.data.obproxies).toEqual([
    expect.objectContaining({ status: 'TAKINGOVER', exporterPort: 2884 }),
  ]);
  for (const resource of [`obproxy_cluster:${cluster}`, `host:${host}:OB_PROXY`]) {
    expect(await api.store.locks.holder(resource)).toBe(id);
  }
});
