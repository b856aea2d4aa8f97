import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { taskWorkflowId } from '../../workflows/ids';
import type { Plan } from '../../workflows/plan';
import { CHAIN, idOf, type PlanOptions } from '../support/plans';
import { broken, gate, type TaskBed } from '../support/tasks';
import { until } from '../support/until';
import type { Answer, Json, TestApi } from './harness';
import { TaskScene } from './taskScene';

let scene: TaskScene;
let bed: TaskBed;
let api: TestApi;
beforeAll(async () => {
  scene = await TaskScene.open();
  ({ bed, api } = scene);
});
afterAll(() => scene?.close());
afterEach(() => {
  for (const name of Object.keys(bed.behaviours)) delete bed.behaviours[name];
});

const post = (plan: Plan, command: string, body?: Json, headers?: Record<string, string>) =>
  api.send('POST', scene.path(plan, `/${command}`), body, headers);
const of = (plan: Plan, name: string, command: string) => `subtasks/${idOf(plan, name)}/${command}`;
const refusal = ({ status, body }: Answer) => [status, body.error?.code];
const log = async (plan: Plan, name: string): Promise<string> =>
  (await api.send('GET', scene.path(plan, `/${of(plan, name, 'log')}`))).body.data.log;
const states = (document: Json) =>
  document.subtasks.map(
    ({ name, status, operation, runTime }: Json) => `${name} ${status}/${operation} ${runTime}`,
  );

/** A chain whose b has failed and waits for its operator. */
async function failedTask(options: PlanOptions = {}): Promise<Plan> {
  bed.behaviours.b = broken;
  const plan = await scene.submit(CHAIN, options);
  await scene.whenStatus(plan, 'FAILED');
  delete bed.behaviours.b;
  return plan;
}

async function audited(plan: Plan): Promise<Json[]> {
  const { body } = await api.send('GET', `/api/v2/audit/events?taskId=${plan.taskId}&sort=id,asc`);
  return body.data.contents;
}

/** Updates that the workflow has accepted. */
async function acceptedUpdates(plan: Plan): Promise<number> {
  const { events } = await bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
}

describe('a command', () => {
  test('to retry a task answers the task, and the log of what runs again says who asked, from where and why', async () => {
    const door = gate();
    const plan = await failedTask();
    bed.behaviours.b = door.behaviour;
    const { status, body } = await post(plan, 'retry', { why: 'disk replaced\nby night shift' });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ id: plan.taskId, status: 'RUNNING', operation: 'RETRY' });
    expect(await log(plan, 'b')).toMatch(
      /^#{12}\{RETRY\}.*\n.* INFO : Retry of the task asked for by admin from 127\.0\.0\.1: disk replaced by night shift\n$/,
    );
    expect(await log(plan, 'a')).toBe('');
    door.open();
    await scene.whenStatus(plan, 'SUCCESSFUL');
  });

  test('to skip a subtask has no data, and the task goes on', async () => {
    const plan = await failedTask();
    const { status, body } = await post(plan, of(plan, 'b', 'skip'), { why: 'done by hand' });
    expect([status, 'data' in body]).toEqual([200, false]);
    const document = await scene.whenStatus(plan, 'SUCCESSFUL');
    expect(states(document)[1]).toBe('b SUCCESSFUL/SKIP 1');
    expect(await log(plan, 'b')).toMatch(
      /\{SKIP\}.*\n.*Skip asked for by admin from 127\.0\.0\.1: done by hand\n$/,
    );
  });

  test('to cancel a subtask has no data and stops it; then it can be retried', async () => {
    bed.behaviours.b = gate().behaviour;
    const plan = await scene.submit(CHAIN);
    await scene.when(plan, 'b runs', ({ subtasks }) => subtasks[1].status === 'RUNNING');
    const { status, body } = await post(plan, of(plan, 'b', 'cancel'));
    expect([status, 'data' in body]).toEqual([200, false]);
    expect(states(await scene.whenStatus(plan, 'FAILED'))[1]).toBe('b FAILED/CANCEL 1');
    expect(await log(plan, 'b')).toContain('Cancel asked for by admin from 127.0.0.1\n');
    delete bed.behaviours.b;
    const retried = await post(plan, of(plan, 'b', 'retry'));
    expect(retried.body.data).toMatchObject({ id: idOf(plan, 'b'), runTime: 2, operation: 'RETRY' });
    await scene.whenStatus(plan, 'SUCCESSFUL');
  });

  test('to roll a task back answers the task, and each undone subtask knows why', async () => {
    const plan = await failedTask();
    const { status, body } = await post(plan, 'rollback', { why: 'wrong host' });
    expect([status, body.data.operation]).toEqual([200, 'ROLLBACK']);
    const document = await scene.whenStatus(plan, 'SUCCESSFUL');
    expect(states(document)).toEqual(['a PENDING/ROLLBACK 1', 'b PENDING/ROLLBACK 1', 'c PENDING/EXECUTE 1']);
    for (const name of ['a', 'b']) {
      expect(await log(plan, name)).toMatch(
        /\{ROLLBACK\}.*\n.*Rollback of the task asked for.*: wrong host\n$/,
      );
    }
    expect(await log(plan, 'c')).toBe('');
    expect(await scene.store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
  });

  test('to abandon a task answers the closed task with what it leaves behind, and releases its locks', async () => {
    const plan = await failedTask({ leaves: { a: 'files in /home/admin' } });
    const { status, body } = await post(plan, 'abandon', {});
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      status: 'FAILED',
      leftBehind: [expect.stringContaining('/home/admin')],
    });
    const document = await scene.when(plan, 'closed', ({ closed }) => closed === true);
    expect(document.status).toBe('FAILED');
    expect(await scene.store.locks.holder(`host:${plan.taskId}`)).toBeUndefined();
    expect(refusal(await post(plan, 'retry'))).toEqual([400, 'TSK10016']);
    const inChinese = await post(plan, 'retry', undefined, { 'accept-language': 'zh-CN' });
    expect(inChinese.body.error.message).toMatch(/^任务 \d+ 的状态为 FAILED，.*已结束/);
  });
});

test('A command given in Temporal itself is in the log as well, and in the document for good', async () => {
  const plan = await failedTask();
  const workflow = bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
  await workflow.executeUpdate('skipSubtask', {
    args: [{ subtaskId: String(idOf(plan, 'b')), who: 'night shift', why: 'done by\nhand' }],
  });
  expect(await log(plan, 'b')).toMatch(
    /^#{12}\{SKIP\}.*\n.* INFO : Skip asked for by night shift through Temporal \(\d+@\S+\): done by hand\n$/,
  );
  const entry = {
    time: expect.stringMatching(/[+-]\d\d:\d\d$/),
    command: 'skipSubtask',
    subtaskId: idOf(plan, 'b'),
    who: 'night shift',
    why: 'done by hand',
  };
  await scene.whenStatus(plan, 'SUCCESSFUL');
  await until('archived', async () => (await scene.store.tasks.find(plan.taskId))?.document != null);
  expect((await api.send('GET', scene.path(plan))).body.data.commands).toEqual([entry]);
  // Told once, whoever reads it.
  const other = await scene.anotherApi();
  await other.send('GET', scene.path(plan));
  expect((await log(plan, 'b')).match(/asked for/g)).toHaveLength(1);
  const [event, ...others] = await audited(plan);
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    user: null,
    address: expect.stringMatching(/^through Temporal \(\d+@\S+\)$/),
    path: taskWorkflowId(plan.taskId),
    command: 'skipSubtask',
    subtaskId: idOf(plan, 'b'),
    why: 'night shift: done by hand',
    successful: true,
  });
  expect(Date.parse(event.time)).toBe(
    Date.parse((await api.send('GET', scene.path(plan))).body.data.commands[0].time),
  );
});

test('A command is in the audit although its API died before it could write it', async () => {
  const plan = await failedTask();
  const add = jest.spyOn(api.store.audit, 'add').mockRejectedValueOnce(new Error('killed'));
  expect((await post(plan, 'retry', { why: 'disk replaced' })).status).toBe(200);
  add.mockRestore();
  await scene.whenStatus(plan, 'SUCCESSFUL');
  expect(await audited(plan)).toMatchObject([
    { user: null, command: 'retryTask', why: 'admin from 127.0.0.1: disk replaced' },
  ]);
});

test('A workflow terminated in Temporal is in the audit, with who did it and why', async () => {
  const plan = await failedTask();
  await bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId)).terminate('wrong cluster');
  await scene.when(plan, 'closed', ({ closed }) => closed === true);
  await until('archived', async () => (await scene.store.tasks.find(plan.taskId))?.document != null);
  const [event, ...others] = await audited(plan);
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    user: null,
    address: 'Temporal',
    command: 'workflow ended',
    subtaskId: null,
  });
  expect(event.why).toMatch(/terminated by .*: wrong cluster/);
});

test('A command that nobody reads about is told when the task has closed', async () => {
  const plan = await failedTask();
  const workflow = bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
  await workflow.executeUpdate('abandonTask', { args: [{ who: 'night shift' }] });
  const lines = await until('told', async () => {
    const found = await scene.store.tasks.readLog(plan.taskId, idOf(plan, 'b'));
    return found.length > 0 ? found : undefined;
  });
  expect(lines.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^Abandoning the task asked for by night shift through Temporal \(\d+@\S+\)$/),
  ]);
});

describe('a refused command changes nothing and says why', () => {
  test.each([
    ['retry', 'TSK10016'],
    ['rollback', 'TSK10016'],
    ['abandon', 'TSK10016'],
  ])('%s of a RUNNING task', async (command, code) => {
    const door = gate();
    bed.behaviours.a = door.behaviour;
    const plan = await scene.submit(CHAIN);
    const before = await scene.when(plan, 'a runs', ({ subtasks }) => subtasks[0].status === 'RUNNING');
    const answer = await post(plan, command);
    expect(refusal(answer)).toEqual([400, code]);
    expect(answer.body.error.message).toMatch(/is RUNNING; .* is allowed when it is FAILED/);
    expect((await api.send('GET', scene.path(plan))).body.data).toEqual(before);
    door.open();
  });

  test('rollback and skip where they are forbidden, and commands that do not fit the subtask', async () => {
    const plan = await failedTask({ permanent: ['a'], unskippable: ['b'] });
    const before = (await api.send('GET', scene.path(plan))).body.data;
    const refused: [string, string][] = [
      ['rollback', 'TSK10009'],
      [of(plan, 'b', 'skip'), 'TSK10010'],
      [of(plan, 'a', 'skip'), 'TSK10017'],
      [of(plan, 'a', 'retry'), 'TSK10017'],
      [of(plan, 'c', 'retry'), 'TSK10017'],
      [of(plan, 'b', 'cancel'), 'TSK10017'],
    ];
    const codes = await Promise.all(
      refused.map(async ([command]) => [command, ...refusal(await post(plan, command))]),
    );
    expect(codes).toEqual(refused.map(([command, code]) => [command, 400, code]));
    const chinese = await Promise.all(
      refused.map(async ([command]) => {
        const { body } = await post(plan, command, undefined, { 'accept-language': 'zh-CN' });
        return body.error.message as string;
      }),
    );
    // The workflow says why, and its words are Chinese as a whole: only names and states are not.
    expect(
      chinese.filter((text) => /\b(is|the|cannot|Allowed|retry|skip)\b/.test(text) || !/[一-鿿]/.test(text)),
    ).toEqual([]);
    expect((await api.send('GET', scene.path(plan))).body.data).toEqual(before);
    expect(await acceptedUpdates(plan)).toBe(0);
    expect(await log(plan, 'b')).toBe('');
  });

  test('a subtask of another task, and a task that is not there', async () => {
    const [plan, other] = [await failedTask(), await failedTask()];
    for (const command of ['retry', 'skip', 'cancel']) {
      expect(refusal(await post(plan, of(other, 'b', command)))).toEqual([404, 'TSK10001']);
    }
    for (const command of ['retry', 'rollback', 'abandon']) {
      const answer = await api.send('POST', `/api/v2/tasks/instances/987654/${command}`);
      expect(refusal(answer)).toEqual([404, 'TSK10001']);
    }
  });

  test('a body that is none, and a reason that is a book', async () => {
    const plan = await failedTask();
    expect((await post(plan, 'retry', { why: 'x'.repeat(501) })).status).toBe(400);
    expect((await post(plan, 'retry', '[')).status).toBe(400);
    expect((await post(plan, 'retry', '', { 'content-type': 'text/plain' })).status).toBe(200);
    await scene.whenStatus(plan, 'SUCCESSFUL');
  });
});

test('Of two people who press at once one wins, and the other reads in which state the task is', async () => {
  const door = gate();
  const plan = await failedTask();
  bed.behaviours.b = door.behaviour;
  const other = await scene.anotherApi();
  const answers = await Promise.all(
    [api, other].map((through) => through.send('POST', scene.path(plan, `/${of(plan, 'b', 'retry')}`))),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  const loser = answers.find(({ status }) => status === 400);
  expect(loser?.body.error.code).toBe('TSK10017');
  expect(loser?.body.error.message).toContain('retry is allowed when it is FAILED');
  door.open();
  const document = await scene.whenStatus(plan, 'SUCCESSFUL');
  expect(document.subtasks[1].runTime).toBe(2);
  expect((await log(plan, 'b')).match(/Retry asked for/g)).toHaveLength(1);
});

test('A command is in the audit with its task, its subtask, its reason and its end, refused ones as well', async () => {
  const plan = await failedTask();
  await post(plan, of(plan, 'b', 'cancel'), { why: 'too slow' });
  await post(plan, 'retry', { why: 'disk replaced' });
  const seen = (await audited(plan)).map(({ user, command, subtaskId, why, status, code }: Json) => ({
    user: user.name,
    command,
    subtaskId,
    why,
    end: [status, code],
  }));
  expect(seen).toEqual([
    {
      user: 'admin',
      command: 'cancelSubtask',
      subtaskId: idOf(plan, 'b'),
      why: 'too slow',
      end: [400, 'TSK10017'],
    },
    { user: 'admin', command: 'retryTask', subtaskId: null, why: 'disk replaced', end: [200, null] },
  ]);
});

describe('under an Idempotency-Key', () => {
  test('a command is given once, through whichever API, and told once', async () => {
    const plan = await failedTask();
    bed.behaviours.b = broken;
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post(plan, 'retry', { why: 'again' }, headers);
    expect(first.status).toBe(200);
    await scene.when(
      plan,
      'FAILED again',
      ({ status, subtasks }) => status === 'FAILED' && subtasks[1].runTime === 2,
    );
    const other = await scene.anotherApi();
    const again = await other.send('POST', scene.path(plan, '/retry'), { why: 'again' }, headers);
    expect(again.body.data).toEqual(first.body.data);
    expect((await post(plan, 'retry', { why: 'else' }, headers)).status).toBe(409);
    expect(await acceptedUpdates(plan)).toBe(1);
    expect((await scene.whenStatus(plan, 'FAILED')).subtasks[1].runTime).toBe(2);
  });

  test('a command whose API died before it could answer is not given again', async () => {
    const plan = await failedTask();
    bed.behaviours.b = broken;
    const headers = { 'idempotency-key': randomUUID() };
    // Obeyed, but nothing of it is stored; and its claim is not prolonged.
    const { claim } = api.store.idempotency;
    const claims = jest
      .spyOn(api.store.idempotency, 'claim')
      .mockImplementationOnce((asked) => claim({ ...asked, leaseMs: 0 }));
    const complete = jest.spyOn(api.store.idempotency, 'complete').mockRejectedValueOnce(new Error('killed'));
    expect((await post(plan, 'retry', undefined, headers)).status).toBe(500);
    claims.mockRestore();
    complete.mockRestore();
    await scene.when(
      plan,
      'FAILED again',
      ({ status, subtasks }) => status === 'FAILED' && subtasks[1].runTime === 2,
    );
    const again = await (await scene.anotherApi()).send(
      'POST',
      scene.path(plan, '/retry'),
      undefined,
      headers,
    );
    expect([again.status, again.body.data.subtasks[1].runTime]).toEqual([200, 2]);
    expect(await acceptedUpdates(plan)).toBe(1);
    expect((await log(plan, 'b')).match(/asked for/g)).toHaveLength(1);
  });
});

describe('without a worker that answers', () => {
  let lonely: TaskScene;
  let plan: Plan;
  const retry = (headers?: Record<string, string>) =>
    lonely.api.send('POST', lonely.path(plan, '/retry'), undefined, headers);

  beforeAll(async () => {
    lonely = await TaskScene.open({ worker: false });
    lonely.bed.behaviours.b = broken;
    const worker = await lonely.bed.startWorker();
    plan = await lonely.submit(CHAIN);
    await lonely.whenStatus(plan, 'FAILED');
    await worker.drain();
  });
  afterAll(() => lonely?.close());

  const updates = async () => {
    const workflow = lonely.bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
    const { events } = await workflow.fetchHistory();
    return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
  };

  test('a command is refused within 5 s as not sent, and one that may have been sent is given once', async () => {
    const begun = Date.now();
    const refused = await retry();
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(refusal(refused)).toEqual([503, 'COM10004']);
    expect(refused.body.error.message).toContain('the command was not sent');

    // A worker that is listed and answers nothing, as one that was killed a second ago: it has no workflows.
    const { temporal, taskQueue } = lonely.bed;
    const connection = await NativeConnection.connect({ address: temporal.address });
    const dumb = await Worker.create({
      connection,
      namespace: temporal.namespace,
      taskQueue,
      activities: { nothing: async () => null },
    });
    const running = dumb.run();
    const headers = { 'idempotency-key': randomUUID() };
    const pending = await until('the command is sent', async () => {
      const answer = await retry(headers);
      return answer.body.error.message.includes('may still be obeyed') ? answer : undefined;
    });
    expect(refusal(pending)).toEqual([503, 'COM10004']);
    expect(pending.body.duration).toBeLessThan(5_000);
    dumb.shutdown();
    await running;
    await connection.close();

    await lonely.bed.startWorker();
    const answer = await until('the worker is listed', async () => {
      const again = await retry(headers);
      return again.status === 200 ? again : undefined;
    });
    expect(answer.body.data.subtasks[1].runTime).toBe(2);
    await lonely.when(
      plan,
      'FAILED again',
      ({ status, subtasks }) => status === 'FAILED' && subtasks[1].runTime === 2,
    );
    // The one that was not sent never came; the one that was sent several times came once.
    expect(await updates()).toBe(1);
  });
});
