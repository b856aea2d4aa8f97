import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { until } from '../support/until';
import { clusterOnHosts, type ObserverScene, obeyed, serversOf } from './observerScene';
import { describeWithStack, subtaskLog } from './scene';

/** Zone after zone: the first has the root service. */
describe.each(['4.2.1.2', '3.1.4'])('OceanBase %s', (version) => {
  describeWithStack(
    'servers of a cluster of three zones stop and start',
    { hosts: 3, processes: 'one' },
    (stack) => {
      let scene: ObserverScene;
      const is4 = version.startsWith('4');

      beforeAll(async () => {
        scene = await clusterOnHosts(stack(), 3, version);
        await scene.cluster.sql('ALTER SYSTEM SET _standin_tenants = 1');
        await scene.cluster.sql('ALTER SYSTEM SET _standin_lease = 1500');
      }, 120_000);

      const host = (index: number) => {
        const found = stack().fleet.hosts[index];
        if (found === undefined) throw new Error('three hosts were asked for');
        return found;
      };
      const address = (index: number) => `${host(index).ip}:2882`;
      async function serverAt(index: number) {
        const servers = await serversOf(stack(), scene.clusterId);
        const found = servers.find(({ ip }) => ip === host(index).ip);
        if (found === undefined) throw new Error(`no server on ${host(index).ip}`);
        return found;
      }
      const path = async (index: number, verb: string) =>
        `/api/v2/ob/clusters/${scene.clusterId}/servers/${(await serverAt(index)).id}/${verb}`;
      async function done(index: number, verb: string, body?: unknown) {
        const { id } = await stack().api.call<{ id: number }>('POST', await path(index, verb), body);
        const [task] = await stack().api.settled([id], { deadlineMs: 120_000 });
        expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
        expect(task?.status).toBe('SUCCESSFUL');
        if (task === undefined) throw new Error('no task');
        return task;
      }
      async function refused(index: number, verb: string, body?: unknown) {
        const { status, answer } = await stack().api.send('POST', await path(index, verb), body);
        const { error } = answer as { error: { code: string; message: string } };
        return { status, ...error };
      }

      it('stops the server with the root service: leaders and it have moved, its process is gone, the others answer', async () => {
        const dry = await stack().api.call<{ findings: { level: string; message: string }[] }>(
          'POST',
          `${await path(0, 'stop')}?dryRun=true`,
        );
        const found = dry.findings.map(({ level, message }) => `${level} ${message}`).join('\n');
        expect(found).toMatch(
          /would stop: units that live on it: \d+; leaders that would move to other servers: \d+/,
        );
        expect(found).toContain('The root service lives on it and moves first');
        expect(found).toMatch(/keeps 2 of 3 replicas in sync/);
        expect(found).toMatch(/WARN .*must be back within server_permanent_offline_time \(3600s\)/);
        expect(found).toMatch(new RegExp(`pid \\d+ of admin: .*lives in ${OBSERVER_HOME}`));
        expect(host(0).pids('observer')).toHaveLength(1);

        const task = await done(0, 'stop');
        expect(host(0).pids('observer')).toEqual([]);
        expect(await serverAt(0)).toMatchObject({ status: 'STOPPED', innerStatus: 'INACTIVE' });
        const [root] = await scene.cluster.sql(
          is4
            ? "SELECT SVR_IP AS ip FROM oceanbase.DBA_OB_SERVERS WHERE WITH_ROOTSERVER = 'YES'"
            : 'SELECT svr_ip AS ip FROM oceanbase.__all_server WHERE with_rootserver = 1',
          1,
        );
        expect(root?.ip).not.toBe(host(0).ip);
        expect(await obeyed(scene.cluster, 'stopServer')).toEqual({ [address(0)]: 1 });
        expect(await obeyed(scene.cluster, 'minorFreeze')).toEqual({ [address(0)]: 1 });
        expect(await subtaskLog(stack(), task, 'Prepare stop observer')).toMatch(
          /keeps 2 of 3 replicas in sync[\s\S]*must be back within/,
        );
        // Nothing of the task stays on the host, and the config server tells servers that live.
        expect((await host(0).sh('ls /var/lib/obflow 2>/dev/null')).stdout).toBe('');
        const { answer } = await stack().api.send(
          'GET',
          '/services?Action=ObRootServiceInfo&ObRegion=obgrows',
        );
        const { RsList } = (answer as { Data: { RsList: { address: string }[] } }).Data;
        expect(RsList.map((one) => one.address)).toEqual(expect.arrayContaining([address(1), address(2)]));
      }, 180_000);

      it('a second zone is refused, by name and with what to do, and so is a majority that would be lost', async () => {
        const second = await refused(1, 'stop');
        expect(second).toMatchObject({ status: 409, code: 'OBE19003' });
        expect(second.message).toMatch(new RegExp(`${address(0)} of zone zone1 is stopped already.*Start`));
        expect(second.message).toMatch(/app.*1 of 3 replicas would stay in sync/);
        expect(await refused(1, 'restart')).toMatchObject({ status: 409 });
        expect(await refused(1, 'stop', { type: 'STOP_SERVICE' })).toMatchObject({ status: 409 });
        expect(await refused(0, 'stop')).toMatchObject({ status: 409, code: 'OBE19003' });
        const { contents } = await stack().api.call<{ contents: unknown[] }>(
          'GET',
          '/api/v2/tasks/instances?status=RUNNING',
        );
        expect(contents).toEqual([]);
        expect(await serverAt(1)).toMatchObject({ status: 'RUNNING' });
      }, 60_000);

      it('starts it again from what it stored, as admin, and it serves', async () => {
        await done(0, 'start');
        const { stdout } = await host(0).sh(
          "pid=$(pgrep -x observer); stat -c %U /proc/$pid; tr '\\0' ' ' </proc/$pid/cmdline",
        );
        expect(stdout).toMatch(/^admin\n/);
        expect(stdout).not.toContain(' -r ');
        expect(await serverAt(0)).toMatchObject({ status: 'RUNNING', innerStatus: 'ACTIVE' });
        expect(await obeyed(scene.cluster, 'startServer')).toEqual({ [address(0)]: 1 });
        expect(await refused(0, 'start')).toMatchObject({ status: 409 });
      }, 120_000);

      it('a replica that is behind keeps the others from stopping, until it has caught up', async () => {
        await scene.cluster.sql(`ALTER SYSTEM SET _standin_behind = '${address(2)}'`, 1);
        const behind = await refused(1, 'stop');
        expect(behind).toMatchObject({ status: 409, code: 'OBE11070' });
        expect(behind.message).toMatch(new RegExp(`tenant sys.*behind: ${address(2)}`));
        await scene.cluster.sql("ALTER SYSTEM SET _standin_behind = ''", 1);
        const before = host(1).pids('observer');
        const task = await done(1, 'restart', { freezeServer: false });
        expect(task.subtasks).toHaveLength(13);
        expect(host(1).pids('observer')).not.toEqual(before);
        expect(await serverAt(1)).toMatchObject({ status: 'RUNNING' });
        expect((await obeyed(scene.cluster, 'minorFreeze'))[address(1)]).toBeUndefined();
      }, 120_000);

      it('stops the service alone, and starts it again; the process is the same', async () => {
        const before = host(2).pids('observer');
        await done(2, 'stop', { type: 'STOP_SERVICE', freezeServer: true });
        expect(await serverAt(2)).toMatchObject({ status: 'STOPPED', innerStatus: 'ACTIVE' });
        expect(host(2).pids('observer')).toEqual(before);
        await done(2, 'start');
        expect(host(2).pids('observer')).toEqual(before);
        await until('it serves', async () => (await serverAt(2)).status === 'RUNNING');
      }, 120_000);

      const zonePath = (zone: string, verb: string) =>
        `/api/v2/ob/clusters/${scene.clusterId}/zones/${zone}/${verb}`;
      async function zoneDone(zone: string, verb: string) {
        const { id } = await stack().api.call<{ id: number }>('POST', zonePath(zone, verb));
        const [task] = await stack().api.settled([id], { deadlineMs: 120_000 });
        expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
        expect(task?.status).toBe('SUCCESSFUL');
      }
      const zoneStatus = async (name: string) => {
        const path = `/api/v2/ob/clusters/${scene.clusterId}/zones`;
        const { contents } = await stack().api.call<{ contents: { name: string; status: string }[] }>(
          'GET',
          path,
        );
        return contents.find((zone) => zone.name === name)?.status;
      };

      it('stops a whole zone, of which the row and its servers stay STOPPED, refuses a second, and starts it again', async () => {
        await zoneDone('zone3', 'stop');
        expect(host(2).pids('observer')).toEqual([]);
        expect(await zoneStatus('zone3')).toBe('STOPPED');
        // Asked again: STOP ZONE leaves no mark on servers.
        expect(await serverAt(2)).toMatchObject({ status: 'STOPPED', innerStatus: 'INACTIVE' });
        const { status, answer } = await stack().api.send('POST', zonePath('zone1', 'stop'));
        expect({ status, code: (answer as { error: { code: string } }).error.code }).toEqual({
          ...{ status: 409, code: 'OBE18004' },
        });
        expect(await refused(0, 'stop')).toMatchObject({ status: 409, code: 'OBE18004' });
        await zoneDone('zone3', 'start');
        expect(await zoneStatus('zone3')).toBe('RUNNING');
        expect(await serverAt(2)).toMatchObject({ status: 'RUNNING', innerStatus: 'ACTIVE' });
        expect(await obeyed(scene.cluster, 'zoneChanges')).toEqual({ 'STOP zone3': 1, 'START zone3': 1 });
      }, 180_000);

      it('restarts the zone of the root service: it has moved, and its observer is another process', async () => {
        const roots = is4
          ? "SELECT ZONE AS zone FROM oceanbase.DBA_OB_SERVERS WHERE WITH_ROOTSERVER = 'YES'"
          : 'SELECT zone FROM oceanbase.__all_server WHERE with_rootserver = 1';
        const [{ zone = '' } = {}] = (await scene.cluster.sql(roots)) as { zone?: string }[];
        const index = Number(zone.slice(-1)) - 1;
        const before = host(index).pids('observer');
        await zoneDone(zone, 'restart');
        expect(host(index).pids('observer')).toHaveLength(1);
        expect(host(index).pids('observer')).not.toEqual(before);
        const [after] = await scene.cluster.sql(roots);
        expect(after?.zone).not.toBe(zone);
        expect(await zoneStatus(zone)).toBe('RUNNING');
      }, 180_000);
    },
  );
});
