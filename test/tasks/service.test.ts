import type { TaskDocument, WrappedTaskInstance } from '../../api/tasks/document/types';
import { createTaskService, type TaskService } from '../../api/tasks/service';
import { Reconciler } from '../../api/tasks/temporal/reconciler';
import { Refusal } from '../../operations/refusal';
import { createLogger } from '../../runtime/logger';
import { connectTemporal } from '../../runtime/temporal';
import { openStore } from '../../store';
import type { Store, TaskRow } from '../../store/types';
import { taskWorkflowId } from '../../workflows/ids';
import type { Plan } from '../../workflows/plan';
import { CHAIN, type Edges, idOf, type PlanOptions, planOf } from '../support/plans';
import { emptyStore } from '../support/store';
import { broken, gate, TaskBed, until } from '../support/tasks';
import { startTcpProxy } from '../support/tcpProxy';

let bed: TaskBed;
let store: Store;
let removeStore: () => Promise<void>;
let tasks: TaskService;
let reconciler: { stop(): Promise<void> };

function serviceOn(temporal = bed.temporal): TaskService {
  const config = { taskQueue: bed.taskQueue } as never;
  return createTaskService({ temporal, store, config, logger: createLogger('api', 'silent') });
}

beforeAll(async () => {
  ({ store, remove: removeStore } = await emptyStore());
  bed = await TaskBed.open(store);
  tasks = serviceOn();
  reconciler = tasks.startReconciler();
  await bed.startWorker();
});
afterAll(async () => {
  await reconciler.stop();
  await bed.close();
  await removeStore();
});
afterEach(() => {
  for (const name of Object.keys(bed.behaviours)) delete bed.behaviours[name];
});

/** Stored, locked and started as an operation does it. */
async function submit(edges: Edges, options: PlanOptions = {}): Promise<Plan> {
  const plan = { ...planOf(edges, options), createTime: new Date().toISOString() };
  await store.tasks.add({ plan, workflowType: 'addObproxy' });
  await store.locks.take(plan.taskId, [`host:${plan.taskId}`], [plan.taskId]);
  await tasks.start(plan, 'addObproxy');
  return plan;
}

async function row(plan: Plan): Promise<TaskRow> {
  const found = await store.tasks.find(plan.taskId);
  if (found === undefined) throw new Error('no row');
  return found;
}

/** With its subtasks made. */
async function whole(document: TaskDocument | undefined): Promise<WrappedTaskInstance> {
  if (document === undefined) throw new Error('no document');
  return { ...document, subtasks: await document.subtasks.all() };
}

const read = async (plan: Plan) => whole(await tasks.read(plan.taskId));

const whenStatus = (plan: Plan, status: string) =>
  until(`task ${plan.taskId} ${status}`, async () => {
    const document = await read(plan);
    return document.status === status ? document : undefined;
  });

const command = () => ({ requestId: `request-${Math.random()}`, who: 'admin' });

async function refusal(sent: Promise<unknown>): Promise<Refusal> {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Refusal) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe('a task from start to archive', () => {
  it('has released its locks and its row says SUCCESSFUL when the document says so', async () => {
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'SUCCESSFUL');
    expect(await store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
    expect(await row(plan)).toMatchObject({ status: 'SUCCESSFUL', closed: true, started: true });
  });

  it('is answered from the row when its workflow has closed, with the same document', async () => {
    const plan = await submit(CHAIN);
    const document = await whenStatus(plan, 'SUCCESSFUL');
    await until('archived', async () => (await row(plan)).document !== null);
    await bed.temporal.client.workflowService.deleteWorkflowExecution({
      namespace: bed.temporal.namespace,
      workflowExecution: { workflowId: taskWorkflowId(plan.taskId) },
    });
    expect(await read(plan)).toEqual(document);
    expect((await tasks.basic([await row(plan)]))[0]).toMatchObject({
      id: plan.taskId,
      status: 'SUCCESSFUL',
    });
  });

  it('knows nothing of an id that was never given', async () => {
    expect(await tasks.read(987654)).toBeUndefined();
    expect(await refusal(tasks.retryTask(987654, command()))).toMatchObject({
      status: 404,
      code: 'TSK10001',
    });
  });
});

describe('retry through the API', () => {
  it('of the task: answers the document in which the failed subtask runs again', async () => {
    bed.behaviours.b = broken;
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'FAILED');
    const door = gate();
    bed.behaviours.b = door.behaviour;
    const document = await whole(await tasks.retryTask(plan.taskId, command()));
    expect(document).toMatchObject({ status: 'RUNNING', operation: 'RETRY' });
    expect(document.subtasks[1]).toMatchObject({ runTime: 2, operation: 'RETRY' });
    expect(['READY', 'RUNNING']).toContain(document.subtasks[1]?.status);
    door.open();
    await whenStatus(plan, 'SUCCESSFUL');
  });

  it('of a subtask: the same request twice is one run', async () => {
    bed.behaviours.b = broken;
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'FAILED');
    const same = command();
    const subtask = await tasks.retrySubtask(plan.taskId, idOf(plan, 'b'), same);
    expect(subtask).toMatchObject({ id: idOf(plan, 'b'), runTime: 2, operation: 'RETRY' });
    await tasks.retrySubtask(plan.taskId, idOf(plan, 'b'), same);
    const document = await whenStatus(plan, 'FAILED');
    expect(document.subtasks[1]?.runTime).toBe(2);
    expect((await row(plan)).status).toBe('FAILED');
  });

  it('is refused in a wrong state with code, id, state and what is allowed', async () => {
    bed.behaviours.b = broken;
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'FAILED');
    const wrong = await refusal(tasks.retrySubtask(plan.taskId, idOf(plan, 'c'), command()));
    expect(wrong).toMatchObject({ status: 400, code: 'TSK10017' });
    expect(wrong.message).toBe(
      `Subtask ${idOf(plan, 'c')} (c) is PENDING; retry is allowed when it is FAILED. Allowed now: retry, rollback, abandon; retry or skip of a FAILED subtask.`,
    );
    expect(await refusal(tasks.retrySubtask(plan.taskId, 5, command()))).toMatchObject({
      status: 404,
      code: 'TSK10001',
    });
  });

  it('of a finished task is refused', async () => {
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'SUCCESSFUL');
    expect(await refusal(tasks.retryTask(plan.taskId, command()))).toMatchObject({
      status: 400,
      code: 'TSK10016',
    });
  });

  it('works at the very moment the document shows the failure', async () => {
    for (let round = 0; round < 5; round++) {
      bed.behaviours.a = broken;
      const door = gate();
      bed.behaviours.b = door.behaviour;
      const plan = await submit({ a: [], b: [] });
      await until('a FAILED', async () => (await read(plan)).subtasks[0]?.status === 'FAILED');
      delete bed.behaviours.a;
      const subtask = await tasks.retrySubtask(plan.taskId, idOf(plan, 'a'), command());
      expect(subtask.runTime).toBe(2);
      door.open();
      await whenStatus(plan, 'SUCCESSFUL');
    }
  });
});

describe('without a worker', () => {
  it('a command is refused with 503 at once and never obeyed later', async () => {
    const lonely = await TaskBed.open(store);
    const service = createTaskService({
      temporal: lonely.temporal,
      store,
      config: { taskQueue: lonely.taskQueue } as never,
      logger: createLogger('api', 'silent'),
    });
    const plan = planOf(CHAIN);
    await store.tasks.add({ plan, workflowType: 'addObproxy' });
    await service.start(plan, 'addObproxy');
    const before = Date.now();
    const refused = await refusal(service.retryTask(plan.taskId, command()));
    expect(Date.now() - before).toBeLessThan(2000);
    expect(refused.status).toBe(503);
    expect(refused.message).toContain('the command was not sent');
    const document = await whole(await service.read(plan.taskId));
    expect(document.subtasks.map(({ status }) => status)).toEqual(['READY', 'PENDING', 'PENDING']);
    await lonely.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).terminate('end of test');
    await lonely.close();
  });
});

describe('the reconciler', () => {
  it('starts a task whose API died between commit and start', async () => {
    const plan = { ...planOf(CHAIN), createTime: new Date().toISOString() };
    await store.tasks.add({ plan, workflowType: 'addObproxy' });
    expect((await read(plan)).subtasks[0]?.status).toBe('READY');
    await whenStatus(plan, 'SUCCESSFUL');
  });

  it.each(['terminate', 'cancel'] as const)(
    'ends a task whose workflow somebody made to %s: FAILED, reason kept, locks released',
    async (how) => {
      bed.behaviours.b = broken;
      const plan = await submit(CHAIN);
      await whenStatus(plan, 'FAILED');
      await bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId))[how]('wrong cluster');
      await until('archived', async () => (await row(plan)).document !== null);
      expect(await store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
      const document = await read(plan);
      expect(document).toMatchObject({ status: 'FAILED', closed: true });
      expect(document.ending).toMatch(
        how === 'terminate'
          ? /^The workflow was terminated by \d+@\S+: wrong cluster; it takes no more commands\.$/
          : /^The workflow was cancelled by \d+@\S+; it takes no more commands\.$/,
      );
      expect(document.subtasks.map(({ status }) => status)).toEqual(['SUCCESSFUL', 'FAILED', 'PENDING']);
      expect(await refusal(tasks.retryTask(plan.taskId, command()))).toMatchObject({ status: 400 });
    },
  );

  it('does not take the workflow of another database for its own', async () => {
    const foreign = await submit(CHAIN);
    await whenStatus(foreign, 'SUCCESSFUL');
    const other = await emptyStore();
    const plan = {
      ...planOf(CHAIN, { taskId: foreign.taskId }),
      traceId: 'another',
      createTime: foreign.createTime,
    };
    await other.store.tasks.add({ plan, workflowType: 'addObproxy' });
    const service = createTaskService({
      temporal: bed.temporal,
      store: other.store,
      config: { taskQueue: bed.taskQueue } as never,
      logger: createLogger('api', 'silent'),
    });
    const second = service.startReconciler();
    const document = await until('given up', async () => {
      const found = await service.read(plan.taskId);
      return found?.status === 'FAILED' ? found : undefined;
    });
    expect(document.firstFailure?.message).toContain('belongs to another database');
    await second.stop();
    await other.remove();
  });
});

describe('when Temporal has lost the workflows', () => {
  it('a task that had told its end keeps it, and any other counts as FAILED; both release what they hold', async () => {
    const add = async (ended?: { status: 'SUCCESSFUL' | 'FAILED'; operation: 'EXECUTE' | 'ROLLBACK' }) => {
      const plan = { ...planOf(CHAIN), createTime: new Date().toISOString() };
      await store.tasks.add({ plan, workflowType: 'addObproxy' });
      await store.tasks.markStarted(plan.taskId);
      await store.locks.take(plan.taskId, [`host:${plan.taskId}`], [plan.taskId]);
      if (ended)
        await store.tasks.applyStateChange({ taskId: plan.taskId, ...ended, closed: true, sequence: 1 });
      return plan;
    };
    const lost = [
      await add({ status: 'SUCCESSFUL', operation: 'EXECUTE' }),
      await add({ status: 'SUCCESSFUL', operation: 'ROLLBACK' }),
      await add({ status: 'FAILED', operation: 'EXECUTE' }),
      await add(),
    ];
    const second = new Reconciler({
      temporal: bed.temporal,
      store,
      taskQueue: bed.taskQueue,
      logger: createLogger('api', 'silent'),
      goneAfterMs: 0,
    });
    for (const plan of lost) await until('archived', async () => (await row(plan)).document !== null);
    await second.stop();
    const documents = await Promise.all(lost.map(read));
    expect(documents.map(({ status, operation, closed }) => [status, operation, closed])).toEqual([
      ['SUCCESSFUL', 'EXECUTE', true],
      ['SUCCESSFUL', 'ROLLBACK', true],
      ['FAILED', 'EXECUTE', true],
      ['FAILED', 'EXECUTE', true],
    ]);
    expect(documents.map(({ subtasks }) => subtasks[0]?.status)).toEqual([
      'SUCCESSFUL',
      'PENDING',
      'PENDING',
      'PENDING',
    ]);
    expect(documents[3]?.ending).toMatch(/does not know the workflow of task \d+; it cannot go on/);
    for (const [index, plan] of lost.entries()) {
      const { status, operation } = await row(plan);
      expect([status, operation]).toEqual([documents[index]?.status, documents[index]?.operation]);
      expect(await store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
    }
  });
});

it('a process whose Temporal is not that of the open tasks starts none of them there and gives none up', async () => {
  const there = { id: 'there', name: 'default', address: '192.0.2.1:7233' };
  const here = { id: 'here', name: bed.temporal.namespace, address: bed.temporal.address };
  const { databaseUrl, ...shared } = await emptyStore();
  const wrong = await openStore({ databaseUrl, masterKeyFile: shared.masterKeyFile });
  await wrong.temporal.use(here);
  await shared.store.temporal.use(there);
  const plans = [planOf(CHAIN), planOf(CHAIN)];
  for (const plan of plans) await shared.store.tasks.add({ plan, workflowType: 'addObproxy' });
  const [started, unstarted] = plans.map(({ taskId }) => taskId) as [number, number];
  await shared.store.tasks.markStarted(started);
  const complaints: string[] = [];
  const logger = createLogger('api', 'silent');
  logger.warn = ((_: unknown, text: string) => complaints.push(text)) as never;
  const { temporal, taskQueue } = bed;
  const second = new Reconciler({ temporal, store: wrong, taskQueue, logger, goneAfterMs: 0 });
  const round = ['tasks that were not started cannot be', 'open tasks cannot be'];
  await until('it complains of both', () =>
    round.every((step) => complaints.some((text) => text.startsWith(step))),
  );
  await second.stop();
  expect(await wrong.tasks.find(started)).toMatchObject({ started: true, closed: false });
  expect(await wrong.tasks.find(unstarted)).toMatchObject({ started: false, closed: false });
  await wrong.close();
  await shared.remove();
});

describe('while Temporal is out of reach', () => {
  it('start returns in time, read is refused with 503, and the task runs when Temporal is back', async () => {
    const [host = '', port = ''] = bed.temporal.address.split(':');
    const proxy = await startTcpProxy({ host, port: Number(port) });
    const through = await connectTemporal({ address: proxy.address });
    const far = serviceOn({ ...bed.temporal, connection: through.connection, client: through.client });
    proxy.hold();
    const plan = { ...planOf(CHAIN), createTime: new Date().toISOString() };
    await store.tasks.add({ plan, workflowType: 'addObproxy' });
    const before = Date.now();
    await far.start(plan, 'addObproxy');
    expect(Date.now() - before).toBeLessThan(4500);
    expect(await refusal(far.read(plan.taskId))).toMatchObject({ status: 503 });
    await whenStatus(plan, 'SUCCESSFUL');
    await through.close();
    await proxy.stop();
  });
});

describe('reading', () => {
  it('many clients at once see the same task, and each sees what came before it asked', async () => {
    bed.behaviours.b = broken;
    const plan = await submit(CHAIN);
    await whenStatus(plan, 'FAILED');
    delete bed.behaviours.b;
    await tasks.retryTask(plan.taskId, command());
    const documents = await Promise.all(Array.from({ length: 20 }, () => read(plan)));
    for (const document of documents) expect(document.subtasks[1]?.runTime).toBe(2);
    const final = await whenStatus(plan, 'SUCCESSFUL');
    expect(await whole(await serviceOn().read(plan.taskId))).toEqual(final);
  });
});
