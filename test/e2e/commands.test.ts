import type { TaskJson } from '../../sandbox/stack/apiClient';
import { holdRpmLock } from '../support/rpmLock';
import { until } from '../support/until';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  subtaskLog,
  subtaskOf,
  uploaded,
} from './scene';

const INSTALL = 'Install rpm by package and version';

describeWithStack('commands on a task that went wrong', { hosts: 3, processes: 'one' }, (stack) => {
  let clusterId: number;
  let version: string;
  let ids: number[];
  beforeAll(async () => {
    await stack().apply();
    ids = await hostIds(stack());
    version = await uploaded(stack(), OBPROXY_1_9);
    clusterId = await createCluster(stack(), 'commands');
  }, 60_000);

  const tell = (task: TaskJson, command: string, subtask?: string) => {
    const subtaskPath = subtask === undefined ? '' : `/subtasks/${subtaskOf(task, subtask).id}`;
    return stack().api.call<TaskJson>('POST', `/api/v2/tasks/instances/${task.id}${subtaskPath}/${command}`);
  };
  async function added(index: number): Promise<TaskJson> {
    const [task] = await batchAdd(stack(), clusterId, ids.slice(index, index + 1), version);
    if (task === undefined) throw new Error('no task');
    return task;
  }
  function host(index: number) {
    const found = stack().fleet.hosts[index];
    if (found === undefined) throw new Error('three hosts were asked for');
    return found;
  }
  /** What an installation could leave: packages, files, users' processes, obflow's own folder. */
  async function traces(index: number): Promise<string> {
    const { stdout } = await host(index).sh(`
      rpm -qa | sort
      find /opt /home/admin /var/lib/obflow -type f 2>/dev/null | grep -v '^/opt/.sandbox' | sort | xargs -r sha256sum
      ps -eo user=,comm= | sort -u | grep -vE ' (ps|sort|grep|sh|sshd|find|xargs|sha256sum|sftp-server)$'`);
    return stdout;
  }

  const membersOf = async (session: string) => (await host(0).sh(`ps -o pid= -s ${session}`)).stdout.trim();
  /** The session of the command that installs, once it runs. */
  async function sessionOf(task: TaskJson, run: number): Promise<string | undefined> {
    const { id } = subtaskOf(task, INSTALL);
    const { stdout } = await host(0).sh(`readlink /var/lib/obflow/${task.id}/${id}/${run}/rpm/claim`);
    const session = /^\d+/.exec(stdout)?.[0];
    return session !== undefined && (await membersOf(session)) !== '' ? session : undefined;
  }

  it('cancel stops rpm on the host within 2 s; rollback then leaves the host as it was, and it can be asked for again', async () => {
    const { api } = stack();
    const before = await traces(0);
    const release = await holdRpmLock(host(0));
    const task = await added(0);
    // How long the host's processes live on after the call; a machine that is busy with other tests gets three tries.
    let cancelled: TaskJson | undefined;
    let took = Number.POSITIVE_INFINITY;
    for (let run = 1; run <= 3 && took >= 2_000; run += 1) {
      if (run > 1) await tell(task, 'retry', INSTALL);
      const session = await until('rpm waits for its lock', () => sessionOf(task, run), 60_000);
      const asked = Date.now();
      await tell(task, 'cancel', INSTALL);
      await until('nothing of it runs', async () => (await membersOf(session)) === '');
      took = Date.now() - asked;
      [cancelled] = await api.settled([task.id], { statuses: ['FAILED'] });
      expect(host(0).pids('rpm')).toEqual([]);
      expect(subtaskOf(cancelled ?? task, INSTALL)).toMatchObject({ status: 'FAILED', operation: 'CANCEL' });
    }
    expect(took).toBeLessThan(2_000);
    await release();

    await tell(task, 'rollback');
    const [undone] = await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    expect(undone).toMatchObject({ operation: 'ROLLBACK', closed: true });
    expect(undone?.subtasks.every(({ status }) => status === 'PENDING')).toBe(true);
    expect(await subtaskLog(stack(), task, INSTALL)).toMatch(/#{12}\{EXECUTE\}.*#{12}\{ROLLBACK\}/s);
    expect(await traces(0)).toBe(before);

    const [again] = await api.settled([(await added(0)).id]);
    expect(again?.status).toBe('SUCCESSFUL');
    expect(await effects(host(0))).toMatchObject({ installs: 1, starts: 1, processes: 1 });
  }, 180_000);

  it('skip goes on without the check that failed', async () => {
    await host(1).hideCommand('nc');
    const task = await added(1);
    await stack().api.settled([task.id], { statuses: ['FAILED'] });
    await tell(task, 'skip', 'Check if command exists');
    const [done] = await stack().api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    expect(subtaskOf(done ?? task, 'Check if command exists')).toMatchObject({ operation: 'SKIP' });
    await host(1).restoreCommand('nc');
  }, 120_000);

  it('abandon ends it as it is, says what stays, and frees the host for another task', async () => {
    const { api } = stack();
    const held = await host(2).sh('setsid nc -lk 2884 >/dev/null 2>&1 & echo $!');
    const task = await added(2);
    const [failed] = await api.settled([task.id], { statuses: ['FAILED'] });
    expect(failed?.subtasks.find(({ status }) => status === 'FAILED')?.failureMessage).toMatch(/2884/);
    await expect(added(2)).rejects.toThrow(`task ${task.id}`);
    const ended = await tell(task, 'abandon');
    expect(ended).toMatchObject({ status: 'FAILED' });
    await until('it is closed', async () => 'ending' in (await api.task(task.id)));
    await host(2).sh(`kill ${held.stdout.trim()}`);
    const [again] = await api.settled([(await added(2)).id]);
    expect(again?.status).toBe('SUCCESSFUL');
  }, 120_000);
});
