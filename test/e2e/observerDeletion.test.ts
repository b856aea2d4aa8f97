import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { until } from '../support/until';
import { addServers, clusterOnHosts, type ObserverScene, obeyed, serversOf } from './observerScene';
import { describeWithStack, subtaskLog } from './scene';

interface Found {
  readonly findings: { readonly level: string; readonly message: string }[];
}

/** Three zones of a server each, and hosts that may join zone1. */
describe.each(['4.2.1.2', '3.1.4'])('OceanBase %s', (version) => {
  describeWithStack('OBServers leave their cluster', { hosts: 5, processes: 'one' }, (stack) => {
    let scene: ObserverScene;
    const is4 = version.startsWith('4');

    beforeAll(async () => {
      scene = await clusterOnHosts(stack(), 3, version);
      for (const set of ['_standin_tenants = 1', '_standin_lease = 1500', '_standin_unit_move_delay = 500'])
        await scene.cluster.sql(`ALTER SYSTEM SET ${set}`);
    }, 120_000);

    const host = (index: number) => {
      const found = stack().fleet.hosts[index];
      if (found === undefined) throw new Error('five hosts were asked for');
      return found;
    };
    const address = (index: number) => `${host(index).ip}:2882`;
    const idAt = async (index: number) => {
      const found = (await serversOf(stack(), scene.clusterId)).find(({ ip }) => ip === host(index).ip);
      if (found === undefined) throw new Error(`no server on ${host(index).ip}`);
      return found.id;
    };
    const path = () => `/api/v2/ob/clusters/${scene.clusterId}/servers/batchDelete`;
    const send = async (body: unknown) => {
      const { status, answer } = await stack().api.send('POST', path(), body);
      return { status, answer: answer as { data: { id: number }; error: { code: string; message: string } } };
    };
    async function begun(index: number): Promise<number> {
      const { status, answer } = await send({ serverIds: [await idAt(index)] });
      expect(status).toBe(200);
      return answer.data.id;
    }
    async function done(id: number) {
      const [task] = await stack().api.settled([id], { deadlineMs: 120_000 });
      expect(task?.subtasks.filter(({ status }) => status === 'FAILED')).toEqual([]);
      expect(task?.status).toBe('SUCCESSFUL');
      if (task === undefined) throw new Error('no task');
      return task;
    }
    async function join(index: number, zone = 'zone1'): Promise<void> {
      const place = scene.free[index - 3];
      if (place === undefined) throw new Error('two hosts are free');
      const { id } = await addServers(stack(), scene.clusterId, zone, [place.id]);
      await done(id);
    }
    const rootServers = async (): Promise<string[]> => {
      const { answer } = await stack().api.send('GET', '/services?Action=ObRootServiceInfo&ObRegion=obgrows');
      return (answer as { Data: { RsList: { address: string }[] } }).Data.RsList.map((one) => one.address);
    };
    /** What is left of a server on its host: processes, package, folders, obflow's notes. */
    const rests = async (index: number): Promise<string> => {
      const { stdout } = await host(index).sh(
        'pgrep -x observer; rpm -q oceanbase-ce | grep -v "not installed"; ls -d /data/1/* /data/log1/* /var/lib/obflow/* 2>/dev/null; true',
      );
      return stdout.trim();
    };

    it('is refused for the last server of a zone with units, and for all servers; nothing has begun then', async () => {
      const last = await send({ serverIds: [await idAt(0)] });
      expect({ status: last.status, code: last.answer.error.code }).toEqual({
        status: 409,
        code: 'OBE19010',
      });
      expect(last.answer.error.message).toMatch(/tenant app has 1 units in zone zone1, and 0 servers/);
      const all = await send({ serverIds: await Promise.all([0, 1, 2].map(idAt)) });
      expect({ status: all.status, code: all.answer.error.code }).toEqual({ status: 409, code: 'OBE19011' });
      expect(await obeyed(scene.cluster, 'deleteServer')).toEqual({});
    }, 60_000);

    it('a dry run says which units would move where, and how much there is to copy', async () => {
      await join(3);
      const dry = await stack().api.call<Found>('POST', `${path()}?dryRun=true`, {
        serverIds: [await idAt(0)],
      });
      const found = dry.findings.map(({ level, message }) => `${level} ${message}`).join('\n');
      expect(found).toContain(`from ${address(0)}, to ${address(3)} as things are now`);
      expect(found).toMatch(/Unit \d+ of tenant app/);
      if (is4) expect(found).toMatch(/copying what lies on the data disks.*4\.0 GiB/);
      expect(found).toContain('The root service lives on it');
      // It was there before obflow.
      expect(found).toContain(`its files stay (${OBSERVER_HOME})`);
      expect(found).toMatch(/by: rpm -e '?oceanbase-ce'?; rm -rf --one-file-system -- /);
      expect(await obeyed(scene.cluster, 'deleteServer')).toEqual({});
    }, 120_000);

    it('a rollback while units move cancels the deletion: the server stays, its process was never touched', async () => {
      await scene.cluster.sql('ALTER SYSTEM SET _standin_unit_move_delay = 600000');
      const before = host(0).pids('observer');
      const id = await begun(0);
      const waiting = await until('it waits for units', async () => {
        const task = await stack().api.call<{
          subtasks: { name: string; lastFailure?: string }[];
        }>('GET', `/api/v2/tasks/instances/${id}`);
        return task.subtasks.find(({ name }) => name === 'Wait observer delete')?.lastFailure;
      });
      expect(waiting).toMatch(
        new RegExp(
          `1 of 1 servers are still listed; 2 units are left on them, 2 jobs.*app: ${address(0)} → ${address(3)}`,
        ),
      );
      const task = await stack().api.call<{ subtasks: { id: number; name: string }[] }>(
        'GET',
        `/api/v2/tasks/instances/${id}`,
      );
      const wait = task.subtasks.find(({ name }) => name === 'Wait observer delete');
      await stack().api.call('POST', `/api/v2/tasks/instances/${id}/subtasks/${wait?.id}/cancel`);
      await stack().api.settled([id], { statuses: ['FAILED'] });
      await stack().api.call('POST', `/api/v2/tasks/instances/${id}/rollback`);
      await stack().api.settled([id], { statuses: ['SUCCESSFUL'] });
      expect(await obeyed(scene.cluster, 'cancelDeleteServer')).toEqual({ [address(0)]: 1 });
      expect(host(0).pids('observer')).toEqual(before);
      expect((await serversOf(stack(), scene.clusterId)).find(({ ip }) => ip === host(0).ip)).toMatchObject({
        ...{ status: 'RUNNING', innerStatus: 'ACTIVE' },
      });
      await scene.cluster.sql('ALTER SYSTEM SET _standin_unit_move_delay = 500');
    }, 120_000);

    it('the server with the root service leaves: its units have moved, its observer has ended, files of others stay', async () => {
      const id = await begun(0);
      const task = await done(id);
      expect(task.subtasks).toHaveLength(14);
      expect(host(0).pids('observer')).toEqual([]);
      // It was there before obflow.
      expect(await subtaskLog(stack(), task, 'Clean observer host')).toMatch(
        /was not made by obflow: its files stay/,
      );
      expect((await host(0).sh(`ls ${OBSERVER_HOME}/store/obgrows`)).stdout).toContain('sstable');
      // What the log names removes all of it, when a person runs it.
      const [, command = ''] =
        /on that host by: (.*)$/m.exec(await subtaskLog(stack(), task, 'Clean observer host')) ?? [];
      expect(command).toContain('rm -rf --one-file-system -- ');
      expect((await host(0).sh(command)).exitCode).toBe(0);
      expect(await rests(0)).toBe('');
      expect((await host(0).sh(`[ -e ${OBSERVER_HOME} ]`)).exitCode).not.toBe(0);
      expect((await serversOf(stack(), scene.clusterId)).map(({ ip }) => ip).sort()).toEqual(
        [1, 2, 3].map((index) => host(index).ip).sort(),
      );
      expect(await rootServers()).toEqual(expect.arrayContaining([1, 2, 3].map(address)));
      expect(await rootServers()).not.toContain(address(0));
      expect(
        await scene.cluster.sql(
          is4
            ? "SELECT SVR_IP AS ip FROM oceanbase.DBA_OB_UNITS WHERE ZONE = 'zone1'"
            : "SELECT svr_ip AS ip FROM oceanbase.__all_unit WHERE zone = 'zone1'",
          1,
        ),
      ).toEqual([{ ip: host(3).ip }, { ip: host(3).ip }]);
    }, 180_000);

    it('nothing is left of a server that obflow had made, and its host can be added again at once', async () => {
      await join(4);
      await scene.cluster.sql('ALTER SYSTEM SET _standin_unit_move_delay = 100', 1);
      await done(await begun(3));
      expect(await rests(3)).toBe('');
      expect((await obeyed(scene.cluster, 'deleteServer'))[address(3)] ?? 1).toBe(1);
      await join(3);
      expect(host(3).pids('observer')).toHaveLength(1);
      expect((await serversOf(stack(), scene.clusterId)).map(({ status }) => status)).toEqual(
        Array(4).fill('RUNNING'),
      );
    }, 240_000);

    it('one that is dead leaves as well', async () => {
      await host(3).sh('pkill -KILL -x observer');
      await until('UNAVAILABLE', async () => {
        const found = (await serversOf(stack(), scene.clusterId)).find(({ ip }) => ip === host(3).ip);
        return found?.status === 'UNAVAILABLE';
      });
      await done(await begun(3));
      expect(await rests(3)).toBe('');
    }, 180_000);

    it('a zone goes with its servers when no tenant has anything in it; one with tenants stays', async () => {
      const zonesPath = `/api/v2/ob/clusters/${scene.clusterId}/zones`;
      for (const sql of [
        "SET _standin_tenant_zones = 'zone1,zone2,zone3'",
        "ADD ZONE 'zone4' REGION 'default_region'",
        "START ZONE 'zone4'",
      ])
        await scene.cluster.sql(`ALTER SYSTEM ${sql}`, 1);
      await stack().api.call('GET', zonesPath);
      await join(3, 'zone4');
      const { status, answer } = await stack().api.send('DELETE', `${zonesPath}/zone2`);
      expect({ status, code: (answer as { error: { code: string } }).error.code }).toEqual({
        ...{ status: 409, code: 'OBE18007' },
      });
      const { id } = await stack().api.call<{ id: number }>('DELETE', `${zonesPath}/zone4`);
      expect((await done(id)).subtasks).toHaveLength(13);
      expect(await rests(3)).toBe('');
      const { contents } = await stack().api.call<{ contents: { name: string }[] }>('GET', zonesPath);
      expect(contents.map(({ name }) => name)).toEqual(['zone1', 'zone2', 'zone3']);
    }, 240_000);
  });
});
