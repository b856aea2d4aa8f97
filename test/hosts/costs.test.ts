/** What work on a host costs it: processes, of which each is a millisecond of its CPU. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, Hosts } from '../../hosts';
import { lookAtPaths } from '../../hosts/paths';
import { type Fleet, fleetUnavailable, startFleet } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { addressOf, hostsWithPins } from './reach';

describeIf(fleetUnavailable(), 'What work on a host costs it', () => {
  let fleet: Fleet;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1 });
    hosts = hostsWithPins();
    host = await hosts.open(addressOf(fleet));
    // The shells that it will work in.
    await host.sh(':');
    await host.sh(':', { user: 'admin' });
    await host.observe('/');
  });
  afterAll(async () => {
    await hosts?.close();
    await fleet?.stop();
  });

  /** The last pid that the host has given away; asking takes one. */
  const last = async () =>
    Number((await host.sh('read -r _ _ _ _ last </proc/loadavg; echo "$last"')).stdout);
  const processesOf = async (work: () => Promise<unknown>) => {
    const before = await last();
    await work();
    return (await last()) - before - 1;
  };
  let subtaskId = 0;
  const id = () => ({ taskId: 1, subtaskId: ++subtaskId, run: 1, name: 'x' });

  test.each<[string, number, () => Promise<unknown>]>([
    ['a script of the shell’s own words', 1, () => host.sh('cd /etc; [ -e passwd ]; echo "$PWD"')],
    ['a script of another user', 3, () => host.sh(':', { user: 'admin' })],
    ['a look at processes, listeners and a path', 3, () => host.observe('/etc')],
    ['what stands at several paths', 1, () => lookAtPaths(host, ['/etc', '/opt/not/there', '/opt'])],
    ['a file of one line', 3, () => host.writeFile('/opt/line', '{"a":1}\n', { mode: '0600' })],
    ['a file read', 1, () => host.readFile('/opt/line')],
    ['a file of any bytes', 5, () => host.writeFile('/opt/bytes', Buffer.of(0, 255), { mode: '0600' })],
    ['the file system of a path', 1, () => host.mountOf('/opt/not/there')],
    ['a command that takes effect once', 9, () => host.once(id(), 'echo effect >>/opt/effects')],
    ['the same while it takes its time', 11, () => host.once(id(), 'sleep 1')],
    ['an upload', 6, async () => upload('upload')],
    ['an upload of what is there', 2, async () => upload('upload')],
    ['a knock at a port', 0, () => host.listens(2883)],
  ])('%s: at most %i processes', async (_what, most, work) => {
    expect(await processesOf(work)).toBeLessThanOrEqual(most);
  });

  async function upload(text: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'obflow-upload-'));
    writeFileSync(join(folder, 'f'), text);
    await host.uploadFile(join(folder, 'f'), createHash('sha256').update(text).digest('hex'), '/opt/up/f');
    rmSync(folder, { recursive: true });
  }

  test('the owner of a process that changed its user is told, although the kernel hides the rest of it', async () => {
    const [test0] = fleet.hosts;
    await test0!.sh(`perl -e '$> = getpwnam("admin"); sleep 308' </dev/null >/dev/null 2>&1 &`);
    const found = await until('it runs as admin', async () =>
      (await host.processes()).find(({ comm, user }) => comm === 'perl' && user !== 'root'),
    );
    expect(found.user).toBe('admin');
    await test0!.sh('pkill -x perl');
  });

  test('a knock tells whether somebody listens', async () => {
    expect(await host.listens(22)).toBe(true);
    expect(await host.listens(2883)).toBe(false);
  });

  test('a knock at a host that forwards no ports tells nothing', async () => {
    const [test0] = fleet.hosts;
    await test0!.configureSshd({ AllowTcpForwarding: 'no' });
    const others = hostsWithPins();
    expect(await (await others.open(addressOf(fleet))).listens(22)).toBeUndefined();
    await others.close();
    await test0!.configureSshd({});
  });
});
