import type { TestHost } from '../../sandbox/hosts/fleet';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { inventoryIds } from '../../sandbox/stack/stack';
import { difference, hostState } from '../faults/hostState';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { asRoot, CLUSTERS, create, creation, emptyStack, isOfObflow, ROOT_PASSWORD } from './creationScene';
import { countsOf, serversOf } from './observerScene';
import { createCluster, describeWithStack, OBPROXY_1_9, OBPROXY_4_3, uploaded } from './scene';

/** The versions whose inner tables are tables and no views, with an OBProxy of their time. */
describe.each([
  ['3.1.4', OBPROXY_4_3],
  ['2.2.77', OBPROXY_1_9],
] as const)('OceanBase %s', (version, obproxy) => {
  describeWithStack(
    'is created, reached through an OBProxy and deleted',
    { hosts: 4, processes: 'one', ownDisks: true },
    (stack) => {
      let rpmName = '';
      let clusterId = 0;
      let proxies = 0;
      const hosts = () => stack().fleet.hosts;
      const members = () => hosts().slice(0, 3);
      const first = () => hosts()[0] as TestHost;
      const proxyHost = () => hosts()[3] as TestHost;
      const stateOf = () =>
        Promise.all(members().map(async (host) => (await hostState(host, (text) => text)).lines));
      let before: Awaited<ReturnType<typeof stateOf>> = [];
      const ended = async ({ id }: { readonly id: number }): Promise<TaskJson> => {
        const [settled] = await stack().api.settled([id], { deadlineMs: 240_000 });
        expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
        expect(settled?.status).toBe('SUCCESSFUL');
        return settled as TaskJson;
      };

      beforeAll(async () => {
        rpmName = await emptyStack(stack(), version);
        before = await stateOf();
        proxies = await createCluster(stack(), 'proxies', {
          obLinks: [],
          obproxyInstallParam: {
            ...{ hostIds: await inventoryIds(stack(), [proxyHost()]), sqlPort: 2883, exporterPort: 2884 },
            version: await uploaded(stack(), obproxy),
          },
        });
      }, 240_000);

      test('three zones become a cluster that knows where they lie, and nothing shows the password', async () => {
        const body = await creation(
          stack(),
          rpmName,
          members().map((host) => [host]),
          { primaryZone: 'zone2;zone1,zone3', obClusterId: 77, obproxyClusterIds: [proxies] },
        );
        const task = await create(stack(), body);
        clusterId = task.cluster.id;
        const done = await ended(task);
        expect(done.subtasks).toHaveLength(23 + 2 * 7);
        expect(JSON.stringify(done)).not.toContain(ROOT_PASSWORD);
        expect(
          (await serversOf(stack(), clusterId)).map(({ ip, zoneName, status }) => [ip, zoneName, status]),
        ).toEqual(members().map(({ ip }, index) => [ip, `zone${index + 1}`, 'RUNNING']));
        expect((await countsOf(first())).bootstraps).toBe(1);
        for (const host of members()) {
          await expect(asRoot(host, 'SELECT 1', '')).rejects.toMatchObject({ errno: 1045 });
          expect(await countsOf(host)).toMatchObject({ starts: 2 });
        }
        const [sys] = await asRoot(
          first(),
          "SELECT primary_zone AS zones FROM oceanbase.__all_tenant WHERE tenant_name = 'sys'",
        );
        expect(sys).toEqual({ zones: 'zone2;zone1,zone3' });
        const { zones } = body as { zones: { name: string; idcName: string }[] };
        const idcs = await asRoot(
          first(),
          "SELECT zone AS name, info AS idcName FROM oceanbase.__all_zone WHERE name = 'idc' ORDER BY zone",
        );
        expect(idcs).toEqual(zones.map(({ name, idcName }) => ({ name, idcName })));
        // What the inventory says of a zone follows the cluster.
        const { contents } = await stack().api.call<{ contents: { name: string; idcName: string }[] }>(
          'GET',
          `${CLUSTERS}/${clusterId}/zones`,
        );
        expect(contents.map(({ name, idcName }) => ({ name, idcName }))).toEqual(idcs);
      }, 300_000);

      test('an OBProxy leads to it', async () => {
        // The proxy asks its config server once a minute.
        await until(
          'the OBProxy leads to it',
          () =>
            asRoot(proxyHost(), 'SELECT 1', ROOT_PASSWORD, 2883, 'root@sys#obmade').then(
              () => true,
              () => false,
            ),
          90_000,
        );
      }, 120_000);

      test('a deletion leaves the hosts as they were before', async () => {
        const { api } = stack();
        const linked = await api.send('DELETE', `${CLUSTERS}/${clusterId}?confirm=obmade`);
        expect(linked.status).toBe(409);
        await api.call('DELETE', `/api/v2/obproxy/clusters/${proxies}/obLinks/obmade`);
        const task = await ended(
          await api.call<TaskJson>('DELETE', `${CLUSTERS}/${clusterId}?confirm=obmade`),
        );
        expect(task.subtasks).toHaveLength(6 + 2 * 2);
        for (const host of members()) expect(host.pids('observer')).toEqual([]);
        const after = await stateOf();
        for (const [index, lines] of after.entries())
          expect(difference(before[index] ?? [], lines).filter(isOfObflow)).toEqual([]);
        const left = await api.send('GET', `${CLUSTERS}/${clusterId}`);
        expect(left.status).toBe(404);
      }, 180_000);
    },
    fleetUnavailable() ?? (version === '3.1.4' ? undefined : longRunOnly()),
  );
});
