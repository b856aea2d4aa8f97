import { chainNodes, parseTask } from '../../cli/task/document';
import type { Plan } from '../../workflows/plan';
import { CHAIN, idOf } from '../support/plans';
import { broken, flaky, gate } from '../support/tasks';
import { TaskScene } from './taskScene';

let scene: TaskScene;
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene.close());
afterEach(() => {
  for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
});

const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

/** As an operation on an OBProxy cluster of several hosts has it. */
const onProxies = (plan: Plan): Plan => ({
  ...plan,
  place: 'proxies',
  places: { host_ids: Object.fromEntries(HOSTS.map((ip, at) => [String(at), ip])) },
  context: {
    ...plan.context,
    stringMap: { obproxy_cluster_id: '7', obproxy_cluster_name: 'proxies' },
  },
});
const onCluster = (plan: Plan): Plan => ({
  ...plan,
  cluster: { id: 3, name: 'orders', obClusterId: 3, type: 'PRIMARY' },
});

async function failed(change: (plan: Plan) => Plan): Promise<Plan> {
  scene.bed.behaviours.b = broken;
  const plan = await scene.submit(CHAIN, { change });
  await scene.bed.documentWhen(plan, 'FAILED');
  return plan;
}

const idsOf = async (...args: string[]): Promise<number[]> =>
  JSON.parse((await scene.task('ls', '-o', 'json', ...args)).stdout).contents.map(
    ({ id }: { id: number }) => id,
  );

describe('obflow task ls', () => {
  it('shows what a task works on, and its state in the words of show', async () => {
    const plan = await failed((draft) => onCluster(onProxies(draft)));
    const ended = await failed(onProxies);
    await scene.task('abandon', ended.taskId);
    const { stdout } = await scene.task('ls');
    expect(stdout).toMatch(
      new RegExp(
        `^${plan.taskId} +Test task +orders, proxies: 10\\.0\\.0\\.1, 10\\.0\\.0\\.2 and 1 more +FAILED \\(waits for a person\\) +1/3 +b `,
        'm',
      ),
    );
    expect(stdout).toMatch(new RegExp(`^${ended.taskId} .*FAILED \\(ended\\)`, 'm'));
  });

  it('as JSON says what is closed, where it works and which way it goes', async () => {
    const plan = await failed((draft) => onCluster(onProxies(draft)));
    const ended = await failed(onProxies);
    await scene.task('abandon', ended.taskId);
    const { contents } = JSON.parse((await scene.task('ls', '-o', 'json', '--size', '2')).stdout);
    const facts = { operation: 'EXECUTE', hosts: HOSTS, obproxyCluster: { id: 7, name: 'proxies' } };
    expect(contents).toMatchObject([
      { id: ended.taskId, closed: true, ...facts },
      { id: plan.taskId, cluster: { name: 'orders' }, ...facts },
    ]);
    expect(contents[1]).not.toHaveProperty('closed');
  });

  it('counts what its subtasks warned of, and show and watch say it', async () => {
    const plan = await scene.submit(CHAIN);
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const subtaskId = idOf(plan, 'a');
    const texts = Array.from({ length: 12 }, (_, at) => `the proxy waits for a restart: parameter ${at}`);
    await scene.api.store.tasks.setWarnings(
      plan.taskId,
      subtaskId,
      texts.map((text) => ({
        subtaskId,
        name: 'a',
        target: '10.0.0.1',
        time: '2026-11-01T00:00:00.000Z',
        text,
      })),
    );
    expect((await scene.task('ls')).stdout).toMatch(
      new RegExp(`^${plan.taskId} .*SUCCESSFUL +3/3 +12 `, 'm'),
    );
    const listed = JSON.parse((await scene.task('ls', '-o', 'json', '--size', '1')).stdout).contents[0];
    expect([listed.warningCount, listed.warnings.length]).toEqual([12, 5]);
    expect(listed.warnings[0]).toEqual({
      ...{ subtaskId, name: 'a', target: '10.0.0.1', text: texts[0] },
      time: expect.stringMatching(/^2026-1\d-\d\dT/),
    });
    const document = JSON.parse((await scene.task('show', plan.taskId, '-o', 'json')).stdout);
    expect([document.warningCount, document.warnings.length]).toEqual([12, 12]);
    for (const verb of ['show', 'watch']) {
      const { stdout } = await scene.task(verb, plan.taskId);
      expect(stdout).toContain(`${subtaskId} a on 10.0.0.1:\n    ${texts[0]}`);
      expect(stdout).toContain('… 2 more');
    }
  });

  it('says once what a step warned of alike on several hosts', async () => {
    const plan = await scene.submit(CHAIN);
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const subtaskId = idOf(plan, 'a');
    await scene.api.store.tasks.setWarnings(
      plan.taskId,
      subtaskId,
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((target, at) => ({
        ...{ subtaskId, name: 'a', target, time: '2026-11-01T00:00:00.000Z' },
        text: at === 2 ? 'the disk is small' : 'the limit of open files is small',
      })),
    );
    const { stdout } = await scene.task('show', plan.taskId);
    expect(stdout).toContain(`a on 10.0.0.1, 10.0.0.2:\n    the limit of open files is small\n`);
    expect(stdout).toContain(`a on 10.0.0.3:\n    the disk is small\n`);
    expect(stdout.match(/open files is small/g)).toHaveLength(1);
    expect(stdout).not.toContain('more; obflow');
  });

  it('--waiting shows what waits for a person and not what has ended', async () => {
    const waiting = await failed(onProxies);
    const ended = await failed(onProxies);
    await scene.task('abandon', ended.taskId);
    const found = await idsOf('--waiting');
    expect(found).toContain(waiting.taskId);
    expect(found).not.toContain(ended.taskId);
    expect(await idsOf('--status', 'FAILED')).toContain(ended.taskId);
  });

  it('--cluster finds OceanBase clusters and OBProxy clusters', async () => {
    const proxies = await failed(onProxies);
    const orders = await failed(onCluster);
    expect(await idsOf('--cluster', 'prox')).toContain(proxies.taskId);
    expect(await idsOf('--cluster', 'prox')).not.toContain(orders.taskId);
    expect(await idsOf('--cluster', 'order')).toContain(orders.taskId);
    expect(await idsOf('--cluster', 'order')).not.toContain(proxies.taskId);
  });
});

describe('obflow task show', () => {
  it('says why something that runs is tried again', async () => {
    scene.bed.behaviours.b = flaky(1_000);
    const plan = await scene.submit(CHAIN);
    await scene.bed.subtaskWhen(plan, 'b', ({ attempt, lastFailure }) => Boolean(attempt && lastFailure));
    const { stdout } = await scene.task('show', plan.taskId);
    expect(stdout).toMatch(
      new RegExp(
        `What is tried again, and why\n {2}${idOf(plan, 'b')} b \\(attempt \\d+\\):\n {4}.*connection refused`,
      ),
    );
    scene.bed.behaviours.b = () => undefined;
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    expect((await scene.task('show', plan.taskId)).stdout).not.toContain('tried again');
  });

  it('says who cancelled a subtask and why', async () => {
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await scene.task('cancel', plan.taskId, idOf(plan, 'b'), '--why', 'wrong host');
    await scene.bed.documentWhen(plan, 'FAILED');
    const { stdout } = await scene.task('show', plan.taskId);
    expect(stdout).toMatch(/^ {4}Cancelled by admin from 127\.0\.0\.1 at 20.*: wrong host$/m);
    expect(stdout).toMatch(
      new RegExp(`What was asked of it\n {2}.* cancel ${idOf(plan, 'b')} by admin: wrong host\n`),
    );
    door.open();
  });

  it('lists what is left behind once', async () => {
    scene.bed.behaviours.b = broken;
    const plan = await scene.submit(CHAIN, { leaves: { a: 'the package obproxy' } });
    await scene.bed.documentWhen(plan, 'FAILED');
    await scene.task('abandon', plan.taskId, '--why', 'the host is gone');
    const { stdout } = await scene.task('show', plan.taskId);
    expect(stdout).toMatch(/How it ended\n.*abandoned by admin: the host is gone\.\n/);
    expect(stdout.match(/Left behind/g)).toHaveLength(1);
    expect(stdout.match(/the package obproxy/g)).toHaveLength(1);
  });
});

describe('the nodes of a chain', () => {
  const subtask = (id: number, name: string, parallelIdx: number, upstreams: number[]) => ({
    ...{ id, name, parallelIdx, upstreams, status: 'PENDING', operation: 'EXECUTE' },
  });
  const nodesOf = (subtasks: ReturnType<typeof subtask>[]) =>
    chainNodes(
      parseTask({
        ...{ id: 1, name: 'x', status: 'RUNNING', operation: 'EXECUTE', creator: { name: 'admin' } },
        ...{ startTime: '2026-11-21T03:04:11.000+08:00', prohibitRollback: false, subtasks },
      }),
    ).map(({ level, subtasks: of }) => [level, of.map(({ id, level: own }) => `${id}@${own}`)]);

  it('are each one, also where hosts go on element by element', () => {
    const subtasks = [
      subtask(1, 'Start', -1, []),
      ...[subtask(2, 'Install', 0, [1]), subtask(3, 'Install', 1, [1])],
      ...[subtask(4, 'Run', 0, [2]), subtask(5, 'Run', 1, [3])],
      subtask(6, 'Wait node', -1, [4, 5]),
    ];
    expect(nodesOf(subtasks)).toEqual([
      [1, ['1@1']],
      [2, ['2@2', '3@2']],
      [3, ['4@3', '5@3']],
      [4, ['6@4']],
    ]);
  });

  it('are one where elements wait for each other, and two where a group is repeated', () => {
    expect(nodesOf([subtask(1, 'Restart', 0, []), subtask(2, 'Restart', 1, [1])])).toEqual([
      [1, ['1@1', '2@2']],
    ]);
    expect(nodesOf([subtask(1, 'Stop', 0, []), subtask(2, 'Stop', 0, [1])])).toEqual([
      [1, ['1@1']],
      [2, ['2@2']],
    ]);
  });
});
