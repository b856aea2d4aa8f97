import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { matchesKeyword } from '../../activities/host/CheckProcessNotExist';
import type { HostProcess } from '../../hosts/types';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { CHAIN, type InstallTask, OBPROXY_4_3, startWorld, type World } from './world';

let world: World;

async function failure(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

function process(comm: string, ...args: string[]): HostProcess {
  return { pid: 1, ppid: 0, comm, args, user: 'root', cwd: '/', exe: '/bin/x', startTime: '1' };
}

describe('a process that must not exist', () => {
  const keywords = ['obproxy', 'obproxyd.sh'];
  test.each([
    ['the proxy', process('obproxy', './bin/obproxy', '-p', '2883')],
    ['the proxy under another name', process('node', '/opt/x/bin/obproxy')],
    ['its keeper', process('bash', 'bash', '/opt/x/bin/obproxyd.sh', '-c', 'checkalive')],
    ['its keeper with an option of the shell', process('sh', '/bin/sh', '-x', '/opt/x/bin/obproxyd.sh')],
  ])('is found: %s', (_what, found) => {
    expect(matchesKeyword(found, keywords)).toBe(true);
  });

  test.each([
    ['our own question', process('sh', 'sh', '-c', 'pgrep obproxy; ls obproxyd.sh')],
    ['an editor', process('vim', 'vim', '/opt/x/bin/obproxyd.sh')],
    ['a folder of that name', process('ls', 'ls', '/opt/obproxy')],
    ['a longer name', process('obproxy_exporte', '/usr/bin/obproxy_exporter')],
    ['a zombie', { ...process('obproxy'), exe: '' }],
  ])('is not taken for one: %s', (_what, found) => {
    expect(matchesKeyword(found, keywords)).toBe(false);
  });
});

describeIf(fleetUnavailable(), 'before anything is changed', () => {
  let task: InstallTask;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);
  beforeEach(async () => {
    task = await world.install(0);
  });
  afterEach(async () => {
    await task.run('PrepareObproxyInstall', { rollback: true });
  });

  test('a host that cannot be reached may come back, and is shown as offline', async () => {
    await task.host.powerOff();
    try {
      const error = await failure(task.run('PrepareObproxyInstall'));
      expect(error).toMatchObject({ nonRetryable: false });
      expect(await world.store.hosts.find(world.hostIds[0]!)).toMatchObject({ status: 'OFFLINE' });
    } finally {
      await task.host.boot();
    }
    await until('the host answers', () =>
      task.run('PrepareObproxyInstall', { run: 2 }).then(
        () => true,
        () => false,
      ),
    );
    expect(await world.store.hosts.find(world.hostIds[0]!)).toMatchObject({
      status: 'AVAILABLE',
      osId: 'rocky',
      osMajor: '7',
      architecture: 'x86_64',
    });
  });

  test('the undo of the first step removes the records of this task only', async () => {
    const other = { ...task, run: task.run };
    await other.run('PrepareObproxyInstall', { rollback: true });
    await other.run('PrepareObproxyInstall', { rollback: true });
    expect(await world.store.obproxy.findServer(task.serverId)).toBeUndefined();
    expect(await world.store.obproxy.findCluster(task.clusterId)).toBeUndefined();
    const error = await failure(task.run('PrepareObproxyInstall'));
    expect(error.message).toMatch(/^ODP21001/);
  });

  test('a port held by another service is refused, with the name of that service', async () => {
    await task.host.sh('setsid nc -l -k -p 2884 </dev/null >/dev/null 2>&1 &');
    await until('nc listens', async () => (await task.host.sh('pgrep -x nc || pidof nc')).exitCode === 0);
    try {
      for (const type of ['PrepareCreateObproxy', 'StartObproxy'] as const) {
        if (type === 'StartObproxy') await task.run('InstallRpmByPackageAndVersion');
        const error = await failure(task.run(type));
        expect(error).toMatchObject({ type: 'PortTaken', nonRetryable: true });
        expect(error.message).toMatch(/port 2884 \(exporterPort\) is held by pid \d+ of root: nc -l/);
      }
    } finally {
      await task.host.sh('pkill -x nc');
      await task.run('InstallRpmByPackageAndVersion', { rollback: true });
    }
    await task.run('PrepareCreateObproxy', { run: 2 });
  });

  test('a package that is missing or damaged in the store is refused', async () => {
    const part = await world.package({ ...OBPROXY_4_3, version: '4.3.1.9' });
    const file = path.join(world.folder, 'packages', `${part.sha256}.rpm`);
    await task.run('PrepareObproxyInstall', { rollback: true });
    task = await world.install(0, { rpm: { ...OBPROXY_4_3, version: '4.3.1.9' } });
    await writeFile(file, 'cut');
    expect(await failure(task.run('PrepareCreateObproxy'))).toMatchObject({ type: 'PackageFileDamaged' });
    await rm(file);
    expect(await failure(task.run('PrepareCreateObproxy'))).toMatchObject({ type: 'PackageFileMissing' });
  });

  test.each([
    ['another architecture', { ...OBPROXY_4_3, arch: 'aarch64' }, 'PackageUnfit'],
    ['another release of the host’s family', { ...OBPROXY_4_3, release: '4.el8' }, 'PackageUnfit'],
  ])('a package for %s is refused', async (_what, rpm, type) => {
    await task.run('PrepareObproxyInstall', { rollback: true });
    task = await world.install(0, { rpm });
    const error = await failure(task.run('PrepareCreateObproxy'));
    expect(error).toMatchObject({ type, nonRetryable: true });
  });

  test('a run user that does not exist is refused with the command that makes it', async () => {
    await task.host.sh('cp /etc/passwd /etc/passwd.kept && sed -i /^admin:/d /etc/passwd');
    try {
      const error = await failure(task.run('PrepareCreateObproxy'));
      expect(error.message).toMatch(/^CMP07037.*useradd -m admin$/);
    } finally {
      await task.host.sh('cat /etc/passwd.kept >/etc/passwd');
    }
  });

  test('every missing command is named at once', async () => {
    await task.host.hideCommand('nc');
    try {
      const error = await failure(task.run('CheckCommand'));
      expect(error.message).toMatch(/^CMP07036: .*missing: nc\. Install nc/);
    } finally {
      await task.host.restoreCommand('nc');
    }
    await task.run('CheckCommand', { run: 2 });
  });

  test('a foreign OBProxy is refused, with pid, user and command', async () => {
    await task.host.sh(
      'mkdir -p /tmp/foreign && cp "$(command -v sleep)" /tmp/foreign/obproxy && cd /tmp/foreign && setsid ./obproxy 300 </dev/null >/dev/null 2>&1 &',
    );
    await until('it runs', () => task.host.pids('obproxy').length > 0);
    try {
      const error = await failure(task.run('CheckProcessNotExist'));
      expect(error.message).toMatch(/^COM32001: .*pid \d+ of root: \.\/obproxy 300/);
      expect(await failure(task.run('StartObproxy'))).toMatchObject({ nonRetryable: true });
    } finally {
      await task.host.sh('pkill -x obproxy');
    }
    await until('it is gone', () => task.host.pids('obproxy').length === 0);
    await task.run('CheckProcessNotExist', { run: 2 });
  });

  test('undoing a chain of which nothing ran removes the records and nothing else', async () => {
    for (const type of [...CHAIN].reverse()) await task.run(type, { rollback: true });
    expect(await world.store.obproxy.findServer(task.serverId)).toBeUndefined();
  });
});
