/**
 * A .bashrc that prints, and an SFTP server that is started by the login shell (the default of RHEL).
 *
 * Source: Natizyskunk/vscode-sftp#235, #465; mscdex/ssh2#1094.
 */
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';

describeIf(fleetUnavailable(), 'a login script that prints', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 1 });
  });
  afterAll(() => world?.stop());

  test('a package is installed in spite of it, and it is named', async () => {
    const [host] = world.fleet.hosts;
    await host!.configureSshd({ Subsystem: 'sftp /usr/lib/openssh/sftp-server' });
    await host!.sh(`echo 'echo "Welcome to $(hostname)"' >/root/.bashrc`);
    const task = await world.install(0);
    await task.chain();
    expect(host!.pids('obproxy')).toHaveLength(1);
  });
});
