import { firstStartArguments, notForOptions, optionFault } from '../../oceanbase/commandLine';
import { packageFit } from '../../oceanbase/packageFit';
import {
  isSecretParameter,
  mergeParameters,
  nameFault,
  needsReboot,
  quotedValue,
  sameValue,
  valueFault,
} from '../../oceanbase/parameters';
import { maskHashes, passwordFault, randomPassword, sha1Hex } from '../../oceanbase/passwords';

describe('a parameter of a request', () => {
  test.each(["it's", 'say "x"', '`id`', 'C:\\p', 'a\nb', 'a\u0000b', 'a;b', 'x'.repeat(5000)])(
    'value %j is refused',
    (value) => {
      expect(valueFault(value)?.en).toMatch(/^must not/);
    },
  );

  test.each(['2G', 'True', 'http://c:8080/services?Action=GetObProxyConfig&x=1', 'a,b', '', '$HOME $(id)'])(
    'value %j is accepted',
    (value) => {
      expect(valueFault(value)?.en).toBeUndefined();
    },
  );

  test.each(['', '1a', 'a b', 'a=1', 'a;b', "a'", 'a\n', 'é'])('name %j is refused', (name) => {
    expect(nameFault(name)?.en).toBeDefined();
  });

  test('cannot be one that another field of the request sets, and the text names that field', () => {
    expect(nameFault('listen_port')?.en).toContain('sqlPort');
    expect(nameFault('OBPROXY_SYS_PASSWORD')?.en).toContain('password');
    expect(nameFault('proxy_mem_limited')).toBeUndefined();
  });

  test('is known to wait for a restart, or to take effect at once', () => {
    expect(['work_thread_num', 'enable_strict_kernel_release'].map(needsReboot)).toEqual([true, true]);
    expect(['proxy_mem_limited', 'log_dir_size_threshold'].map(needsReboot)).toEqual([false, false]);
    expect(isSecretParameter('observer_sys_password1')).toBe(true);
  });

  test('is compared as the proxy shows it', () => {
    expect(sameValue('True', 'true')).toBe(true);
    expect(sameValue('False', 'true')).toBe(false);
    expect(sameValue('2G', '2048M')).toBe(false);
    expect(sameValue('1', 'true')).toBe(false);
  });

  test('given twice counts once, the plain one wins', () => {
    expect(mergeParameters([{ name: 'a', value: '1' }], [{ name: 'a', value: '2' }])).toEqual([
      { name: 'a', value: '2' },
    ]);
  });

  test('that could cut a statement never reaches one', () => {
    expect(() => quotedValue("x', y='")).toThrow(RangeError);
    expect(quotedValue('1.2.3.4:2881;1.2.3.5:2881')).toBe("'1.2.3.4:2881;1.2.3.5:2881'");
  });
});

describe('a password', () => {
  test('made by us is in the documented format and different each time', () => {
    const made = Array.from({ length: 200 }, randomPassword);
    expect(made.map(passwordFault).filter((fault) => fault !== undefined)).toEqual([]);
    expect(new Set(made).size).toBe(200);
  });

  test.each(['short1A', 'aaBB11..\\', "aaBB11..'", 'aaaaaaaaaa', 'aaBB1122', `aaBB11..${'x'.repeat(30)}`])(
    '%j is refused',
    (password) => {
      expect(passwordFault(password)).toBeDefined();
    },
  );

  test('is stored by the proxy as SHA-1, and such values are masked in its log', () => {
    expect(sha1Hex('proxysys')).toHaveLength(40);
    expect(maskHashes(`obproxy_sys_password=${sha1Hex('x')},a=1`)).toBe('obproxy_sys_password=***,a=1');
  });
});

describe('the first start of a proxy before 4.1', () => {
  const start = {
    version: '1.9.1.1',
    appName: 'test',
    sqlPort: 2883,
    exporterPort: 2884,
    rpcPort: null,
    source: {
      mode: 'RS_LIST' as const,
      clusterName: 'obcluster',
      rootServers: [{ ip: '10.0.0.1', sqlPort: 2881 }],
    },
    oneTimePasswordSha1: sha1Hex('once'),
    parameters: [
      { name: 'work_thread_num', value: '8' },
      { name: 'some_list', value: 'a,b' },
    ],
  };

  test('names ports, cluster and a one-time password only', () => {
    expect(firstStartArguments(start)).toEqual([
      '-p',
      '2883',
      '-n',
      'test',
      '-r',
      '10.0.0.1:2881',
      '-c',
      'obcluster',
      '-o',
      `enable_metadb_used=False,work_thread_num=8,prometheus_listen_port=2884,obproxy_sys_password=${sha1Hex('once')}`,
    ]);
    expect(notForOptions('1.9.1.1', start.parameters)).toEqual([{ name: 'some_list', value: 'a,b' }]);
  });

  test('by config server gives its address as it is, without quotes', () => {
    const url = 'http://c:8080/services?Action=GetObProxyConfig&ObproxyClusterName=t';
    const options = firstStartArguments({ ...start, source: { mode: 'CONFIG_URL', url } }).at(-1);
    expect(options).toContain(`obproxy_config_server_url=${url},`);
    expect(firstStartArguments({ ...start, source: { mode: 'CONFIG_URL', url } })).not.toContain('-r');
  });

  test('is refused when its source holds what options cannot express', () => {
    expect(() =>
      firstStartArguments({ ...start, source: { mode: 'CONFIG_URL', url: 'http://c/?a,b' } }),
    ).toThrow(RangeError);
    expect(optionFault("a'b")).toBeDefined();
  });

  test('from 4.1 on has no options at all', () => {
    expect(firstStartArguments({ ...start, version: '4.3.1.0' })).toEqual([]);
  });
});

describe('a package on a host', () => {
  const el8 = { architecture: 'x86_64', osId: 'rocky', osLike: 'rhel centos fedora', osMajor: '8' };
  const debian = { architecture: 'x86_64', osId: 'debian', osLike: '', osMajor: '12' };
  test.each([
    ['another architecture', { architecture: 'aarch64', operatingSystem: null }, el8, 'refuse'],
    ['another release of the same family', { architecture: 'x86_64', operatingSystem: 'el7' }, el8, 'refuse'],
    ['another family', { architecture: 'x86_64', operatingSystem: 'el7' }, debian, 'note'],
    ['its own release', { architecture: 'x86_64', operatingSystem: 'el8' }, el8, undefined],
    ['no dist tag', { architecture: 'noarch', operatingSystem: null }, el8, undefined],
    [
      'a host never reached',
      { architecture: 'x86_64', operatingSystem: 'el7' },
      { architecture: null, osId: null, osLike: null, osMajor: null },
      undefined,
    ],
  ])('of %s', (_what, part, host, verdict) => {
    expect(packageFit(part, host)?.verdict).toBe(verdict);
  });
});
