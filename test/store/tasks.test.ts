import fc from 'fast-check';
import type { LogLine, Store, TaskFilter } from '../../store/types';
import type { TaskStateChange } from '../../workflows/plan';
import { onEveryDatabase } from './databases';
import { plan } from './plan';

const all = { page: 1, size: 2000 };

/** Adds tasks of the given ids that take the lock `lock-<id>`. */
async function addTasks(store: Store, ...ids: number[]): Promise<void> {
  for (const id of ids) {
    await store.transaction(async (inside) => {
      await inside.tasks.add({ plan: plan(id), workflowType: 'addObproxy' });
      await inside.locks.take(id, [`lock-${id}`], []);
    });
  }
}

function change(taskId: number, sequence: number, more: Partial<TaskStateChange> = {}): TaskStateChange {
  return { taskId, sequence, status: 'RUNNING', operation: 'EXECUTE', closed: false, ...more };
}

function line(subtaskId: number, text: string): LogLine {
  return { subtaskId, run: 1, operation: 'EXECUTE', time: '2026-03-01T02:00:00.000Z', level: 'INFO', text };
}

onEveryDatabase('Tasks', (on) => {
  test('A task comes back with its whole plan, its times in UTC', async () => {
    const { tasks } = await on.open();
    const full = plan(1, {
      hostId: 7,
      cluster: { id: 3, name: 'ob1', obClusterId: 11, type: 'PRIMARY' },
      context: { stringMap: { odd: 'a"\\\u0000\u{1F600}\n' }, listMap: { host_ids: ['7'] } },
    });
    await tasks.add({ plan: full, workflowType: 'addObproxy' });
    expect(await tasks.find(1)).toEqual({
      id: 1,
      name: 'Install obproxy',
      workflowType: 'addObproxy',
      parentTaskId: null,
      status: 'RUNNING',
      operation: 'EXECUTE',
      closed: false,
      started: false,
      creator: { id: 100, name: 'admin' },
      hostId: 7,
      clusterId: 3,
      clusterName: 'ob1',
      tenantId: null,
      tenantName: null,
      type: 'MANUAL',
      createTime: '2026-03-01T02:00:00.000Z',
      finishTime: null,
      plan: full,
      document: null,
    });
    expect(await tasks.find(2)).toBeUndefined();
    await expect(tasks.add({ plan: full, workflowType: 'addObproxy' })).rejects.toThrow(/Task 1 exists/);
  });

  test('A late duplicate of a state change never overwrites a newer one', async () => {
    const store = await on.open();
    await addTasks(store, 1);
    await store.tasks.applyStateChange(change(1, 2, { status: 'FAILED' }));
    await store.tasks.applyStateChange(change(1, 1));
    await store.tasks.applyStateChange(change(1, 2));
    expect(await store.tasks.find(1)).toMatchObject({
      status: 'FAILED',
      closed: false,
      started: true,
      finishTime: expect.stringMatching(/Z$/),
    });
    await store.tasks.applyStateChange(change(1, 3, { operation: 'RETRY' }));
    expect(await store.tasks.find(1)).toMatchObject({
      status: 'RUNNING',
      operation: 'RETRY',
      finishTime: null,
    });
    expect(await store.locks.holder('lock-1')).toBe(1);
    await store.tasks.applyStateChange(change(99, 1));
  });

  test('The first state, sequence 0, is taken', async () => {
    const store = await on.open();
    await addTasks(store, 1);
    await store.tasks.applyStateChange(change(1, 0, { status: 'FAILED' }));
    expect(await store.tasks.find(1)).toMatchObject({ status: 'FAILED' });
  });

  test('The closing change releases the locks of its own task, once and again', async () => {
    const store = await on.open();
    await addTasks(store, 1, 2);
    const closing = change(1, 5, { status: 'SUCCESSFUL', closed: true });
    await store.tasks.applyStateChange(closing);
    await store.tasks.applyStateChange(closing);
    await store.tasks.applyStateChange(change(1, 9));
    expect(await store.tasks.find(1)).toMatchObject({ status: 'SUCCESSFUL', closed: true });
    expect(await store.locks.holder('lock-1')).toBeUndefined();
    expect(await store.locks.holder('lock-2')).toBe(2);
  });

  test('Archiving wins over every state change, before or after it', async () => {
    const store = await on.open();
    await addTasks(store, 1);
    const final = {
      document: { id: 1, subtasks: [{ name: 'a' }] },
      status: 'FAILED',
      operation: 'ROLLBACK',
      finishTime: '2026-03-01T12:00:00.000+08:00',
    } as const;
    await store.tasks.archive(1, final);
    await store.tasks.applyStateChange(change(1, 9, { status: 'SUCCESSFUL' }));
    await store.tasks.archive(1, final);
    expect(await store.tasks.find(1)).toMatchObject({
      closed: true,
      started: true,
      status: 'FAILED',
      operation: 'ROLLBACK',
      finishTime: '2026-03-01T04:00:00.000Z',
      document: final.document,
    });
    expect(await store.locks.holder('lock-1')).toBeUndefined();
  });

  test('Only one may start a task at a time, and nobody one that has started or closed', async () => {
    const store = await on.open();
    await addTasks(store, 1, 2, 3);
    const { tasks } = store;
    expect(await tasks.claimStart(1, 60_000)).toBe(true);
    expect(await tasks.claimStart(1, 60_000)).toBe(false);
    await tasks.releaseStart(1);
    expect(await tasks.claimStart(1, -1)).toBe(true);
    expect(await tasks.claimStart(1, 60_000)).toBe(true);
    await tasks.markStarted(2);
    expect(await tasks.claimStart(2, 60_000)).toBe(false);
    const final = { status: 'FAILED', operation: 'EXECUTE', finishTime: '2026-03-01T12:00:00.000Z' } as const;
    await tasks.archive(3, { ...final, document: {} });
    expect(await tasks.claimStart(3, 60_000)).toBe(false);
  });

  test('The parts of a large document are kept in their order, stored again without harm, and go with the task', async () => {
    const store = await on.open();
    await addTasks(store, 1);
    const { tasks } = store;
    const parts = async function* () {
      yield [{ id: 1 }, { id: 2 }];
      yield [{ id: 3 }];
    };
    const final = { status: 'FAILED', operation: 'EXECUTE', finishTime: '2026-03-01T12:00:00.000Z' } as const;
    await tasks.archive(1, { ...final, document: { id: 1 }, parts: parts() });
    await tasks.archive(1, { ...final, document: { id: 1 }, parts: parts() });
    expect(await tasks.documentPart(1, 0)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await tasks.documentPart(1, 1)).toEqual([{ id: 3 }]);
    await tasks.deleteEndedBefore('2026-03-02T00:00:00.000Z');
    await expect(tasks.documentPart(1, 0)).rejects.toThrow('has been deleted');
  });

  test('Open tasks are those without a final document, unstarted ones those Temporal never heard of', async () => {
    const store = await on.open();
    await addTasks(store, 1, 2, 3, 4);
    await store.tasks.markStarted(1);
    await store.tasks.applyStateChange(change(2, 1, { status: 'SUCCESSFUL', closed: true }));
    const final = { document: {}, status: 'SUCCESSFUL', operation: 'EXECUTE' } as const;
    await store.tasks.archive(3, { ...final, finishTime: '2026-03-01T12:00:00.000Z' });
    const ids = (rows: readonly { id: number }[]) => rows.map((row) => row.id);
    expect(ids(await store.tasks.listOpen())).toEqual([1, 2, 4]);
    expect(await store.tasks.listUnstarted('2026-03-01T10:00:01.000+08:00')).toEqual([4]);
    expect(await store.tasks.listUnstarted('2026-03-01T02:00:00.000Z')).toEqual([]);
  });

  test('Tasks are listed newest first, and by every documented filter', async () => {
    const { tasks } = await on.open();
    const add = (id: number, more: Parameters<typeof plan>[1]) =>
      tasks.add({ plan: plan(id, more), workflowType: 'addObproxy' });
    const cluster = (id: number, name: string) => ({ id, name, obClusterId: id, type: 'PRIMARY' });
    await add(1, { name: 'Install OBProxy', hostId: 5 });
    await add(2, { name: 'Create obproxy cluster', cluster: cluster(1, 'Bank_A') });
    await add(3, { name: '100% done', cluster: cluster(2, 'shop') });
    const tenant = { stringMap: { tenant_id: '1002', tenant_name: 'crm' }, listMap: {} };
    await add(4, { name: 'Create tenant', cluster: cluster(1, 'Bank_A'), context: tenant });
    await tasks.applyStateChange(change(3, 1, { status: 'FAILED' }));
    const ids = async (filter: TaskFilter) => (await tasks.list(filter, all)).contents.map((task) => task.id);
    expect(await ids({})).toEqual([4, 3, 2, 1]);
    expect(await ids({ name: 'OBPROXY' })).toEqual([2, 1]);
    expect(await ids({ name: '%' })).toEqual([3]);
    expect(await ids({ clusterName: 'bank_' })).toEqual([4, 2]);
    expect(await ids({ clusterName: 'a_k' })).toEqual([]);
    expect(await ids({ status: ['FAILED', 'SUCCESSFUL'] })).toEqual([3]);
    expect(await ids({ status: ['nonsense'] })).toEqual([]);
    expect(await ids({ type: 'MANUAL', clusterId: 1 })).toEqual([4, 2]);
    expect(await ids({ type: 'SCHEDULED' })).toEqual([]);
    expect(await ids({ tenantName: 'crm' })).toEqual([4]);
    expect(await ids({ tenantId: 1002 })).toEqual([4]);
    expect(await ids({ hostId: 5 })).toEqual([1]);
    await add(5, { context: { stringMap: {}, listMap: { host_ids: ['5', '6'] } } });
    expect(await ids({ hostId: 5 })).toEqual([5, 1]);
    expect(await ids({ hostId: 6 })).toEqual([5]);
    expect(await ids({ hostId: 2 ** 60 })).toEqual([]);
    expect(await ids({ name: 'x'.repeat(60_000) })).toEqual([]);
    expect(await ids({ name: 'Install\0', tenantName: '\0', type: '\ud800' })).toEqual([]);
  });

  test('Both databases sort alike: bytes for text, no time before any time, the id last', async () => {
    const { tasks } = await on.open();
    const names = ['b', 'B', 'a', 'é', '_', 'b'];
    for (const [index, name] of names.entries()) {
      await tasks.add({ plan: plan(index + 1, { name }), workflowType: 'addObproxy' });
    }
    await tasks.applyStateChange(change(2, 1, { status: 'FAILED' }));
    const ids = async (field: string, descending: boolean) =>
      (await tasks.list({}, { ...all, sort: { field, descending } })).contents.map((task) => task.id);
    expect(await ids('name', false)).toEqual([2, 5, 3, 1, 6, 4]);
    expect(await ids('name', true)).toEqual([4, 6, 1, 3, 5, 2]);
    expect(await ids('finishTime', false)).toEqual([1, 3, 4, 5, 6, 2]);
    expect(await ids('finishTime', true)).toEqual([2, 6, 5, 4, 3, 1]);
    expect(await ids('status', false)).toEqual([2, 1, 3, 4, 5, 6]);
    expect(await ids('startTime', true)).toEqual([6, 5, 4, 3, 2, 1]);
    await expect(tasks.list({}, { ...all, sort: { field: 'plan', descending: false } })).rejects.toThrow(
      /id, name, status, createTime, startTime, finishTime/,
    );
  });

  test('A part of a name finds exactly the names that contain it, whatever characters it is made of', async () => {
    const { tasks } = await on.open();
    const names: string[] = [];
    const word = fc.string({ unit: fc.constantFrom(...'aAbZ%_!\\\'"é *?[^'), minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(word, word, async (name, part) => {
        names.push(name);
        await tasks.add({ plan: plan(names.length, { name }), workflowType: 'addObproxy' });
        const found = await tasks.list({ name: part }, all);
        const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        const expected = names.filter((candidate) => lower(candidate).includes(lower(part)));
        expect(found.contents.map((task) => task.name).reverse()).toEqual(expected);
        expect(found.totalElements).toBe(expected.length);
      }),
      { numRuns: 60 },
    );
  });

  test('Pages of any size, one after the other, are the whole list', async () => {
    const { tasks } = await on.open();
    for (let id = 1; id <= 23; id += 1) {
      await tasks.add({ plan: plan(id, { name: `name ${id % 3}` }), workflowType: 'addObproxy' });
    }
    const order = fc.constantFrom('id', 'name', 'status', 'createTime', 'finishTime');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        order,
        fc.boolean(),
        async (size, field, descending) => {
          const sort = { field, descending };
          const whole = (await tasks.list({}, { ...all, sort })).contents.map((task) => task.id);
          const pages: number[] = [];
          for (let page = 1; page <= Math.ceil(23 / size) + 1; page += 1) {
            const part = await tasks.list({}, { page, size, sort });
            expect(part.totalElements).toBe(23);
            pages.push(...part.contents.map((task) => task.id));
          }
          expect(pages).toEqual(whole);
          expect(new Set(pages).size).toBe(23);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('A log is read in the order written, one subtask at a time', async () => {
    const { tasks } = await on.open();
    await tasks.appendLog(1, []);
    await tasks.appendLog(1, [line(10, 'first'), line(11, 'other'), line(10, 'second')]);
    await tasks.appendLog(2, [line(10, 'of another task')]);
    const many = Array.from({ length: 2500 }, (_, index) => line(10, `line ${index}`));
    await tasks.appendLog(1, many);
    await tasks.appendLog(1, [line(10, 'odd \0 byte')]);
    expect(await tasks.readLog(1, 10)).toEqual([
      line(10, 'first'),
      line(10, 'second'),
      ...many,
      line(10, 'odd \uFFFD byte'),
    ]);
    expect(await tasks.readLog(1, 12)).toEqual([]);
    const said = { key: 'rpm.says', args: { line: 'x', more: [{ key: 'host.free', args: {} }] } };
    await tasks.appendLog(1, [{ ...line(13, 'rpm: x'), said }, line(13, 'without')]);
    expect(await tasks.readLog(1, 13)).toEqual([{ ...line(13, 'rpm: x'), said }, line(13, 'without')]);

    const parts: LogLine[][] = [];
    await tasks.appendLog(1, [{ ...line(10, 'of another run'), run: 2 }]);
    const { run, operation } = line(10, '');
    const of = { subtaskId: 10, run, operations: ['ROLLBACK', operation] };
    for await (const part of tasks.readLogParts(1, of)) parts.push(part);
    expect(parts.map(({ length }) => length)).toEqual([1000, 1000, 503]);
    expect(parts.flat()).toEqual(await tasks.readLog(1, 10).then((all) => all.slice(0, -1)));
  });

  test('Of logs written at once each is stored whole, or refused alone', async () => {
    const { tasks } = await on.open();
    const broken = { ...line(10, 'broken'), level: null } as unknown as LogLine;
    const outcomes = await Promise.allSettled([
      tasks.appendLog(1, [line(10, 'one'), line(10, 'two')]),
      tasks.appendLog(2, [line(10, 'before'), broken]),
      tasks.appendLog(1, [line(10, 'three')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await tasks.readLog(1, 10)).toEqual([line(10, 'one'), line(10, 'two'), line(10, 'three')]);
    expect(await tasks.readLog(2, 10)).toEqual([]);
  });
});
