import {
  comparePackages,
  packageFileName,
  parsePackageName,
  versionRelease,
} from '../../oceanbase/packageName';
import { compareVersions, hasRpcPort, isAtLeast, obproxyFamily } from '../../oceanbase/versions';

describe('a package file name', () => {
  test.each([
    ['obproxy-1.9.1.1-1919579.el7.x86_64.rpm', 'obproxy', '1.9.1.1', '1919579.el7', 'el7', 'x86_64'],
    ['obproxy-ce-4.2.1.0-11.el8.x86_64.rpm', 'obproxy-ce', '4.2.1.0', '11.el8', 'el8', 'x86_64'],
    ['obproxy-4.3.1.0-4.aarch64.rpm', 'obproxy', '4.3.1.0', '4', undefined, 'aarch64'],
    ['obproxy-4.3.1.0-100.2.alios7.noarch.rpm', 'obproxy', '4.3.1.0', '100.2.alios7', 'alios7', 'noarch'],
  ])('%s is read from the right', (file, name, version, release, dist, arch) => {
    expect(parsePackageName(file)).toEqual({ name, version, release, dist, arch });
    expect(packageFileName({ name, version, release, arch })).toBe(file);
  });

  test.each([
    '',
    '.rpm',
    'obproxy.rpm',
    'obproxy-1.rpm',
    'obproxy-1-2.rpm',
    'obproxy-1.9.1.1-1919579.el7.x86_64',
    'obproxy-1.9.1.1-1919579.el7.x86_64.rpm ',
    '../obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
    'obproxy-$(id)-1.el7.x86_64.rpm',
    "obproxy-1'-1.el7.x86_64.rpm",
    'obproxy-1.9.1.1-1919579.el7.x86_64.rpm\n',
    `${'a'.repeat(300)}-1-1.x86_64.rpm`,
  ])('%j is no package name', (file) => {
    expect(parsePackageName(file)).toBeUndefined();
  });

  test('gives the version as OCP shows it, without dist tag', () => {
    expect(versionRelease({ version: '1.9.1.1', release: '1919579.el7' })).toBe('1.9.1.1-1919579');
    expect(versionRelease({ version: '4.3.1.0', release: '4' })).toBe('4.3.1.0-4');
  });

  test('is ordered by numbers, not by text', () => {
    expect(
      comparePackages({ version: '4.10.0', release: '1' }, { version: '4.9.9', release: '9' }),
    ).toBeGreaterThan(0);
    expect(
      comparePackages({ version: '4.2', release: '11.el7' }, { version: '4.2', release: '9.el7' }),
    ).toBeGreaterThan(0);
    expect(
      comparePackages({ version: '4.2', release: '9.el7' }, { version: '4.2.0', release: '9.el8' }),
    ).toBe(0);
  });
});

describe('a version', () => {
  test('belongs to the family that decides how the proxy is configured', () => {
    expect(['1.9.1.1-1919579', '3.2.3', '4.0.0', '4.1.0.0-7', '4.3.1.0-4'].map(obproxyFamily)).toEqual([
      'before-4.0',
      'before-4.0',
      '4.0',
      '4.1+',
      '4.1+',
    ]);
  });

  test('has an RPC port from 4.3 on', () => {
    expect(hasRpcPort('4.2.3.0-1')).toBe(false);
    expect(hasRpcPort('4.3.0.0-1')).toBe(true);
  });

  test('counts missing parts as zero and a missing release as any', () => {
    expect(compareVersions('4.1', '4.1.0.0')).toBe(0);
    expect(compareVersions('4.1.0-7', '4.1.0')).toBe(0);
    expect(isAtLeast('4.0.9', '4.1')).toBe(false);
  });
});
