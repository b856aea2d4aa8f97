/** An inventory file that somebody else wrote, or that is not what its author thinks it is. */
import { InventoryFileError, parseInventoryFile } from '../../cli/apply/inventoryFile';

const SECRET = 'p14nted-pa55word';
const MIB = 1024 ** 2;

/** Why the file is refused, each with file and line; throws when it is not. */
function problemsOf(text: string): readonly string[] {
  try {
    parseInventoryFile(text, 'inventory.yaml');
  } catch (error) {
    if (!(error instanceof InventoryFileError)) throw error;
    for (const problem of error.problems) expect(problem).toMatch(/^inventory\.yaml:\d+: .*\w/);
    expect(error.message.split('\n').length).toBeLessThanOrEqual(51);
    return error.problems;
  }
  throw new Error('the file was accepted');
}

/** What a refusal costs: milliseconds, and bytes that the heap grew by at its height. */
function costOf(work: () => unknown): { ms: number; bytes: number } {
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  work();
  return { ms: performance.now() - began, bytes: process.memoryUsage().heapUsed - before };
}

const credential = (username: string) => `credentials:
  - name: a
    kind: DATABASE
    username: ${username}
    passwordEnv: X
`;

describe('a YAML bomb', () => {
  const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level += 1) {
    laughs.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  test.each<[string, string, RegExp]>([
    ['of a billion laughs', laughs.join('\n'), /more aliases/],
    [
      'of one long text named ten thousand times',
      `a: &a ${'x'.repeat(10_000)}\nb: [${Array(10_000).fill('*a').join(', ')}]`,
      /more aliases/,
    ],
    ['of 10 000 lists in each other', `hosts: ${'['.repeat(10_000)}`, /nested too deeply/],
    ['of 10 000 dashes', `${'- '.repeat(10_000)}x`, /nested too deeply/],
    ['of 5 000 fields in each other', '{a: '.repeat(5_000), /nested too deeply/],
    ['that holds itself', 'hosts: &a [*a]', /must be object/],
    ['of eight million characters', `# ${'x'.repeat(8_000_000)}`, /more than \d+ characters/],
    [
      'of five thousand mistakes',
      `hosts:\n${'  - { ip: x, credential: c }\n'.repeat(5_000)}`,
      /must be an IP address/,
    ],
  ])('%s is refused, quickly and without the memory it stands for', (_what, text, reason) => {
    let problems: readonly string[] = [];
    const { ms, bytes } = costOf(() => {
      problems = problemsOf(text);
    });
    expect(problems[0]).toMatch(reason);
    // The slowest takes a second on an idle machine; unbounded, the first would need 250 GB.
    expect(ms).toBeLessThan(30_000);
    expect(bytes).toBeLessThan(300 * MIB);
  });
});

describe('what YAML would make of a text', () => {
  test.each([
    '!!js/function "function () {}"',
    '!!python/object/apply:os.system ["id"]',
    '!ruby/object:Gem::Installer x',
    '!include /etc/passwd',
    '!<tag:yaml.org,2002:nothing> x',
  ])('%s is no value: unknown tags are refused', (value) => {
    expect(problemsOf(credential(value))[0]).toMatch(/inventory\.yaml:4: a tag/);
  });

  test.each([
    '!!binary aGFsbG8=',
    '!!timestamp 2001-12-14',
    '!!set {a, b}',
    '!!omap [a: b]',
    '1e3',
    '0x1f',
    '010',
    '0o17',
    '1_0',
    '.inf',
    '~',
    'null',
    'true',
    '[root]',
    '{root: 1}',
  ])('%s for a name is refused or stays as it is written', (value) => {
    const refused = () => problemsOf(credential(value)).join();
    if (value === '1_0')
      expect(parseInventoryFile(credential(value), 'x').credentials[0]?.username).toBe('1_0');
    else expect(refused()).toMatch(/credentials\[0\]\.username: must be string/);
  });

  test.each(['on', 'off', 'yes', 'no', 'y', '2001-12-14', '12:30:45', '1.2.3.4', 'a*b', '0b1'])(
    '%s is the text that it looks like',
    (value) => {
      expect(parseInventoryFile(credential(value), 'x').credentials[0]?.username).toBe(value);
    },
  );

  test('a version that YAML reads as a number is refused, with the words how to write it', () => {
    const file = (version: string) => `obClusters:
  - { name: a, obClusterId: 1, version: ${version}, rootServers: [{ ip: 10.0.0.1 }], sysCredential: s, proxyroCredential: p }`;
    expect(problemsOf(file('4.2')).join()).toMatch(/version: must be string/);
    expect(problemsOf(file("'4.2'")).join()).toMatch(/version: must be a version, in quotes/);
    expect(parseInventoryFile(file('4.2.1'), 'x').obClusters[0]?.version).toBe('4.2.1');
  });

  test.each([
    ['a field twice', 'hosts: []\nhosts: []', /Map keys must be unique/],
    ['two documents', 'hosts: []\n---\nhosts: []', /a second document/],
    ['a merged field', 'x: &x { ip: 10.0.0.1 }\nhosts: [{ <<: *x, credential: c }]', /unknown field/],
    ['a list as the name of a field', '? [a, b]\n: c', /NON_STRING_KEY|string/i],
    ['a directive', '%EVAL x\n---\nhosts: []', /a directive/],
    ['tabs', 'hosts:\n\t- ip: 10.0.0.1', /Tabs/],
  ])('%s is refused', (_what, text, reason) => {
    expect(problemsOf(text).join('\n')).toMatch(reason);
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString'])(
    '%s is an unknown field, and changes nothing',
    (key) => {
      expect(problemsOf(`${key}: { polluted: yes }`).join()).toMatch(/unknown field/);
      expect(
        problemsOf(`hosts: [{ ip: 10.0.0.1, credential: c, ${key}: { polluted: yes } }]`).join(),
      ).toMatch(/unknown field/);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );
});

describe('a password that YAML does not take for one', () => {
  test.each([
    `*${SECRET}`,
    `|${SECRET}`,
    `>${SECRET}`,
    `!${SECRET}`,
    `! ${SECRET}`,
    `&${SECRET}`,
    `%${SECRET}`,
    `@${SECRET}`,
    `\`${SECRET}`,
    `"\\${SECRET}"`,
    `"\\u${SECRET}"`,
    `"${SECRET}`,
    `'${SECRET}' x`,
    `x: ${SECRET}: y`,
    `[${SECRET}`,
    `{${SECRET}`,
    `]${SECRET}`,
    `}\n}${SECRET}`,
    `? ${SECRET}`,
    `\n\t${SECRET}`,
  ])('%j is refused without being shown', (value) => {
    const problems = problemsOf(
      `credentials:\n  - { name: a, kind: DATABASE, username: u }\n  - password: ${value}`,
    );
    expect(problems.join('\n')).not.toContain(SECRET);
    const flow = problemsOf(
      `credentials: [{ name: a, kind: DATABASE, username: u, passwordEnv: X, passphrase: ${value} }]`,
    );
    expect(flow.join('\n')).not.toContain(SECRET);
  });

  test('in place of another value is not shown either', () => {
    const text = `credentials: [{ name: a, kind: ${SECRET}, username: u, password: [${SECRET}], passwort: ${SECRET} }]`;
    expect(problemsOf(text).join()).not.toContain(SECRET);
  });
});
