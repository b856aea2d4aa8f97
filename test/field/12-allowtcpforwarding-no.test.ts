/**
 * AllowTcpForwarding no and DisableForwarding yes: OBProxy is administered through a shell of the host, and a repair of sshd_config
 * works at a person's retry.
 *
 * Source: CIS benchmarks, lynis SSH-7408.
 */
import { applyInventory, DeclaredInventory } from '../../api/objects/applyInventory';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { startWorld, type World } from '../activities/world';
import { describeIf } from '../support/skip';

describeIf(fleetUnavailable(), 'an sshd that forwards nothing', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
  });
  afterAll(() => world?.stop());

  test.each([
    [0, 'AllowTcpForwarding', 'no'],
    [1, 'DisableForwarding', 'yes'],
  ])(
    'host %i with %s %s gets its proxy, with its passwords and parameters',
    async (index, setting, value) => {
      const host = world.fleet.hosts[index]!;
      await host.configureSshd({ [setting]: value });
      const task = await world.install(index, { parameters: [{ name: 'syslog_level', value: 'WARN' }] });
      await task.chain();
      expect(host.pids('obproxy')).toHaveLength(1);
    },
  );

  test('obflow apply says so for a host that is declared, with the setting and the file', async () => {
    const [host] = world.fleet.hosts;
    await host!.configureSshd({ AllowTcpForwarding: 'no' });
    const worker = world.newWorker();
    const declared = DeclaredInventory.parse({
      credentials: [{ name: 'again', kind: 'SSH_KEY', username: 'root', secret: world.fleet.privateKey }],
      hosts: [{ ip: host!.ip, name: 'again', credential: 'again', idc: 'idc1', region: 'region1' }],
    });
    const services = { store: world.store, hosts: worker.hosts, config: world.config };
    const { warnings } = await applyInventory(services, declared, false);
    const texts = warnings.map((warning) => (typeof warning === 'string' ? warning : warning.en));
    expect(texts).toEqual([
      expect.stringMatching(
        /^Host again \(.*:22\): sshd forwards no port .*AllowTcpForwarding no in \/etc\/ssh\/sshd_config, line 1/,
      ),
    ]);
    await worker.stop();
  });
});
