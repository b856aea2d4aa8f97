import { submitTask, undoSubmit } from '../../activities/common/submitTask';
import { WaitDagSuccess } from '../../activities/common/WaitDagSuccess';
import { subtask } from '../../activities/subtask';
import { createTaskService, type TaskService } from '../../api/tasks/service';
import { startStored, startTask } from '../../api/tasks/temporal/starter';
import { PermanentError, TransientError } from '../../runtime/errors';
import { createLogger } from '../../runtime/logger';
import { inEnglish, type Said } from '../../runtime/messages/catalogue';
import type { TaskRow } from '../../store/types';
import { node } from '../../workflows/chain';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import { SubtaskBed } from '../support/subtaskBed';
import { until } from '../support/until';

const { retryTask, rollbackTask, abandonTask } = TASK_UPDATES;
const { cancelSubtask, skipSubtask } = SUBTASK_UPDATES;

/** What the child's only subtask does. */
let work: () => 'done' | 'fail' | 'go on' = () => 'done';
/** How often it was undone. */
let undone = 0;

const Work = subtask({
  name: 'Work',
  className: 'WorkTask',
  timeout: 600,
  needs: {},
  leaves: 'the work',
  async run(scope) {
    for (;;) {
      const next = work();
      if (next === 'done') return undefined;
      if (next === 'fail') {
        throw new PermanentError({ type: 'Broken', tried: 'work', cameBack: 'it broke', next: 'Repair it.' });
      }
      await scope.pause(50);
    }
  },
  async rollback() {
    undone += 1;
  },
});

/** What the child wants for itself; undefined: what its parent holds. */
let wanted: readonly string[] | undefined;
/** Fails so often after it has submitted, as a worker that dies there would. */
let lost = 0;

const Submit = subtask({
  name: 'Submit a task',
  className: 'SubmitTask',
  timeout: 60,
  needs: {},
  async run(scope) {
    const result = await scope.submit({
      name: 'Child task',
      workflowType: 'addObproxy',
      chain: [node(Work)],
      context: { stringMap: {}, listMap: {} },
      ...(wanted === undefined ? {} : { locks: wanted }),
    });
    if (lost > 0) {
      lost -= 1;
      throw new TransientError({
        type: 'Lost',
        tried: 'answer',
        cameBack: 'nothing',
        next: 'It is repeated.',
      });
    }
    return result;
  },
  rollback: undoSubmit,
});

let bed: SubtaskBed;
let service: TaskService;
let reconciler: { stop(): Promise<void> };

beforeAll(async () => {
  bed = await SubtaskBed.open([Submit, WaitDagSuccess, Work]);
  const { temporal, store, taskQueue } = bed;
  service = createTaskService({
    ...{ temporal, store, config: { taskQueue } as never, logger: createLogger('api', 'silent') },
  });
  reconciler = service.startReconciler();
  const starting = { temporal, taskQueue, tasks: store.tasks };
  await bed.startWorker({ startTask: (plan, type) => startStored(starting, plan, type) });
});
afterAll(async () => {
  await reconciler.stop();
  await bed.close();
});
beforeEach(() => {
  work = () => 'done';
  undone = 0;
  lost = 0;
  wanted = undefined;
});

const LOCK = 'ob_cluster:1';
const submitId = (plan: Plan) => plan.firstSubtaskId;
const waitId = (plan: Plan) => plan.firstSubtaskId + 1;

/** A parent that holds the lock, and its child as soon as it is there. */
async function family(): Promise<{ parent: Plan; child: TaskRow }> {
  await until('the lock to be free', async () => (await bed.store.locks.holder(LOCK)) === undefined);
  const parent = await bed.plan([node(Submit), node(WaitDagSuccess)]);
  await bed.start(parent, [LOCK]);
  const child = await until('the child', () => bed.store.tasks.childOf(parent.taskId, submitId(parent)));
  return { parent, child };
}

const send = (taskId: number, { update }: typeof retryTask, ...args: readonly unknown[]) =>
  bed.handle(taskId).executeUpdate(update, { args: [args[0] ?? {}] });

const failed = (taskId: number) =>
  bed.documentWhen(taskId, 'FAILED', ({ status, closed }) => status === 'FAILED' && closed !== true);

const closed = (taskId: number) =>
  until(`task ${taskId} closed`, async () => {
    const row = await bed.store.tasks.find(taskId);
    return row?.closed === true ? row : undefined;
  });

/** The parent waits, and then somebody stops its waiting. */
async function stopWaiting(parent: Plan): Promise<void> {
  await bed.subtaskWhen(parent.taskId, 'Wait dag success', ({ status }) => status === 'RUNNING');
  await send(parent.taskId, cancelSubtask, waitId(parent));
  await failed(parent.taskId);
}

describe('a task inside a task', () => {
  test('has its own id, row, document and locks, and its parent goes on when it has ended well', async () => {
    let open = false;
    work = () => (open ? 'done' : 'go on');
    const { parent, child } = await family();
    expect(child).toMatchObject({ name: 'Child task', parentTaskId: parent.taskId, creator: parent.creator });
    expect(child.plan).toMatchObject({ parentTaskId: parent.taskId, traceId: parent.traceId });
    await bed.subtaskWhen(child.id, 'Work', ({ status }) => status === 'RUNNING');
    expect(await bed.store.locks.heldBy(child.id)).toEqual([LOCK]);
    const waiting = await bed.subtaskWhen(
      parent.taskId,
      'Wait dag success',
      ({ lastFailure }) => lastFailure !== undefined,
    );
    expect(waiting).toMatchObject({
      status: 'RUNNING',
      lastFailure: `Task ${child.id} "Child task" is RUNNING`,
    });
    open = true;
    await bed.handle(parent.taskId).result();
    expect(await closed(child.id)).toMatchObject({ status: 'SUCCESSFUL' });
    expect(await closed(parent.taskId)).toMatchObject({ status: 'SUCCESSFUL' });
    const submitting = await bed.subtaskWhen(parent.taskId, 'Submit a task', () => true);
    expect(submitting).toMatchObject({ childTaskId: child.id });
    expect(await bed.store.locks.holder(LOCK)).toBeUndefined();
  }, 60_000);

  test('is one, however often the subtask that submits it is repeated', async () => {
    lost = 2;
    const { parent, child } = await family();
    await bed.handle(parent.taskId).result();
    expect(await bed.store.tasks.childrenOf(parent.taskId)).toEqual([child.id]);
    expect(await bed.log(parent.taskId, submitId(parent))).toEqual(
      expect.arrayContaining([`Submitted task ${child.id} "Child task"`]),
    );
    const plan = { ...child.plan, taskId: await bed.store.sequences.next('task') };
    await expect(
      bed.store.tasks.add({ plan, workflowType: 'addObproxy', parentSubtaskId: submitId(parent) }),
    ).rejects.toThrow();
  }, 60_000);

  test('that is refused what a stranger holds is not made, and the document says who has it as long as that one does', async () => {
    wanted = ['ob_cluster:2'];
    const stranger = await bed.plan([node(Work)]);
    let free = false;
    work = () => (free ? 'done' : 'go on');
    await bed.start(stranger, wanted);
    const parent = await bed.plan([node(Submit), node(WaitDagSuccess)]);
    await bed.start(parent);
    await failed(parent.taskId);
    const waitsFor = async () => (await service.read(parent.taskId))?.waitsFor;
    expect(await waitsFor()).toEqual({
      ...{ resource: 'ob_cluster:2', kind: 'OB_CLUSTER', id: 2, heldBy: [stranger.taskId] },
    });
    expect(await bed.store.tasks.childOf(parent.taskId, submitId(parent))).toBeUndefined();
    free = true;
    await closed(stranger.taskId);
    expect(await waitsFor()).toBeUndefined();
    await send(parent.taskId, retryTask);
    expect(await closed(parent.taskId)).toMatchObject({ status: 'SUCCESSFUL' });
  }, 60_000);

  test('that fails waits for an operator, and its parent says so and goes on after the repair', async () => {
    work = () => 'fail';
    const { parent, child } = await family();
    await failed(child.id);
    await bed.subtaskWhen(
      parent.taskId,
      'Wait dag success',
      ({ status, lastFailure }) =>
        status === 'RUNNING' &&
        lastFailure ===
          `Task ${child.id} "Child task" has FAILED and waits for an operator: retry, skip, roll back or abandon it`,
    );
    work = () => 'done';
    await send(child.id, retryTask);
    await bed.handle(parent.taskId).result();
  }, 60_000);

  test('that is abandoned fails its parent by name; the undo of the parent says what it has left', async () => {
    work = () => 'fail';
    const { parent, child } = await family();
    await failed(child.id);
    await send(child.id, abandonTask);
    const { firstFailure } = await failed(parent.taskId);
    expect(firstFailure?.message).toMatch(
      new RegExp(
        `^Could not wait for task ${child.id}: Task ${child.id} "Child task" has ended as FAILED \\(abandoned, .* skip this subtask`,
      ),
    );
    await until('its document', async () => (await bed.store.tasks.find(child.id))?.document ?? undefined);
    await send(parent.taskId, rollbackTask);
    expect(await closed(parent.taskId)).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK' });
    const lines = await bed.store.tasks.readLog(parent.taskId, submitId(parent));
    expect(lines.find(({ level }) => level === 'WARN')?.text).toMatch(
      new RegExp(`^Task ${child.id} has ended as FAILED .* left something behind: .*the work`),
    );
  }, 60_000);

  test('is not rolled back by its parent: that waits until it has come to nothing', async () => {
    work = () => 'fail';
    const { parent, child } = await family();
    await failed(child.id);
    await stopWaiting(parent);
    await send(parent.taskId, rollbackTask);
    const refused = await bed.subtaskWhen(
      parent.taskId,
      'Submit a task',
      ({ status }) => status === 'FAILED',
    );
    expect(refused.failureMessage).toContain(
      `it is FAILED and open. Roll back or abandon task ${child.id} first.`,
    );
    await failed(parent.taskId);
    expect(undone).toBe(0);

    await send(child.id, rollbackTask);
    await closed(child.id);
    expect(undone).toBe(1);
    await send(parent.taskId, rollbackTask);
    expect(await closed(parent.taskId)).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK' });
  }, 60_000);

  test('that has ended well is not undone with its parent: who rolls back may leave what it did', async () => {
    const parent = await bed.plan([node(Submit), node(Work)]);
    // The parent's own work breaks when the child has ended.
    let childDone = false;
    work = () => (childDone ? 'fail' : 'go on');
    await bed.start(parent);
    const child = await until('the child', () => bed.store.tasks.childOf(parent.taskId, submitId(parent)));
    await bed.subtaskWhen(child.id, 'Work', ({ status }) => status === 'RUNNING');
    childDone = true;
    await failed(parent.taskId);
    await failed(child.id);
    await send(child.id, skipSubtask, child.plan.firstSubtaskId);
    await closed(child.id);
    await send(parent.taskId, rollbackTask);
    const refused = await bed.subtaskWhen(
      parent.taskId,
      'Submit a task',
      ({ status }) => status === 'FAILED',
    );
    expect(refused.failureMessage).toMatch(/has ended well .*skip this undo to leave it/);
    await failed(parent.taskId);
    await send(parent.taskId, skipSubtask, submitId(parent));
    expect(await closed(parent.taskId)).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK' });
  }, 60_000);

  test.each([
    ['abandoned', (taskId: number) => send(taskId, abandonTask)],
    ['terminated', (taskId: number) => bed.handle(taskId).terminate('by hand')],
  ])(
    'goes on with its own locks when its parent is %s',
    async (_how, end) => {
      let open = false;
      work = () => (open ? 'done' : 'go on');
      const { parent, child } = await family();
      await bed.subtaskWhen(child.id, 'Work', ({ status }) => status === 'RUNNING');
      await stopWaiting(parent);
      await end(parent.taskId);
      expect(await closed(parent.taskId)).toMatchObject({ status: 'FAILED' });
      expect(await bed.store.locks.heldBy(parent.taskId)).toEqual([]);
      expect(await bed.store.locks.holder(LOCK)).toBe(child.id);
      open = true;
      expect(await closed(child.id)).toMatchObject({ status: 'SUCCESSFUL' });
      expect(await bed.store.locks.holder(LOCK)).toBeUndefined();
    },
    60_000,
  );

  test.each([
    [
      'subtasks',
      { chain: [node(Work, { split: 'host_ids' })], many: 50_001 },
      /it would have 50001 subtasks, and a task may have 50000\. Roll this task back/,
    ],
    [
      'edges',
      { chain: [node(Work, { split: 'host_ids' }), node(Work, { split: 'other_ids' })], many: 1_000 },
      /it would have 1000000 edges, and a task may have 500000/,
    ],
    [
      'bytes',
      { chain: [node(Work)], many: 200_000 },
      /it would have \d{7} bytes, and a task may have 1500000/,
    ],
  ])(
    'is refused when it has too many %s, and nothing of it is stored',
    async (_what, { chain, many }, text) => {
      const { store } = bed;
      const parent = await bed.plan([node(Submit)]);
      await store.tasks.add({ plan: parent, workflowType: 'addObproxy' });
      const host_ids = Array.from({ length: many }, (_, at) => String(at + 1));
      const other_ids = host_ids.map((id) => `${id}0`);
      const input = { taskId: parent.taskId, subtaskId: submitId(parent) } as never;
      const log = { info: () => undefined, warn: () => undefined } as never;
      const context = { stringMap: {}, listMap: { host_ids, other_ids } };
      const before = await store.sequences.next('task');
      await expect(
        submitTask({ store, input, log }, { name: 'Child task', workflowType: 'addObproxy', chain, context }),
      ).rejects.toMatchObject({ type: 'TaskTooLarge', message: expect.stringMatching(text) });
      expect(await store.tasks.childOf(parent.taskId, submitId(parent))).toBeUndefined();
      expect(await store.sequences.next('task')).toBe(before + 1);
      await store.tasks.applyStateChange({
        ...{ taskId: parent.taskId, status: 'FAILED', operation: 'EXECUTE', closed: true, sequence: 1 },
      });
    },
  );

  test('is started by an API server when its worker cannot', async () => {
    const { temporal, store, taskQueue } = bed;
    const alone = await bed.plan([node(Submit), node(WaitDagSuccess)]);
    await store.tasks.add({ plan: alone, workflowType: 'addObproxy' });
    const lines: string[] = [];
    const { stringMap } = await submitTask(
      {
        store,
        startTask: () => Promise.reject(new Error('Temporal does not answer')),
        input: { taskId: alone.taskId, subtaskId: submitId(alone) } as never,
        log: { info: () => undefined, warn: (line: Said) => lines.push(inEnglish(line)) } as never,
      },
      {
        name: 'Child task',
        workflowType: 'addObproxy',
        chain: [node(Work)],
        context: { stringMap: {}, listMap: {} },
      },
    );
    expect(lines).toEqual([expect.stringMatching(/is not started yet \(Temporal does not answer\)/)]);
    expect(await closed(Number(stringMap?.child_task_id))).toMatchObject({ status: 'SUCCESSFUL' });
    await startTask(temporal, taskQueue, alone, 'addObproxy');
    await bed.handle(alone.taskId).result();
  }, 60_000);
});
