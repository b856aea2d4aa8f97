import { loginName, parseLoginName, sysLogin, sysUser, sysUserFault } from '../../oceanbase/loginName';
import { openObserver } from '../../oceanbase/observerSql';
import { PermanentError } from '../../runtime/errors';
import { startObserver } from '../../sandbox/standins/observer';
import { ANY_ADDRESS } from '../support/addresses';

describe('a name of user@tenant#cluster', () => {
  test.each([
    ['proxyro', { user: 'proxyro' }],
    ['root@sys', { user: 'root', tenant: 'sys' }],
    ['root@sys#obtest', { user: 'root', tenant: 'sys', cluster: 'obtest' }],
    ['app#obtest', { user: 'app', cluster: 'obtest' }],
  ])('%s is read and written again as it was', (text, parts) => {
    expect(parseLoginName(text)).toEqual(parts);
    expect(loginName(parseLoginName(text))).toBe(text);
  });

  test.each(['', '@sys', 'root@', 'root@sys#', 'root@a@b', 'root#a#b', "ro'ot@sys", 'root @sys', 'r@s;x'])(
    '"%s" is none',
    (text) => {
      expect(() => parseLoginName(text)).toThrow(RangeError);
      expect(sysUserFault(text)?.en).toContain('not');
    },
  );

  test('of the sys tenant may stand with its tenant or without; another tenant is named', () => {
    for (const text of ['root', 'root@sys', 'root@sys#obtest']) {
      expect(sysUser(text)).toBe('root');
      expect(sysLogin(text)).toBe('root@sys');
    }
    expect(sysUserFault('root@shop')?.en).toBe('a user of tenant shop, not of sys');
    expect(() => sysLogin('root@shop')).toThrow(PermanentError);
    expect(() => sysLogin('root@shop')).toThrow(/obflow apply.*root@sys/);
  });
});

test('a user declared as user@sys is logged in, looked up and made under its bare name', async () => {
  const server = await startObserver({
    host: '127.0.0.1',
    port: 0,
    clusterName: 'c',
    obClusterId: 1,
    users: { 'root@sys': 'p' },
  });
  const at = { ip: '127.0.0.1', sqlPort: server.port, addresses: ANY_ADDRESS, password: 'p' };
  const root = await openObserver({ ...at, user: 'root@sys' });
  expect(await root.hasUser('proxyro@sys')).toBe(false);
  await root.createReader('proxyro@sys', 'p');
  expect(await root.hasUser('proxyro@sys')).toBe(true);
  root.close();
  const reader = await openObserver({ ...at, user: 'proxyro@sys' });
  expect(await reader.servers('4.2.1.0')).toHaveLength(1);
  reader.close();
  expect(server.users()).toEqual(['root', 'proxyro']);
  await server.stop();
});
