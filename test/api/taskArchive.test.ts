import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { extractZipEntry } from '../../runtime/zip';
import type { LogLine } from '../../store/types';
import { taskWorkflowId } from '../../workflows/ids';
import type { Plan } from '../../workflows/plan';
import { CHAIN, DIAMOND, idOf } from '../support/plans';
import { broken, gate } from '../support/tasks';
import { until } from '../support/until';
import { EventStream } from './eventStream';
import { basic, type Json, PASSWORD } from './harness';
import { TaskScene } from './taskScene';

let scene: TaskScene;
beforeAll(async () => {
  scene = await TaskScene.open();
});
afterAll(() => scene?.close());
afterEach(() => {
  for (const name of Object.keys(scene.bed.behaviours)) delete scene.bed.behaviours[name];
});

function say(plan: Plan, name: string, run: number, operation: string, ...texts: string[]): Promise<void> {
  const lines = texts.map(
    (text): LogLine => ({
      subtaskId: idOf(plan, name),
      run,
      operation,
      time: new Date().toISOString(),
      level: 'INFO',
      text,
    }),
  );
  return scene.store.tasks.appendLog(plan.taskId, lines);
}

async function diagnosis(
  plan: Plan,
  api = scene.api,
): Promise<{ response: Response; files: Record<string, string>; bytes: Buffer }> {
  const response = await fetch(`${api.url}/api/v1/tasks/instances/${plan.taskId}/downloadDiagnosis`, {
    method: 'POST',
    headers: { authorization: basic('admin', PASSWORD) },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const files = Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)]);
  return { response, files: Object.fromEntries(files), bytes };
}

/** Everything that can be asked about a task. */
async function everything(plan: Plan, api = scene.api) {
  const list = '/api/v2/tasks/instances?size=100';
  const places = [scene.path(plan), scene.path(plan, `/subtasks/${idOf(plan, 'b')}/log`), list];
  const answers = await Promise.all(places.map((place) => api.send('GET', place)));
  const [document, { log }, { contents }] = answers.map(({ status, body }) => {
    expect(status).toBe(200);
    return body.data as Json;
  });
  const row = contents.find(({ id }: Json) => id === plan.taskId);
  return { document, log, row, files: (await diagnosis(plan, api)).files };
}

/** Whether Temporal has neither the workflow nor its history any more. */
async function isUnknown(plan: Plan): Promise<boolean> {
  const handle = scene.bed.temporal.client.workflow.getHandle(taskWorkflowId(plan.taskId));
  const looks = await Promise.allSettled([handle.describe(), handle.fetchHistory()]);
  return looks.every((look) => look.status === 'rejected' && /not found/i.test(String(look.reason)));
}

describe('the diagnosis of a task', () => {
  test('is a ZIP of an overview, the document, and one log per subtask and run', async () => {
    scene.bed.behaviours.c = broken;
    const plan = await scene.submit(DIAMOND);
    const failed = await scene.whenStatus(plan, 'FAILED');
    await say(plan, 'a', 1, 'EXECUTE', 'a runs');
    await say(plan, 'c', 1, 'EXECUTE', 'c runs', 'no space left, 磁盘已满');
    await say(plan, 'c', 2, 'RETRY', 'c runs again');
    await say(plan, 'c', 2, 'ROLLBACK', 'c is undone');
    const { response, files, bytes } = await diagnosis(plan);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="task_${plan.taskId}_diagnosis.zip"`,
    );
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => idOf(plan, name));
    expect(files['task_info.txt']).toBe(
      [
        `${a} SUCCESSFUL [] EXECUTE 1 a`,
        `${b} SUCCESSFUL [${a}] EXECUTE 1 b`,
        `${c} FAILED [${a}] EXECUTE 1 c`,
        `${d} PENDING [${b},${c}] EXECUTE 1 d\n`,
      ].join('\n'),
    );
    expect(JSON.parse(files['task.json'] ?? '')).toEqual(failed);
    expect(Object.keys(files).sort()).toEqual(
      [
        `subtask_${a}_1.log`,
        `subtask_${c}_1.log`,
        `subtask_${c}_2.log`,
        `subtask_${c}_2_rollback.log`,
        'task.json',
        'task_info.txt',
      ].sort(),
    );
    expect(files[`subtask_${c}_1.log`]).toMatch(/^#{12}\{EXECUTE\}.*\n.*c runs\n.*磁盘已满\n$/);
    expect(files[`subtask_${c}_2.log`]).toMatch(/^#{12}\{RETRY\}.*\n.*c runs again\n$/);
    expect(files[`subtask_${c}_2_rollback.log`]).toMatch(/^#{12}\{ROLLBACK\}.*\n.*c is undone\n$/);

    // Another reader understands it, too.
    const folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-zip-'));
    try {
      writeFileSync(path.join(folder, 'x.zip'), bytes);
      await extractZipEntry(
        path.join(folder, 'x.zip'),
        (name) => name === 'task_info.txt',
        path.join(folder, 'x'),
      );
      expect(await readFile(path.join(folder, 'x'), 'utf8')).toBe(files['task_info.txt']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('has every line of a long log', async () => {
    const plan = await scene.submit({ a: [] });
    await scene.whenStatus(plan, 'SUCCESSFUL');
    const texts = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'-'.repeat(index % 90)}`);
    await say(plan, 'a', 1, 'EXECUTE', ...texts);
    const { files } = await diagnosis(plan);
    const log = files[`subtask_${idOf(plan, 'a')}_1.log`] ?? '';
    expect(log.split('\n')).toHaveLength(texts.length + 2);
    expect(log).toContain(`${texts.at(-1)}\n`);
  });

  test('of an unknown task is refused as any other request', async () => {
    const answer = await scene.api.send('POST', '/api/v1/tasks/instances/987654/downloadDiagnosis');
    expect([answer.status, answer.body.error.code]).toEqual([404, 'TSK10001']);
  });
});

describe('the events of a task', () => {
  test('tell every state of every subtask within a second of it', async () => {
    const doors = { a: gate(), b: gate(), c: gate() };
    for (const [name, door] of Object.entries(doors)) scene.bed.behaviours[name] = door.behaviour;
    const plan = await scene.submit(CHAIN);
    const stream = await EventStream.open(scene.api.url + scene.path(plan, '/events'));
    const late: number[] = [];
    for (const [index, door] of Object.values(doors).entries()) {
      await stream.event(`${index} runs`, ({ subtasks }) => subtasks[index].status === 'RUNNING');
      door.open();
      const ended = await stream.event(
        `${index} has ended`,
        ({ subtasks }) => subtasks[index].status === 'SUCCESSFUL',
      );
      late.push(ended.at - Date.parse(ended.data.subtasks[index].finishTime));
    }
    await stream.end();
    expect(stream.events.at(-1)?.data).toEqual((await scene.api.send('GET', scene.path(plan))).body.data);
    expect(Math.min(...late)).toBeLessThan(1_000);
    const documents = stream.events.map(({ data }) => JSON.stringify(data));
    expect(new Set(documents).size).toBe(documents.length);
  });

  test('go on at another API process where the first one stopped', async () => {
    const door = gate();
    scene.bed.behaviours.a = door.behaviour;
    const plan = await scene.submit({ a: [] });
    const first = await scene.anotherApi();
    const stream = await EventStream.open(first.url + scene.path(plan, '/events'));
    const { id } = await stream.event('a runs', ({ subtasks }) => subtasks[0].status === 'RUNNING');
    await first.stop();
    await stream.end();
    const next = await EventStream.open(scene.api.url + scene.path(plan, '/events'), id);
    door.open();
    await next.end();
    expect(next.events.length).toBeGreaterThan(0);
    const states = next.events.map(({ data }) => `${data.status} ${data.subtasks[0].status}`);
    expect(states).not.toContain('RUNNING RUNNING');
    expect(states.at(-1)).toBe('SUCCESSFUL SUCCESSFUL');
  });
});

describe('after Temporal has dropped a closed task', () => {
  test('its document, its place in the list, logs, diagnosis and events are as before', async () => {
    const successful = await scene.submit(CHAIN);
    await scene.whenStatus(successful, 'SUCCESSFUL');
    scene.bed.behaviours.b = broken;
    const failed = await scene.submit(CHAIN);
    await scene.whenStatus(failed, 'FAILED');
    const { client, namespace } = scene.bed.temporal;
    await client.workflow.getHandle(taskWorkflowId(failed.taskId)).terminate('given up');
    const plans = [successful, failed];
    const before: Awaited<ReturnType<typeof everything>>[] = [];
    for (const plan of plans) {
      await say(plan, 'b', 1, 'EXECUTE', 'b speaks');
      await until('archived', async () => (await scene.store.tasks.find(plan.taskId))?.document != null);
      before.push(await everything(plan));
      const workflowExecution = { workflowId: taskWorkflowId(plan.taskId) };
      await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
    }
    for (const plan of plans) await until('dropped', () => isUnknown(plan));
    const fresh = await scene.anotherApi();
    for (const [index, plan] of plans.entries()) {
      for (const api of [scene.api, fresh]) {
        expect(await everything(plan, api)).toEqual(before[index]);
        const stream = await EventStream.open(api.url + scene.path(plan, '/events'));
        await stream.end();
        expect(stream.events.map(({ data }) => data)).toEqual([before[index]?.document]);
        const refused = await api.send('POST', scene.path(plan, '/retry'));
        expect([refused.status, refused.body.error.code]).toEqual([400, 'TSK10016']);
      }
    }
    expect(before.map(({ row }) => row.status)).toEqual(['SUCCESSFUL', 'FAILED']);
    for (const { log, files } of before) {
      expect(log).toContain('b speaks');
      expect(Object.keys(files)).toHaveLength(3);
    }
    // Nobody takes them for tasks that were lost, either.
    for (const plan of plans) {
      expect(await scene.store.tasks.find(plan.taskId)).toMatchObject({ closed: true, started: true });
      expect((await scene.store.tasks.listOpen()).map(({ id }) => id)).not.toContain(plan.taskId);
    }
  });
});
