import type { TaskDocument } from '../../api/tasks/document/types';
import { createTaskService, type TaskService } from '../../api/tasks/service';
import { Reconciler } from '../../api/tasks/temporal/reconciler';
import { Refusal } from '../../operations/refusal';
import { createLogger } from '../../runtime/logger';
import type { Store, Tasks } from '../../store/types';
import { taskWorkflowId } from '../../workflows/ids';
import type { Plan } from '../../workflows/plan';
import { CHAIN, idOf, nodeOf, planOf } from '../support/plans';
import { emptyStore } from '../support/store';
import { broken, TaskBed, until } from '../support/tasks';

const LOGGER = createLogger('api', 'silent');

let bed: TaskBed;
let store: Store;
let removeStore: () => Promise<void>;

beforeAll(async () => {
  ({ store, remove: removeStore } = await emptyStore());
  bed = await TaskBed.open(store);
  await bed.startWorker();
});
afterAll(async () => {
  await bed.close();
  await removeStore();
});

function serviceOn(over: Store = store): TaskService {
  const config = { taskQueue: bed.taskQueue } as never;
  return createTaskService({ temporal: bed.temporal, store: over, config, logger: LOGGER });
}

const running: Reconciler[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((reconciler) => reconciler.stop()));
});
/** Until the end of the test, or until it is stopped. */
function reconcile(over: Store = store): Reconciler {
  const { temporal, taskQueue } = bed;
  const reconciler = new Reconciler({ temporal, store: over, taskQueue, logger: LOGGER });
  running.push(reconciler);
  return reconciler;
}

/** The store with some of what it does to tasks done otherwise. */
function storeWith(changed: Partial<Tasks>): Store {
  return { ...store, tasks: { ...store.tasks, ...changed } };
}

/** A row that its API has left behind some seconds ago, with a lock. */
async function planted(plan: Plan): Promise<Plan> {
  await store.tasks.add({ plan, workflowType: 'addObproxy' });
  await store.locks.take(plan.taskId, [lockOf(plan)], [plan.taskId]);
  return plan;
}
const lockOf = ({ taskId }: Plan) => `host:${taskId}`;
const fresh = (plan: Plan = planOf(CHAIN)): Plan => ({ ...plan, createTime: new Date().toISOString() });

const withFiller = (bytes: number): Plan => {
  const plan = planOf(CHAIN);
  return { ...plan, context: { ...plan.context, stringMap: { filler: 'x'.repeat(bytes) } } };
};

/** Started by the API and FAILED, as it waits for its operator. */
async function ordinary(): Promise<Plan> {
  bed.behaviours.b = broken;
  const plan = await planted(fresh());
  await serviceOn().start(plan, 'addObproxy');
  await until('it is FAILED', async () => (await store.tasks.find(plan.taskId))?.status === 'FAILED');
  delete bed.behaviours.b;
  return plan;
}

const terminate = ({ taskId }: Plan) =>
  bed.temporal.client.workflow.getHandle(taskWorkflowId(taskId)).terminate('wrong cluster');

async function closed(plan: Plan): Promise<TaskDocument> {
  return until(`task ${plan.taskId} is closed and has released its lock`, async () => {
    const document = await serviceOn().read(plan.taskId);
    const held = await store.locks.holder(lockOf(plan));
    return document?.closed === true && held === undefined ? document : undefined;
  });
}

async function refusal(sent: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Refusal) return error;
  throw new Error(`not refused: ${String(error)}`);
}

const command = () => ({ requestId: `request-${Math.random()}`, who: 'admin', why: 'disk replaced' });

describe('what was wrong: one row that cannot start stopped the reconciler for everybody', () => {
  const BAD: readonly [string, () => Plan, RegExp][] = [
    ['larger than a payload of Temporal', () => withFiller(2_500_000), /exceeds|too large|larger|limit/i],
    ['larger than a message to Temporal', () => withFiller(5_000_000), /exceeds|too large|larger|limit/i],
    [
      'whose plan cannot be expanded',
      () => ({ ...planOf(CHAIN), nodes: [{ ...node, split: { by: 'host_ids' } }] }),
      /split by host_ids/,
    ],
  ];
  const node = nodeOf('a');

  it.each(BAD)('a task %s is closed as FAILED with its reason, and others go on', async (_, bad, reason) => {
    const ended = await ordinary();
    const row = await planted(bad());
    const lost = await planted(planOf(CHAIN));
    reconcile();
    const before = Date.now();
    await terminate(ended);
    expect((await closed(ended)).ending).toMatch(/terminated .*wrong cluster/);
    expect(Date.now() - before).toBeLessThan(10_000);
    const document = await closed(row);
    expect(document).toMatchObject({ status: 'FAILED', closed: true });
    expect(document.ending).toMatch(reason);
    expect(await store.tasks.find(row.taskId)).toMatchObject({ status: 'FAILED', closed: true });
    expect((await closed(lost)).status).toBe('SUCCESSFUL');
  });

  it('a task whose start goes wrong for now is tried again apart, ever more seldom', async () => {
    const ended = await ordinary();
    const bad = await planted(planOf(CHAIN));
    const lost = await planted(planOf(CHAIN));
    const tries: number[] = [];
    const reconciler = reconcile(
      storeWith({
        async claimStart(id, ms) {
          if (id !== bad.taskId) return store.tasks.claimStart(id, ms);
          tries.push(Date.now());
          throw new Error('planted');
        },
      }),
    );
    await terminate(ended);
    await closed(ended);
    expect((await closed(lost)).status).toBe('SUCCESSFUL');
    await until('the fourth try', () => tries.length >= 4);
    await reconciler.stop();
    const [first = 0, second = 0, third = 0, fourth = 0] = tries;
    expect(fourth - third).toBeGreaterThan(1.5 * (second - first));
    expect(await store.tasks.find(bad.taskId)).toMatchObject({ started: false, closed: false });
    reconcile();
    expect((await closed(bad)).status).toBe('SUCCESSFUL');
  });

  it('a closed task that cannot be archived does not keep others from being', async () => {
    const both = [await ordinary(), await ordinary()] as const;
    const reconciler = reconcile(
      storeWith({
        async archive(id, final) {
          if (id === both[0].taskId) throw new Error('planted');
          await store.tasks.archive(id, final);
        },
      }),
    );
    await Promise.all(both.map(terminate));
    await closed(both[1]);
    await reconciler.stop();
    expect((await store.tasks.find(both[0].taskId))?.document).toBeNull();
    reconcile();
    await closed(both[0]);
  });
});

describe('what was wrong: a stuck task could not be abandoned', () => {
  it('one that never started is FAILED then, says who and why, holds nothing, and is never started', async () => {
    const plan = await planted(planOf(CHAIN));
    const tasks = serviceOn();
    const document = await tasks.abandonTask(plan.taskId, command());
    expect(document).toMatchObject({ status: 'FAILED', closed: true });
    expect(document.ending).toBe(
      `Task ${plan.taskId} was abandoned by admin: disk replaced. It had never started.`,
    );
    expect(document.commands).toMatchObject([{ command: 'abandonTask', who: 'admin', why: 'disk replaced' }]);
    expect(await store.locks.holder(lockOf(plan))).toBeUndefined();
    expect((await tasks.read(plan.taskId))?.ending).toBe(document.ending);
    await tasks.start(plan, 'addObproxy');
    await expect(
      bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).describe(),
    ).rejects.toThrow();
    expect(await refusal(tasks.retryTask(plan.taskId, command()))).toMatchObject({ status: 400 });
  });

  it('one whose workflow Temporal does not know is closed as well', async () => {
    const plan = await planted(planOf(CHAIN));
    await store.tasks.markStarted(plan.taskId);
    const document = await serviceOn().abandonTask(plan.taskId, command());
    expect(document.ending).toMatch(/Temporal did not know its workflow\.$/);
    await closed(plan);
  });

  it('one whose plan cannot be expanded is closed as well, and can be read before and after', async () => {
    const plan = await planted({ ...planOf(CHAIN), nodes: [] });
    const tasks = serviceOn();
    expect(await tasks.read(plan.taskId)).toMatchObject({
      status: 'RUNNING',
      firstFailure: { message: expect.stringMatching(/plan of the task cannot be used/) },
    });
    await tasks.abandonTask(plan.taskId, command());
    expect(await closed(plan)).toMatchObject({ status: 'FAILED' });
  });

  it('no other command is taken of a task that never started, and none while it is being started', async () => {
    const plan = await planted(fresh());
    const tasks = serviceOn();
    for (const refused of [
      await refusal(tasks.retryTask(plan.taskId, command())),
      await refusal(tasks.rollbackTask(plan.taskId, command())),
      await refusal(tasks.retrySubtask(plan.taskId, idOf(plan, 'a'), command())),
    ]) {
      expect(refused.status).toBe(400);
      expect(refused.message).toBe(
        `Task ${plan.taskId} takes no command but abandon: it has not been started yet.`,
      );
    }
    await store.tasks.claimStart(plan.taskId, 60_000);
    expect(await refusal(tasks.abandonTask(plan.taskId, command()))).toMatchObject({ status: 409 });
    await store.tasks.releaseStart(plan.taskId);
    await tasks.abandonTask(plan.taskId, command());
    await closed(plan);
  });

  it('one that runs although its row does not say so is not closed behind its back', async () => {
    bed.behaviours.b = broken;
    const plan = await planted(fresh());
    await bed.start(plan);
    await until('it is FAILED', async () => (await store.tasks.find(plan.taskId))?.status === 'FAILED');
    delete bed.behaviours.b;
    await serviceOn().abandonTask(plan.taskId, command());
    const { status } = await bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).describe();
    expect(status.name).toBe('FAILED');
  });
});

it('a workflow that runs although its task was closed here is ended: its locks are others’ by now', async () => {
  const plan = await ordinary();
  await store.tasks.archive(plan.taskId, {
    document: { subtasks: [] },
    status: 'FAILED',
    operation: 'EXECUTE',
    finishTime: new Date().toISOString(),
  });
  reconcile();
  const handle = bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
  await until('it is terminated', async () => (await handle.describe()).status.name === 'TERMINATED');
});
