import {
  addServerSql,
  cancelDeleteServerSql,
  deleteServerSql,
  durationSeconds,
  isServing,
  minorFreezeSql,
  rootServersOf,
  serverOf,
  serverStatus,
  serversSql,
  unitsSql,
  zonesOf,
  zonesSql,
} from '../../oceanbase/clusterSql';
import { clockFinding, type SizingFacts, sizingFindings } from '../../oceanbase/hostRequirements';
import {
  observerArguments,
  observerNameFault,
  observerValueFault,
  rootServerOption,
} from '../../oceanbase/observerCommandLine';
import { observerLayout } from '../../oceanbase/observerLayout';
import { inEnglish } from '../../runtime/messages/catalogue';

describe('the folders of an observer', () => {
  test('4.x keeps slog on the data disk and has no ilog', () => {
    const layout = observerLayout('4.2.1.2', '/home/admin/oceanbase', 'obcluster');
    expect(layout.store).toBe('/home/admin/oceanbase/store/obcluster');
    expect(layout.folders).toEqual([
      '/data/1/obcluster/sstable',
      '/data/1/obcluster/slog',
      '/data/1/obcluster/etc3',
      '/data/log1/obcluster/clog',
      '/data/log1/obcluster/etc2',
    ]);
    expect(layout.links).toContainEqual({
      path: '/home/admin/oceanbase/store/obcluster/slog',
      target: '/data/1/obcluster/slog',
    });
  });

  test('2.x and 3.x keep clog, ilog and slog on the log disk', () => {
    const layout = observerLayout('2.2.75', '/home/admin/oceanbase', 'obcluster');
    expect(layout.folders).toEqual([
      '/data/1/obcluster/sstable',
      '/data/1/obcluster/etc3',
      '/data/log1/obcluster/clog',
      '/data/log1/obcluster/ilog',
      '/data/log1/obcluster/slog',
      '/data/log1/obcluster/etc2',
    ]);
    expect(layout.configCopies).toEqual(['/data/1/obcluster/etc3', '/data/log1/obcluster/etc2']);
  });

  test.each(['', '..', '.hidden', 'a/b', 'a b', "a'b"])(
    'no folder is made for a cluster called %j',
    (name) => {
      expect(() => observerLayout('4.2.1', '/home/admin/oceanbase', name)).toThrow(RangeError);
    },
  );
});

describe('the first start of an observer', () => {
  const start = {
    zone: 'zone1',
    ip: '10.0.0.9',
    sqlPort: 2881,
    rpcPort: 2882,
    clusterName: 'obcluster',
    obClusterId: 7,
    rootServers: [
      { ip: '10.0.0.1', rpcPort: 2882, sqlPort: 2881 },
      { ip: '10.0.0.2', rpcPort: 3882, sqlPort: 3881 },
    ],
    parameters: [{ name: 'memory_limit', value: '8G' }],
  };

  test('4.2 and later take their address by -I and find the cluster by -r with both ports', () => {
    const layout = observerLayout('4.2.1.2', '/home/admin/oceanbase', 'obcluster');
    expect(observerArguments({ ...start, version: '4.2.1.2', layout })).toEqual([
      '-z',
      'zone1',
      '-p',
      '2881',
      '-P',
      '2882',
      '-n',
      'obcluster',
      '-c',
      '7',
      '-d',
      '/home/admin/oceanbase/store/obcluster',
      '-I',
      '10.0.0.9',
      '-r',
      '10.0.0.1:2882:2881;10.0.0.2:3882:3881',
      '-l',
      'INFO',
      '-o',
      'memory_limit=8G,config_additional_dir=/data/1/obcluster/etc3;/data/log1/obcluster/etc2',
    ]);
  });

  test.each(['2.2.75', '3.1.0', '4.1.0.0'])(
    '%s takes the device instead, and is not started without',
    (version) => {
      const layout = observerLayout(version, '/home/admin/oceanbase', 'obcluster');
      const words = observerArguments({ ...start, version, layout, device: 'eth0' });
      expect(words[words.indexOf('-i') + 1]).toBe('eth0');
      expect(words).not.toContain('-I');
      expect(() => observerArguments({ ...start, version, layout })).toThrow(/network device/);
    },
  );

  test('no observer is started without a root server', () => {
    const layout = observerLayout('4.2.1.2', '/home/admin/oceanbase', 'obcluster');
    expect(() => observerArguments({ ...start, rootServers: [], version: '4.2.1.2', layout })).toThrow(
      /root server/,
    );
  });

  test('IPv6 addresses stand in brackets', () => {
    expect(rootServerOption([{ ip: 'fd00::1', rpcPort: 2882, sqlPort: 2881 }])).toBe('[fd00::1]:2882:2881');
  });

  test('parameters with a place of their own, and values that -o cannot carry, are refused', () => {
    expect(observerNameFault('memory_limit')).toBeUndefined();
    expect(observerNameFault('MYSQL_PORT')?.en).toMatch(/sqlPort/);
    expect(observerNameFault('x; reboot')?.en).toMatch(/letters/);
    expect(observerValueFault('8G')).toBeUndefined();
    for (const bad of ['a,b=c', "it's", 'a b', '']) expect(observerValueFault(bad)).toBeDefined();
  });
});

describe('what a cluster says of its servers', () => {
  const v3 = { zone: 'zone1', ip: '10.0.0.1', rpc_port: 2882, sql_port: 2881, build_version: '3.1.0_1' };
  const v4 = { ZONE: 'zone1', IP: '10.0.0.1', RPC_PORT: 2882, SQL_PORT: 2881, BUILD_VERSION: '4.2.1.2_1' };

  test('the tables are those of the version', () => {
    expect(serversSql('4.2.1.2')).toContain('oceanbase.DBA_OB_SERVERS');
    expect(serversSql('3.1.0')).toContain('oceanbase.__all_server');
    expect(zonesSql('4.2.1.2')).toContain('DBA_OB_ZONES');
    expect(zonesSql('2.2.75')).toContain('__all_zone');
    expect(unitsSql('4.2.1.2', { ip: '10.0.0.1', rpcPort: 2882 })).toContain('DBA_OB_UNITS');
    expect(unitsSql('2.2.75', { ip: '10.0.0.1', rpcPort: 2882 })).toContain('__all_unit');
  });

  test.each([
    ['serves', { status: 'active', start_service_time: '1700000000000000', stop_time: 0 }, true, 'RUNNING'],
    [
      'has not begun to serve (0, not NULL)',
      { status: 'active', start_service_time: 0, stop_time: 0 },
      false,
      'UNAVAILABLE',
    ],
    [
      'is stopped, though its status is active',
      { status: 'active', start_service_time: '1700000000000000', stop_time: '1700000001000000' },
      false,
      'STOPPED',
    ],
    [
      'is inactive',
      { status: 'inactive', start_service_time: '1700000000000000', stop_time: 0 },
      false,
      'UNAVAILABLE',
    ],
    [
      'is being deleted',
      { status: 'deleting', start_service_time: '1700000000000000', stop_time: 0 },
      false,
      'DELETING',
    ],
  ])('3.x: a server that %s', (_what, row, serving, status) => {
    const server = serverOf({ ...v3, ...row });
    expect([isServing(server), serverStatus(server)]).toEqual([serving, status]);
  });

  test.each([
    ['serves', { STATUS: 'ACTIVE', START_SERVICE_TIME: '2023-11-15 06:13:20.123456', STOP_TIME: null }, true],
    ['has not begun to serve', { STATUS: 'ACTIVE', START_SERVICE_TIME: null, STOP_TIME: null }, false],
    [
      'is stopped, though its status is ACTIVE',
      { STATUS: 'ACTIVE', START_SERVICE_TIME: '2023-11-15 06:13:20.0', STOP_TIME: '2023-11-15 06:14:20.0' },
      false,
    ],
  ])('4.x: a server that %s', (_what, row, serving) => {
    expect(isServing(serverOf({ ...v4, ...row }))).toBe(serving);
  });

  test('times of both dialects are the same moment', () => {
    const old = serverOf({ ...v3, status: 'active', start_service_time: '1700028800123456', stop_time: 0 });
    const now = serverOf({ ...v4, STATUS: 'ACTIVE', START_SERVICE_TIME: '2023-11-15 06:13:20.123456' });
    expect(old.startTime).toBe('2023-11-15T06:13:20.123Z');
    expect(now.startTime).toBe(old.startTime);
  });

  test('zones of 2.x and 3.x are put together from their rows', () => {
    expect(
      zonesOf('3.1.0', [
        { zone: 'zone1', name: 'status', info: 'ACTIVE' },
        { zone: 'zone1', name: 'region', info: 'hangzhou' },
        { zone: 'zone1', name: 'idc', info: 'hz1' },
      ]),
    ).toEqual([{ name: 'zone1', region: 'hangzhou', idc: 'hz1', innerStatus: 'ACTIVE' }]);
  });

  test('statements name the RPC port, and nothing but addresses and zones gets into them', () => {
    const server = { ip: '10.0.0.1', rpcPort: 2882 };
    expect(addServerSql(server, 'zone1')).toBe("ALTER SYSTEM ADD SERVER '10.0.0.1:2882' ZONE 'zone1'");
    expect(deleteServerSql(server, 'zone1')).toBe("ALTER SYSTEM DELETE SERVER '10.0.0.1:2882' ZONE 'zone1'");
    expect(minorFreezeSql(server)).toBe("ALTER SYSTEM MINOR FREEZE SERVER = ('10.0.0.1:2882')");
    expect(cancelDeleteServerSql(server, 'zone1')).toBe(
      "ALTER SYSTEM CANCEL DELETE SERVER '10.0.0.1:2882' ZONE 'zone1'",
    );
    for (const zone of ["z' OR 1", 'z', '', '1zone'])
      expect(() => addServerSql(server, zone)).toThrow(RangeError);
    expect(() => addServerSql({ ip: "1'; DROP", rpcPort: 2882 }, 'zone1')).toThrow(RangeError);
    expect(() => addServerSql({ ip: '10.0.0.1', rpcPort: 0 }, 'zone1')).toThrow(RangeError);
  });

  test.each([
    ['3600s', 3600],
    ['1h', 3600],
    ['20M', 1200],
    ['7', 7],
    ['500ms', 0.5],
    ['', undefined],
    ['soon', undefined],
  ])('the parameter value %p lasts %p seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  test('there is one root server a zone: known ones stay while they serve, new zones get theirs', () => {
    const server = (ip: string, zone: string, serves = true) => ({
      ...serverOf({
        ...v3,
        ip,
        zone,
        status: serves ? 'active' : 'inactive',
        start_service_time: '1700000000000000',
        stop_time: 0,
      }),
    });
    const known = [{ ip: '10.0.0.2', rpcPort: 2882, sqlPort: 2881 }];
    const chosen = rootServersOf(
      [
        server('10.0.0.1', 'zone1'),
        server('10.0.0.2', 'zone1'),
        server('10.0.0.3', 'zone2', false),
        server('10.0.0.4', 'zone2'),
      ],
      known,
    );
    expect(chosen.map(({ ip }) => ip)).toEqual(['10.0.0.2', '10.0.0.4']);
    const lost = rootServersOf([server('10.0.0.1', 'zone1'), server('10.0.0.2', 'zone1', false)], known);
    expect(lost.map(({ ip }) => ip)).toEqual(['10.0.0.1']);
  });
});

describe('what a host must have', () => {
  const good: SizingFacts = {
    aioMaxNr: 1_048_576,
    aioNr: 0,
    fileMax: 9_223_372,
    maxMapCount: 655_360,
    minFreeKbytes: 2_097_152,
    overcommitMemory: 0,
    nofileHard: Number.POSITIVE_INFINITY,
    nprocHard: 655_360,
    memoryAvailableMib: 65_536,
    memoryTotalMib: 131_072,
    dataFreeMib: 500_000,
    logFreeMib: 500_000,
    sameDisk: false,
    architecture: 'x86_64',
    cpuFlags: ['avx'],
    cpus: 32,
  };
  const levels = (facts: SizingFacts, profile: 'production' | 'small') =>
    sizingFindings(facts, profile).map(({ level }) => level);

  test('a server as OceanBase wants it has nothing to be said', () => {
    expect(new Set(levels(good, 'production'))).toEqual(new Set(['INFO']));
  });

  test('everything that is missing is named at once', () => {
    const poor = {
      ...good,
      memoryAvailableMib: 1024,
      nofileHard: 1024,
      dataFreeMib: 100,
      cpuFlags: [],
      maxMapCount: 65_530,
    };
    const errors = sizingFindings(poor, 'production').filter(({ level }) => level === 'ERROR');
    expect(errors).toHaveLength(5);
    expect(errors.find(({ text }) => inEnglish(text).includes('memory'))).toMatchObject({ code: 'OBE19019' });
  });

  test('the profile small turns sizes into warnings that name the setting, but nothing starts below its floor', () => {
    const poor = { ...good, memoryAvailableMib: 1024, nofileHard: 1024 };
    const found = sizingFindings(poor, 'small');
    expect(found.some(({ level }) => level === 'ERROR')).toBe(false);
    expect(
      found.filter(({ text }) => inEnglish(text).includes('OBFLOW_HOST_REQUIREMENTS=small')),
    ).toHaveLength(2);
    expect(levels({ ...good, memoryAvailableMib: 10 }, 'small')).toContain('ERROR');
  });

  test('a number that could not be read is an error, not a pass', () => {
    expect(levels({ ...good, fileMax: Number.NaN }, 'production')).toContain('ERROR');
  });

  test('clocks: 3.x tolerates 200 ms, 4.x 2 s, and the uncertainty of the measurement counts for the host', () => {
    expect(clockFinding('3.1.0', 900, 50).level).toBe('ERROR');
    expect(clockFinding('4.2.1', 900, 50).level).toBe('WARN');
    expect(clockFinding('4.2.1', -3_000, 50).level).toBe('ERROR');
    expect(clockFinding('3.1.0', 300, 290).level).toBe('INFO');
  });
});
