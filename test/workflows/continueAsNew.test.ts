import { taskDocument } from '../../api/tasks/document/document';
import type { WrappedTaskInstance } from '../../api/tasks/document/types';
import { HistoryReader } from '../../api/tasks/temporal/historyReader';
import { node } from '../../workflows/chain';
import { taskWorkflowId } from '../../workflows/ids';
import { SUBTASK_UPDATES, TASK_UPDATES } from '../../workflows/messages';
import type { Plan } from '../../workflows/plan';
import { CHAIN, idOf, idsOf, planOf } from '../support/plans';
import { broken, gate, sharedTaskBed, type TaskBed, until } from '../support/tasks';

const { retryTask, rollbackTask } = TASK_UPDATES;
const { skipSubtask, cancelSubtask, retrySubtask } = SUBTASK_UPDATES;

let bed: TaskBed;
sharedTaskBed((opened) => {
  bed = opened;
});

const named = (name: string, split?: string) =>
  node(
    { name, className: `com.example.${name}Task`, activity: name, timeout: 60, needs: [] },
    split === undefined ? {} : { split },
  );

/** A step before, two on each of the hosts, and one behind them. */
function wide(hosts: number, continueAfter: number, more: Partial<Plan> = {}): Plan {
  const host_ids = Array.from({ length: hosts }, (_, at) => String(at + 1));
  return {
    ...planOf({}),
    nodes: [named('Prepare'), named('Install', 'host_ids'), named('Start', 'host_ids'), named('Finish')],
    context: { stringMap: {}, listMap: { host_ids } },
    continueAfter,
    ...more,
  };
}

/** Ids of all runs of the task's workflow, the oldest first. */
async function runsOf({ taskId }: Plan): Promise<string[]> {
  const runs: string[] = [];
  const query = `WorkflowId = '${taskWorkflowId(taskId)}'`;
  for await (const { runId, startTime } of bed.temporal.client.workflow.list({ query })) {
    runs.push(`${startTime.toISOString()} ${runId}`);
  }
  return runs.sort().map((run) => run.split(' ')[1] ?? '');
}

/** As a process shows it that has never seen the task. */
async function readAfresh(plan: Plan): Promise<WrappedTaskInstance> {
  const reading = await new HistoryReader(bed.temporal).read(taskWorkflowId(plan.taskId));
  if (reading === undefined) throw new Error(`no workflow of task ${plan.taskId}`);
  return taskDocument(reading.folded, reading.pending);
}

const timesEach = (executions: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const one of executions) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
};

describe('a task whose history grows long', () => {
  it('goes on in new runs, every subtask runs once, and every reader sees one document', async () => {
    const plan = wide(30, 50);
    const workflow = await bed.start(plan);
    const seen: number[] = [];
    const result = workflow.result();
    let running = true;
    void result.finally(() => {
      running = false;
    });
    while (running) {
      const { subtasks } = await bed.document(plan);
      seen.push(subtasks.filter(({ status }) => status === 'SUCCESSFUL').length);
    }
    await result;
    expect([...timesEach(bed.executions)]).toEqual(
      expect.arrayContaining([
        ['Prepare/1#1', 1],
        ['Install/1#1', 30],
        ['Start/1#1', 30],
        ['Finish/1#1', 1],
      ]),
    );
    // What was done is never shown as undone again.
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const document = await readAfresh(plan);
    expect(document).toEqual(await bed.document(plan));
    expect(document).toMatchObject({ status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true });
    expect(document.subtasks).toHaveLength(62);
    for (const subtask of document.subtasks) {
      expect(subtask).toMatchObject({
        status: 'SUCCESSFUL',
        startTime: expect.any(String),
        finishTime: expect.any(String),
      });
    }
    expect((await runsOf(plan)).length).toBeGreaterThan(3);
    expect(bed.changes).toEqual([
      { taskId: plan.taskId, status: 'SUCCESSFUL', operation: 'EXECUTE', closed: true, sequence: 1 },
    ]);
  });

  it('keeps what it is found by: its memo and its search attributes', async () => {
    bed.behaviours.Finish = broken;
    const plan = wide(20, 40);
    await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    const description = await bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).describe();
    expect((await runsOf(plan)).length).toBeGreaterThan(1);
    expect(description.memo).toMatchObject({ taskId: plan.taskId, traceId: plan.traceId });
    expect(description.searchAttributes).toMatchObject({
      TaskState: ['FAILED'],
      NeedsOperator: [true],
      TaskName: [plan.name],
    });
  });

  it('hands on the context that subtasks have added before the seam', async () => {
    const given: unknown[] = [];
    bed.behaviours.a = () => ({ stringMap: { pid: '4711' }, listMap: { found: ['x'] } });
    bed.behaviours.z = ({ context }) => {
      given.push(context);
      return undefined;
    };
    const names = ['a', ...'bcdefghij', 'z'];
    const edges = Object.fromEntries(names.map((name, at) => [name, at === 0 ? [] : [names[at - 1] ?? '']]));
    const plan = { ...planOf(edges, { needs: ['pid', 'found'] }), continueAfter: 20 };
    await (await bed.start(plan)).result();
    expect((await runsOf(plan)).length).toBeGreaterThan(2);
    expect(given).toEqual([{ stringMap: { pid: '4711' }, listMap: { found: ['x'] } }]);
  });
});

describe('commands around a seam', () => {
  it('retry, skip and rollback do the same as without one, and the document tells all of them', async () => {
    bed.behaviours.Install = ({ element, run }, ...more) =>
      element?.value === '17' && run < 3 ? broken({ name: 'Install' } as never, ...more) : undefined;
    bed.behaviours.Start = ({ element }, ...more) =>
      element?.value === '5' ? broken({ name: 'Start' } as never, ...more) : undefined;
    const plan = wide(20, 40);
    const workflow = await bed.start(plan);
    const failed = await bed.documentWhen(plan, 'FAILED');
    expect(await readAfresh(plan)).toEqual(failed);
    await workflow.executeUpdate(retryTask.update, { args: [{ who: 'admin', why: 'first' }] });
    await until('it is FAILED again', async () => {
      const document = await bed.document(plan);
      return document.status === 'FAILED' && document.subtasks.some(({ runTime }) => runTime === 2);
    });
    await workflow.executeUpdate(retryTask.update, { args: [{ who: 'admin', why: 'second' }] });
    const ids = idsOf(plan);
    const start5 = (await bed.document(plan)).subtasks.find(
      ({ name, parallelIdx }) => name === 'Start' && parallelIdx === 4,
    );
    await until('only Start of host 5 is FAILED', async () => {
      const { status, subtasks } = await bed.document(plan);
      const bad = subtasks.filter((subtask) => subtask.status === 'FAILED');
      return status === 'FAILED' && bad.length === 1 && bad[0]?.id === start5?.id;
    });
    expect(ids).toContain(start5?.id);
    await workflow.executeUpdate(rollbackTask.update, { args: [{ who: 'admin', why: 'sold' }] });
    await workflow.result();
    const document = await readAfresh(plan);
    expect(document).toMatchObject({ status: 'SUCCESSFUL', operation: 'ROLLBACK', closed: true });
    expect(document.commands?.map(({ command, why }) => [command, why])).toEqual([
      ['retryTask', 'first'],
      ['retryTask', 'second'],
      ['rollbackTask', 'sold'],
    ]);
    expect(document.subtasks.every(({ status }) => status === 'PENDING')).toBe(true);
    const undone = bed.executions.filter((one) => one.includes('.rollback'));
    expect(new Set(undone.filter((one) => one.startsWith('Prepare'))).size).toBe(1);
    expect(undone.filter((one) => one.startsWith('Install.rollback'))).toHaveLength(20);
    expect((await runsOf(plan)).length).toBeGreaterThan(3);
  });

  it('are obeyed once: the same id, sent again to a later run, changes nothing', async () => {
    bed.behaviours.Prepare = broken;
    const plan = wide(20, 40);
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    bed.behaviours.Finish = broken;
    delete bed.behaviours.Prepare;
    const again = { args: [{ who: 'admin' }] as [unknown], updateId: 'retry/once' };
    await workflow.executeUpdate(retryTask.update, again);
    await until('Finish is FAILED', async () => {
      const { status, subtasks } = await bed.document(plan);
      return status === 'FAILED' && subtasks.at(-1)?.status === 'FAILED';
    });
    expect((await runsOf(plan)).length).toBeGreaterThan(1);
    expect(await workflow.executeUpdate(retryTask.update, again)).toEqual({ subtaskIds: [] });
    const document = await bed.document(plan);
    expect(document.subtasks.at(-1)).toMatchObject({ status: 'FAILED', runTime: 1 });
    expect(document.commands).toHaveLength(1);
    expect(await readAfresh(plan)).toEqual(document);
  });

  it('are neither lost nor doubled while run follows run', async () => {
    const hosts = 40;
    bed.behaviours.Install = ({ run }, ...more) =>
      run === 1 ? broken({ name: 'Install' } as never, ...more) : undefined;
    const plan = wide(hosts, 25, { concurrency: 0 });
    const workflow = await bed.start(plan);
    await until('all of them are FAILED', async () => {
      const { subtasks } = await bed.document(plan);
      return subtasks.filter(({ status }) => status === 'FAILED').length === hosts;
    });
    const installs = (await bed.document(plan)).subtasks.filter(({ name }) => name === 'Install');
    // One after the other, so that seams come between them.
    for (const [at, { id }] of installs.entries()) {
      const command = at % 2 === 0 ? retrySubtask.update : skipSubtask.update;
      await workflow.executeUpdate(command, { args: [id], updateId: `command/${id}` });
    }
    await workflow.result();
    const document = await readAfresh(plan);
    expect(document.commands?.map(({ subtaskId }) => subtaskId)).toEqual(installs.map(({ id }) => id));
    expect(bed.executions.filter((one) => one.startsWith('Install/2'))).toHaveLength(hosts / 2);
    expect((await runsOf(plan)).length).toBeGreaterThan(3);
  });
});

describe('a seam', () => {
  it('waits for what runs, and a cancel is obeyed meanwhile', async () => {
    const door = gate();
    bed.behaviours.Install = (input, ...more) =>
      input.element?.value === '3' && input.run === 1 ? door.behaviour(input, ...more) : undefined;
    const plan = wide(12, 30);
    const workflow = await bed.start(plan);
    const running = await bed
      .subtaskWhen(plan, 'Install', () => true)
      .then(async () =>
        until('host 3 holds the seam', async () => {
          const { subtasks } = await bed.document(plan);
          const others = subtasks.filter(({ status }) => status === 'RUNNING');
          return others.length === 1 && others[0]?.parallelIdx === 2 ? others[0] : undefined;
        }),
      );
    await workflow.executeUpdate(cancelSubtask.update, { args: [running.id] });
    await bed.documentWhen(plan, 'FAILED');
    await workflow.executeUpdate(retrySubtask.update, { args: [running.id] });
    await workflow.result();
    expect((await runsOf(plan)).length).toBeGreaterThan(1);
    const document = await readAfresh(plan);
    expect(document.subtasks.find(({ id }) => id === running.id)).toMatchObject({
      status: 'SUCCESSFUL',
      runTime: 2,
    });
  });

  it('breaks a wait off, which goes on behind it as the same run', async () => {
    const door = gate();
    bed.behaviours.Wait = door.behaviour;
    const wait = { ...named('Wait'), waits: true as const, after: [] };
    const chain = wide(12, 30);
    const plan: Plan = {
      ...chain,
      nodes: [...chain.nodes.map((item, at) => (at === 0 ? { ...item, after: [] } : item)), wait],
    };
    const workflow = await bed.start(plan);
    await until('everything else is done', async () => {
      const { subtasks } = await bed.document(plan);
      return subtasks.every(({ status, name }) => name === 'Wait' || status === 'SUCCESSFUL');
    });
    expect((await runsOf(plan)).length).toBeGreaterThan(1);
    const document = await bed.document(plan);
    expect(document).toMatchObject({ status: 'RUNNING' });
    expect(document.subtasks.at(-1)).toMatchObject({ name: 'Wait', runTime: 1, operation: 'EXECUTE' });
    door.open();
    await workflow.result();
    expect((await readAfresh(plan)).subtasks.at(-1)).toMatchObject({ status: 'SUCCESSFUL', runTime: 1 });
    expect(new Set(bed.executions.filter((one) => one.startsWith('Wait'))).size).toBe(1);
  });

  it('survives that its worker dies there', async () => {
    bed.behaviours.Finish = broken;
    const plan = wide(40, 30);
    const workflow = await bed.start(plan);
    const stop = { now: false };
    const restless = (async () => {
      while (!stop.now) {
        const worker = await bed.startWorker();
        await until('it has done something', async () => bed.executions.length > 0);
        await worker.drain();
      }
    })();
    await bed.documentWhen(plan, 'FAILED');
    stop.now = true;
    await restless;
    delete bed.behaviours.Finish;
    await workflow.executeUpdate(retryTask.update, { args: [{}] });
    await workflow.result();
    const document = await readAfresh(plan);
    expect(document.subtasks.every(({ status }) => status === 'SUCCESSFUL')).toBe(true);
  });

  it('does not come while a task of few events waits', async () => {
    bed.behaviours.b = broken;
    const plan = { ...planOf(CHAIN), continueAfter: 1_000 };
    const workflow = await bed.start(plan);
    await bed.documentWhen(plan, 'FAILED');
    await workflow.executeUpdate(skipSubtask.update, { args: [idOf(plan, 'b')] });
    await workflow.result();
    expect(await runsOf(plan)).toHaveLength(1);
  });
});

it('shows the state of a task whose first runs are past the retention', async () => {
  bed.behaviours.Finish = broken;
  const plan = wide(20, 40);
  await bed.start(plan);
  const whole = await bed.documentWhen(plan, 'FAILED');
  const runs = await runsOf(plan);
  const { connection, namespace } = bed.temporal;
  for (const runId of runs.slice(0, -1)) {
    await connection.workflowService.deleteWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: taskWorkflowId(plan.taskId), runId },
    });
  }
  await until('they are gone', async () => (await runsOf(plan)).length === 1);
  const rest = await until('the oldest run is unknown', async () => readAfresh(plan).catch(() => undefined));
  const states = ({ subtasks }: WrappedTaskInstance) =>
    subtasks.map(({ id, status, operation, runTime }) => ({ id, status, operation, runTime }));
  expect(states(rest)).toEqual(states(whole));
  expect(rest).toMatchObject({ status: 'FAILED', firstFailure: whole.firstFailure });
});
