import * as SUBTASKS from '../../activities/subtasks';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import {
  CHAIN,
  effects,
  type InstallTask,
  OBPROXY_1_9,
  OBPROXY_4_3,
  PLANTED,
  startWorld,
  type World,
} from './world';

let world: World;

async function startFresh(): Promise<void> {
  world = await startWorld({ hosts: 1 });
}

/** Every word on the host that could carry a secret: arguments, environments, files of the proxy and of obflow. */
async function wordsOnHost(task: InstallTask): Promise<string> {
  const { stdout } = await task.host.sh(`
    for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; tr '\\0' '\\n' <$p/environ; done 2>/dev/null
    cat ${task.home}/log/*.log 2>/dev/null
    grep -rsh . /var/lib/obflow 2>/dev/null`);
  return stdout;
}

describe('the activities of a worker', () => {
  test('are the documented subtasks, each with its undo, and the one that applies a task state', async () => {
    const { createActivities } = await import('../../activities');
    const names = Object.keys(createActivities({} as never)).sort();
    const types = Object.keys(SUBTASKS);
    expect(names).toEqual([...types, ...types.map((type) => `${type}.rollback`), 'applyTaskState'].sort());
  });
});

describeIf(fleetUnavailable(), 'Install obproxy on a fresh host', () => {
  beforeAll(startFresh, 120_000);
  afterAll(() => world?.stop(), 60_000);

  describe.each([
    ['4.3.1.0 by root server list', OBPROXY_4_3, 'RS_LIST' as const],
    ['1.9.1.1 by config server', OBPROXY_1_9, 'CONFIG_URL' as const],
  ])('%s', (_title, rpm, workMode) => {
    let task: InstallTask;

    test('brings a proxy up that logs in, has its parameters, and is recorded', async () => {
      task = await world.install(0, {
        rpm,
        workMode,
        startupParameters: [{ name: 'work_thread_num', value: '8' }],
        parameters: [
          { name: 'proxy_mem_limited', value: '1G' },
          { name: 'client_max_connections', value: '4096' },
        ],
      });
      await task.chain();
      const server = await world.store.obproxy.findServer(task.serverId);
      expect(server).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL', parameterVersion: 7 });
      expect(await world.store.obproxy.listExporters()).toEqual([
        expect.objectContaining({ target: `${task.host.ip}:2884` }),
      ]);
      expect(await effects(task.host, task.home)).toMatchObject({ installs: expect.any(Number), starts: 1 });
      const keeper = await task.host.sh('cat /var/lib/obflow/obproxy/keeper.pid');
      expect(task.host.pids('sh')).toContain(Number(keeper.stdout));
    });

    test('says in its logs what was done, and ends each with the documented line', async () => {
      for (const type of CHAIN) {
        expect(await task.log(type)).toMatch(
          /Set state for subtask: \d+, operation:EXECUTE, state: SUCCESSFUL$/,
        );
      }
      expect(await task.log('StartObproxy')).toContain('root@proxysys can log in');
      expect(await task.log('StartObproxy')).not.toContain('has not read its clusters');
      expect(await task.log('SetObproxyUserPasswordForOb')).toContain('OBProxy has the password now');
      expect(await task.log('RefreshAgentConfig')).toContain('There is no agent on this host');
    });

    test('leaves no password in arguments, environments, logs, or files of obflow on the host', async () => {
      const words = [await wordsOnHost(task), ...(await task.wholeLog()).map(({ text }) => text)].join('\n');
      for (const secret of Object.values(PLANTED)) expect(words).not.toContain(secret);
    });

    test('changes nothing when every subtask is repeated', async () => {
      const before = await effects(task.host, task.home);
      const pids = task.host.pids('obproxy');
      for (const type of CHAIN) await task.run(type, { run: 2 });
      expect(await effects(task.host, task.home)).toEqual(before);
      expect(task.host.pids('obproxy')).toEqual(pids);
      expect(await task.log('InstallRpmByPackageAndVersion')).toContain('is installed already, and whole');
      expect(await task.log('StartObproxy')).toContain('runs already');
      expect(await task.log('SyncObproxyParameter')).toContain('0 were set now');
      expect(await task.log('SetObproxyUserPasswordForOb')).toContain('has the password already');
    });

    test('is served to any later task that names it, but not called STOPPED while it runs', async () => {
      await expect(
        task.run('UpdateObproxyStatus', { input: { taskId: task.taskId + 1_000 } }),
      ).rejects.toThrow(`task ${task.taskId} works on it`);
      await world.store.tasks.applyStateChange({
        ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
      });
      const later = { taskId: task.taskId + 1_000 };
      const context = (stringMap: Record<string, string>) => ({ context: { stringMap, listMap: {} } });
      const named = context({ obproxy_server_id: String(task.serverId) });
      await task.run('SyncObproxyParameter', { input: { ...later, ...named } });
      const element = { key: 'obproxy_server_ids', value: String(task.serverId) };
      await task.run('UpdateObproxyStatus', { input: { ...later, ...context({}), element } });
      await expect(
        task.run('UpdateObproxyStatus', {
          input: { ...later, ...context({ target_obproxy_status: 'STOPPED' }), element },
        }),
      ).rejects.toMatchObject({ type: 'ObproxyStillRuns', nonRetryable: true });
      expect(await world.store.obproxy.findServer(task.serverId)).toMatchObject({ status: 'RUNNING' });
      // Not made by that task, so its undo does not touch it.
      await task.run('RegisterObproxyExporter', { rollback: true, input: { ...later, ...named } });
      expect(await world.store.obproxy.listExporters()).toHaveLength(1);
    });

    test('comes back by its keeper after a kill, with its configuration and without options', async () => {
      const [old] = task.host.pids('obproxy');
      await task.host.sh(`kill -9 ${old}`);
      const pid = await until('a new obproxy', () =>
        task.host.pids('obproxy').find((found) => found !== old),
      );
      await until('its listener', async () => {
        const { stdout } = await task.host.sh('awk \'$4 == "0A" {print $2}\' /proc/net/tcp /proc/net/tcp6');
        return stdout.includes(`:${(2883).toString(16).toUpperCase().padStart(4, '0')}`);
      });
      const { stdout } = await task.host.sh(`tr '\\0' ' ' </proc/${pid}/cmdline`);
      expect(stdout).not.toContain('-o');
      expect(stdout).not.toContain('-p');
      // The lasting password still counts.
      await task.run('SyncObproxyParameter', { run: 3 });
    });

    test('is undone in reverse order without a trace on the host or in the inventory', async () => {
      // Finish has removed the marks of the task; a task that is undone still has them.
      const undone = task;
      for (const type of [...CHAIN].reverse()) await undone.run(type, { rollback: true });
      expect(undone.host.pids('obproxy')).toEqual([]);
      expect(await world.store.obproxy.findServer(undone.serverId)).toBeUndefined();
      expect(await world.store.obproxy.findCluster(undone.clusterId)).toBeUndefined();
      expect(await world.store.obproxy.listExporters()).toEqual([]);
      const left = await undone.host.sh(
        `ls -A ${undone.home}/etc /var/lib/obflow/obproxy; find /u01/obproxy/lib -type l; rpm -e ${rpm.name}; rm -rf ${undone.home} /var/lib/obflow-standin`,
      );
      expect(left.stdout.trim()).toBe('');
    });
  });
});
