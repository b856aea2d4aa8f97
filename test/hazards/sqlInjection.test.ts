/**
 * Texts that SQL would obey: in obflow's own database, at an OBProxy, at an observer. Each is refused before a statement is
 * made of it, or arrives as the text that it is.
 */
import { connect } from 'node:net';
import { type Link, refuseUnfitPassword } from '../../activities/obproxy/links';
import { openCluster } from '../../oceanbase/clusterSession';
import {
  addServerSql,
  cancelDeleteServerSql,
  deleteServerSql,
  minorFreezeSql,
  parameterSql,
  startServerSql,
  startZoneSql,
  stopServerSql,
  stopZoneSql,
  unitsSql,
} from '../../oceanbase/clusterSql';
import { type ObproxyAdmin, openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { openObserver } from '../../oceanbase/observerSql';
import { nameFault, valueFault } from '../../oceanbase/parameters';
import { passwordFault } from '../../oceanbase/passwords';
import { sqlText } from '../../oceanbase/sqlText';
import { PermanentError } from '../../runtime/errors';
import { startMysqlServer } from '../../sandbox/standins/mysql/server';
import { startObserver } from '../../sandbox/standins/observer';
import { basic } from '../api/harness';
import { api, givenApi } from '../operations/refusals';
import { PASSWORD, ProxyHome } from '../standins/proxyHome';
import { ANY_ADDRESS } from '../support/addresses';
import { newPostgresDatabase, postgresUnavailable } from '../support/postgres';
import { describeIf } from '../support/skip';
import { placesInDatabase, sweep, sweepReading } from './sweep';

const TEXTS = [
  `'`,
  `x' OR '1'='1`,
  `x'; DROP TABLE hosts; --`,
  `x" OR "1"="1`,
  `x\\' OR 1=1 -- `,
  `x\\`,
  '` OR 1=1 -- `',
  `x') UNION SELECT secret FROM credentials --`,
  `x' || (SELECT secret FROM credentials LIMIT 1) || '`,
  `x /*!50000 OR 1=1 */`,
  `x, name='y'`,
  `1 OR 1=1 -- x`,
  '%%',
  '_________',
  '$1 ? :name @@sql_mode',
  `x\0' OR '1'='1`,
  `x\n; DROP TABLE hosts`,
  // Bytes of a quote or a backslash inside of a character, look-alikes, half a character.
  '\u5c27\u275c\u{15c27} \u02bc\uff07\u2019\uff3c OR 1=1',
  'x\ud83d OR 1=1',
];

describe("a text that obflow's own database would obey", () => {
  describe.each([
    ['SQLite', undefined, async () => ({})],
    ['PostgreSQL', postgresUnavailable(), async () => ({ databaseUrl: await newPostgresDatabase() })],
  ])('on %s', (kind, unavailable, database) => {
    describeIf(unavailable, 'an API', () => {
      givenApi(async () => ({ ...(await database()), unreachableHosts: true as const }));
      beforeAll(async () => {
        const nowhere = [{ ip: '127.0.0.1', sqlPort: 1, rpcPort: 2 }];
        const { contents } = await api.store.obClusters.list({ page: 1, size: 100 });
        for (const { id } of contents) await api.store.obClusters.recordRootServers(id, nowhere);
      });

      test('finds nothing by it, in whatever list, filter, order or id it stands', async () => {
        const before = await api.traces();
        // Each request costs milliseconds, and the two read these texts alike.
        const { tried, empty } = await sweepReading(kind === 'SQLite' ? TEXTS.slice(0, 6) : TEXTS);
        expect([tried > 300, empty > 50]).toEqual([true, true]);
        expect(await api.traces()).toEqual(before);
      }, 120_000);

      // On SQLite shellInjection.test.ts does it.
      const stores = kind === 'SQLite' ? () => undefined : test;
      stores(
        'stores it as it is, or not at all',
        async () => {
          const { tried } = await sweep(
            TEXTS.filter((_, index) => index % 2 === 0).map((text) => `${text} c4n4ry`),
            TEXTS.slice(0, 3),
          );
          expect(tried).toBeGreaterThan(700);
          expect(await placesInDatabase('c4n4ry')).toEqual([
            'access_keys.description',
            'audit_events.path',
            'audit_events.why',
            'credentials.description',
            'host_types.description',
            'hosts.description',
            'idcs.description',
            'obproxy_clusters.parameters',
            'obproxy_clusters.startup_parameters',
            'regions.description',
          ]);
          expect((await api.store.hosts.list({}, { page: 1, size: 1 })).totalElements).toBeGreaterThan(0);
        },
        240_000,
      );

      test('lets nobody in by it', async () => {
        for (const text of TEXTS) {
          const logins = [
            basic(text, text),
            basic('admin', text),
            `OCP-ACCESS-KEY-HMACSHA1 ${encodeURIComponent(Buffer.from(text).toString())}:x`,
          ];
          for (const authorization of logins) {
            const { status } = await api.send('GET', '/api/v2/iam/me', undefined, { authorization });
            expect([401, 429]).toContain(status);
          }
        }
      });
    });
  });
});

function refusalOf(work: () => void): PermanentError {
  try {
    work();
  } catch (error) {
    if (error instanceof PermanentError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a text that OBProxy would obey', () => {
  let home: ProxyHome;
  let admin: ObproxyAdmin;
  beforeAll(async () => {
    home = await ProxyHome.make();
    await home.launch(home.firstOptions());
    await home.ready();
    admin = await openObproxyAdmin({
      where: 'proxy',
      password: PASSWORD,
      open: async () => connect(home.sqlPort, '127.0.0.1'),
    });
  });
  afterAll(async () => {
    admin?.close();
    await home?.remove();
  });
  const ITEM = 'proxy_idc_name';
  const others = async () => (await admin.showAll()).filter(({ name }) => name !== ITEM);

  test('is refused in a value, or is stored as it is, and changes nothing else', async () => {
    const before = await others();
    let stored = 0;
    for (const text of TEXTS) {
      if (valueFault(text) !== undefined) {
        await expect(admin.alter(ITEM, text)).rejects.toBeInstanceOf(RangeError);
        await expect(admin.replaceClusterValue('c', 'observer_sys_password', text)).rejects.toBeInstanceOf(
          RangeError,
        );
        await expect(admin.replaceClusterValue(text, 'observer_sys_password', 'x')).rejects.toBeInstanceOf(
          RangeError,
        );
        await expect(admin.deleteClusterValue(text, 'observer_sys_password')).rejects.toBeInstanceOf(
          RangeError,
        );
        continue;
      }
      const whole = Buffer.from(text).toString();
      await admin.alter(ITEM, whole);
      expect((await admin.showConfig(ITEM))?.value).toBe(whole);
      await admin.replaceClusterValue(whole, 'observer_sys_password', whole);
      await admin.deleteClusterValue(whole, 'observer_sys_password');
      stored += 1;
    }
    expect([stored > 2, TEXTS.length - stored > 8]).toEqual([true, true]);
    expect(await others()).toEqual(before);
    expect(await admin.clusterNames()).toEqual([]);
  });

  test('as the password of proxyro is refused before anything is made with it, and not shown', () => {
    for (const text of TEXTS.filter((one) => valueFault(one) !== undefined)) {
      const password = `p14nted${text}`;
      const link = { link: { username: 'proxyro' }, cluster: { name: 'c' }, password } as Link;
      const error = refusalOf(() => refuseUnfitPassword(link));
      expect(error).toMatchObject({ type: 'ProxyroPasswordUnfit', code: 'ODP21006' });
      expect(error.message).toMatch(/obflow apply/);
      expect(error.message).not.toContain('p14nted');
    }
  });

  test('is no name of a parameter and no password of root@proxysys', async () => {
    for (const text of TEXTS.filter((one) => /\W/.test(one))) {
      expect([nameFault(text), passwordFault(text)]).not.toContain(undefined);
      if (/['"`\\;\s]/.test(text)) expect(passwordFault(`aaBB11..${text}`)).toBeDefined();
      await expect(admin.showConfig(text)).rejects.toBeInstanceOf(RangeError);
      await expect(admin.alter(text, '1')).rejects.toBeInstanceOf(RangeError);
      await expect(admin.clusterValue('c', text)).rejects.toBeInstanceOf(RangeError);
    }
  });
});

describe('a text that an observer would obey', () => {
  test('is the same literal under every sql_mode, or none', () => {
    for (const text of TEXTS) {
      if (/[\\\0]/.test(text)) {
        expect(() => sqlText(text)).toThrow(RangeError);
        continue;
      }
      const literal = sqlText(text);
      // No backslash, so NO_BACKSLASH_ESCAPES makes no difference; and every quote inside is a pair.
      expect(literal).toMatch(/^'(?:[^'\\]|'')*'$/);
      expect(literal.slice(1, -1).replaceAll("''", "'")).toBe(text);
    }
  });

  test('is no address, no zone and no user, and the name of no parameter that is there', async () => {
    const server = { ip: '10.0.0.1', rpcPort: 2882 };
    const statements = [addServerSql, deleteServerSql, cancelDeleteServerSql, startServerSql, stopServerSql];
    for (const text of TEXTS) {
      for (const statement of statements) {
        expect(() => statement({ ...server, ip: text }, 'zone1')).toThrow(RangeError);
        expect(() => statement(server, text)).toThrow(RangeError);
      }
      expect(() => minorFreezeSql(server, { ...server, ip: text })).toThrow(RangeError);
      for (const statement of [startZoneSql, stopZoneSql]) expect(() => statement(text)).toThrow(RangeError);
      const open = openObserver({
        ip: '127.0.0.1',
        sqlPort: 1,
        user: text,
        password: 'x',
        addresses: ANY_ADDRESS,
      });
      await expect(open).rejects.toMatchObject({ type: 'NotASysUser' });
      const quoted = /[\\\0]/.test(text) ? undefined : sqlText(text);
      for (const make of [
        () => parameterSql('4.2.1', text),
        () => unitsSql('4.2.1', { ...server, ip: text }),
      ]) {
        if (quoted === undefined) expect(make).toThrow(RangeError);
        else expect(make()).toContain(`= ${quoted}`);
      }
    }
  });

  test('as the password of a new user is that password, and makes nothing else', async () => {
    const observer = await startObserver({
      host: '127.0.0.1',
      port: 0,
      clusterName: 'c',
      obClusterId: 1,
      users: { 'root@sys': 'rootpw' },
    });
    const as = (user: string, password: string) =>
      openObserver({ ip: '127.0.0.1', sqlPort: observer.port, user, password, addresses: ANY_ADDRESS });
    const root = await as('root', 'rootpw');
    try {
      for (const [index, text] of TEXTS.entries()) {
        const name = `reader${index}`;
        await expect(root.createReader(text, 'x')).rejects.toBeInstanceOf(RangeError);
        if (/[\\\0]/.test(text)) {
          await expect(root.createReader(name, text)).rejects.toBeInstanceOf(RangeError);
          expect(await root.hasUser(name)).toBe(false);
          continue;
        }
        await root.createReader(name, text);
        const reader = await as(name, text);
        expect((await reader.grants()).join()).toBe(
          `GRANT USAGE ON *.* TO '${name}',GRANT SELECT ON \`oceanbase\`.* TO '${name}'`,
        );
        reader.close();
      }
    } finally {
      root.close();
      await observer.stop();
    }
  });
});

describe('a cluster that lists what is no address', () => {
  test.each([
    ['-e/bin/sh', 2882],
    ["10.0.0.1' OR 1=1", 2882],
    ['10.0.0.1;10.0.0.2', 2882],
    ['evil.example', 2882],
    ['', 2882],
    ['10.0.0.1', 0],
    ['10.0.0.1', 70_000],
  ])('(%s, port %d) is not believed: nothing of it reaches other hosts', async (ip, port) => {
    const server = await startMysqlServer<object>('127.0.0.1', 0, {
      serverVersion: '5.6.25',
      login: () => ({ session: {} }),
      query: (_session, sql) => {
        if (/DBA_OB_SERVERS/.test(sql)) {
          return {
            kind: 'rows',
            columns: ['zone', 'ip', 'rpc_port', 'sql_port'],
            rows: [['zone1', ip, port, 2881]],
          };
        }
        if (/ob_version/.test(sql)) return { kind: 'rows', columns: ['version'], rows: [['4.2.1.0']] };
        return { kind: 'ok' };
      },
      useDatabase: () => ({ kind: 'ok' }),
    });
    const cluster = await openCluster({
      servers: [{ ip: '127.0.0.1', sqlPort: server.port }],
      user: 'root',
      password: 'x',
      addresses: ANY_ADDRESS,
    });
    try {
      await expect(cluster.servers()).rejects.toMatchObject({
        type: 'ClusterListsNoAddress',
        message: expect.stringContaining('no address'),
      });
    } finally {
      cluster.close();
      await server.close();
    }
  });
});
