/** What a person types for an operation of the catalogue, against a real API. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { addApiCommands } from '../../cli/apiCommands';
import { addOperationCommands } from '../../cli/operation/commands';
import { bodyFields, type Field } from '../../cli/operation/fields';
import { bodyOf } from '../../cli/operation/values';
import { commandWords } from '../../cli/operation/words';
import { OPERATIONS } from '../../operations';
import { Id, IdPath } from '../../operations/schemas';
import { catalogued } from '../../operations/types';
import { repositoryRoot } from '../../runtime/paths';
import { givenHost, givenObCluster, givenPackage, givenProxyCluster } from '../api/harness';
import { OperationScene } from './operationScene';

function commandAt(program: Command, words: readonly string[]): Command | undefined {
  return words.reduce<Command | undefined>(
    (at, word) => at?.commands.find((command) => command.name() === word),
    program,
  );
}

function programOf(operations = OPERATIONS): Command {
  const program = new Command('obflow').exitOverride();
  addApiCommands(program);
  addOperationCommands(program, operations);
  return program;
}

describe('the catalogue at a terminal', () => {
  const program = programOf();
  /** Made by hand, with words of their own for what the API wants. */
  const BY_HAND = new Set(['host add', 'host rm']);

  it.each(OPERATIONS.map((operation) => [operation.id, operation] as const))(
    '%s has a command, and a flag or a place for every field of its body',
    (_id, operation) => {
      const words = commandWords(operation);
      if (words === undefined) {
        // The newer form of the same has one.
        expect(operation.command).toBeNull();
        return;
      }
      const command = commandAt(program, words);
      expect(command?.description()).toBeTruthy();
      if (command === undefined || BY_HAND.has(words.join(' '))) return;
      const flags = command.options.map(({ long }) => long);
      const missing = bodyFields(operation.body).filter(
        // What is on unless somebody says no.
        ({ flag }) => !flags.includes(`--${flag}`) && !flags.includes(`--no-${flag}`),
      );
      // What the operation is about stands without a flag.
      const parameters = [...operation.path.matchAll(/\{/g)].length;
      expect(missing.length).toBe(command.registeredArguments.length - parameters);
      expect(flags).toEqual(expect.arrayContaining(['--output', '--dry-run']));
      expect(flags.includes('--watch')).toBe(operation.answer !== 'none');
    },
  );

  it('gives no two operations one command', () => {
    const words = OPERATIONS.flatMap((operation) => commandWords(operation)?.join(' ') ?? []);
    expect(words).toEqual([...new Set(words)]);
  });

  it('says the words that the issue names', () => {
    const words = OPERATIONS.map((operation) => commandWords(operation)?.join(' '));
    expect(words).toEqual(
      expect.arrayContaining([
        ...['proxy cluster create', 'proxy cluster rm', 'proxy add', 'proxy take-over', 'proxy stop'],
        ...[
          'proxy start',
          'proxy restart',
          'proxy upgrade',
          'proxy rm',
          'ob add-server',
          'ob stop-server',
          'ob restart-zone',
          'ob stop',
          'ob start',
          'ob restart',
          'host add',
          'host rm',
        ],
      ]),
    );
  });

  it('names what a list is of, and how each of its elements is written', () => {
    const placesOf = (...words: string[]) =>
      commandAt(program, words)?.registeredArguments.map(
        (one) => `${one.name()}${one.variadic ? '...' : ''}`,
      );
    expect(placesOf('ob', 'create')).toEqual(['zone...']);
    expect(placesOf('ob', 'delete-servers')).toEqual(['cluster', 'server...']);
    expect(placesOf('ob', 'add-server')).toEqual(['cluster', 'host...']);
    const zones = commandAt(program, ['ob', 'create'])?.registeredArguments[0]?.description;
    expect(zones).toMatch(/^each as <name>,idc-name=…,servers=…\[,servers=…\]; fields: name, /);
  });

  it('gives what leaves no choice by itself', () => {
    const kind = { path: ['type'], flag: 'type', many: false, required: true, description: '' };
    const one: Field = { ...kind, form: { kind: 'text', choices: ['PRIMARY'] } };
    const two: Field = { ...kind, form: { kind: 'text', choices: ['PRIMARY', 'STANDBY'] } };
    expect(bodyOf([one], () => undefined, {})).toEqual({ type: 'PRIMARY' });
    expect(() => bodyOf([two], () => undefined, {})).toThrow('--type is missing');
  });

  it('takes in an operation that it has never heard of, with all forms that a field can have', () => {
    const invented = catalogued({
      id: 'moveObproxy',
      method: 'POST',
      path: '/api/v2/obproxy/clusters/{id}/servers/move',
      permission: 'OBPROXY_MANAGER',
      tag: 'OBProxy',
      summary: 'Move OBProxies',
      description: 'As invented.',
      params: IdPath,
      body: z
        .object({
          obproxyServerIds: z.array(Id).min(1),
          version: z.string(),
          hotUpgrade: z.boolean(),
          keepGoing: z.boolean().default(true),
          rootPassword: z.string().optional(),
          more: z.object({ sqlPort: z.int(), note: z.string().nullable() }).optional(),
          links: z.array(z.object({ clusterName: z.string(), clusterId: Id.optional() })).optional(),
        })
        .transform((body) => body),
      answer: 'task',
      sample: 'stop-obproxy',
      prepare: async () => ({ plans: [] }),
    } as never);
    const command = commandAt(programOf([...OPERATIONS, invented]), ['proxy', 'move']);
    expect(command?.registeredArguments.map((one) => [one.name(), one.variadic])).toEqual([
      ['cluster', false],
      ['proxy', true],
    ]);
    expect(command?.options.map(({ flags }) => flags)).toEqual(
      expect.arrayContaining([
        ...['--with-version <text>', '--hot-upgrade', '--no-keep-going', '--root-password-file <file>'],
        ...['--sql-port <number>', '--note <text>', '--link <cluster-name,field=value...>'],
        ...['--dry-run', '--watch', '--body <file>', '-o, --output <format>'],
      ]),
    );
  });
});

describe('the pages', () => {
  const program = programOf();
  it.each(['README.md', 'README.zh-CN.md', 'docs/api.md', 'docs/operating.md'])(
    '%s shows commands that exist, with options they have',
    (page) => {
      const text = readFileSync(path.join(repositoryRoot(), page), 'utf8').replace(/\\\n\s*/g, '');
      const shown = [...text.matchAll(/obflow ((?:proxy|ob|host|package)\b[^\n`#|]*)/g)].map(
        ([, line = '']) => line,
      );
      expect(shown.length).toBeGreaterThan(0);
      for (const line of shown.map((one) => one.trim().split(/[ ,]+/))) {
        const flags = line.filter((word) => word.startsWith('--') && word !== '--help');
        let command: Command = program;
        for (const word of line) command = commandAt(command, [word]) ?? command;
        expect([line, command.commands.length > 0 && !line.includes('--help') && line.length > 1]).toEqual([
          line,
          false,
        ]);
        expect([line, command.options.map(({ long }) => long)]).toEqual([
          line,
          expect.arrayContaining(flags),
        ]);
      }
    },
  );
});

describe('a command of an operation', () => {
  let scene: OperationScene;
  let cluster: number;
  let running: number;
  let stopped: number;
  beforeAll(async () => {
    scene = await OperationScene.open();
    const { store } = scene.api;
    cluster = await givenProxyCluster(store, 'proxies');
    running = await scene.givenProxy(cluster, '10.4.0.1');
    stopped = await scene.givenProxy(cluster, '10.4.0.2', 'STOPPED');
    await givenPackage(store, { version: '4.3.1.0', release: '4.el7' });
    await givenHost(store, '10.4.1.1');
    await givenHost(store, '10.4.1.2');
  });
  afterAll(() => scene.close());
  const lastPlan = () => scene.api.started.at(-1);

  it('takes names for ids, shows what it would do, and then what it has begun', async () => {
    const before = await scene.api.traces();
    const dry = await scene.obflow('proxy', 'stop', 'proxies', '10.4.0.1', '--dry-run', '--no-look');
    expect([dry.code, dry.stdout]).toEqual([
      0,
      'It would start: Stop obproxy (11 subtasks). Nothing was changed.\n',
    ]);
    expect(await scene.api.traces()).toEqual(before);

    const looked = await scene.obflow('proxy', 'stop', String(cluster), String(running), '--dry-run');
    expect([looked.code, looked.stderr]).toEqual([1, expect.stringMatching(/^ERROR {2}host \d+: .*nothing/)]);

    const done = await scene.obflow('proxy', 'stop', 'proxies', '10.4.0.1:2883');
    const { taskId, context } = lastPlan()!;
    expect([done.code, done.stdout]).toEqual([
      0,
      `Task ${taskId} Stop obproxy is started: obflow task watch ${taskId}\n`,
    ]);
    expect(context.listMap.obproxy_server_ids).toEqual([String(running)]);

    const held = await scene.obflow('proxy', 'start', 'proxies', '10.4.0.2');
    expect([held.code, held.stderr]).toEqual([1, expect.stringMatching(/The API refused \(409 ODP21010\)/)]);
    await scene.api.store.locks.release(taskId);
    await scene.api.store.work.settle({ kind: 'obproxyServer', id: running }, taskId, 'RUNNING');
  });

  it('answers JSON for machines', async () => {
    const dry = await scene.obflow(
      'proxy',
      'rm',
      'proxies',
      '10.4.0.2',
      '--dry-run',
      '--no-look',
      '-o',
      'json',
    );
    expect([dry.code, JSON.parse(dry.stdout)]).toEqual([
      0,
      expect.objectContaining({ id: -1, name: 'Delete obproxy server' }),
    ]);
  });

  it('says what a name is not, and lists what there is', async () => {
    const outcomes = [
      await scene.obflow('proxy', 'stop', 'nowhere', '10.4.0.1'),
      await scene.obflow('proxy', 'stop', 'proxies', '10.9.9.9'),
      await scene.obflow(
        'proxy',
        'add',
        'proxies',
        '10.4.1.1',
        '--sql-port',
        '2883',
        '--package',
        'obproxy-9',
      ),
      await scene.obflow(
        'proxy',
        'add',
        'proxies',
        '10.4.1.9',
        '--sql-port',
        '2883',
        '--package',
        'obproxy-9',
      ),
    ];
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
      [1, 'There is no OBProxy cluster nowhere. obflow proxy cluster ls lists them.\n'],
      [1, expect.stringContaining(`It has: ${running} (10.4.0.1:2883), ${stopped} (10.4.0.2:2883)`)],
      [1, 'There is no package obproxy-9. obflow package ls lists them.\n'],
      [1, 'There is no host 10.4.1.9. obflow host ls lists them.\n'],
    ]);
  });

  it('refuses a name that several have', async () => {
    const { store } = scene.api;
    const ids = [
      await givenObCluster(store, 'twice', 1, '10.3.0.1'),
      await givenObCluster(store, 'twice', 2, '10.3.0.2'),
    ];
    const { code, stderr } = await scene.obflow(
      'ob',
      'add-server',
      'twice',
      '10.4.1.1',
      '--zone-name',
      'zone1',
    );
    expect([code, stderr]).toEqual([
      1,
      `Several are called twice (ids ${ids.join(', ')}): name the OceanBase cluster by its id.\n`,
    ]);
    const within = await scene.obflow('ob', 'start-server', String(ids[0]), '10.9.9.9');
    expect([within.code, within.stderr]).toEqual([
      1,
      'OceanBase cluster twice has no OBServer 10.9.9.9. It has: none.\n',
    ]);
  });

  it.each([
    [['proxy', 'stop', 'proxies'], 'error: <proxy...> is missing.'],
    [['proxy', 'stop'], "missing required argument 'cluster'"],
    [['proxy', 'add', 'proxies', '10.4.1.1', '--package', 'x'], 'error: --sql-port is missing.'],
    [
      ['proxy', 'add', 'proxies', '10.4.1.1', '--sql-port', 'two'],
      'error: --sql-port must be a number, not "two".',
    ],
    [['proxy', 'stop', 'proxies', '10.4.0.1', '--hard'], "unknown option '--hard'"],
    [['proxy', 'cluster', 'create', 'x', '--work-mode', 'FAST'], 'Allowed choices are CONFIG_URL, RS_LIST'],
    [
      ['proxy', 'cluster', 'create', 'x', '--parameter', 'alone'],
      '--parameter must be name=value, not "alone".',
    ],
    [
      ['proxy', 'cluster', 'create', 'x', '--ob-link', 'ob,colour=red'],
      'has no field colour; it takes: cluster-name',
    ],
    [
      ['proxy', 'take-over', 'proxies', '10.4.1.1'],
      '"10.4.1.1" lacks sql-port: give 10.4.1.1,sql-port=… or --sql-port.',
    ],
    [['proxy', 'stop', 'proxies', '--body', '/nowhere'], 'Cannot read /nowhere (ENOENT).'],
  ])('ends with 2 and says what is wrong: obflow %s', async (words, said) => {
    const { code, stderr } = await scene.obflow(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  it('gives fields of a list once for all or by each, and a secret in a file alone', async () => {
    const password = scene.file('password', 'Planted.Pw11++\n');
    const { code, stderr } = await scene.obflow(
      ...['proxy', 'take-over', 'proxies', '10.4.1.1', '10.4.1.2,sql-port=2993'],
      ...['--sql-port', '2883', '--proxysys-passwd-file', password],
    );
    // Its hosts cannot be reached here, so nothing is looked at before it is accepted.
    expect([code, stderr]).toEqual([0, '']);
    const servers = (await scene.api.store.obproxy.findCluster(cluster))!.servers.slice(-2);
    expect(servers.map(({ ip, sqlPort }) => [ip, sqlPort])).toEqual([
      ['10.4.1.1', 2883],
      ['10.4.1.2', 2993],
    ]);
    const help = await scene.obflow('proxy', 'take-over', '--help');
    expect(help.stdout).not.toMatch(/--proxysys-passwd </);
  });

  it('takes objects, pairs and a name: a cluster is created, with what its body has', async () => {
    await givenObCluster(scene.api.store, 'obcluster', 7, '10.3.0.7');
    const { code, stderr } = await scene.obflow(
      ...[
        'proxy',
        'cluster',
        'create',
        'made',
        '--ob-link',
        'obcluster,obClusterId=7',
        '--address',
        'foo.bar',
      ],
      ...['--port', '2883', '--parameter', 'log_cleanup=a=b'],
    );
    expect([code, stderr.replace(/^WARN.*\n/gm, '')]).toEqual([0, '']);
    const made = await scene.api.store.obproxy.findClusterByName('made');
    expect(made).toMatchObject({
      ...{ address: 'foo.bar', port: 2883, parameters: [{ name: 'log_cleanup', value: 'a=b' }] },
      obLinks: [{ clusterName: 'obcluster' }],
    });
  });

  it('takes a whole body from a file, and flags beside it count more', async () => {
    const file = scene.file('body.json', JSON.stringify({ name: 'whole', workMode: 'CONFIG_URL', port: 1 }));
    const { code } = await scene.obflow('proxy', 'cluster', 'create', '--body', file, '--port', '2993');
    const whole = await scene.api.store.obproxy.findClusterByName('whole');
    expect([code, whole?.port]).toEqual([0, 2993]);
  });
});
