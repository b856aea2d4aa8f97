/**
 * File systems without a byte or without an inode, logins with limits, and SFTP servers that let nobody write: said before
 * anything is changed, or worked around.
 *
 * Source: rpm-software-management/rpm#879, adoptium/infrastructure#1658 (inodes are gone while df shows space);
 * liximomo/vscode-sftp#228 ("Permission denied" by SFTP where a shell may write).
 */
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { type InstallTask, startWorld, type World } from '../activities/world';
import { addressOf, inWords } from '../hosts/reach';
import { describeIf } from '../support/skip';

const OWN = '/var/lib/obflow';

describeIf(fleetUnavailable(), 'before an installation', () => {
  let world: World;
  let task: InstallTask | undefined;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  });
  afterEach(async () => {
    await task?.run('PrepareObproxyInstall', { rollback: true });
    task = undefined;
    await world.fleet.hosts[0]!.reinstall();
  });
  afterAll(() => world?.stop());

  /** What doctor would say, and the error of the step that looks before anything is changed. */
  const looked = async (script: string) => {
    const host = world.fleet.hosts[0]!;
    await host.sh(script);
    const worker = world.newWorker();
    const opened = await worker.hosts.open(addressOf(world.fleet));
    const found = inWords(await opened.firstContact()).filter(({ level }) => level === 'ERROR');
    task = await world.install(0);
    const error: Error | undefined = await task.run('PrepareCreateObproxy', {}, worker).then(
      () => undefined,
      (reason) => reason,
    );
    await worker.stop();
    return { found, error, installed: (await host.sh('rpm -q obproxy-ce')).stdout };
  };

  test.each([
    [
      'the inodes of obflow’s own folder',
      `mkdir -p ${OWN}; mount -t tmpfs -o nr_inodes=2 t ${OWN}; touch ${OWN}/last`,
      `the file system of ${OWN} takes 0 more files (its inodes are used up)`,
      `df -i ${OWN}`,
    ],
    [
      'the space of obflow’s own folder',
      `mkdir -p ${OWN}; mount -t tmpfs -o size=64k t ${OWN}; dd if=/dev/zero of=${OWN}/all 2>/dev/null`,
      `MiB are free`,
      '',
    ],
    [
      'the size of files, for logins',
      `echo 'ulimit -f 100' >/root/.bashrc`,
      'no more than 200 blocks of 512 bytes (ulimit -f)',
      '/etc/security/limits.conf',
    ],
    [
      'the memory of processes, for logins',
      `echo 'ulimit -v 200000' >/root/.bashrc`,
      'no more than 200000 KiB of memory (ulimit -v)',
      '/etc/security/limits.conf',
    ],
    [
      'obflow’s own folder, which is a file',
      `touch ${OWN}`,
      `${OWN} cannot be written`,
      'Mount it for writing',
    ],
    [
      'obflow’s own folder, which is mounted read-only',
      `mkdir -p ${OWN}; mount -t tmpfs -o ro t ${OWN}`,
      `${OWN} cannot be written`,
      'Mount it for writing',
    ],
  ])('%s is found', async (_, script, text, next) => {
    const { found, error, installed } = await looked(script);
    expect(found).toHaveLength(1);
    expect(found[0]!.text).toContain(text);
    expect(error?.message).toContain(text);
    expect(error?.message).toContain(next);
    expect(installed).toContain('not installed');
  });

  test('the folder of rpm’s scripts without an inode is what doctor says, too', async () => {
    const { found } = await looked('mount -t tmpfs -o nr_inodes=2,mode=1777 t /var/tmp; touch /var/tmp/last');
    expect(found.map(({ text }) => text)).toEqual([
      'the file system of /var/tmp takes 0 more files (its inodes are used up)',
    ]);
  });

  test.each([
    ['of root', 'chown root:root /home/admin; chmod 700 /home/admin', '/home/admin'],
    ['further up', 'chmod 700 /home', '/home'],
  ])('a folder %s that the run user may not enter is found', async (_, script, path) => {
    const { error, installed } = await looked(script);
    expect(error).toMatchObject({ type: 'HomeUnreachable', nonRetryable: true });
    expect(error?.message).toContain(`admin may not enter ${path}. Let the user admin enter it`);
    expect(installed).toContain('not installed');
  });

  test.each([
    ['as its owner', 'chmod 700 /home/admin'],
    ['by its group', 'chown root:admin /home/admin; chmod 750 /home/admin'],
  ])('a folder that the run user may enter %s is none', async (_, script) => {
    expect(await looked(script)).toMatchObject({ found: [], error: undefined });
  });

  test('an SFTP server that lets nobody write is done without', async () => {
    const host = world.fleet.hosts[0]!;
    await host.configureSshd({ Subsystem: 'sftp internal-sftp -R' });
    const worker = world.newWorker();
    task = await world.install(0);
    for (const type of ['PrepareObproxyInstall', 'PrepareCreateObproxy', 'InstallRpmByPackageAndVersion'])
      await task.run(type, {}, worker);
    expect((await host.sh('rpm -q obproxy-ce')).stdout).toContain('obproxy-ce-4.3.1.0');
    await task.run('InstallRpmByPackageAndVersion', { rollback: true }, worker);
    await worker.stop();
  });
});
