import type { Connection } from 'mysql2/promise';
import { inspectForHotRestart } from '../../activities/obproxy/inspectLife';
import { KEEPER_FILE } from '../../activities/obproxy/keeper';
import { proxyInstance } from '../../activities/obproxy/proxy';
import { KEEPER_DIR } from '../../activities/places';
import type { Host } from '../../hosts';
import { openObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { restartObproxy } from '../../operations/restartObproxy';
import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { inEnglish } from '../../workflows/text';
import { describeIf } from '../support/skip';
import { until } from '../support/until';
import { failureWithout } from './failure';
import { type LifeTask, openSession, proxiesIn, request, superviseInstead } from './lifeWorld';
import { type InstallTask, OBPROXY_4_3, PLANTED, startWorld, type Worker, type World } from './world';

let world: World;
let worker: Worker;
let first: InstallTask;
let second: InstallTask;
const clients: Connection[] = [];

async function installed(index: number, clusterId?: number): Promise<InstallTask> {
  const task = await world.install(index, {
    rpm: OBPROXY_4_3,
    parameters: [
      { name: 'proxy_hot_upgrade_check_interval', value: '1s' },
      { name: 'hot_upgrade_exit_timeout', value: '60000000' },
    ],
    ...(clusterId === undefined ? {} : { clusterId }),
  });
  await task.chain();
  await world.store.tasks.applyStateChange({
    ...{ taskId: task.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
  });
  return task;
}

const hot = (...tasks: InstallTask[]): Promise<LifeTask> =>
  request(
    world,
    worker,
    restartObproxy,
    { id: String(first.clusterId) },
    { obproxyServerIds: tasks.map(({ serverId }) => serverId), hotRestart: true },
  );

const row = async (task: InstallTask) => (await world.store.obproxy.findServer(task.serverId))!;

async function hostOf(task: InstallTask): Promise<Host> {
  return worker.hosts.open({
    ...{ hostId: (await row(task)).hostId, ip: task.host.ip, sshPort: 22, username: 'root' },
    auth: { kind: 'key', privateKey: world.fleet.privateKey },
  });
}

/** What a dry run would say of a proxy. */
async function looked(task: InstallTask): Promise<string[]> {
  const cluster = (await world.store.obproxy.findCluster(task.clusterId))!;
  const proxy = proxyInstance(await row(task), cluster);
  const found = await inspectForHotRestart(
    world.store,
    await hostOf(task),
    proxy,
    AbortSignal.timeout(20_000),
  );
  return found.map(({ level, code = '', text }) => `${level} ${code} ${inEnglish(text)}`);
}

async function told(task: InstallTask): Promise<{ inherited: boolean; rollbackTimeout: string | undefined }> {
  const host = await hostOf(task);
  const admin = await openObproxyAdmin({
    ...{ where: host.ip, password: PLANTED.proxysys, open: () => host.tunnel(2883) },
  });
  try {
    const { inherited } = await admin.upgradeInfo();
    return { inherited, rollbackTimeout: (await admin.showConfig('hot_upgrade_rollback_timeout'))?.value };
  } finally {
    admin.close();
  }
}

const keeperLog = async ({ host }: InstallTask) =>
  (await host.sh(`cat ${KEEPER_DIR}/keeper.log 2>/dev/null; pgrep -f ${KEEPER_FILE} >/dev/null && echo kept`))
    .stdout;

describeIf(fleetUnavailable(), 'A hot restart by request', () => {
  beforeAll(async () => {
    world = await startWorld({ hosts: 2 });
    worker = world.newWorker();
    first = await installed(0);
    second = await installed(1, first.clusterId);
  }, 180_000);
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await worker?.stop();
    await world?.stop();
  }, 60_000);

  test('goes from one proxy to the next, keeps every session, and leaves keepers and settings as they were', async () => {
    const before = [await proxiesIn(first.host, first.home), await proxiesIn(second.host, second.home)];
    for (const task of [first, second]) {
      const client = await openSession(task.host, task.home);
      await client.query('begin');
      clients.push(client);
    }
    expect(await looked(first)).toEqual([
      expect.stringMatching(/^INFO .*bin\/obproxy is 4\.3\./),
      expect.stringMatching(/^INFO .*can hand over now; 1 sessions of clients go on/),
      expect.stringMatching(/^INFO .*Kept by the keeper of obflow/),
    ]);
    const task = await hot(first, second);
    const all = task.upTo();
    all.catch(() => undefined);
    await until('the first has a new process', async () => (await told(first)).inherited);
    // Its client is in the former process, and the next proxy waits for it.
    expect((await told(second)).inherited).toBe(false);
    for (const client of clients) await client.query('select 1');
    expect(await row(first)).toMatchObject({ status: 'RESTARTING', operateStatus: 'OPERATING' });
    await clients[0]!.query('commit');
    clients[0]!.destroy();
    await until('the second has a new process', async () => (await told(second)).inherited);
    await clients[1]!.query('select 1');
    clients[1]!.destroy();
    await all;
    for (const [index, one] of [first, second].entries()) {
      expect(await row(one)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL' });
      expect(await told(one)).toEqual({ inherited: true, rollbackTimeout: '24h' });
      const now = await proxiesIn(one.host, one.home);
      expect(now).toHaveLength(1);
      expect(before[index]).not.toContain(now[0]);
      const kept = await keeperLog(one);
      expect(kept).not.toContain('starting it');
      expect(kept).toMatch(/kept\n$/);
    }
    expect(await task.wholeLog()).toContain('A hot restart loses no session');
  }, 120_000);

  test('that fails leaves the proxy serving, and its undo the inventory as it was', async () => {
    await first.host.sh(`mkdir -p ${first.home}/.standin && echo exit >${first.home}/.standin/inherited`);
    const before = await proxiesIn(first.host, first.home);
    const task = await hot(first, second);
    await task.upTo('RestartObproxyProcess');
    const failure = await failureWithout(
      Object.values(PLANTED),
      task.run('RestartObproxyProcess', { of: 0 }),
    );
    expect(failure.type).toBe('HotRestartFailed');
    expect(await proxiesIn(first.host, first.home)).toEqual(before);
    await task.undo();
    for (const one of [first, second]) {
      expect(await row(one)).toMatchObject({ status: 'RUNNING', operateStatus: 'NORMAL' });
      expect((await told(one)).rollbackTimeout).toBe('24h');
    }
    await first.host.sh(`rm ${first.home}/.standin/inherited`);
  }, 120_000);

  test('is refused by the subtask that prepares it when a supervisor has the proxy as its child', async () => {
    await superviseInstead(second.host, second.home);
    await until('it serves', () => told(second).catch(() => undefined));
    const task = await hot(second);
    const failure = await failureWithout(Object.values(PLANTED), task.run('PrepareRestartObproxy'));
    expect(failure.type).toBe('HotRestartSupervised');
    expect(failure.message).toContain('ODP21107');
    expect((await looked(second)).at(-1)).toMatch(/^ERROR ODP21107 .*would take a hot restart for a crash/);
    await task.undo();
    await task.end('FAILED');
  }, 120_000);
});
