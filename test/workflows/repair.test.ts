import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan, SubtaskCommand, TaskCommand } from '../../workflows/plan';
import { CHAIN, DIAMOND, idOf, planOf } from '../support/plans';
import { broken, flaky, gate, sharedTaskBed, type TaskBed } from '../support/tasks';

let bed: TaskBed;
sharedTaskBed((opened) => {
  bed = opened;
});

const workflowOf = (plan: Plan) => bed.temporal.client.workflow.getHandle(`task-${plan.taskId}`);
const tell = (plan: Plan, command: TaskCommand, argument: unknown = { who: 'admin' }) =>
  workflowOf(plan).executeUpdate(TASK_UPDATES[command].update, { args: [argument] });
const tellOf = (plan: Plan, command: SubtaskCommand, name: string) =>
  workflowOf(plan).executeUpdate(SUBTASK_UPDATES[command].update, { args: [idOf(plan, name)] });
const states = ({ subtasks }: Awaited<ReturnType<TaskBed['document']>>) =>
  subtasks.map(({ name, status, operation }) => `${name} ${status}/${operation}`);
const projected = () =>
  bed.changes.map(({ status, operation, closed }) => `${status}/${operation}${closed ? ' closed' : ''}`);

async function failedAt(name: string, plan: Plan): Promise<void> {
  bed.behaviours[name] = broken;
  await bed.start(plan);
  await bed.documentWhen(plan, 'FAILED');
}

async function refusalOf(sent: Promise<unknown>): Promise<{ type?: string | null; message?: string }> {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
  return error.cause as never;
}

describe('skip', () => {
  it('counts a FAILED subtask as SUCCESSFUL without running it again, and the task goes on', async () => {
    const plan = planOf(CHAIN);
    await failedAt('b', plan);
    await tellOf(plan, 'skipSubtask', 'b');
    await workflowOf(plan).result();
    expect(bed.executions).toEqual(['a/1#1', 'b/1#1', 'c/1#1']);
    expect(states(await bed.document(plan))).toEqual([
      'a SUCCESSFUL/EXECUTE',
      'b SUCCESSFUL/SKIP',
      'c SUCCESSFUL/EXECUTE',
    ]);
    expect(projected()).toEqual(['FAILED/EXECUTE', 'RUNNING/EXECUTE', 'SUCCESSFUL/EXECUTE closed']);
  });

  it('of one of two FAILED subtasks leaves the task FAILED, and the document says so', async () => {
    bed.behaviours.c = broken;
    const plan = planOf(DIAMOND);
    await failedAt('b', plan);
    await tellOf(plan, 'skipSubtask', 'b');
    expect(await bed.document(plan)).toMatchObject({ status: 'FAILED', firstFailure: { name: 'c' } });
    await tellOf(plan, 'skipSubtask', 'c');
    await workflowOf(plan).result();
  });

  it('is refused where the catalogue forbids it, and where nothing is FAILED', async () => {
    const plan = planOf(CHAIN, { unskippable: ['b'] });
    await failedAt('b', plan);
    expect(await refusalOf(tellOf(plan, 'skipSubtask', 'b'))).toMatchObject({
      type: 'TSK10010',
      message: expect.stringContaining('(b) cannot be skipped'),
    });
    expect(await refusalOf(tellOf(plan, 'skipSubtask', 'a'))).toMatchObject({ type: 'TSK10017' });
  });
});

describe('cancel', () => {
  it('tells the running activity to stop; the subtask is CANCELING, then FAILED, and can be retried', async () => {
    const door = gate();
    const stopping = gate();
    bed.behaviours.b = async (input, attempt, signal) => {
      try {
        return await door.behaviour(input, attempt, signal);
      } catch (error) {
        await stopping.behaviour(input, attempt, new AbortController().signal);
        throw error;
      }
    };
    const plan = planOf(CHAIN);
    await bed.start(plan);
    await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await tellOf(plan, 'cancelSubtask', 'b');
    expect(states(await bed.document(plan))[1]).toBe('b CANCELING/EXECUTE');
    expect(await refusalOf(tellOf(plan, 'cancelSubtask', 'b'))).toMatchObject({
      type: 'TSK10017',
      message: expect.stringContaining('is CANCELING; cancel is allowed when it is RUNNING'),
    });
    stopping.open();
    const { firstFailure, ...document } = await bed.documentWhen(plan, 'FAILED');
    expect(states(document)[1]).toBe('b FAILED/CANCEL');
    expect(firstFailure?.message).toBe('TSK10014: It was cancelled.');
    delete bed.behaviours.b;
    await tellOf(plan, 'retrySubtask', 'b');
    await workflowOf(plan).result();
    expect(bed.executions).toEqual(['a/1#1', 'b/1#1', 'b/2#1', 'c/1#1']);
  });

  it('that comes too late leaves a plain success', async () => {
    const door = gate();
    bed.behaviours.a = (input, attempt) => door.behaviour(input, attempt, new AbortController().signal);
    const plan = planOf({ a: [] });
    await bed.start(plan);
    await bed.subtaskWhen(plan, 'a', ({ status }) => status === 'RUNNING');
    await tellOf(plan, 'cancelSubtask', 'a');
    door.open();
    await workflowOf(plan).result();
    expect(states(await bed.document(plan))).toEqual(['a SUCCESSFUL/EXECUTE']);
  });

  it('ends the wait between two attempts at once', async () => {
    const plan = planOf({ a: [] });
    bed.behaviours.a = flaky(1000);
    await bed.start(plan);
    await bed.subtaskWhen(plan, 'a', ({ attempt }) => (attempt ?? 1) > 1);
    await tellOf(plan, 'cancelSubtask', 'a');
    expect(states(await bed.documentWhen(plan, 'FAILED'))).toEqual(['a FAILED/CANCEL']);
  });
});

describe('rollback', () => {
  it('undoes what has started, last first, and ends SUCCESSFUL with everything PENDING', async () => {
    const plan = planOf({ ...DIAMOND, e: ['d'] });
    await failedAt('d', plan);
    bed.executions.length = 0;
    const { subtaskIds } = await tell(plan, 'rollbackTask');
    expect([...subtaskIds].sort()).toEqual(['a', 'b', 'c', 'd'].map((name) => idOf(plan, name)));
    await workflowOf(plan).result();
    expect(bed.executions[0]).toBe('d.rollback/1#1');
    expect(bed.executions.slice(1, 3).sort()).toEqual(['b.rollback/1#1', 'c.rollback/1#1']);
    expect(bed.executions.slice(3)).toEqual(['a.rollback/1#1']);
    const document = await bed.document(plan);
    expect(document).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK' });
    expect(states(document)).toEqual([
      ...['a', 'b', 'c', 'd'].map((name) => `${name} PENDING/ROLLBACK`),
      'e PENDING/EXECUTE',
    ]);
    expect(projected()).toEqual(['FAILED/EXECUTE', 'RUNNING/ROLLBACK', 'SUCCESSFUL/ROLLBACK closed']);
  });

  it('waits FAILED when an undo fails; another rollback repeats that undo and goes on', async () => {
    const plan = planOf(CHAIN);
    await failedAt('c', plan);
    bed.behaviours['b.rollback'] = broken;
    bed.executions.length = 0;
    await tell(plan, 'rollbackTask');
    const document = await bed.documentWhen(plan, 'FAILED');
    expect(document).toMatchObject({ operation: 'ROLLBACK', firstFailure: { name: 'b' } });
    expect(states(document)).toEqual(['a SUCCESSFUL/ROLLBACK', 'b FAILED/ROLLBACK', 'c PENDING/ROLLBACK']);
    expect(await refusalOf(tell(plan, 'retryTask'))).toMatchObject({
      type: 'TSK10016',
      message: expect.stringContaining('rollback again, skip of a FAILED subtask, abandon'),
    });
    expect(await refusalOf(tellOf(plan, 'retrySubtask', 'b'))).toMatchObject({ type: 'TSK10017' });
    delete bed.behaviours['b.rollback'];
    await tell(plan, 'rollbackTask');
    await workflowOf(plan).result();
    expect(bed.executions).toEqual(['c.rollback/1#1', 'b.rollback/1#1', 'b.rollback/2#1', 'a.rollback/1#1']);
  });

  it('goes on past an undo that is skipped', async () => {
    const plan = planOf(CHAIN);
    await failedAt('c', plan);
    bed.behaviours['b.rollback'] = broken;
    await tell(plan, 'rollbackTask');
    await bed.documentWhen(plan, 'FAILED');
    await tellOf(plan, 'skipSubtask', 'b');
    await workflowOf(plan).result();
    expect(states(await bed.document(plan))).toEqual([
      'a PENDING/ROLLBACK',
      'b PENDING/ROLLBACK_SKIP',
      'c PENDING/ROLLBACK',
    ]);
  });

  it('gives an undo what its subtask had and added', async () => {
    const seen: unknown[] = [];
    bed.behaviours.a = () => ({ stringMap: { pid: '4711' } });
    bed.behaviours['a.rollback'] = ({ context, operation }) => {
      seen.push([operation, context.stringMap]);
      return undefined;
    };
    const plan = planOf(CHAIN, { needs: ['pid', 'host_id'], context: { stringMap: { host_id: '2' } } });
    await failedAt('b', plan);
    await tell(plan, 'rollbackTask');
    await workflowOf(plan).result();
    expect(seen).toEqual([['ROLLBACK', { pid: '4711', host_id: '2' }]]);
  });

  it.each([
    ['the context', planOf(CHAIN, { context: { stringMap: { prohibit_rollback: 'true' } } }), 'its context'],
    ['a subtask that has started', planOf(CHAIN, { permanent: ['a'] }), '(a) has started'],
  ])('is refused when %s forbids it', async (_title, plan, text) => {
    await failedAt('b', plan);
    expect(await bed.document(plan)).toMatchObject({ prohibitRollback: true });
    expect(await refusalOf(tell(plan, 'rollbackTask'))).toMatchObject({
      type: 'TSK10009',
      message: expect.stringContaining(text),
    });
  });

  it('keeps to the concurrency limit', async () => {
    const names = [...'abcdef'];
    const edges = { ...Object.fromEntries(names.map((name) => [name, []])), z: names };
    const plan = planOf(edges, { concurrency: 2 });
    for (const name of names) {
      bed.behaviours[`${name}.rollback`] = async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return undefined;
      };
    }
    await failedAt('z', plan);
    bed.mostTogether = 0;
    await tell(plan, 'rollbackTask');
    await workflowOf(plan).result();
    expect(bed.mostTogether).toBe(2);
  });
});

describe('abandon', () => {
  it('ends a FAILED task as it is, says what stays behind, and takes no command afterwards', async () => {
    const plan = planOf(CHAIN, { leaves: { a: 'the package', b: 'the process', c: 'nothing yet' } });
    await failedAt('b', plan);
    await tell(plan, 'abandonTask', { who: 'admin', why: 'the host is sold' });
    const error = await workflowOf(plan)
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const leftBehind = [`the package (a, ${idOf(plan, 'a')})`, `perhaps the process (b, ${idOf(plan, 'b')})`];
    expect(await bed.document(plan)).toMatchObject({
      status: 'FAILED',
      operation: 'EXECUTE',
      ending: `Task ${plan.taskId} was abandoned by admin: the host is sold. Left behind: ${leftBehind.join('; ')}.`,
      leftBehind,
      firstFailure: { name: 'b' },
    });
    expect(projected()).toEqual(['FAILED/EXECUTE', 'FAILED/EXECUTE closed']);
    await expect(tell(plan, 'retryTask')).rejects.toThrow('already completed');
  });

  it('is refused while something runs', async () => {
    const door = gate();
    bed.behaviours.a = door.behaviour;
    const plan = planOf({ a: [] });
    await bed.start(plan);
    await bed.subtaskWhen(plan, 'a', ({ status }) => status === 'RUNNING');
    expect(await refusalOf(tell(plan, 'abandonTask'))).toMatchObject({
      type: 'TSK10016',
      message: expect.stringContaining('is RUNNING; abandon is allowed when it is FAILED'),
    });
    door.open();
    await workflowOf(plan).result();
  });

  it('is what a cancelled workflow comes to: what runs is stopped, locks are released, the document says why', async () => {
    bed.behaviours.b = gate().behaviour;
    const plan = planOf(CHAIN, { leaves: { a: 'the package', b: 'the process' } });
    const workflow = await bed.start(plan);
    await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'RUNNING');
    await workflow.cancel();
    await expect(workflow.result()).rejects.toThrow('cancelled');
    expect(projected().at(-1)).toBe('FAILED/EXECUTE closed');
    const document = await bed.document(plan);
    expect(document).toMatchObject({ status: 'FAILED', ending: expect.stringContaining('was cancelled') });
    expect(document.leftBehind).toHaveLength(2);
    expect(states(document)[1]).toBe('b FAILED/CANCEL');
  });
});

it('of two people who press at once one wins and the other reads why not', async () => {
  const plan = planOf(CHAIN);
  await failedAt('b', plan);
  const door = gate();
  bed.behaviours.b = door.behaviour;
  bed.behaviours['b.rollback'] = door.behaviour;
  const pressed = await Promise.allSettled([tell(plan, 'rollbackTask'), tell(plan, 'retryTask')]);
  const [lost] = pressed.filter(({ status }) => status === 'rejected');
  expect(pressed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(lost).toMatchObject({ reason: { cause: { type: 'TSK10016' } } });
  door.open();
  await workflowOf(plan).result();
});
