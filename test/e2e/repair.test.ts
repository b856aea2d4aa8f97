import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { wholeStore } from '../../sandbox/stack/stack';
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

describeWithStack('broken hosts and broken packages', { hosts: 4, processes: 'one' }, (stack) => {
  it('a host with another key and a host without nc fail with the reason, the third is installed; after the repair, retry finishes both and each host is changed exactly once', async () => {
    const { api, fleet } = stack();
    const [wrongKey, withoutNc, healthy] = fleet.hosts;
    if (!wrongKey || !withoutNc || !healthy) throw new Error('three hosts were asked for');
    await stack().apply();
    const ids = await hostIds(stack());
    const version = await uploaded(stack(), OBPROXY_1_9);
    const clusterId = await createCluster(stack(), 'repair');
    await wrongKey.replaceHostKey();
    // A connection that was trusted stays so: end it, as a reinstalled host would have.
    await wrongKey.sh('for p in $(pgrep -x sshd); do [ "$p" = "$(cat /run/sshd.pid)" ] || kill "$p"; done');
    await withoutNc.hideCommand('nc');

    const tasks = await batchAdd(stack(), clusterId, ids.slice(0, 3), version);
    const [first, second, third] = await api.settled(tasks.map((task) => task.id));
    if (!first || !second || !third) throw new Error('three tasks were made');
    expect([first.status, second.status, third.status]).toEqual(['FAILED', 'FAILED', 'SUCCESSFUL']);

    const keyLog = await subtaskLog(stack(), first, 'Prepare obproxy install');
    expect(keyLog).toMatch(/SHA256:.*SHA256:/s);
    expect(keyLog).toContain(wrongKey.hostKey);
    const ncLog = await subtaskLog(stack(), second, 'Check if command exists');
    expect(ncLog).toMatch(/CMP07036.*nc/s);
    expect(subtaskOf(second, 'Install rpm by package and version').status).toBe('PENDING');

    await withoutNc.restoreCommand('nc');
    await stack().apply(wholeStore(stack()));
    await api.call('POST', `/api/v2/tasks/instances/${first.id}/retry`);
    const failedSubtask = subtaskOf(second, 'Check if command exists');
    await api.call('POST', `/api/v2/tasks/instances/${second.id}/subtasks/${failedSubtask.id}/retry`);
    const repaired = await api.settled([first.id, second.id], { statuses: ['SUCCESSFUL'] });
    expect(subtaskOf(repaired[1] ?? first, 'Check if command exists')).toMatchObject({
      status: 'SUCCESSFUL',
      operation: 'RETRY',
      runTime: 2,
    });
    const log = await subtaskLog(stack(), second, 'Check if command exists');
    expect(log.match(/^#{12}\{(EXECUTE|RETRY)\}/gm)).toEqual([
      '############{EXECUTE}',
      '############{RETRY}',
    ]);
    for (const host of fleet.hosts.slice(0, 3))
      expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
  }, 180_000);

  it('a package that was cut in the store fails the task before anything is installed; once whole again, retry installs it', async () => {
    const { api, fleet, dataDir } = stack();
    const ids = await hostIds(stack());
    const host = fleet.hosts[3];
    if (!host) throw new Error('four hosts were asked for');
    const folder = path.join(dataDir, 'packages');
    const before = new Set(await readdir(folder));
    const version = await uploaded(stack(), { ...OBPROXY_1_9, release: '1919580.el7' });
    const stored = (await readdir(folder)).filter((name) => !before.has(name));
    expect(stored).toHaveLength(1);
    const file = path.join(folder, stored[0] ?? '');
    const whole = await readFile(file);
    await truncate(file, Math.floor(whole.length / 2));

    const clusterId = await createCluster(stack(), 'cut');
    const [task] = await batchAdd(stack(), clusterId, ids.slice(3), version);
    if (!task) throw new Error('no task');
    const [failed] = await api.settled([task.id]);
    expect(failed?.status).toBe('FAILED');
    const subtask = failed?.subtasks.find((candidate) => candidate.status === 'FAILED');
    if (!failed || !subtask) throw new Error('no subtask failed');
    expect(await subtaskLog(stack(), failed, subtask.name)).toMatch(/SHA-256/);
    expect(await effects(host)).toEqual({ installs: 0, starts: 0, processes: 0 });

    await writeFile(file, whole);
    await api.call('POST', `/api/v2/tasks/instances/${task.id}/retry`);
    await api.settled([task.id], { statuses: ['SUCCESSFUL'] });
    expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
  }, 120_000);
});
