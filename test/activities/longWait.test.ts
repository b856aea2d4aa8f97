import { pauseBefore } from '../../activities/notYet';
import { subtask } from '../../activities/subtask';
import { createTaskService } from '../../api/tasks/service';
import { createLogger } from '../../runtime/logger';
import { node } from '../../workflows/chain';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import { SubtaskBed } from '../support/subtaskBed';
import { until } from '../support/until';

/** What the world says to who looks; undefined: it is so at last. */
let world: (look: number) => string | undefined = () => undefined;
let looks = 0;
/** What each look was told of those before it. */
let goesOn: boolean[] = [];
/** Seconds between two looks, in place of the growing pause. */
let every: number | undefined = 0.05;

const Wait = subtask({
  name: 'Wait for it',
  className: 'WaitForItTask',
  timeout: 600,
  waits: true,
  needs: {},
  async run(scope) {
    looks += 1;
    goesOn.push(scope.goesOn);
    const seen = world(looks);
    if (seen !== undefined) scope.notYet(seen, every === undefined ? {} : { afterSeconds: every });
    return undefined;
  },
});

const Short = subtask({ ...Wait, needs: {}, className: 'ShortWaitTask', name: 'Wait shortly', timeout: 4 });

let steps = 0;
const Steps = subtask({
  name: 'Work for long',
  className: 'StepsTask',
  timeout: 600,
  needs: {},
  async run(scope) {
    for (;;) {
      steps += 1;
      await scope.pause(50);
    }
  },
});

let others = 0;
const Other = subtask({
  name: 'Something else',
  className: 'OtherTask',
  timeout: 60,
  needs: {},
  async run() {
    others += 1;
    return undefined;
  },
});

let bed: SubtaskBed;
beforeAll(async () => {
  bed = await SubtaskBed.open([Wait, Short, Steps, Other]);
});
afterAll(() => bed.close());
beforeEach(() => {
  looks = 0;
  goesOn = [];
  others = 0;
  every = 0.05;
});

/** The log of the only subtask, after somebody has read the task through the API. */
async function logWhenRead({ taskId, firstSubtaskId }: Plan): Promise<string[]> {
  const { temporal, store, taskQueue } = bed;
  const config = { taskQueue } as never;
  await createTaskService({ temporal, store, config, logger: createLogger('api', 'silent') }).read(taskId);
  return bed.log(taskId, firstSubtaskId);
}

describe('a wait that may be long', () => {
  test('of many looks costs no more events of the history than one of a few, and no slot', async () => {
    const worker = await bed.startWorker({ slots: 1 });
    let open = false;
    world = () => (open ? undefined : 'it is not there');
    const plan = await bed.plan([node(Wait)]);
    await bed.start(plan);
    await until('a few looks', () => looks >= 3);
    const early = await bed.events(plan.taskId);
    // The only slot of the only worker is free between two looks.
    const beside = await bed.plan([node(Other)]);
    await (await bed.start(beside)).result();
    expect(others).toBe(1);
    await until('many looks', () => looks >= 20, 60_000);
    expect(await bed.events(plan.taskId)).toBe(early);

    const shown = await bed.subtaskWhen(plan.taskId, 'Wait for it', ({ attempt = 1 }) => attempt > 10);
    expect(shown).toMatchObject({ status: 'RUNNING', lastFailure: 'it is not there' });
    open = true;
    await bed.handle(plan.taskId).result();
    expect(goesOn.slice(0, 3)).toEqual([false, true, true]);
    expect(await bed.log(plan.taskId, plan.firstSubtaskId)).toEqual([
      'it is not there',
      `Set state for subtask: ${plan.firstSubtaskId}, operation:EXECUTE, state: SUCCESSFUL`,
    ]);
    await worker.drain();
  }, 120_000);

  test('says what is new once, and goes on at another worker as if nothing had been', async () => {
    const first = await bed.startWorker();
    world = (look) => (look <= 4 ? 'it comes' : 'it is nearly there');
    const plan = await bed.plan([node(Wait)]);
    await bed.start(plan);
    await until('some looks', () => looks >= 7);
    await first.drain();
    const then = looks;
    const second = await bed.startWorker();
    await until('more looks', () => looks >= then + 4);
    world = () => undefined;
    await bed.handle(plan.taskId).result();
    const log = await bed.log(plan.taskId, plan.firstSubtaskId);
    expect(log.filter((line) => line.startsWith('it '))).toEqual(['it comes', 'it is nearly there']);
    await second.drain();
  }, 60_000);

  test('is cancelled at once, between two looks, and waits on when it is retried', async () => {
    const worker = await bed.startWorker();
    every = 500;
    world = () => 'it is not there';
    const plan = await bed.plan([node(Wait)]);
    const task = await bed.start(plan);
    await bed.subtaskWhen(plan.taskId, 'Wait for it', ({ lastFailure }) => lastFailure !== undefined);
    const began = Date.now();
    await task.executeUpdate(SUBTASK_UPDATES.cancelSubtask.update, { args: [plan.firstSubtaskId] });
    await bed.documentWhen(plan.taskId, 'FAILED', ({ status }) => status === 'FAILED');
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(looks).toBe(1);
    const waiting = await logWhenRead(plan);
    expect(waiting).toEqual([
      'it is not there',
      expect.stringMatching(/^Cancel asked for through Temporal/),
      'Cancelled',
      `Set state for subtask: ${plan.firstSubtaskId}, operation:EXECUTE, state: FAILED`,
    ]);

    // No other than that of a subtask that a worker stops.
    const other = await bed.plan([node(Steps)]);
    await bed.start(other);
    await until('it works', () => steps > 0);
    await bed
      .handle(other.taskId)
      .executeUpdate(SUBTASK_UPDATES.cancelSubtask.update, { args: [other.firstSubtaskId] });
    await bed.documentWhen(other.taskId, 'FAILED', ({ status }) => status === 'FAILED');
    const said = (lines: string[], of: Plan) =>
      lines.map((line) => line.replace(`subtask: ${of.firstSubtaskId},`, 'subtask: id,')).sort();
    expect(said(await logWhenRead(other), other)).toEqual(said(waiting.slice(1), plan));

    world = () => undefined;
    await task.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] });
    await task.result();
    expect(looks).toBe(2);
    await worker.drain();
  }, 60_000);

  test('ends FAILED when its timeout is over, with what it saw last, and has looked until then', async () => {
    const worker = await bed.startWorker();
    every = undefined;
    world = () => 'it is still not there';
    const plan = await bed.plan([node(Short)]);
    await bed.start(plan);
    const { subtasks } = await bed.documentWhen(plan.taskId, 'FAILED', ({ status }) => status === 'FAILED');
    expect(subtasks[0]).toMatchObject({
      status: 'FAILED',
      failureMessage: expect.stringMatching(/^TSK10012: .*4 s.*it is still not there/),
    });
    // At 0 s, and 2 s later: a third look would come after its time.
    expect(looks).toBeGreaterThanOrEqual(2);
    await worker.drain();
  }, 60_000);
});

test('a long wait is seen to be over a tenth of it late, and a minute at most, so that a week is some ten thousand looks', () => {
  let waited = 0;
  let looks = 1;
  for (; waited < 604_800; looks += 1) {
    const pause = pauseBefore(looks + 1);
    expect(pause).toBeLessThanOrEqual(Math.min(1 + 0.1 * waited + 0.001, 60));
    expect(pause).toBeGreaterThanOrEqual(1);
    waited += pause;
  }
  expect(looks).toBeLessThan(10_200);
});
