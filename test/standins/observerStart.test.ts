/** Starting an observer: the command line, what it refuses, and what it leaves on disk. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describeIf, longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { CE_3_1, CE_4_2, EE_2_2, type ObserverHome, observerHomes } from './observerHome';
import { errnoOf } from './proxyHome';

const homes = observerHomes();

/** Launches, expects 0 all the same, and waits until the log says why it ended. */
async function dies(home: ObserverHome, args: readonly string[], why: string | RegExp): Promise<void> {
  expect((await home.launch(args)).code).toBe(0);
  await until(`the log says ${String(why)}`, () => {
    const errors = home
      .log()
      .split('\n')
      .filter((line) => line.includes(' ERROR '));
    return errors.some((line) => (typeof why === 'string' ? line.includes(why) : why.test(line)));
  });
  await home.gone();
}

describeIf(longRunOnly(), 'Starting an observer', () => {
  test.each([
    [CE_4_2, 'observer (OceanBase_CE 4.2.1.2)'],
    [CE_3_1, 'observer (OceanBase CE 3.1.4)'],
    [EE_2_2, 'observer (OceanBase 2.2.77)'],
  ])('-V of $name $version prints edition and version to stderr', async (who, line) => {
    const home = await homes.make(who);
    const { code, stderr } = await home.launch(['-V']);
    expect(code).toBe(0);
    expect(stderr.split('\n')).toEqual(expect.arrayContaining(['./bin/observer -V', line]));
    expect(stderr).toContain('REVISION: ');
  });

  test.each([
    [['-p', '80'], 'port number should greater than 1024'],
    [['-c', '0'], 'cluster id in cmd option should be in range'],
    [['-x'], "invalid option -- '-x'"],
  ])('%j is refused before anything is written', async (args, text) => {
    const home = await homes.make(CE_4_2);
    const { code, stderr } = await home.launch(args);
    expect(code).toBe(1);
    expect(stderr).toContain(text);
    expect(home.log()).toBe('');
  });

  test('-I names the own address from 4.2 on; before, nobody knows it', async () => {
    const old = await homes.make(EE_2_2);
    expect((await old.launch(old.firstOptions([old], ['-I', '127.0.0.1']))).code).toBe(1);
    const home = await homes.make(CE_4_2);
    await home.launch(home.firstOptions([home], ['-I', '127.0.0.1']));
    await home.ready();
  });

  test('A start without -i looks for bond0, and one with options missing says which', async () => {
    const home = await homes.make(CE_4_2);
    const options = home.firstOptions([home]);
    await dies(home, [], 'not set: zone, cluster_id, rootservice_list');
    await dies(
      home,
      options.filter((word) => word !== '-i' && word !== 'lo'),
      'devname="bond0"',
    );
    await dies(home, [...options, '-r', '127.0.0.1:2881'], 'wanted ip:rpc_port:sql_port');
  });

  test.each([
    [CE_4_2, ['sstable', 'clog', 'slog']],
    [EE_2_2, ['sstable', 'clog', 'slog', 'ilog']],
  ])('$name $version starts only in empty directories of its version', async (who, folders) => {
    const home = await homes.make(who);
    for (const folder of folders) {
      const left = home.path(`store/${folder}/left-over`);
      writeFileSync(left, '');
      await dies(home, home.firstOptions([home]), `${folder} is not empty`);
      rmSync(left);
      rmSync(home.path(`store/${folder}`), { recursive: true });
      await dies(home, home.firstOptions([home]), `${folder} does not exist`);
      mkdirSync(home.path(`store/${folder}`));
    }
    await home.launch(home.firstOptions([home]));
    await home.ready();
  });

  test('A port of somebody else ends the start, and says so in the log alone', async () => {
    const home = await homes.make(CE_4_2);
    const other = createServer().listen(home.rpcPort, '127.0.0.1');
    try {
      await dies(home, home.firstOptions([home]), 'Address already in use');
    } finally {
      other.close();
    }
  });

  test('The first start stores its options with copies; later starts need none, and the running one keeps others away', async () => {
    const home = await homes.make(CE_4_2);
    await home.launch(home.firstOptions([home], ['-o', `config_additional_dir=etc2;${home.path('etc3')}`]));
    await home.ready();
    const [pid] = home.pids();
    expect(home.read('run/observer.pid')).toBe(`${pid}\n`);
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('observer\n');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')).toEqual(
      expect.arrayContaining(['./bin/observer', '-z', 'zone1', '-n', 'obtest', '-c', '7']),
    );
    for (const copy of ['etc2', 'etc3'])
      expect(home.read(`${copy}/observer.conf.bin`)).toBe(home.read('etc/observer.config.bin'));
    expect((await home.launch([])).stderr).toContain('already running');
    await home.stop();
    await home.launch([]);
    await home.ready();
    expect(home.pids()).not.toEqual([pid]);
    expect(home.counts()).toMatchObject({ starts: 2, startAttempts: 2 });
  });

  test('A pid file that names the process that reads it, as one may after a boot, keeps nobody away', async () => {
    const home = await homes.make(CE_4_2);
    await home.launch(home.firstOptions([home]));
    await home.ready();
    await home.stop();
    await promisify(execFile)('sh', ['-c', 'echo $$ >run/observer.pid; exec ./bin/observer'], {
      cwd: home.path('.'),
    });
    await home.ready();
    expect(home.counts()).toMatchObject({ starts: 2 });
  });

  test('Before the bootstrap only root comes in, without a password, and can do nothing else', async () => {
    const home = await homes.make(CE_4_2);
    await home.launch(home.firstOptions([home]));
    await home.ready();
    expect(await errnoOf(home.connect('wrong'))).toBe(1045);
    expect(await errnoOf(home.connect('', 'proxyro@sys'))).toBe(1045);
    expect(await home.ask('select ob_version() as v')).toEqual([{ v: '4.2.1.2' }]);
    expect(await errnoOf(home.ask('select * from oceanbase.DBA_OB_SERVERS'))).toBe(8001);
    await home.ask(`ALTER SYSTEM BOOTSTRAP ZONE 'zone1' SERVER '${home.address}'`);
    await home.ready();
    expect(await errnoOf(home.ask(`ALTER SYSTEM BOOTSTRAP ZONE 'zone1' SERVER '${home.address}'`))).toBe(
      4005,
    );
    expect(home.counts()).toMatchObject({ bootstraps: 1 });
  });

  test('A directory that may not be written is found at the first start', async () => {
    if (process.getuid?.() === 0) return;
    const home = await homes.make(CE_4_2);
    chmodSync(home.path('store/clog'), 0o555);
    await dies(home, home.firstOptions([home]), 'no permission');
  });

  test('A test may delay the opening of the ports', async () => {
    const home = await homes.make(CE_4_2);
    mkdirSync(home.path('.standin'));
    writeFileSync(home.path('.standin/faults.json'), JSON.stringify({ startDelayMs: 600_000 }));
    await home.launch(home.firstOptions([home]));
    await until('the configuration is stored', () => home.log().includes('[CONFIG]'));
    expect(await errnoOf(home.connect())).not.toBe(1045);
    expect(home.pids()).toHaveLength(1);
  });
});
