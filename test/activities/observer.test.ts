import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { OBSERVER_HOME } from '../../sandbox/standins/rpm';
import { added, obeyed, observerEffects } from '../e2e/observerScene';
import { describeIf } from '../support/skip';
import { startTcpProxy } from '../support/tcpProxy';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { withoutRoom } from './noRoom';
import { type AddTask, HOST_STEPS, type ObserverWorld, startObserverWorld } from './observerWorld';

const FOLDERS = ['/data/1/obacts/sstable', '/data/log1/obacts/clog', `${OBSERVER_HOME}/store/obacts`];

/** Everything an undo could destroy: the process and the folders. */
async function belongings({ host }: AddTask): Promise<string> {
  const { stdout } = await host.sh(`
    pgrep -x observer | sort; for p in ${FOLDERS.join(' ')}; do [ -e $p ] && echo $p; done
    find /data /home/admin/oceanbase/etc -type f -not -name '*.json' | sort | head -n 50`);
  return stdout;
}

const listed = async (world: ObserverWorld, { host }: AddTask) =>
  (await world.cluster.sql('SELECT SVR_IP, STATUS FROM oceanbase.DBA_OB_SERVERS')).find(
    (row) => row.SVR_IP === host.ip,
  );

describeIf(fleetUnavailable(), 'Add OB server on a host', () => {
  let world: ObserverWorld;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 7 });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  test('every step may be repeated, and nothing is done a second time', async () => {
    const task = await world.add(0);
    await task.run('PrepareAddObServer');
    for (const type of HOST_STEPS.slice(0, 5)) {
      await task.run(type);
      await task.run(type, { run: 2 });
    }
    const pids = task.host.pids('observer');
    for (const type of HOST_STEPS.slice(5)) await task.run(type);
    for (const type of HOST_STEPS.slice(5, 7)) await task.run(type, { run: 2 });
    const after = task.host.pids('observer');
    expect(after).not.toEqual(pids);
    await task.run('RestartObServerProcess', { run: 2 });
    expect(task.host.pids('observer')).toEqual(after);
    expect((await added(world.cluster))[`${task.host.ip}:2882`]).toBe(1);
    expect(await observerEffects(task.host)).toEqual({ installs: 1, starts: 2, processes: 1 });
    expect(await world.store.obServers.find(task.serverId)).toMatchObject({
      status: 'RUNNING',
      innerStatus: 'ACTIVE',
    });
    for (const type of ['UpdateObZoneStatus', 'SyncClusterInfo', 'UpdateObClusterStatus'])
      await task.run(type);
    expect(await world.store.obServers.zones(world.clusterId)).toMatchObject([
      { name: 'zone1', innerStatus: 'ACTIVE' },
    ]);
    await world.store.tasks.applyStateChange({
      ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    });
    // A later task that names the server only finds it, its host and its cluster.
    const element = { key: `${world.clusterId}.zone1.server_ids`, value: String(task.serverId) };
    const later = { taskId: task.taskId + 1_000, element, context: { stringMap: {}, listMap: {} } };
    for (const type of ['WaitObServerActive', 'RestartObServerProcess', 'UpdateObServerStatus']) {
      await task.run(type, { run: 3, input: later });
    }
    expect(task.host.pids('observer')).toEqual(after);
    const stopped = { ...later, context: { stringMap: { target_server_status: 'STOPPED' }, listMap: {} } };
    await expect(task.run('UpdateObServerStatus', { run: 4, input: stopped })).rejects.toMatchObject({
      type: 'ObserverNotActive',
      message: expect.stringContaining('it serves'),
    });
    // It is not that task's, so the undo of its creation touches nothing.
    await task.run('MakeDirForOb', { rollback: true, input: later });
    expect(task.host.pids('observer')).toEqual(after);
    expect(await task.log('RestartObServerProcess')).toContain('It serves since');
  }, 120_000);

  test('undone when the package did not fit on the host, the installation leaves nothing', async () => {
    const task = await world.add(5);
    const folder = `/var/lib/obflow/${task.taskId}`;
    await task.host.sh(`mkdir -p ${folder} && mount -t tmpfs -o size=16k none ${folder}`);
    await expect(task.run('InstallRpm')).rejects.toThrow(/No space left|ENOSPC|Failure/);
    await task.host.sh(`umount ${folder} && rmdir ${folder}`);
    await task.run('InstallRpm', { rollback: true });
    expect((await task.host.sh('find /var/lib/obflow -mindepth 1')).stdout).toBe('');
  }, 60_000);

  test('a probe of the data disk that is killed leaves nothing on it', async () => {
    const task = await world.add(6);
    await task.upTo('MakeDirForOb');
    const probe = '/data/1/obacts/.obflow-io-bench';
    // Kills the shell that has asked for it, its trap included, when it has written.
    const planted = await task.host.sh(`
      mkdir -p /srv && cp "$(readlink -f /usr/bin/dd)" /srv/real-dd && cat >/srv/dd <<'END'
#!/bin/sh
/srv/real-dd "$@"
touch /srv/asked
for pid in $PPID $(ps -o ppid= -p $PPID); do grep -qz 'sh' /proc/$pid/comm && kill -9 $pid; done
END
      chmod 755 /srv/dd && mount --bind /srv/dd "$(readlink -f /usr/bin/dd)"`);
    expect(planted).toMatchObject({ exitCode: 0, stderr: '' });
    try {
      await task.run('DoIoBench');
      expect(await task.log('DoIoBench')).toContain('could not be measured');
      expect((await task.host.sh(`ls /srv/asked ${probe}`)).stdout).toBe('/srv/asked\n');
    } finally {
      await task.host.sh('umount "$(readlink -f /usr/bin/dd)"');
    }
  }, 120_000);

  test('an undo that cannot prove the server out of the cluster touches nothing, and the whole undo leaves nothing', async () => {
    const task = await world.add(1);
    await task.upTo('RestartObServerProcess');
    const before = await belongings(task);
    for (const type of ['StartObServerProcessWithParam', 'MakeDirForOb', 'InstallRpm']) {
      await expect(task.run(type, { rollback: true })).rejects.toThrow(
        /still a server of obacts.*nothing was touched/,
      );
    }
    await world.reachedAt([{ ip: '127.0.0.1', sqlPort: 1, rpcPort: 2 }]);
    for (const type of ['AddObServer', 'StartObServerProcessWithParam', 'MakeDirForOb', 'InstallRpm']) {
      await expect(task.run(type, { rollback: true })).rejects.toMatchObject({
        type: 'ObClusterUnreachable',
      });
    }
    await world.reachedAt(world.rootServers);
    expect(await belongings(task)).toBe(before);
    expect(await listed(world, task)).toMatchObject({ STATUS: 'ACTIVE' });

    // What the last step forgets is not needed for undo.
    await task.run('UpdateObClusterStatus');
    expect((await task.host.sh(`ls -d /var/lib/obflow/${task.taskId}`)).exitCode).not.toBe(0);
    for (const type of [...HOST_STEPS].reverse()) await task.run(type, { rollback: true });
    await task.run('PrepareAddObServer', { rollback: true });
    expect(await listed(world, task)).toBeUndefined();
    expect((await belongings(task)).trim()).toBe('');
    expect((await task.host.sh('ls -d /data /data/1 /var/lib/obflow 2>/dev/null')).stdout).toBe('');
    expect((await task.host.sh('rpm -q oceanbase-ce')).exitCode).toBe(1);
    expect(await world.store.obServers.find(task.serverId)).toBeUndefined();
    expect(await world.store.obServers.reservedBy(task.hostId)).toBeUndefined();
    // Undone twice is undone.
    for (const type of ['AddObServer', 'StartObServerProcessWithParam', 'MakeDirForOb']) {
      await task.run(type, { rollback: true });
    }
  }, 120_000);

  test('a process that is gone is named; an answer that is lost is asked for, not repeated; a deletion by somebody else is not taken back', async () => {
    const task = await world.add(2);
    await task.upTo('StartObServerProcessWithParam');
    // It runs and is not in the cluster yet: that may last, and no worker waits for it.
    await expect(task.run('WaitObServerActive')).rejects.toMatchObject({
      type: 'NotYet',
      nonRetryable: false,
      message: `${task.host.ip}:2882: not listed`,
    });

    task.host.killProcesses(({ comm }) => comm === 'observer');
    const gone = await failureWithout([], task.run('AddObServer'));
    expect(gone).toMatchObject({ type: 'ObserverGone', nonRetryable: true });
    const [, start] = /\((cd \S+ && \.\/bin\/observer)\) and retry/.exec(gone.message) ?? [];
    await task.host.sh(`setsid runuser -u admin -- sh -c '${start}' </dev/null >/dev/null 2>&1`);

    const [root] = world.rootServers;
    if (root === undefined) throw new Error('a cluster has a root server');
    const proxy = await startTcpProxy({ host: root.ip, port: root.sqlPort });
    try {
      const [ip = '', port] = proxy.address.split(':');
      await world.reachedAt([{ ip, sqlPort: Number(port), rpcPort: 2882 }, root]);
      await world.cluster.sql('ALTER SYSTEM SET _standin_add_server_answer_delay = 2000');
      const adding = task.run('AddObServer', { run: 2 });
      await until(
        'the cluster has obeyed',
        async () => (await added(world.cluster))[`${task.host.ip}:2882`] === 1,
      );
      await proxy.stop();
      await adding;
    } finally {
      await proxy.stop();
      await world.cluster.sql('ALTER SYSTEM SET _standin_add_server_answer_delay = 0');
      await world.reachedAt(world.rootServers);
    }
    expect((await added(world.cluster))[`${task.host.ip}:2882`]).toBe(1);
    expect(await task.log('AddObServer')).toMatch(/No answer .*asked before anything is repeated/);

    await world.cluster.sql('ALTER SYSTEM SET _standin_delete_delay = 60000');
    await world.cluster.sql(`ALTER SYSTEM DELETE SERVER '${task.host.ip}:2882' ZONE 'zone1'`);
    await expect(task.run('AddObServer', { run: 3 })).rejects.toMatchObject({ type: 'ServerDeleting' });
    await world.cluster.sql('ALTER SYSTEM SET _standin_delete_delay = 200');
  }, 120_000);

  test('folders that hold something, or links that lead elsewhere, are left alone', async () => {
    const task = await world.add(3);
    await task.upTo('InstallRpm');
    await task.host.sh('mkdir -p /data/1/obacts/sstable && echo precious >/data/1/obacts/sstable/block_file');
    await expect(task.run('MakeDirForOb')).rejects.toMatchObject({ type: 'FolderNotEmpty' });
    await task.run('MakeDirForOb', { rollback: true });
    expect((await task.host.sh('cat /data/1/obacts/sstable/block_file')).stdout).toBe('precious\n');
    await task.host.sh('rm -r /data/1/obacts');
    await task.host.sh(
      `mkdir -p ${OBSERVER_HOME}/store/obacts && ln -s /root ${OBSERVER_HOME}/store/obacts/clog`,
    );
    await expect(task.run('MakeDirForOb', { run: 2 })).rejects.toMatchObject({ type: 'FolderNotEmpty' });
    expect((await task.host.sh('stat -c %U /root')).stdout).toBe('root\n');
    await task.host.sh(`rm ${OBSERVER_HOME}/store/obacts/clog`);
    await task.run('MakeDirForOb', { run: 3 });

    // Another service holds a port.
    await task.host.sh('setsid nc -lk 2882 >/dev/null 2>&1 </dev/null & sleep 0');
    await until('the port is taken', async () => (await task.host.sh('nc -z 127.0.0.1 2882')).exitCode === 0);
    await expect(task.run('StartObServerProcessWithParam')).rejects.toMatchObject({ type: 'PortTaken' });
    await expect(task.run('PreCheckForInstallOb', { run: 2 })).rejects.toThrow(/port 2882 is held by/);
  }, 120_000);

  test('a server on which tenants live is stopped by the cluster before its restart, and started by it afterwards', async () => {
    const task = await world.add(4);
    const address = `${task.host.ip}:2882`;
    const tenant = (count: number) =>
      world.cluster.sql(`ALTER SYSTEM SET _standin_tenants = ${count}, _standin_tenant_units = ${count}`);
    await tenant(1);
    try {
      await task.upTo('WaitObServerActive');
      const before = task.host.pids('observer');
      await world.cluster.sql("ALTER SYSTEM SET server_permanent_offline_time = '60s'");
      await expect(task.run('RestartObServerProcess')).rejects.toMatchObject({ type: 'OfflineTimeTooShort' });
      expect(task.host.pids('observer')).toEqual(before);
      expect((await obeyed(world.cluster, 'stopServer'))[address]).toBeUndefined();

      await world.cluster.sql("ALTER SYSTEM SET server_permanent_offline_time = '1h'");
      // Neither is it frozen, nor ended, without a note of it.
      await withoutRoom(task.host, `/var/lib/obflow/${task.taskId}`, async () => {
        await expect(task.run('RestartObServerProcess', { run: 2 })).rejects.toMatchObject({
          ...{ type: 'FileOperationFailed', message: expect.stringContaining('100%') },
        });
      });
      expect((await obeyed(world.cluster, 'minorFreeze'))[address]).toBeUndefined();
      expect(task.host.pids('observer')).toEqual(before);
      // What OceanBase lets stop may be needed a moment later: here the server that has to carry everything is behind.
      const [member] = world.rootServers;
      await world.cluster.sql(`ALTER SYSTEM SET _standin_behind = '${member?.ip}:${member?.rpcPort}'`);
      await expect(task.run('RestartObServerProcess', { run: 3 })).rejects.toMatchObject({
        ...{ type: 'NotYet', message: expect.stringMatching(/not ended yet.*stay in sync/) },
      });
      expect(task.host.pids('observer')).toEqual(before);
      await world.cluster.sql("ALTER SYSTEM SET _standin_behind = ''");
      await task.run('RestartObServerProcess', { run: 4 });
      expect(task.host.pids('observer')).not.toEqual(before);
      expect(await observerEffects(task.host)).toEqual({ installs: 1, starts: 2, processes: 1 });
      expect(await task.log('RestartObServerProcess')).toMatch(
        /STOP SERVER.*MINOR FREEZE.*Stopping pid.*without options.*It serves since.*START SERVER.*It serves since/s,
      );
      for (const what of ['stopServer', 'minorFreeze', 'startServer'] as const) {
        expect((await obeyed(world.cluster, what))[address]).toBe(1);
      }
      const [row] = await world.cluster.sql(
        `SELECT STATUS, STOP_TIME FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '${task.host.ip}'`,
      );
      expect(row).toEqual({ STATUS: 'ACTIVE', STOP_TIME: null });

      // Whoever undoes a restart that was broken off after STOP SERVER gets a server that serves.
      await world.cluster.sql(`ALTER SYSTEM STOP SERVER '${address}'`);
      await task.run('RestartObServerProcess', { rollback: true });
      expect((await obeyed(world.cluster, 'startServer'))[address]).toBe(2);
    } finally {
      await tenant(0);
    }
  }, 120_000);

  test('of two tasks that want one host, one gets it, and the other learns which', async () => {
    const { obServers, hosts } = world.store;
    const [host] = (await hosts.list({}, { page: 1, size: 1 })).contents;
    const hostId = host?.id ?? 0;
    const holders = await Promise.all([901, 902, 903].map((taskId) => obServers.reserveHost(hostId, taskId)));
    expect(new Set(holders).size).toBe(1);
    expect(await obServers.releaseHost(hostId, 904)).toBe(false);
    expect(await obServers.releaseHost(hostId, holders[0] ?? 0)).toBe(true);
  });
});

describeIf(fleetUnavailable(), 'Pre check for install OB with the requirements of production', () => {
  let world: ObserverWorld;
  beforeAll(async () => {
    world = await startObserverWorld({ free: 1, requirements: 'production' });
  }, 120_000);
  afterAll(() => world?.stop(), 60_000);

  test('names every finding with its level in one go, and fails by the errors', async () => {
    const task = await world.add(0);
    await task.host.sh(
      'mkdir -p /data/1/obacts && touch /data/1/obacts/x; userdel admin 2>/dev/null || sed -i /^admin:/d /etc/passwd',
    );
    await task.host.sh(`
      mkdir -p /srv && printf '#!/bin/sh\\nwhile :; do sleep 60; done\\n' >/srv/observer && chmod 755 /srv/observer
      setsid /srv/observer </dev/null >/dev/null 2>&1 &`);
    await until('a stranger’s observer', () => task.host.pids('observer').length > 0);
    await expect(task.run('PreCheckForInstallOb')).rejects.toMatchObject({ type: 'HostUnfit' });
    const log = await task.log('PreCheckForInstallOb');
    expect(log).toMatch(/\[ERROR\] CMP07037: there is no user admin/);
    expect(log).toMatch(/\[ERROR\] COM10005: \/data\/1\/obacts is not empty/);
    expect(log).toMatch(/\[(INFO|WARN|ERROR)\] .*MiB memory are available/);
    expect(log).toMatch(/\[ERROR\] OBE11021: another observer runs on the host: pid \d+ of root/);
    expect(log).toMatch(/\[INFO\] port 2881 is free/);
    expect(log).toMatch(/\d+ checks: \d+ errors, \d+ warnings/);
  }, 60_000);
});
