import { WorkflowUpdateFailedError } from '@temporalio/client';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import { CHAIN, DIAMOND, idOf, planOf } from '../support/plans';
import { broken, flaky, gate, sharedTaskBed, type TaskBed, until } from '../support/tasks';

let bed: TaskBed;
sharedTaskBed((opened) => {
  bed = opened;
});

describe('a task in which nothing fails', () => {
  it('runs every subtask once, after its upstreams, and projects one state: SUCCESSFUL and closed', async () => {
    const plan = planOf(DIAMOND);
    const workflow = await bed.start(plan);
    await workflow.result();
    expect(bed.executions[0]).toBe('a/1#1');
    expect(bed.executions[3]).toBe('d/1#1');
    expect([...bed.executions].sort()).toEqual(['a/1#1', 'b/1#1', 'c/1#1', 'd/1#1']);
    expect(bed.changes).toEqual([
      { taskId: plan.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    ]);
  });

  it('adds nothing to a chain but one local activity and one search attribute at its end', async () => {
    const workflow = await bed.start(planOf(CHAIN));
    await workflow.result();
    const { events } = await workflow.fetchHistory();
    const extra = (events ?? []).filter(
      (event) =>
        event.markerRecordedEventAttributes ||
        event.upsertWorkflowSearchAttributesEventAttributes ||
        event.timerStartedEventAttributes,
    );
    expect(extra).toHaveLength(2);
    // Started, three events of the first workflow task, six a step, marker, search attribute, Completed.
    expect(events).toHaveLength(1 + 3 + 6 * 3 + 3);
  });

  it('hands on what a subtask added to the context, and to each only what it needs', async () => {
    const seen: unknown[] = [];
    bed.behaviours.a = () => ({ stringMap: { pid: '4711', noise: 'x' } });
    bed.behaviours.c = ({ context }) => {
      seen.push(context);
      return undefined;
    };
    await (
      await bed.start(planOf(CHAIN, { needs: ['pid', 'host_id'], context: { stringMap: { host_id: '2' } } }))
    ).result();
    expect(seen).toEqual([{ stringMap: { pid: '4711', host_id: '2' }, listMap: {} }]);
  });

  it('keeps to the concurrency limit', async () => {
    const names = [...'abcdefgh'];
    const plan = planOf(Object.fromEntries(names.map((name) => [name, []])), { concurrency: 3 });
    for (const name of names) {
      bed.behaviours[name] = async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return undefined;
      };
    }
    await (await bed.start(plan)).result();
    expect(bed.executions).toHaveLength(8);
    expect(bed.mostTogether).toBe(3);
  });
});

describe('a task with a failed subtask', () => {
  it('waits FAILED and open, says so in row and search attributes, and starts nothing more', async () => {
    bed.behaviours.b = broken;
    const plan = planOf(CHAIN);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    expect(bed.executions).toEqual(['a/1#1', 'b/1#1']);
    expect(bed.changes).toEqual([
      { taskId: plan.taskId, status: 'FAILED', operation: 'EXECUTE', closed: false, sequence: 1 },
    ]);
    const described = await workflow.describe();
    expect(described.status.name).toBe('RUNNING');
    await until('NeedsOperator in visibility', async () => {
      const { count } = await bed.temporal.client.workflow.count(
        `WorkflowId = 'task-${plan.taskId}' AND TaskState = 'FAILED' AND NeedsOperator = true`,
      );
      return count === 1;
    });
  });

  it('lets running siblings finish first', async () => {
    const slow = gate();
    bed.behaviours.b = broken;
    bed.behaviours.c = slow.behaviour;
    const plan = planOf(DIAMOND);
    await bed.start(plan);
    await bed.subtaskWhen(plan, 'b', ({ status }) => status === 'FAILED');
    expect((await bed.document(plan)).status).toBe('RUNNING');
    slow.open();
    const document = await bed.documentWhen(plan, 'FAILED');
    expect(document.subtasks.map(({ status }) => status)).toEqual([
      'SUCCESSFUL',
      'FAILED',
      'SUCCESSFUL',
      'PENDING',
    ]);
  });

  it('runs every failed subtask again on retryTask and then goes on to its end', async () => {
    bed.behaviours.b = broken;
    bed.behaviours.c = broken;
    const plan = planOf(DIAMOND);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    delete bed.behaviours.b;
    delete bed.behaviours.c;
    const answer = await workflow.executeUpdate(TASK_UPDATES.retryTask.update, {
      args: [{ who: 'admin', why: 'disk replaced' }],
    });
    expect([...answer.subtaskIds].sort()).toEqual([idOf(plan, 'b'), idOf(plan, 'c')]);
    await workflow.result();
    expect([...bed.executions].sort()).toEqual(['a/1#1', 'b/1#1', 'b/2#1', 'c/1#1', 'c/2#1', 'd/1#1']);
    expect(bed.changes.map(({ status, operation }) => `${status}/${operation}`)).toEqual([
      'FAILED/EXECUTE',
      'RUNNING/RETRY',
      'SUCCESSFUL/RETRY',
    ]);
  });

  it.each([
    ['a number', (id: number) => id],
    ['a text', (id: number) => String(id)],
    ['an object', (id: number) => ({ subtaskId: id, who: 'admin', why: 'because' })],
  ])('runs one subtask again on retrySubtask with %s', async (_title, argument) => {
    bed.behaviours.b = broken;
    bed.behaviours.c = broken;
    const plan = planOf(DIAMOND);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    delete bed.behaviours.b;
    await workflow.executeUpdate(SUBTASK_UPDATES.retrySubtask.update, { args: [argument(idOf(plan, 'b'))] });
    const document = await until('b done, c still FAILED', async () => {
      const now = await bed.document(plan);
      return now.status === 'FAILED' && now.subtasks[1]?.status === 'SUCCESSFUL' ? now : undefined;
    });
    expect(document.operation).toBe('EXECUTE');
    expect(document.subtasks[1]).toMatchObject({ runTime: 2, operation: 'RETRY' });
    expect(document.subtasks[2]).toMatchObject({ runTime: 1, operation: 'EXECUTE', status: 'FAILED' });
    expect(bed.executions).not.toContain('c/2#1');
  });

  it('fails with a text that names key, values and givers when two upstreams contradict each other', async () => {
    bed.behaviours.b = () => ({ stringMap: { port: '2883' } });
    bed.behaviours.c = () => ({ stringMap: { port: '3306' } });
    const plan = planOf(DIAMOND);
    await bed.start(plan);
    const { firstFailure } = await bed.documentWhen(plan, 'FAILED');
    expect(firstFailure).toEqual({
      subtaskId: idOf(plan, 'd'),
      name: 'd',
      message: `Could not start: Context key port is "2883" after b (${idOf(plan, 'b')}) and "3306" after c (${idOf(plan, 'c')}); a subtask cannot start with both. Correct it.`,
    });
  });
});

describe('refused commands', () => {
  async function refusal(sent: Promise<unknown>): Promise<{ type?: string | null; message?: string }> {
    const error = await sent.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
    return error.cause as never;
  }

  it('leave no trace in the history and say what is wrong', async () => {
    bed.behaviours.b = broken;
    const plan = planOf(CHAIN);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    const before = (await workflow.fetchHistory()).events?.length;
    const send = (argument: unknown) =>
      refusal(workflow.executeUpdate(SUBTASK_UPDATES.retrySubtask.update, { args: [argument] }));
    expect(await send(idOf(plan, 'a'))).toMatchObject({
      type: 'TSK10017',
      message: `Subtask ${idOf(plan, 'a')} (a) is SUCCESSFUL; retry is allowed when it is FAILED. Allowed now: retry, rollback, abandon; retry or skip of a FAILED subtask.`,
    });
    expect(await send(17)).toMatchObject({ type: 'TSK10001' });
    for (const nonsense of ['b', {}, null, [1], -1, 1.5]) {
      expect((await send(nonsense)).message).toContain('Send the id of a subtask');
    }
    expect((await workflow.fetchHistory()).events).toHaveLength(before ?? 0);
  });

  it('are refused while the task runs', async () => {
    const slow = gate();
    bed.behaviours.a = slow.behaviour;
    const plan = planOf({ a: [] });
    const workflow = await bed.start(plan);
    await bed.subtaskWhen(plan, 'a', ({ status }) => status === 'RUNNING');
    expect(
      await refusal(workflow.executeUpdate(TASK_UPDATES.retryTask.update, { args: [{}] })),
    ).toMatchObject({
      type: 'TSK10016',
      message: `Task ${plan.taskId} is RUNNING; retry is allowed when it is FAILED. Allowed now: cancel of a RUNNING subtask, retry or skip of a FAILED one.`,
    });
    slow.open();
    await workflow.result();
  });

  it('obey once when the same subtask is retried twice at the same moment', async () => {
    bed.behaviours.a = broken;
    const plan = planOf({ a: [] });
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    const both = await Promise.allSettled(
      [1, 2].map(() =>
        workflow.executeUpdate(SUBTASK_UPDATES.retrySubtask.update, { args: [idOf(plan, 'a')] }),
      ),
    );
    await bed.documentWhen(plan, 'FAILED');
    const runs = bed.executions.length - 1;
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(runs);
    expect((await bed.document(plan)).subtasks[0]?.runTime).toBe(1 + runs);
  });
});

describe('errors of activities', () => {
  it('are tried again when waiting cures them, within one run', async () => {
    bed.behaviours.a = flaky(2);
    await (await bed.start(planOf({ a: [] }))).result();
    expect(bed.executions).toEqual(['a/1#1', 'a/1#2', 'a/1#3']);
  });

  it('are final when a person must act, and when nobody foresaw them', async () => {
    bed.behaviours.a = broken;
    bed.behaviours.b = () => {
      throw new TypeError('undefined is not a function');
    };
    const plan = planOf({ a: [], b: [] });
    await bed.start(plan);
    const { subtasks } = await bed.documentWhen(plan, 'FAILED');
    expect(subtasks.map(({ failureMessage }) => failureMessage)).toEqual([
      'Could not run a on 192.0.2.7: no space left on device. Make room in /home/admin and retry.',
      'Unexpected error: undefined is not a function',
    ]);
    expect([...bed.executions].sort()).toEqual(['a/1#1', 'b/1#1']);
  });

  it('name the timeout and the last attempt when the time of the run is over', async () => {
    bed.behaviours.a = flaky(1000);
    const plan = planOf({ a: [] }, { timeout: 2 });
    await bed.start(plan);
    const { firstFailure } = await bed.documentWhen(plan, 'FAILED');
    expect(firstFailure?.message).toMatch(
      /^TSK10012: Given up after 2 s. The last attempt said: .*connection refused/,
    );
  });
});

describe('in the Temporal Web UI', () => {
  it('a waiting task shows a table, the first failure and what to send', async () => {
    bed.behaviours.b = broken;
    const plan = planOf(CHAIN);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    const metadata = await workflow.query<{
      currentDetails: string;
      definition: { updateDefinitions: { name: string; description: string }[] };
    }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toContain('**FAILED**: 1 of 3 subtasks done, 1 failed.');
    expect(metadata.currentDetails).toContain('no space left on device');
    expect(metadata.currentDetails).toContain(`**retrySubtask** with Data \`${idOf(plan, 'b')}\``);
    expect(metadata.currentDetails).toMatch(
      new RegExp(`^\\|${idOf(plan, 'b')}\\s*\\|b\\s*\\|\\*\\*FAILED`, 'm'),
    );
    const updates = metadata.definition.updateDefinitions;
    expect(updates.map(({ name }) => name)).toEqual(expect.arrayContaining(['retryTask', 'retrySubtask']));
    for (const { description } of updates) expect(description).toContain('Data: ');
  });

  it('its button "Request Cancellation" stops what runs and closes the workflow', async () => {
    const forever = gate();
    bed.behaviours.a = forever.behaviour;
    const plan = planOf(CHAIN);
    const workflow = await bed.start(plan);
    await bed.subtaskWhen(plan, 'a', ({ status }) => status === 'RUNNING');
    await workflow.cancel();
    await expect(workflow.result()).rejects.toThrow('cancelled');
    const document = await bed.document(plan);
    expect(document.status).toBe('FAILED');
    expect(document.subtasks.map(({ status }) => status)).toEqual(['FAILED', 'PENDING', 'PENDING']);
  });

  it('a waiting task can be cancelled, too', async () => {
    bed.behaviours.a = broken;
    const plan = planOf({ a: [] });
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    await workflow.cancel();
    await expect(workflow.result()).rejects.toThrow('cancelled');
  });
});
