/**
 * Being sent where users must not reach: hosts, root servers and what clusters say of themselves are addresses of
 * strangers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { recordCluster } from '../../activities/cluster/clusterState';
import type { SubtaskScope } from '../../activities/types';
import { createHosts } from '../../hosts';
import { openCluster } from '../../oceanbase/clusterSession';
import { openSqlSession } from '../../oceanbase/sqlSession';
import { AddressDenied, addressPolicy } from '../../runtime/addresses';
import { readConfig } from '../../runtime/config';
import { repositoryRoot } from '../../runtime/paths';
import type { ObClusterRow } from '../../store/types';
import {
  basic,
  givenHost,
  givenObCluster,
  givenPackage,
  givenProxyCluster,
  startTestApi,
  type TestApi,
} from '../api/harness';
import { ANY_ADDRESS } from '../support/addresses';

const BY_DEFAULT = readConfig({}).config.addresses;
const SECRET = 'Planted.ssrf-s3cret';

/** A port of this machine that counts who comes. */
let trap: Server;
let visits: number;
let port: number;
beforeAll(async () => {
  trap = createServer((socket) => {
    visits += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '::', resolve));
  port = (trap.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => trap.close(resolve)));
beforeEach(() => {
  visits = 0;
});

/** Loopback and its like, in every spelling that some parser takes for it. */
const NOT_BY_DEFAULT = [
  ...['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::1%lo'],
  ...['0.0.0.0', '0.1.2.3', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:0:7f00:1', '::127.0.0.1'],
  ...['::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::'],
  ...['169.254.169.254', '169.254.0.1', '::ffff:169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
  ...['100.100.100.200', 'fd00:ec2::254', '168.63.129.16', '192.0.0.192'],
  ...['224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255'],
];
/** No addresses: whoever resolved them would connect to something else than was checked. */
const NO_ADDRESSES = [
  ...['localhost', 'metadata.google.internal', 'rebind.example', '2130706433', '0x7f000001', '0177.0.0.1'],
  ...['127.1', '127.0.0.1.', '127.0.0.01', '[::1]', '10.0.0.1 ', '', '10.0.0.1%eth0\n', '１２７.0.0.1'],
];

describe('the default', () => {
  test.each([...NOT_BY_DEFAULT, ...NO_ADDRESSES])('does not connect to %j', (address) => {
    expect(BY_DEFAULT.fault(address)).toMatch(/^is /);
  });

  test.each([
    ...['10.0.0.1', '172.16.5.6', '192.168.1.1', '100.64.0.1', '8.8.8.8', '198.18.0.1', '128.0.0.1'],
    ...['fd00::1', '2001:db8::1', '2400:3200::1', 'fec0::1'],
  ])('connects to %j', (address) => {
    expect(BY_DEFAULT.fault(address)).toBeUndefined();
  });
});

describe('the settings', () => {
  const policy = (allowed?: string[], denied?: string[]) => addressPolicy({ allowed, denied });
  test.each<[string, string[] | undefined, string[] | undefined, string, RegExp | undefined]>([
    ['a network alone permits it', ['10.20.0.0/16'], undefined, '10.20.3.4', undefined],
    ['and nothing else', ['10.20.0.0/16'], undefined, '10.21.0.1', /not one of OBFLOW_ALLOWED_ADDRESSES/],
    ['of the other family neither', ['10.20.0.0/16'], undefined, 'fd00::1', /not one of/],
    ['everything is not loopback', ['0.0.0.0/0', '::/0'], undefined, '127.0.0.1', /loopback/],
    ['nor metadata', ['0.0.0.0/0', '::/0'], undefined, '169.254.169.254', /link-local/],
    ['nor IPv6 loopback', ['0.0.0.0/0', '::/0'], undefined, '::1', /loopback/],
    ['loopback when it is named', ['127.0.0.0/8'], undefined, '127.0.0.1', undefined],
    ['a part of it when a part is named', ['127.0.0.7'], undefined, '127.0.0.7', undefined],
    ['not the rest', ['127.0.0.7'], undefined, '127.0.0.1', /loopback/],
    ['a link-local address with its zone', ['fe80::/10'], undefined, 'fe80::1%eth0', undefined],
    ['never the unspecified address', ['0.0.0.0/0', '0.0.0.0'], undefined, '0.0.0.0', /never/],
    ['never the IPv6 spelling', ['127.0.0.1', '::ffff:0:0/96'], undefined, '::ffff:127.0.0.1', /never/],
    ['denied is stronger', ['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', /OBFLOW_DENIED_ADDRESSES/],
    ['than loopback by name', ['127.0.0.1'], ['127.0.0.0/8'], '127.0.0.1', /OBFLOW_DENIED_ADDRESSES/],
    ['and leaves the rest', undefined, ['10.1.0.0/16'], '10.2.2.3', undefined],
  ])('%s', (_promise, allowed, denied, address, fault) => {
    const said = policy(allowed, denied).fault(address);
    if (fault === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(fault);
  });
});

describe('every way out', () => {
  const denied = { code: 'OBE19007', type: 'AddressDenied' };
  const login = { user: 'root@sys', password: SECRET, timeoutMs: 1_000 };

  test('SSH to a host, also to one whose row holds a name', async () => {
    const hosts = createHosts({ pinHostKey: async (_id, key) => key, addresses: BY_DEFAULT });
    const auth = { kind: 'password', password: SECRET } as const;
    for (const ip of ['127.0.0.1', '::ffff:127.0.0.1', 'localhost']) {
      const opening = hosts.open({ hostId: 1, ip, sshPort: port, username: 'root', auth });
      await expect(opening).rejects.toMatchObject(denied);
    }
    await hosts.close();
    expect(visits).toBe(0);
  });

  test('SQL to an observer', async () => {
    for (const ip of ['127.0.0.1', '::1', '0.0.0.0', 'localhost']) {
      const opening = openSqlSession({ to: { ip, port, addresses: BY_DEFAULT }, ...login });
      await expect(opening).rejects.toMatchObject(denied);
    }
    expect(visits).toBe(0);
    await expect(
      openSqlSession({ to: { ip: '127.0.0.1', port, addresses: ANY_ADDRESS }, ...login }),
    ).rejects.not.toBeInstanceOf(AddressDenied);
    expect(visits).toBe(1);
  });

  test('a cluster is asked at the servers that may be asked; final only when that is none', async () => {
    const ask = (...ips: string[]) =>
      openCluster({
        servers: ips.map((ip) => ({ ip, sqlPort: port })),
        addresses: addressPolicy({ allowed: ['127.0.0.2'] }),
        ...login,
      });
    await expect(ask('127.0.0.1', '169.254.169.254')).rejects.toMatchObject(denied);
    expect(visits).toBe(0);
    await expect(ask('127.0.0.1', '127.0.0.2')).rejects.toThrow(/^127\.0\.0\.2:\d+: /);
    expect(visits).toBe(1);
  });

  test('what a cluster lists as its servers is not passed on when it may not be connected to', async () => {
    const recorded: unknown[] = [];
    const said: string[] = [];
    const scope = {
      config: { addresses: BY_DEFAULT },
      log: { info: () => undefined, warn: (line: { en: string }) => said.push(line.en) },
      store: {
        obServers: { record: async () => undefined },
        obClusters: { recordRootServers: async (_id: number, servers: unknown) => recorded.push(servers) },
      },
    } as unknown as SubtaskScope;
    const server = (ip: string, zone: string) => ({
      ...{ ip, zone, sqlPort: 2881, rpcPort: 2882, withRootserver: true, innerStatus: 'ACTIVE' },
      ...{ startTime: '2024-01-01T00:00:00.000Z', stopTime: null, buildVersion: '4.2.1.0' },
    });
    const known = [{ ip: '10.0.0.1', sqlPort: 2881, rpcPort: 2882 }];
    const cluster = { id: 1, name: 'c', rootServers: known } as unknown as ObClusterRow;
    const servers = [server('10.0.0.9', 'a'), server('169.254.169.254', 'b'), server('metadata', 'c')];
    await recordCluster(scope, cluster, { servers, zones: [] });
    expect(recorded).toEqual([[{ ip: '10.0.0.9', sqlPort: 2881, rpcPort: 2882 }]]);
    expect(said).toHaveLength(2);
  });

  test('there is no other: nothing else opens a socket or sends a request on the word of users', () => {
    const outward = /from 'node:(net|https?|http2|tls|dgram|dns)|\bfetch\(|createConnection\b|WebSocket/;
    const harmless = /^import (type \{|\{ (isIP(v[46])?(, )?)+ \} from)/;
    const folders = ['activities', 'api', 'hosts', 'store', 'oceanbase', 'operations', 'worker', 'workflows'];
    const found = folders.flatMap((folder) =>
      readdirSync(path.join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => path.join(folder, name))
        .filter((name) =>
          readFileSync(path.join(repositoryRoot(), name), 'utf8')
            .split('\n')
            .some((line) => outward.test(line) && !harmless.test(line)),
        ),
    );
    // Each with what it does there.
    expect(found.sort()).toEqual([
      'api/http/slowClients.ts', // tells sockets of clients from others
      'api/server.ts', // listens
      'hosts/tunnel.ts', // where sshd forbids tunnels: to the address that SSH was let to
      'oceanbase/sqlSession.ts', // mysql2 over a socket of connectTo or a tunnel
    ]);
  });
});

describe('requests', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ addresses: BY_DEFAULT });
  });
  afterAll(() => api.stop());

  const inventoryWith = (host: string, root: string) => ({
    credentials: [
      { name: 'ssh', kind: 'SSH_PASSWORD', username: 'root', secret: SECRET },
      { name: 'db', kind: 'DATABASE', username: 'root@sys', secret: SECRET },
    ],
    hosts: [
      { ip: '10.1.2.3', sshPort: 22, credential: 'ssh', idc: 'a', region: 'r' },
      { ip: host, sshPort: port, credential: 'ssh', idc: 'a', region: 'r' },
    ],
    obClusters: [
      {
        ...{ name: 'ob', obClusterId: 1, version: '4.2.1.0', sysCredential: 'db', proxyroCredential: 'db' },
        rootServers: [{ ip: '10.1.2.3' }, { ip: root, sqlPort: port }],
      },
    ],
  });

  test.each(NOT_BY_DEFAULT)(
    'an inventory with %j is refused, and nothing of it is stored',
    async (address) => {
      for (const query of ['', '?dryRun=true']) {
        const answer = await api.send('PUT', `/api/v2/inventory${query}`, inventoryWith(address, address));
        expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
        const fields = answer.body.error.subErrors.map(({ field }: { field: string }) => field);
        expect(fields).toEqual(['hosts[1].ip', 'obClusters[0].rootServers[1].ip']);
        expect(answer.text).not.toContain(SECRET);
      }
      expect(await api.store.credentials.find('ssh')).toBeUndefined();
      expect((await api.store.hosts.list({}, { page: 1, size: 10 })).totalElements).toBe(0);
      expect(visits).toBe(0);
    },
  );

  test.each(NO_ADDRESSES)('nor one with %j', async (address) => {
    const answer = await api.send('PUT', '/api/v2/inventory', inventoryWith(address, address));
    expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
    expect(visits).toBe(0);
  });

  test('why an address is refused is told in the language of the client', async () => {
    const chinese = { 'accept-language': 'zh-CN' };
    const { body } = await api.send(
      'PUT',
      '/api/v2/inventory',
      inventoryWith('127.0.0.1', '127.0.0.1'),
      chinese,
    );
    expect(body.error.subErrors[0].message).toContain('是环回地址');
  });

  test('who may not declare hosts and clusters learns nothing of any port', async () => {
    const scanner = await startTestApi();
    try {
      await scanner.store.users.add({
        name: 'eve',
        password: PASSWORD_OF_EVE,
        roles: ['CLUSTER_MANAGER'],
      });
      const as = { authorization: basic('eve', PASSWORD_OF_EVE) };
      const asked = [port, 1].map((to) => ({
        ...inventoryWith('127.0.0.1', '127.0.0.1'),
        hosts: [{ ip: '127.0.0.1', sshPort: to, credential: 'ssh', idc: 'a', region: 'r' }],
      }));
      const answers = await Promise.all(
        asked.map((body) => scanner.send('PUT', '/api/v2/inventory', body, as)),
      );
      expect(answers.map(({ status }) => status)).toEqual([403, 403]);
      expect(answers[0]?.body.error).toEqual(answers[1]?.body.error);
      expect(visits).toBe(0);
    } finally {
      await scanner.stop();
    }
  });

  test('a host, or a cluster, that was stored before it was denied is refused when it is used', async () => {
    const hostId = await givenHost(api.store, '127.0.0.1', {}, port);
    await api.store.hosts.recordStatus(hostId, 'OFFLINE');
    const softwarePackage = await givenPackage(api.store, { version: '1.9.1.1', release: '1.el7' });
    const clusterId = await givenProxyCluster(api.store, 'proxies');
    const before = await api.traces();
    const added = await api.send('POST', `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`, {
      ...{ hostIds: [hostId], sqlPort: 2883, exporterPort: 2884, version: softwarePackage.fileName },
    });
    expect([added.status, added.body.error.code, added.body.error.target]).toEqual([
      ...[400, 'OBE19007', `host:${hostId}`],
    ]);
    expect(added.body.error.message).toContain('OBFLOW_ALLOWED_ADDRESSES');

    const obClusterId = await givenObCluster(api.store, 'old', 7, '127.0.0.1', { sqlPort: port });
    const shown = await api.send('GET', `/api/v2/ob/clusters/${obClusterId}`);
    expect(shown.body.data.failToQueryFromObReason).toContain('loopback');
    expect(await api.traces()).toEqual(before);
    expect(visits).toBe(0);
  });
});

const PASSWORD_OF_EVE = 'Planted.Eve1+pass';
