/**
 * Texts that a shell would obey. Each is refused clearly, or stays a text: on its way into the database, and on a real
 * host, where it reaches commands and files.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { rpmScript, verifyScript } from '../../activities/host/rpmScripts';
import { startScript as startObproxy } from '../../activities/obproxy/firstStart';
import { startKeeperScript, stopKeeperScript } from '../../activities/obproxy/keeper';
import { unreachableFrom } from '../../activities/observer/hostLook';
import { startScript as startObserver } from '../../activities/observer/process';
import { KEEPER_DIR } from '../../activities/places';
import { type Host, type Hosts, quote } from '../../hosts';
import { firstStartArguments, optionFault } from '../../oceanbase/commandLine';
import { observerArguments, observerValueFault } from '../../oceanbase/observerCommandLine';
import { observerLayout } from '../../oceanbase/observerLayout';
import { packageFileName, parsePackageName } from '../../oceanbase/packageName';
import { valueFault } from '../../oceanbase/parameters';
import { createLoggerTo } from '../../runtime/logger';
import { repositoryRoot } from '../../runtime/paths';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { addressOf, hostsWithPins } from '../hosts/reach';
import { api, givenApi } from '../operations/refusals';
import { type RpmFile, rpm } from '../support/rpmFile';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { placesInDatabase, type Swept, sweep } from './sweep';

const WORD = `c4n4ry${randomBytes(4).toString('hex')}`;
const FILE = path.join(tmpdir(), WORD);
const touch = `touch ${FILE}`;

/** Each makes FILE when a shell, or a program that takes it for an option, gets it as it is. */
const TEXTS = [
  `$(${touch})`,
  `\`${touch}\``,
  `x; ${touch} #`,
  `x | ${touch}`,
  `x & ${touch}`,
  `x\n${touch}\n`,
  `x\r${touch}\r`,
  `'; ${touch}; '`,
  `"; ${touch}; "`,
  `x\0; ${touch}`,
  `$'\\x3b' ${touch}`,
  `-e${touch}`,
  `--config=$(${touch})`,
  `>${FILE}`,
  `x;touch\${IFS}${FILE}`,
  `%n%s%x ${touch}`,
  // Look-alikes that a careless normalisation turns into $( ; and `.
  `\uff04\uff08${touch}\uff09\uff1b\uff40`,
  `x\u2028${touch}\u2029`,
  `\\\n${touch}`,
];
const SECRET = `p14nted${randomBytes(4).toString('hex')}`;

afterEach(() => expect(existsSync(FILE)).toBe(false));

describe('shell words in every text of every changing request', () => {
  const log: string[] = [];
  givenApi(async () => ({
    unreachableHosts: true,
    logger: createLoggerTo({ write: (line) => log.push(line) }, 'api', 'debug'),
  }));
  let swept: Swept;
  beforeAll(async () => {
    swept = await sweep(TEXTS, [`'${SECRET}; ${touch}'`, `x\n${SECRET} $(${touch})`, `"\\${SECRET}\0`]);
  }, 120_000);

  test('are refused with the name of the field, but for the texts that are known to be free', () => {
    expect(swept.tried).toBeGreaterThan(1_000);
    // A new one among these has to be followed to the hosts: see the tests below.
    expect(Object.keys(swept.accepted).sort()).toEqual([
      'POST /api/v2/compute/hostTypes body.description',
      'POST /api/v2/compute/hosts/batchCreate body.alias',
      'POST /api/v2/compute/hosts/batchCreate body.description',
      'POST /api/v2/compute/hosts/batchCreate body.hostBasicDataList[0].serialNumber',
      'POST /api/v2/compute/idcs body.description',
      'POST /api/v2/compute/regions body.description',
      'POST /api/v2/iam/me/accessKeys body.description',
      'POST /api/v2/iam/session body.password',
      'POST /api/v2/iam/session body.username',
      'POST /api/v2/iam/users body.password',
      'POST /api/v2/iam/users/{id}/accessKeys body.description',
      'POST /api/v2/ob/clusters body.startupParameters[0].value',
      'POST /api/v2/ob/clusters/takeOver body.proxyroPassword',
      'POST /api/v2/ob/clusters/takeOver body.rootSysPassword',
      'POST /api/v2/ob/clusters/takeOverPreCheck body.proxyroPassword',
      'POST /api/v2/ob/clusters/takeOverPreCheck body.rootSysPassword',
      'POST /api/v2/ob/clusters/{id}/servers body.startupParameters[0].value',
      'POST /api/v2/ob/clusters/{id}/zones body.startupParameters[0].value',
      'POST /api/v2/obproxy/clusters body.clientToken',
      'POST /api/v2/obproxy/clusters body.parameters[0].value',
      'POST /api/v2/obproxy/clusters body.startupParameters[0].value',
      'POST /api/v2/obproxy/clusters/{id}/takeOver body.hosts[0].proxysysPasswd',
      'POST /api/v2/profiles/me/credentials body.description',
      'POST /api/v2/profiles/me/credentials body.sshCredentialProperty.keyPassphrase',
      'POST /api/v2/profiles/me/credentials body.sshCredentialProperty.passphrase',
      'POST /api/v2/tasks/instances/{taskInstanceId}/abandon body.why',
      'POST /api/v2/tasks/instances/{taskInstanceId}/retry body.why',
      'POST /api/v2/tasks/instances/{taskInstanceId}/rollback body.why',
      'POST /api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/cancel body.why',
      'POST /api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/retry body.why',
      'POST /api/v2/tasks/instances/{taskInstanceId}/subtasks/{subtaskInstanceId}/skip body.why',
      'PUT /api/v2/compute/hosts/{hostId} body.alias',
      'PUT /api/v2/compute/hosts/{hostId} body.description',
      'PUT /api/v2/compute/hosts/{hostId} body.serialNumber',
      'PUT /api/v2/iam/me/password body.newPassword',
      'PUT /api/v2/iam/me/password body.oldPassword',
      'PUT /api/v2/iam/users/{id}/password body.password',
      'PUT /api/v2/inventory body.credentials[0].passphrase',
      'PUT /api/v2/inventory body.credentials[0].secret',
      'PUT /api/v2/obproxy/clusters/{id}/parameters body.parameters[0].value',
      'PUT /api/v2/obproxy/clusters/{id}/parameters body[0].value',
      'PUT /api/v2/profiles/me/credentials/{id} body.description',
      'PUT /api/v2/profiles/me/credentials/{id} body.sshCredentialProperty.keyPassphrase',
      'PUT /api/v2/profiles/me/credentials/{id} body.sshCredentialProperty.passphrase',
    ]);
  });

  test('are stored where free texts belong, and nowhere else', async () => {
    expect(await placesInDatabase(WORD)).toEqual([
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
  });

  test('in place of a password are shown by no answer and no log, and stored nowhere in clear', async () => {
    expect(swept.answers.filter((text) => text.includes(SECRET))).toEqual([]);
    expect(log.filter((line) => line.includes(SECRET))).toEqual([]);
    expect(await placesInDatabase(SECRET)).toEqual([]);
    expect(log.length).toBeGreaterThan(100);
  });

  test.each(['name', 'version', 'release', 'arch'] as const)(
    "in a package's %s are refused, and nothing is kept of it",
    async (field) => {
      const part = { name: 'obproxy', version: '1.9.1.1', release: '1919579.el7', arch: 'x86_64' };
      for (const text of TEXTS.filter((one) => !one.includes('\0'))) {
        expect(parsePackageName(packageFileName({ ...part, [field]: text }))).toBeUndefined();
      }
      const before = await api.traces();
      const answer = await upload({ [field]: `$(${touch})` });
      expect([answer.status, answer.body.error.code]).toEqual([400, 'COM10001']);
      expect(answer.body.error.message).toMatch(/odd characters/);
      expect(await api.traces()).toEqual(before);
    },
  );

  test("in a package's home leave it without one, so that nothing is installed from it", async () => {
    const { body } = await upload({ home: `/opt/$(${touch})`, release: '7.el7' });
    expect((await api.store.packages.find(body.data.id))?.home).toBeNull();
  });
});

function upload(file: RpmFile) {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(rpm(file))]), 'x.rpm');
  return api.send('POST', '/api/v2/software-packages', form);
}

describe('a quoted word', () => {
  test('reaches the command as it was, whatever it holds', () => {
    const special = fc.constantFrom(...'\'"`$\\ ;&|<>()*?~!#\n\t-%{}[]=\rab');
    const words = fc
      .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: special }), fc.constantFrom(...TEXTS))
      .map((word) => word.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (some) => {
        const script = `for word in ${some.map(quote).join(' ')}; do printf '%s\\0' "$word"; done`;
        const shell = spawnSync('sh', ['-s'], { input: script });
        expect(shell.stdout.toString()).toBe(some.map((word) => `${Buffer.from(word)}\0`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  test('is a word when it is empty, and cannot hold a NUL byte', () => {
    expect(quote('')).toBe("''");
    expect(() => quote('a\0b')).toThrow(RangeError);
  });
});

test('no program of this machine is started through a shell', () => {
  const folders = [
    'activities',
    'api',
    'cli',
    'hosts',
    'store',
    'oceanbase',
    'operations',
    'runtime',
    'worker',
    'workflows',
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(folder, name)),
  );
  const starting = files.filter((file) =>
    readFileSync(path.join(repositoryRoot(), file), 'utf8').includes('node:child_process'),
  );
  expect(starting.length).toBeGreaterThan(0);
  for (const file of starting) {
    const text = readFileSync(path.join(repositoryRoot(), file), 'utf8');
    expect({ file, found: text.match(/\bshell:|(?<!\.)\bexec(?:Sync)?\(/g) }).toEqual({ file, found: null });
  }
});

describeIf(fleetUnavailable(), 'on a real host', () => {
  /** What argv and names of files can hold at all. */
  const WORDS = TEXTS.filter((text) => !text.includes('\0'));
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });
  afterEach(async () => {
    const { stdout } = await test0.sh(`find / -xdev -type f -name '*${WORD}' ! -path '/proc/*'`);
    expect(stdout).toBe('');
  });

  /** A folder with a program that writes down what it was called with. */
  async function homeWith(program: string, home: string): Promise<string> {
    const script = '#!/bin/sh\nprintf \'%s\\0\' "$@" >called.new && mv called.new called\n';
    await host.writeFile(`${home}/bin/${program}`, script, { mode: '0755', owner: 'admin' });
    await host.sh(`chown -R admin ${quote(home)}`);
    return home;
  }
  async function calledWith(home: string): Promise<string[]> {
    const text = await until('the program was called', () => host.readFile(`${home}/called`));
    return text === '' ? [] : text.slice(0, -1).split('\0');
  }
  /** A folder for each word, each in the one before. */
  const at = (...names: string[]) => ['/opt', ...names.map((name) => name.replaceAll('/', '_'))].join('/');

  test('an OBProxy gets every parameter as one option, in a home of any name', async () => {
    const values = WORDS.filter((text) => valueFault(text) === undefined && optionFault(text) === undefined);
    expect(values.length).toBeGreaterThan(0);
    const words = firstStartArguments({
      version: '3.2.0',
      appName: 'app',
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: null,
      source: {
        mode: 'CONFIG_URL',
        url: 'http://10.0.0.1/services?Action=$(id)&x=;id',
      },
      oneTimePasswordSha1: 'a'.repeat(40),
      parameters: values.map((value, index) => ({ name: `p${index}`, value })),
    });
    for (const value of values) expect(words.at(-1)).toContain(value);
    const home = await homeWith('obproxy', at(...WORDS));
    await host.sh(`mkdir -p ${KEEPER_DIR}`);
    await host.sh(startObproxy(home, 'admin', [...words, ...WORDS]));
    expect(await calledWith(home)).toEqual([...words, ...WORDS]);
  });

  test('the keeper starts an OBProxy in a home of any name, without options', async () => {
    const home = await homeWith('obproxy', at('kept', ...WORDS));
    const started = await host.sh(startKeeperScript(home, 'admin', false));
    expect(started).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await calledWith(home)).toEqual(['']);
    expect((await host.sh(stopKeeperScript(false))).exitCode).toBe(0);
  });

  test('an observer gets every parameter as one option, and its folders are what the cluster is called', async () => {
    const values = WORDS.filter((text) => observerValueFault(text) === undefined);
    expect(values.length).toBeGreaterThan(0);
    for (const text of TEXTS)
      expect(() => observerLayout('4.2.1', '/home/admin/oceanbase', text)).toThrow(RangeError);
    const home = await homeWith('observer', at('observer', ...WORDS));
    const words = observerArguments({
      version: '4.2.1.0',
      zone: 'zone1',
      ip: '10.0.0.1',
      sqlPort: 2881,
      rpcPort: 2882,
      clusterName: 'c',
      obClusterId: 1,
      layout: observerLayout('4.2.1.0', home, 'c'),
      rootServers: [{ ip: '10.0.0.2', sqlPort: 2881, rpcPort: 2882 }],
      parameters: values.map((value, index) => ({ name: `p${index}`, value })),
    });
    const { exitCode } = await host.sh(startObserver(home, [...words, ...WORDS]), { user: 'admin' });
    expect(exitCode).toBe(0);
    expect(await calledWith(home)).toEqual([...words, ...WORDS]);
  });

  test('rpm, nc and the readers of files get one word each', async () => {
    await host.sh(rpmScript(['-q', '--', ...WORDS]));
    for (const text of WORDS) {
      await host.sh(verifyScript(`x${text}`));
      expect(await host.readFile(at(`absent ${text}`))).toBeUndefined();
      await host.observe(at(`absent ${text}`));
    }
    await unreachableFrom(
      host,
      WORDS.map((ip) => ({ ip: `x${ip}`, port: 1 })),
    );
  });

  test('names of accounts, files, commands and packages are refused before the host is asked', async () => {
    for (const text of TEXTS) {
      const owner = { mode: '0600', owner: text };
      await expect(host.writeFile('/opt/x', '', owner)).rejects.toBeInstanceOf(RangeError);
      await expect(host.writeFile('/opt/x', '', { mode: text })).rejects.toBeInstanceOf(RangeError);
      await expect(host.sh(':', { user: text })).rejects.toBeInstanceOf(RangeError);
      await expect(host.rpmQuery(text)).rejects.toBeInstanceOf(RangeError);
      await expect(host.readFile(text)).rejects.toBeInstanceOf(RangeError);
      const id = { taskId: 1, subtaskId: 1, run: 1, name: text };
      await expect(host.once(id, ':')).rejects.toBeInstanceOf(RangeError);
    }
    await expect(host.sh(`: ${TEXTS.join('')}`)).rejects.toBeInstanceOf(RangeError);
  });
});
