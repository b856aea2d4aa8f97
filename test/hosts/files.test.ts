import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, type Hosts, quote } from '../../hosts';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Fleet, fleetUnavailable, startFleet, type TestHost } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, failureOf, hostsWithPins } from './reach';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const NASTY = `/opt/a b/it's; touch $(id) \`x\` "q" \\ *`;

describeIf(fleetUnavailable(), 'files on a real host', () => {
  let fleet: Fleet;
  let test0: TestHost;
  let hosts: Hosts;
  let host: Host;
  let work: string;
  const local = (bytes: Buffer) => {
    const path = join(work, randomBytes(6).toString('hex'));
    writeFileSync(path, bytes);
    return path;
  };
  const onHost = (path: string) => readFileSync(join(test0.rootDir, path));
  const list = async (folder: string) =>
    (await test0.sh(`ls -A ${quote(folder)}`)).stdout.split('\n').filter(Boolean);
  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'obflow-files-'));
    fleet = await startFleet({ hosts: 1 });
    test0 = fleet.hosts[0]!;
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
    rmSync(work, { recursive: true });
  });

  test('an upload arrives whole, with mode and owner, and a second one has nothing to do', async () => {
    const bytes = randomBytes(3_000_000);
    const path = `${NASTY}/package.rpm`;
    const options = { mode: '0640', owner: 'admin:admin' };
    expect(await host.uploadFile(local(bytes), sha256(bytes), path, options)).toEqual({ uploaded: true });
    expect(onHost(path).equals(bytes)).toBe(true);
    expect((await test0.sh(`stat -c '%a %U:%G' ${quote(path)}`)).stdout).toBe('640 admin:admin\n');
    await test0.sh(`chmod 600 ${quote(path)}`);
    expect(await host.uploadFile('/does/not/exist', sha256(bytes), path, options)).toEqual({
      uploaded: false,
    });
    expect((await test0.sh(`stat -c %a ${quote(path)}`)).stdout).toBe('640\n');
    expect(await list(NASTY)).toEqual(['package.rpm']);
  });

  test('an empty file is a file too', async () => {
    const empty = Buffer.alloc(0);
    expect(await host.uploadFile(local(empty), sha256(empty), '/opt/empty')).toEqual({ uploaded: true });
    expect(onHost('/opt/empty')).toHaveLength(0);
  });

  test('another content under the name is replaced; the name never shows half a file', async () => {
    await test0.sh('mkdir -p /opt/swap; echo old >/opt/swap/f');
    const bytes = randomBytes(20_000_000);
    const uploading = host.uploadFile(local(bytes), sha256(bytes), '/opt/swap/f');
    await until('the upload has begun', async () => (await list('/opt/swap')).length > 1);
    expect(['old\n', bytes.toString()]).toContain(onHost('/opt/swap/f').toString());
    await uploading;
    expect(onHost('/opt/swap/f').equals(bytes)).toBe(true);
  });

  test('an upload cut in the middle converges at the next attempt and leaves nothing beside the file', async () => {
    const bytes = randomBytes(60_000_000);
    const path = '/opt/cut/package.rpm';
    const from = local(bytes);
    const first = failureOf(host.uploadFile(from, sha256(bytes), path));
    await until(
      'some of it is there',
      async () => (await test0.sh('stat -c %s /opt/cut/.obflow-*.part')).stdout > '1',
    );
    await test0.cut();
    const error = await first;
    expect(error).toBeInstanceOf(TransientError);
    await test0.heal();
    expect(await list('/opt/cut')).not.toContain('package.rpm');
    await test0.sh("touch -d '1 hour ago' /opt/cut/.obflow-*.part");
    const again = await until('the host answers', () =>
      host.uploadFile(from, sha256(bytes), path).catch(() => undefined),
    );
    expect(again).toEqual({ uploaded: true });
    expect(onHost(path).equals(bytes)).toBe(true);
    expect(await list('/opt/cut')).toEqual(['package.rpm']);
  });

  test('an aborted upload ends with the reason and cleans up', async () => {
    const bytes = randomBytes(60_000_000);
    const abort = new AbortController();
    const uploading = failureOf(
      host.uploadFile(local(bytes), sha256(bytes), '/opt/abort/f', { signal: abort.signal }),
    );
    await until('it has begun', async () => (await list('/opt/abort')).length > 0);
    abort.abort(new Error('cancelled'));
    expect((await uploading).message).toBe('cancelled');
    expect(await list('/opt/abort')).toEqual([]);
  });

  test('a file that is not what its hash says is never put in place', async () => {
    const error = await failureOf(host.uploadFile(local(Buffer.from('x')), 'a'.repeat(64), '/opt/other/f'));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain('a'.repeat(64));
    expect(await list('/opt/other')).toEqual([]);
    await expect(host.uploadFile('/x', 'A', '/opt/f')).rejects.toThrow(RangeError);
    await expect(host.uploadFile('/x', 'a'.repeat(64), 'relative')).rejects.toThrow(RangeError);
  });

  test('a folder that cannot be made is for a person to look at', async () => {
    await test0.sh('touch /opt/file');
    const error = await failureOf(host.uploadFile(local(Buffer.from('x')), 'a'.repeat(64), '/opt/file/f'));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ type: 'FileOperationFailed' });
  });

  test('small files are written whole, any bytes, owner and mode first', async () => {
    const bytes = randomBytes(100_000);
    await host.writeFile(`${NASTY}/conf`, bytes, { mode: '0600', owner: 'admin' });
    expect(onHost(`${NASTY}/conf`).equals(bytes)).toBe(true);
    expect((await test0.sh(`stat -c '%a %U' ${quote(`${NASTY}/conf`)}`)).stdout).toBe('600 admin\n');
    await host.writeFile(`${NASTY}/conf`, 'second\n', { mode: '0644' });
    expect(await host.readFile(`${NASTY}/conf`)).toBe('second\n');
    await host.writeFile('/opt/nothing', '', { mode: '0644' });
    expect(await host.readFile('/opt/nothing')).toBe('');
    expect((await list(NASTY)).sort()).toEqual(['conf', 'package.rpm']);
    await host.writeFile('/opt/secret/a/f', 'x\n', { mode: '0600' });
    expect((await test0.sh("stat -c '%a %U' /opt/secret /opt/secret/a")).stdout).toBe('700 root\n700 root\n');
    await host.writeFile('/opt/plain/f', 'x\n', { mode: '0644' });
    expect((await test0.sh('stat -c %a /opt/plain')).stdout).toBe('755\n');
    await expect(host.writeFile('/opt/f', 'x', { mode: '0644; id' })).rejects.toThrow(RangeError);
    await expect(host.writeFile('/opt/f', 'x', { mode: '0644', owner: 'a b' })).rejects.toThrow(RangeError);
    const nobody = await failureOf(host.writeFile('/opt/f', 'x', { mode: '0644', owner: 'stranger' }));
    expect(nobody).toMatchObject({ type: 'FileOperationFailed' });
    expect(await host.readFile('/opt/f')).toBeUndefined();
  });

  test('what a killed write left goes with the next one to the same file, and nothing else does', async () => {
    await test0.sh('mkdir -p /opt/kill');
    const parts = async () => (await list('/opt/kill')).filter((name) => name.endsWith('.part'));
    const big = Buffer.alloc(6_000_000, 'x');
    // Killed while it writes: the shell and its dd, so that nothing can clean up.
    for (let tries = 0; (await parts()).length === 0 && tries < 20; tries += 1) {
      const killed = failureOf(host.writeFile('/opt/kill/f', big, { mode: '0600' })).catch(() => undefined);
      await until('it writes or has written', async () => (await list('/opt/kill')).length > 0);
      test0.killProcesses(({ comm }) => comm !== 'sshd' && !comm.startsWith('sshd'));
      await killed;
      await test0.sh('rm -f /opt/kill/f');
    }
    expect(await parts()).toHaveLength(1);
    await host.writeFile('/opt/kill/other', 'x', { mode: '0600' });
    expect(await parts()).toHaveLength(1);
    await host.writeFile('/opt/kill/f', 'x', { mode: '0600' });
    expect((await list('/opt/kill')).sort()).toEqual(['f', 'other']);
  });

  test('reading tells absent from unreadable and refuses the huge', async () => {
    expect(await host.readFile('/opt/absent')).toBeUndefined();
    expect(await failureOf(host.readFile('/opt'))).toMatchObject({ type: 'FileUnreadable' });
    await test0.sh('head -c 1048577 /dev/zero >/opt/huge; head -c 1048576 /dev/zero >/opt/large');
    expect(await failureOf(host.readFile('/opt/huge'))).toMatchObject({ type: 'FileTooLarge' });
    expect(await host.readFile('/opt/large')).toHaveLength(1024 * 1024);
  });

  test('packages are found by exact name, and the absence of rpm is told', async () => {
    expect(await host.rpmQuery('obproxy')).toEqual([]);
    const some = (
      await test0.sh('rpm -qa --qf "%{NAME} %{VERSION} %{RELEASE} %{ARCH}\\n" | head -1')
    ).stdout.trim();
    const [name, version, release, arch] = some.split(' ');
    expect(await host.rpmQuery(name!)).toEqual([{ name, version, release, arch }]);
    expect(await host.rpmQuery(`${name}-${version}`)).toEqual([]);
    await expect(host.rpmQuery('a b')).rejects.toThrow(RangeError);
    await test0.hideCommand('rpm');
    const missing = await failureOf(host.rpmQuery('obproxy'));
    await test0.restoreCommand('rpm');
    expect(missing).toBeInstanceOf(PermanentError);
    expect(missing).toMatchObject({ type: 'RpmMissing', code: 'CMP07036' });
  });

  test('facts name the system', async () => {
    expect(await host.facts()).toMatchObject({
      hostname: 'host1',
      osId: 'rocky',
      osLike: ['rhel', 'centos', 'fedora'],
      osMajor: '7',
      systemd: false,
      rpm: true,
    });
  });
});
