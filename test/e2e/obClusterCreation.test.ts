import type { TestHost } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { inventoryIds } from '../../sandbox/stack/stack';
import { difference, hostState } from '../faults/hostState';
import { until } from '../support/until';
import { asRoot, CLUSTERS, create, creation, emptyStack, isOfObflow, ROOT_PASSWORD } from './creationScene';
import { addServers, countsOf, obeyed, serversOf } from './observerScene';
import { createCluster, describeWithStack, OBPROXY_4_3, uploaded } from './scene';

interface ClusterJson {
  readonly id: number;
  readonly name: string;
  readonly obClusterId: number;
  readonly status: string;
  readonly obVersion: string;
}

const stateOf = async (hosts: readonly TestHost[]) =>
  Promise.all(hosts.map(async (host) => (await hostState(host, (text) => text)).lines));

describeWithStack(
  'creating an OceanBase cluster',
  { hosts: 4, processes: 'split', ownDisks: true },
  (stack) => {
    let rpmName = '';
    let clusterId = 0;
    let before: Awaited<ReturnType<typeof stateOf>> = [];

    const hosts = () => stack().fleet.hosts;
    const first = () => hosts()[0] as TestHost;
    const named = async (name: string) =>
      (await stack().api.call<{ contents: ClusterJson[] }>('GET', `${CLUSTERS}?size=100`)).contents.find(
        (one) => one.name === name,
      );
    const ended = async ({ id }: { readonly id: number }): Promise<TaskJson> => {
      const [settled] = await stack().api.settled([id], { deadlineMs: 240_000 });
      expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(settled?.status).toBe('SUCCESSFUL');
      return settled as TaskJson;
    };
    beforeAll(async () => {
      rpmName = await emptyStack(stack(), '4.2.1.2');
      before = await stateOf(hosts());
    }, 120_000);

    test('three zones become a cluster that only its password opens, and nothing shows the password', async () => {
      const body = await creation(
        stack(),
        rpmName,
        hosts()
          .slice(0, 3)
          .map((host) => [host]),
        {
          ...{ primaryZone: 'zone2;zone1,zone3', obClusterId: 77 },
          startupParameters: [{ name: 'system_memory', value: '1G' }],
        },
      );
      const task = await create(stack(), body);
      clusterId = task.cluster.id;
      const done = await ended(task);
      expect(done.subtasks).toHaveLength(23 + 2 * 7);
      expect(await named('obmade')).toMatchObject({ id: clusterId, status: 'RUNNING', obClusterId: 77 });
      expect(
        (await serversOf(stack(), clusterId)).map(({ ip, zoneName, status }) => [ip, zoneName, status]),
      ).toEqual(
        hosts()
          .slice(0, 3)
          .map(({ ip }, index) => [ip, `zone${index + 1}`, 'RUNNING']),
      );
      for (const host of hosts().slice(0, 3)) {
        expect(
          await asRoot(
            host,
            "SELECT VALUE AS v FROM oceanbase.GV$OB_PARAMETERS WHERE NAME = 'cluster' LIMIT 1",
          ),
        ).toEqual([{ v: 'obmade' }]);
        await expect(asRoot(host, 'SELECT 1', '')).rejects.toMatchObject({ errno: 1045 });
        // Started by admin, with its options once; since then from what it stored.
        expect(await countsOf(host)).toMatchObject({ starts: 2 });
        const { stdout } = await host.sh("ps -eo user,args | grep '[b]in/observer'");
        expect(stdout).toMatch(/^admin /);
        expect(stdout).not.toContain(' -r ');
      }
      expect((await countsOf(first())).bootstraps).toBe(1);
      const servers = hosts().map((host) => ({ host }));
      expect(await obeyed({ servers }, 'majorFreeze')).toEqual({ ALL: 1 });
      const [sys] = await asRoot(
        first(),
        "SELECT PRIMARY_ZONE AS zones FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 'sys'",
      );
      expect(sys).toEqual({ zones: 'zone2;zone1,zone3' });
      const { zones } = body as { zones: { name: string; idcName: string }[] };
      expect(
        await asRoot(
          first(),
          'SELECT ZONE AS name, IDC AS idcName FROM oceanbase.DBA_OB_ZONES ORDER BY ZONE',
        ),
      ).toEqual(zones.map(({ name, idcName }) => ({ name, idcName })));

      const logs = await Promise.all(
        done.subtasks.map(({ id }) =>
          stack().api.send('GET', `/api/v2/tasks/instances/${done.id}/subtasks/${id}/log`),
        ),
      );
      const shown = JSON.stringify([done, logs]);
      expect(shown).toContain('ALTER SYSTEM BOOTSTRAP');
      expect(shown).not.toContain(ROOT_PASSWORD);
    }, 300_000);

    test('a server is added to it by the operation that exists', async () => {
      const [, , , fourth] = hosts() as [TestHost, TestHost, TestHost, TestHost];
      const [id = 0] = await inventoryIds(stack(), [fourth]);
      await ended(await addServers(stack(), clusterId, 'zone1', [id]));
      expect(await asRoot(fourth, 'SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_SERVERS')).toEqual([
        { n: '4' },
      ]);
    }, 180_000);

    test('a deletion wants the name, says what is lost, and leaves the hosts as they were before', async () => {
      const { api } = stack();
      const refused = await api.send('DELETE', `${CLUSTERS}/${clusterId}`);
      expect(refused.status).toBe(400);
      const wrong = await api.send('DELETE', `${CLUSTERS}/${clusterId}?confirm=other`);
      expect(wrong.status).toBe(400);
      const dry = await api.call<{ findings: { level: string; message: string }[] }>(
        'DELETE',
        `${CLUSTERS}/${clusterId}?confirm=obmade&dryRun=true`,
      );
      expect(dry.findings.map(({ message }) => message)).toEqual(
        expect.arrayContaining([
          'No tenant of users is in it.',
          expect.stringContaining(`${first().ip}: its process ends, and /data/1/obmade`),
        ]),
      );
      expect(first().pids('observer')).toHaveLength(1);
      const task = await ended(await api.call<TaskJson>('DELETE', `${CLUSTERS}/${clusterId}?confirm=obmade`));
      expect(task.subtasks).toHaveLength(6 + 2 * 3);
      expect(await named('obmade')).toBeUndefined();
      for (const host of hosts()) expect(host.pids('observer')).toEqual([]);
      const after = await stateOf(hosts());
      for (const [index, lines] of after.entries())
        expect(difference(before[index] ?? [], lines).filter(isOfObflow)).toEqual([]);
      const { credentials } = await stored();
      expect(credentials.filter((name) => name.includes('obmade'))).toEqual([]);
    }, 180_000);

    const stored = async () => {
      const { contents } = await stack().api.call<{ contents: { name: string }[] }>(
        'GET',
        '/api/v2/profiles/me/credentials?size=100',
      );
      return { credentials: contents.map(({ name }) => name) };
    };

    test('the same hosts take another cluster at once, two of them in one zone, and an OBProxy leads to it', async () => {
      const [one, two, three, four] = hosts() as [TestHost, TestHost, TestHost, TestHost];
      const version = await uploaded(stack(), OBPROXY_4_3);
      const proxies = await createCluster(stack(), 'proxies', {
        obLinks: [],
        obproxyInstallParam: {
          ...{ hostIds: await inventoryIds(stack(), [four]), version, sqlPort: 2883, exporterPort: 2884 },
        },
      });
      const task = await create(
        stack(),
        await creation(stack(), rpmName, [[one, four], [two], [three]], { obproxyClusterIds: [proxies] }),
      );
      await ended(task);
      expect(
        (await serversOf(stack(), task.cluster.id)).map(({ zoneName, status }) => [zoneName, status]).sort(),
      ).toEqual([
        ['zone1', 'RUNNING'],
        ['zone1', 'RUNNING'],
        ['zone2', 'RUNNING'],
        ['zone3', 'RUNNING'],
      ]);
      expect(await asRoot(four, 'SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_SERVERS')).toEqual([{ n: '4' }]);
      // The proxy asks its config server once a minute.
      await until(
        'the OBProxy leads to it',
        () =>
          asRoot(four, 'SELECT 1', ROOT_PASSWORD, 2883, 'root@sys#obmade').then(
            () => true,
            () => false,
          ),
        90_000,
      );
      const linked = await stack().api.send('DELETE', `${CLUSTERS}/${task.cluster.id}?confirm=obmade`);
      expect(linked.status).toBe(409);
      expect(JSON.stringify(linked.answer)).toContain(`proxies (id ${proxies})`);
    }, 400_000);
  },
);
