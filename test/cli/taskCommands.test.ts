import type { Plan } from '../../workflows/plan';
import { CHAIN, DIAMOND, idOf, withNodes } from '../support/plans';
import { broken, gate } from '../support/tasks';
import { TaskScene } from './taskScene';

let scene: TaskScene;
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene.close());
afterEach(() => {
  for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
});

async function failedTask(options: Parameters<TaskScene['submit']>[1] = {}): Promise<Plan> {
  scene.bed.behaviours.b = broken;
  const plan = await scene.submit(CHAIN, options);
  await scene.bed.documentWhen(plan, 'FAILED');
  return plan;
}

const firstLine = (text: string) => text.split('\n')[0];

describe('obflow task skip', () => {
  it('without a subtask takes the one that failed, says which, and the task goes on', async () => {
    const plan = await failedTask();
    const { code, stdout, stderr } = await scene.task('skip', plan.taskId, '--why', 'done by hand');
    expect([code, stderr]).toEqual([0, `The one that failed: ${idOf(plan, 'b')} b.\n`]);
    expect(firstLine(stdout)).toBe(`Counted as done without running: ${idOf(plan, 'b')} b.`);
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
    const shown = await scene.task('show', plan.taskId);
    expect(shown.stdout).toMatch(/ b +SUCCESSFUL +SKIP /);
    const events = await scene.api.send('GET', `/api/v2/audit/events?taskId=${plan.taskId}`);
    expect(events.body.data.contents[0]).toMatchObject({
      user: { name: 'admin' },
      command: 'skipSubtask',
      subtaskId: idOf(plan, 'b'),
      why: 'done by hand',
    });
  });

  it('without a subtask changes nothing where none or several have failed, and says what to type', async () => {
    scene.bed.behaviours.b = broken;
    scene.bed.behaviours.c = broken;
    const plan = await scene.submit(DIAMOND);
    await scene.bed.documentWhen(plan, 'FAILED');
    const several = await scene.task('skip', plan.taskId);
    expect([several.code, several.stdout]).toEqual([1, '']);
    expect(several.stderr).toContain('has 2 FAILED subtasks; say which:');
    for (const name of ['b', 'c']) {
      expect(several.stderr).toContain(`  obflow task skip ${plan.taskId} ${idOf(plan, name)} `);
    }
    const done = await scene.submit({ a: [] });
    await scene.bed.documentWhen(done, 'SUCCESSFUL');
    const none = await scene.task('skip', done.taskId);
    expect([none.code, none.stderr]).toEqual([
      1,
      `Nothing in task ${done.taskId} is FAILED: it is SUCCESSFUL.\n`,
    ]);
  });

  it('of a subtask that must not be skipped is refused with what is allowed', async () => {
    const change = (draft: Plan) => withNodes(draft, (node) => ({ ...node, prohibitSkip: true }));
    const plan = await failedTask({ change });
    const { code, stderr } = await scene.task('skip', plan.taskId, idOf(plan, 'b'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/400 TSK10010\): .*cannot be skipped.*\nLook at it: obflow task show \d+\n$/);
  });
});

describe('obflow task cancel', () => {
  it('stops what runs, and refuses what does not run', async () => {
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    const { code, stdout } = await scene.task('cancel', plan.taskId, idOf(plan, 'b'), '--why', 'wrong host');
    expect([code, firstLine(stdout)]).toEqual([0, `Being stopped: ${idOf(plan, 'b')} b.`]);
    await scene.bed.documentWhen(plan, 'FAILED');
    expect((await scene.task('show', plan.taskId)).stdout).toMatch(/ b +FAILED +CANCEL /);
    const again = await scene.task('cancel', plan.taskId, idOf(plan, 'b'));
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/400 TSK10017\): .*is FAILED; cancel is allowed when it is RUNNING/);
    door.open();
  });
});

describe('obflow task rollback', () => {
  it('undoes what was done; watched, it counts what is undone and ends with 3', async () => {
    const plan = await failedTask();
    const { code, stdout } = await scene.task('rollback', plan.taskId);
    expect([code, firstLine(stdout)]).toEqual([0, 'Everything it did is being undone, the last first.']);
    const watched = await scene.task('watch', plan.taskId);
    expect(watched.code).toBe(3);
    expect(watched.stdout).toMatch(/^ {2}a 1\/1$/m);
    expect(watched.stdout).not.toMatch(/^ {2}c /m);
    expect(watched.stdout).toContain('is SUCCESSFUL (rolled back) after');
  });

  it('that fails offers to go on, to count it as undone, or to leave it, and not to retry', async () => {
    const plan = await failedTask();
    scene.bed.behaviours['a.rollback'] = broken;
    await scene.task('rollback', plan.taskId);
    const watched = await scene.task('watch', plan.taskId);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toContain('is FAILED (rollback waits for a person) after');
    const verbs = [...watched.stdout.matchAll(/^ {2}obflow task (\w+)/gm)].map(([, verb]) => verb);
    expect(verbs).toEqual(['log', 'rollback', 'skip', 'abandon']);
    const skipped = await scene.task('skip', plan.taskId);
    expect(firstLine(skipped.stdout)).toBe(`Counted as undone: ${idOf(plan, 'a')} a.`);
    expect((await scene.task('watch', plan.taskId)).code).toBe(3);
  });

  it('of a task that forbids it is refused, and says why', async () => {
    const plan = await failedTask({ context: { stringMap: { prohibit_rollback: 'true' } } });
    const { code, stderr } = await scene.task('rollback', plan.taskId);
    expect(code).toBe(1);
    expect(stderr).toMatch(/400 TSK10009\): .*cannot be rolled back: its context forbids it/);
  });
});

describe('obflow task abandon', () => {
  it('ends the task, says who, why and what is left behind, and offers nothing more', async () => {
    const plan = await failedTask({ leaves: { a: 'the package obproxy' } });
    const { code, stdout } = await scene.task('abandon', plan.taskId, '--why', 'the host is gone');
    expect([code, firstLine(stdout)]).toEqual([0, 'It has ended; its locks are released.']);
    expect(stdout).toContain('is FAILED (ended)');
    expect(stdout).toMatch(/How it ended\n.*admin.*the host is gone/);
    expect(stdout).toMatch(/Left behind, .*\n {2}.*the package obproxy/);
    expect(stdout).not.toContain('obflow task');
    expect(await scene.api.store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
    const watched = await scene.task('watch', plan.taskId);
    expect(watched.code).toBe(1);
    const again = await scene.task('retry', plan.taskId);
    expect(again.stderr).toMatch(/400 TSK10016\): .*ended/);
  });

  it('of a task that runs is refused and leaves it running', async () => {
    const door = gate();
    scene.bed.behaviours.b = door.behaviour;
    const plan = await scene.submit(CHAIN);
    const { code, stderr } = await scene.task('abandon', plan.taskId);
    expect(code).toBe(1);
    expect(stderr).toMatch(/400 TSK10016\): Task \d+ is RUNNING; abandon is allowed when it is FAILED/);
    door.open();
    await scene.bed.documentWhen(plan, 'SUCCESSFUL');
  });
});
