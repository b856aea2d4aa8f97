/** Replacing an OBServer, on hosts with real processes: rolled back while units move, whole, and with a host that is dead. */
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { longRunOnly } from '../support/skip';
import { until } from '../support/until';
import { clusterOnHosts, type ObserverScene, obeyed, serversOf } from './observerScene';
import { describeWithStack, subtaskLog, subtaskOf } from './scene';

interface Found {
  readonly findings: { readonly level: string; readonly message: string }[];
}

const REPLACE_NODES = 31;

/** Three zones of a server each; the fleet's hosts lie in three IDCs in turn, so that zone n has a free host beside it. */
describe.each(['4.2.1.2', '3.1.4'])('OceanBase %s', (version) => {
  describeWithStack(
    'an OBServer is replaced',
    { hosts: 6, processes: 'one' },
    (stack) => {
      let scene: ObserverScene;
      beforeAll(async () => {
        scene = await clusterOnHosts(stack(), 3, version);
        for (const set of ['_standin_tenants = 1', '_standin_lease = 1500', '_standin_unit_move_delay = 300'])
          await scene.cluster.sql(`ALTER SYSTEM SET ${set}`);
      }, 120_000);

      const host = (index: number) => {
        const found = stack().fleet.hosts[index];
        if (found === undefined) throw new Error('six hosts were asked for');
        return found;
      };
      const address = (index: number) => `${host(index).ip}:2882`;
      const servers = () => serversOf(stack(), scene.clusterId);
      const serverAt = async (index: number) => {
        const found = (await servers()).find(({ ip }) => ip === host(index).ip);
        if (found === undefined) throw new Error(`no server on ${host(index).ip}`);
        return found;
      };
      const place = (index: number) => {
        const found = scene.free[index - 3];
        if (found === undefined) throw new Error('three hosts are free');
        return found;
      };
      const path = async (old: number) =>
        `/api/v2/ob/clusters/${scene.clusterId}/servers/${(await serverAt(old)).id}/replace`;
      const replace = async (old: number, by: number, more: object = {}) =>
        stack().api.call<TaskJson>('POST', await path(old), { hostId: place(by).id, ...more });
      const done = async (task: TaskJson) => {
        const [settled] = await stack().api.settled([task.id], { deadlineMs: 150_000 });
        expect(settled?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
        expect(settled?.status).toBe('SUCCESSFUL');
        return settled ?? task;
      };
      const rests = async (index: number): Promise<string> => {
        const { stdout } = await host(index).sh(
          'pgrep -x observer; rpm -qa | grep oceanbase; ls -d /data/1/* /data/log1/* /var/lib/obflow/* 2>/dev/null; true',
        );
        return stdout.trim();
      };
      const rootServers = async (): Promise<string[]> => {
        const { answer } = await stack().api.send(
          'GET',
          '/services?Action=ObRootServiceInfo&ObRegion=obgrows',
        );
        const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
        return RsList.map((one) => one.address);
      };

      it('a dry run says which units would go to the server that is not there yet', async () => {
        const dry = await stack().api.call<Found>('POST', `${await path(0)}?dryRun=true`, {
          hostId: place(3).id,
        });
        const found = dry.findings.map(({ level, message }) => `${level} ${message}`).join('\n');
        expect(found).toContain(`from ${address(0)}, to ${address(3)} as things are now`);
        expect(found).toContain('The root service lives on it');
        expect(await obeyed(scene.cluster, 'addServer')).toEqual({});
      }, 60_000);

      it('is refused, and nothing begun, when the units would not fit into the new server', async () => {
        const hostId = place(3).id;
        for (const query of ['', '?dryRun=true']) {
          const { status, answer } = await stack().api.send('POST', `${await path(0)}${query}`, {
            ...{ hostId, startupParameters: [{ name: 'memory_limit', value: '9G' }] },
          });
          expect({ status, answer }).toMatchObject({ status: 409, answer: { error: { code: 'OBE19011' } } });
        }
        expect(await rests(3)).toBe('');
        expect(await obeyed(scene.cluster, 'addServer')).toEqual({});
      }, 60_000);

      it('rolled back while its units move: the old server serves as before, nothing is left of the new one', async () => {
        const before = { servers: await servers(), pids: host(0).pids('observer') };
        await scene.cluster.sql('ALTER SYSTEM SET _standin_unit_move_delay = 600000');
        const task = await replace(0, 3);
        const waiting = async () => {
          const found = subtaskOf(await stack().api.task(task.id), 'Wait observer delete');
          return /units are left/.test(JSON.stringify(found)) ? found : undefined;
        };
        const wait = await until('units are on their way', waiting, 150_000);
        await stack().api.call('POST', `/api/v2/tasks/instances/${task.id}/subtasks/${wait.id}/cancel`);
        await stack().api.settled([task.id], { statuses: ['FAILED'] });
        await stack().api.call('POST', `/api/v2/tasks/instances/${task.id}/rollback`);
        await stack().api.settled([task.id], { statuses: ['SUCCESSFUL'], deadlineMs: 150_000 });
        await scene.cluster.sql('ALTER SYSTEM SET _standin_unit_move_delay = 300');

        expect(await obeyed(scene.cluster, 'cancelDeleteServer')).toEqual({ [address(0)]: 1 });
        expect(host(0).pids('observer')).toEqual(before.pids);
        const seen = ({ id, ip, status, zoneName }: (typeof before.servers)[number]) => ({
          ...{ id, ip, status, zoneName },
        });
        expect((await servers()).map(seen)).toEqual(before.servers.map(seen));
        expect(await rests(3)).toBe('');
      }, 300_000);

      it('whole: the units move to the new server, the old one leaves, and proxies are told of the new one', async () => {
        const old = (await serverAt(0)).id;
        const task = await done(await replace(0, 3));
        expect(task.subtasks).toHaveLength(REPLACE_NODES);
        const now = await servers();
        expect(now.map(({ id }) => id)).not.toContain(old);
        expect(await serverAt(3)).toMatchObject({
          zoneName: 'zone1',
          status: 'RUNNING',
          innerStatus: 'ACTIVE',
        });
        expect(host(0).pids('observer')).toEqual([]);
        // One that the rollback has cancelled, and this one.
        expect(await obeyed(scene.cluster, 'deleteServer')).toMatchObject({ [address(0)]: 2 });
        const roots = await rootServers();
        expect(roots).toContain(address(3));
        expect(roots).not.toContain(address(0));
        // The host is free again at once.
        const free = await stack().api.send(
          'POST',
          `/api/v2/ob/clusters/${scene.clusterId}/servers?dryRun=true`,
          {
            ...{
              zoneName: 'zone1',
              servers: [
                (
                  await stack().api.call<{ contents: { id: number; innerIpAddress: string }[] }>(
                    'GET',
                    '/api/v2/compute/hosts?size=100',
                  )
                ).contents.find((row) => row.innerIpAddress === host(0).ip)?.id,
              ],
            },
          },
        );
        expect(free.status).toBe(200);
      }, 240_000);

      it('one whose host is dead: nothing is done there, and a new server takes its units', async () => {
        const dead = await serverAt(1);
        await host(1).powerOff();
        await until('the cluster misses it', async () => (await serverAt(1)).status === 'UNAVAILABLE');
        const task = await done(await replace(1, 4, { skipHostOperation: true }));
        expect((await servers()).map(({ id }) => id)).not.toContain(dead.id);
        expect(await serverAt(4)).toMatchObject({ zoneName: 'zone2', status: 'RUNNING' });
        expect(await rootServers()).not.toContain(address(1));
        expect(await subtaskLog(stack(), task, 'Clean observer host')).toContain(address(1));
      }, 300_000);
    },
    fleetUnavailable() ?? (version === '4.2.1.2' ? undefined : longRunOnly()),
  );
});
