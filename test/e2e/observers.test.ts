import { rootServerOption } from '../../oceanbase/observerCommandLine';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import {
  added,
  addServers,
  clusterOnHosts,
  type ObserverScene,
  observerEffects,
  serversOf,
} from './observerScene';
import { describeWithStack, subtaskLog } from './scene';

describe.each(['4.2.1.2', '3.1.4', '2.2.77'])('OceanBase %s', (version) => {
  describeWithStack('a cluster grows', { hosts: 6, processes: 'one' }, (stack) => {
    let scene: ObserverScene;

    beforeAll(async () => {
      scene = await clusterOnHosts(stack(), 2, version);
    }, 120_000);

    it('one server is installed, joins, restarts from what it stored, and serves', async () => {
      const { clusterId, free, cluster } = scene;
      const [one] = free;
      if (one === undefined) throw new Error('a host was asked for');
      const task = await addServers(stack(), clusterId, 'zone1', [one.id]);
      const [settled] = await stack().api.settled([task.id]);
      expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(settled?.status).toBe('SUCCESSFUL');
      expect(settled?.subtasks).toHaveLength(21);

      expect(await added(cluster)).toMatchObject({ [`${one.host.ip}:2882`]: 1 });
      // The first start and the restart.
      expect(await observerEffects(one.host)).toEqual({ installs: 1, starts: 2, processes: 1 });
      const { stdout } = await one.host.sh(`
        pid=$(pgrep -x observer); stat -c %U /proc/$pid; tr '\\0' ' ' </proc/$pid/cmdline; echo
        readlink ${OBSERVER_HOME}/store/obgrows/clog; stat -c %U /data/log1/obgrows/clog ${OBSERVER_HOME}/etc`);
      const [user, command, link, ...owners] = stdout.trim().split('\n');
      expect(user).toBe('admin');
      expect(command).not.toContain('-r');
      expect(link).toBe('/data/log1/obgrows/clog');
      expect(owners).toEqual(['admin', 'admin']);

      const servers = await serversOf(stack(), clusterId);
      expect(servers).toHaveLength(3);
      expect(servers.find(({ ip }) => ip === one.host.ip)).toMatchObject({
        zoneName: 'zone1',
        status: 'RUNNING',
        innerStatus: 'ACTIVE',
      });
    }, 180_000);

    it('three servers at once: hosts in parallel, one ADD SERVER each, and the root servers follow', async () => {
      const { clusterId, free, cluster } = scene;
      const three = free.slice(1);
      const task = await addServers(
        stack(),
        clusterId,
        'zone2',
        three.map(({ id }) => id),
      );
      const [settled] = await stack().api.settled([task.id], { deadlineMs: 180_000 });
      expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(settled?.status).toBe('SUCCESSFUL');
      const counts = await added(cluster);
      for (const { host } of three) {
        expect(counts[`${host.ip}:2882`]).toBe(1);
        expect(await observerEffects(host)).toEqual({ installs: 1, starts: 2, processes: 1 });
      }
      const servers = await serversOf(stack(), clusterId);
      expect(servers.map(({ status }) => status)).toEqual(Array(6).fill('RUNNING'));

      // One root server of zone1 was declared; zone2 was found by SQL.
      const { answer } = await stack().api.send('GET', '/services?Action=ObRootServiceInfo&ObRegion=obgrows');
      const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
      expect(RsList.map(({ address }) => address)).toEqual(
        cluster.servers.map(({ host }) => `${host.ip}:2882`),
      );
      // What a later first start would be told.
      const log = await subtaskLog(stack(), settled ?? task, 'Start observer process with param');
      const roots = cluster.servers.map(({ host }) => ({ ip: host.ip, rpcPort: 2882, sqlPort: 2881 }));
      expect(log).toContain(rootServerOption(roots));
    }, 240_000);

    it('a password stands in no log and on no host', async () => {
      const { api, fleet, secrets } = stack();
      expect(JSON.stringify(api.requests)).not.toContain(secrets.sys);
      for (const host of fleet.hosts.slice(2)) {
        const found = await host.sh(
          `grep -rlaF -f - /home /data /var/lib/obflow /tmp /root 2>/dev/null <<'END'\n${secrets.sys}\nEND\ncat /proc/[0-9]*/cmdline | tr '\\0' '\\n'`,
        );
        expect(found.stdout).not.toContain(secrets.sys);
        expect(found.stdout).not.toContain('/var/lib/obflow/');
      }
    });
  });
});
