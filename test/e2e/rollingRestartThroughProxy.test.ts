import { fleetUnavailable, type TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { asRoot } from './creationScene';
import { clusterOnHosts, type ObserverScene } from './observerScene';
import { createCluster, describeWithStack, hostIds, OBPROXY_4_3, uploaded } from './scene';
import { SteadyClient } from './steadyClient';

const USER = 'root@sys#obgrows';

/** Three zones, and a host whose OBProxy is linked to the cluster by obflow's config URL. */
describeWithStack(
  'the rolling restart of a cluster whose clients come through an OBProxy',
  { hosts: 4, processes: 'one' },
  (stack) => {
    let scene: ObserverScene;
    const proxyHost = () => stack().fleet.hosts[3] as TestHost;
    const login = () => ({ user: USER, password: stack().secrets.sys });
    const pids = () =>
      stack()
        .fleet.hosts.slice(0, 3)
        .map((host) => host.pids('observer'));
    const ended = async ({ id }: { readonly id: number }) => {
      const [task] = await stack().api.settled([id], { deadlineMs: 300_000 });
      expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(task?.status).toBe('SUCCESSFUL');
    };

    beforeAll(async () => {
      scene = await clusterOnHosts(stack(), 3, '4.2.1.2');
      for (const set of ['_standin_tenants = 1', '_standin_lease = 1500'])
        await scene.cluster.sql(`ALTER SYSTEM SET ${set}`);
      const [, , , last = 0] = await hostIds(stack());
      await createCluster(stack(), 'leads', {
        obLinks: [{ clusterName: 'obgrows', obClusterId: 22, username: 'proxyro' }],
        obproxyInstallParam: {
          ...{ hostIds: [last], version: await uploaded(stack(), OBPROXY_4_3) },
          ...{ sqlPort: 2883, exporterPort: 2884 },
        },
      });
    }, 240_000);

    test('a client loses the sessions of servers that stop, each at once replaced, and no other statement; never two zones are away', async () => {
      const throughProxy = () =>
        asRoot(proxyHost(), 'SELECT 1', login().password, 2883, USER).then(
          () => true,
          () => false,
        );
      // The proxy asks its config server once a minute.
      await until('clients are let in', throughProxy, 90_000);
      const before = pids();
      const client = new SteadyClient([{ ip: proxyHost().ip, port: 2883 }], login());
      await client.works();
      await ended(
        await stack().api.call<TaskJson>('POST', `/api/v2/ob/clusters/${scene.clusterId}/restart`, {}),
      );
      const seen = await client.stop();
      // A statement whose session was killed is sent once more, in a new session: that one is answered.
      expect(seen.failed).toEqual([]);
      // Wherever the session was, its server was stopped once, and the next one at most as often as there are others.
      expect(seen.lost).toBeGreaterThan(0);
      expect(seen.lost).toBeLessThanOrEqual(3);
      expect(seen.mostZonesAway).toBe(1);
      expect(pids().map((own, index) => [own.length, own[0] === before[index]?.[0]])).toEqual(
        Array(3).fill([1, false]),
      );
    }, 400_000);
  },
  longRunOnly() ?? fleetUnavailable(),
);
