/**
 * What hosts print before and beside an answer: notices of any length, and the complaints of a loader on stderr.
 *
 * Source: TeraTermProject/teraterm#92 (a long Banner), mscdex/ssh2#1195 ("Bad packet length"); haad/proxychains#7,
 * mempodippy/vlany#25 (ld.so complains of a library to preload in every command).
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { startWorld, type World } from '../activities/world';
import { useLoginHost } from '../hosts/loginHost';
import { failureOf, inWords } from '../hosts/reach';
import { describeIf } from '../support/skip';

const NOTICE = 'yes "This system is for authorised use only" | head -c 3000000';

describeIf(fleetUnavailable(), 'a host that says', () => {
  const { host: loginHost, reach } = useLoginHost(async (host) => {
    await host.sh('rm -f /root/.bashrc');
    await host.configureSshd({});
  });

  test.each([
    ['stdout', NOTICE],
    ['stderr', `${NOTICE} >&2`],
  ])('three megabytes at each login on %s is heard past them', async (_, notice) => {
    await loginHost().sh(`echo '${notice}' >/root/.bashrc`);
    const host = await reach();
    expect(await host.sh('echo out; echo err >&2; exit 3')).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const folder = mkdtempSync(join(tmpdir(), 'obflow-noise-'));
    const file = join(folder, 'file');
    writeFileSync(file, 'content');
    const sha256 = createHash('sha256').update('content').digest('hex');
    await host.uploadFile(file, sha256, '/opt/uploaded');
    rmSync(folder, { recursive: true });
    expect(await host.readFile('/opt/uploaded')).toBe('content');
    expect(inWords(await host.firstContact()).filter(({ level }) => level === 'ERROR')).toEqual([]);
  });

  test('the same without end is refused with its first words, and what to silence', async () => {
    await loginHost().sh(`echo 'yes "Welcome aboard"' >/root/.bashrc`);
    const error = await failureOf((await reach()).sh('true'));
    expect(error).toMatchObject({ type: 'ShellRefused' });
    expect(error.message).toContain('the host says "Welcome aboard');
    expect(error.message).toContain(
      'a login script (~/.bashrc, /etc/profile.d) that ends or replaces the shell',
    );
  });

  test('a banner longer than SSH packets may be is told by its setting, not as a wrong credential', async () => {
    await loginHost().sh('yes "For authorised use only" | head -c 60000 >/etc/banner');
    await loginHost().configureSshd({ Banner: '/etc/banner' });
    const error = await failureOf(reach());
    expect(error.message).toMatch(/Bad packet length.*Banner in \/etc\/ssh\/sshd_config/);
    expect(error.message).not.toContain('Correct the credential');
    await loginHost().sh('head -c 30000 /etc/banner >/etc/shorter; mv /etc/shorter /etc/banner');
    expect((await (await reach()).sh('echo in')).stdout).toBe('in\n');
  });
});

describeIf(fleetUnavailable(), 'a host on which every command complains of a library to preload', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  });
  afterAll(() => world?.stop());

  test('gets its proxy, and loses it again', async () => {
    const host = world.fleet.hosts[0]!;
    await host.sh('echo /lib/not-there.so >/etc/ld.so.preload');
    expect((await host.sh('id')).stderr).toContain('cannot be preloaded');
    const task = await world.install(0);
    await task.chain();
    expect(host.pids('obproxy')).toHaveLength(1);
    for (const type of ['StartObproxy', 'InstallRpmByPackageAndVersion'])
      await task.run(type, { rollback: true });
    expect(host.pids('obproxy')).toHaveLength(0);
  });
});
