import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { addressText, canonicalHost, parseAddress } from '../../runtime/addressText';
import { repositoryRoot } from '../../runtime/paths';

describe('an address and its ports', () => {
  test.each<[string, string, number[]]>([
    ['10.0.0.1:2881', '10.0.0.1', [2881]],
    ['10.0.0.1:2882:2881', '10.0.0.1', [2882, 2881]],
    ['[2001:db8::1]:2883', '2001:db8::1', [2883]],
    ['[2001:db8::1]:2882:2881', '2001:db8::1', [2882, 2881]],
    ['localhost:8080', 'localhost', [8080]],
  ])('%s is read and written again as it was', (text, host, ports) => {
    expect(parseAddress(text)).toEqual({ host, ports });
    expect(addressText(host, ...ports)).toBe(text);
  });

  test('two ways to write an IPv6 address are one', () => {
    expect(canonicalHost('2001:DB8:0:0::0001')).toBe('2001:db8::1');
    expect(addressText('2001:DB8:0:0::0001', 1)).toBe('[2001:db8::1]:1');
    expect(parseAddress('[2001:0db8::0:1]:1')?.host).toBe('2001:db8::1');
  });

  test.each([
    '',
    '10.0.0.1',
    ':2881',
    '10.0.0.1:',
    '10.0.0.1:x',
    '10.0.0.1:65536',
    '2001:db8::1:2881',
    '[10.0.0.1]:1',
    '[::1]',
    '::1',
    'a b:1',
  ])('"%s" is none', (text) => expect(parseAddress(text)).toBeUndefined());
});

/** Files that take other things with colons apart, and what these are. */
const OTHER_COLONS: Readonly<Record<string, string>> = {
  'activities/host/PreCheckForCreateHost.ts': 'groups of an IPv6 address, which has no port',
  'api/login/passwordLogin.ts': 'user:password of HTTP Basic',
  'cli/apiClient.ts': 'a field that is a sentence already',
  'hosts/files.ts': 'owner:group',
  'hosts/processes.ts': 'lines of /etc/passwd and /proc/net/tcp, where ports are hexadecimal',
  'operations/hostFields.ts': 'two ports of a container',
  'operations/locks.ts': 'kind:id of a lock',
  'runtime/addresses.ts': 'the width of an address, which has no port',
  'runtime/addressText.ts': 'the pair itself',
  'store/access/loginAttempts.ts': 'groups of an IPv6 address, which has no port',
};

/** What joins an address and a port, or takes both apart, by hand. IPv4 literals of this machine need no brackets. */
const BY_HAND: readonly RegExp[] = [
  /\}:\$\{[^}]*port\b/i,
  /\}:\$\{[^}]*Port\b/,
  /\[\$\{[^}]*(?:ip|host|address)\}\]/i,
  /\+ ?['"`]:['"`] ?\+/,
  /(?:split|[iI]ndexOf|includes|lastIndexOf)\((?:['"`]:['"`]|\/:)/,
  /\bjoin\(['"`]:['"`]\)/,
];

const PRODUCT = 'activities api cli contact hosts oceanbase operations runtime store worker sandbox/standins';

test('nobody joins an address and a port, or takes both apart, but by these', () => {
  const root = repositoryRoot();
  const files = PRODUCT.split(' ').flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(folder, name)),
  );
  const found = files.flatMap((file) => {
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    return lines.flatMap((line, index) =>
      BY_HAND.some((form) => form.test(line)) ? [{ file, at: `${file}:${index + 1}: ${line.trim()}` }] : [],
    );
  });
  expect(found.filter(({ file }) => !(file in OTHER_COLONS)).map(({ at }) => at)).toEqual([]);
  // An exception that nothing needs any more is taken away.
  expect(Object.keys(OTHER_COLONS).filter((file) => !found.some((one) => one.file === file))).toEqual([]);
});
