import { readFile } from 'node:fs/promises';
import { onEveryDatabase } from './databases';

const REQUEST = { userId: 100, key: 'k1', digest: 'abc', leaseMs: 60_000 };
const by = (owner: string) => ({ ...REQUEST, owner });

onEveryDatabase('Requests under an Idempotency-Key', (on) => {
  test('Of many who claim one at once, in two processes, one gets it', async () => {
    const place = await on.place();
    const inventories = [await on.open(place), await on.open(place)];
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        inventories[index % 2]!.idempotency.claim({ ...REQUEST, owner: `owner ${index}` }),
      ),
    );
    expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(claims.filter(({ kind }) => kind === 'underWay')).toHaveLength(9);
  });

  test('An answer is for everybody who asks again, also after a restart, and without data has none', async () => {
    const place = await on.place();
    const { idempotency, close } = await on.open(place);
    await idempotency.claim(by('first'));
    expect(await idempotency.complete(by('first'), { contents: [{ id: 1, name: '安装' }] })).toBe(true);
    await idempotency.claim({ ...by('first'), key: 'k2' });
    await idempotency.complete({ ...by('first'), key: 'k2' }, undefined);
    await close();
    const later = await on.open(place);
    expect(await later.idempotency.claim(by('second'))).toEqual({
      kind: 'answered',
      data: { contents: [{ id: 1, name: '安装' }] },
    });
    expect(await later.idempotency.claim({ ...by('second'), key: 'k2' })).toEqual({
      kind: 'answered',
      data: undefined,
    });
  });

  test('Another request is told apart, another user or key is another request', async () => {
    const { idempotency } = await on.open();
    await idempotency.claim(by('first'));
    expect(await idempotency.claim({ ...by('other'), digest: 'def' })).toEqual({ kind: 'otherRequest' });
    expect(await idempotency.claim({ ...by('other'), userId: 101 })).toMatchObject({ kind: 'claimed' });
    expect(await idempotency.claim({ ...by('other'), key: 'K1' })).toMatchObject({ kind: 'claimed' });
  });

  test('What a dead process has claimed goes to the next one, who finishes it under the same request id', async () => {
    const { idempotency } = await on.open();
    const dead = await idempotency.claim({ ...by('dead'), leaseMs: -1 });
    const next = await idempotency.claim(by('next'));
    expect(next).toEqual(dead);
    expect(next.kind).toBe('claimed');
    // Should the dead one turn out to be alive, it has lost the claim.
    expect(await idempotency.renew(by('dead'), 60_000)).toBe(false);
    expect(await idempotency.complete(by('dead'), 'twice')).toBe(false);
    expect(await idempotency.complete(by('next'), 'once')).toBe(true);
    expect(await idempotency.claim(by('last'))).toEqual({ kind: 'answered', data: 'once' });
  });

  test('A released request keeps its id and its digest, a forgotten one is new', async () => {
    const { idempotency } = await on.open();
    const first = await idempotency.claim(by('first'));
    await idempotency.release(by('first'));
    expect(await idempotency.claim({ ...by('second'), digest: 'def' })).toEqual({ kind: 'otherRequest' });
    expect(await idempotency.claim(by('second'))).toEqual(first);
    await idempotency.forget(by('first'));
    expect(await idempotency.claim(by('third'))).toEqual({ kind: 'underWay' });
    await idempotency.forget(by('second'));
    const anew = await idempotency.claim({ ...by('third'), digest: 'def' });
    expect(anew.kind).toBe('claimed');
    expect(anew).not.toEqual(first);
  });

  test('An answer that is undone with its transaction was never given', async () => {
    const store = await on.open();
    await store.idempotency.claim(by('first'));
    await store
      .transaction(async (transaction) => {
        await transaction.idempotency.complete(by('first'), 'lost');
        throw new Error('undo');
      })
      .catch(() => undefined);
    expect(await store.idempotency.claim(by('second'))).toEqual({ kind: 'underWay' });
  });

  test('Keys are forgotten after 24 hours', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval'] });
    try {
      const { idempotency } = await on.open();
      await idempotency.claim(by('first'));
      await idempotency.complete(by('first'), 'old');
      jest.setSystemTime(Date.now() + 24 * 3_600_000 - 60_000);
      expect(await idempotency.claim(by('second'))).toMatchObject({ kind: 'answered' });
      jest.setSystemTime(Date.now() + 120_000);
      expect(await idempotency.claim({ ...by('third'), digest: 'def' })).toMatchObject({ kind: 'claimed' });
    } finally {
      jest.useRealTimers();
    }
  });

  if (on.kind === 'SQLite') {
    test('Neither an answer nor what a body was can be read from the database', async () => {
      const place = await on.place();
      const { idempotency, close } = await on.open(place);
      await idempotency.claim({ ...by('first'), digest: 'planted-digest' });
      await idempotency.complete(by('first'), { secret: 'planted-secret' });
      await close();
      const file = place.databaseUrl.slice('file:'.length);
      const parts = await Promise.all([file, `${file}-wal`].map((part) => readFile(part, 'latin1')));
      const stored = parts.join();
      expect(stored).toContain('idempotency_keys');
      expect(stored).not.toContain('planted');
    });
  }
});

onEveryDatabase('The audit', (on) => {
  const EVENT = {
    user: { id: 100, name: 'admin' },
    address: '10.0.0.5',
    traceId: '0011223344556677',
    method: 'POST',
    path: '/api/v2/tasks/instances/1/retry',
    taskIds: [1],
    status: 200,
  };

  test('An event comes back as it was added, the newest first, and what it lacks is left out', async () => {
    const { audit } = await on.open();
    const refused = {
      ...EVENT,
      subtaskId: 7,
      command: 'skipSubtask',
      why: 'disk',
      status: 400,
      code: 'TSK10010',
    };
    const { user: _, ...stranger } = { ...EVENT, taskIds: [], status: 401 };
    for (const event of [EVENT, refused, stranger]) await audit.add(event);
    const { contents, totalElements } = await audit.list({}, { page: 1, size: 10 });
    expect(totalElements).toBe(3);
    expect(contents.map(({ id: _id, time: _time, ...event }) => event)).toEqual([stranger, refused, EVENT]);
    expect(contents[0]?.time).toMatch(/^\d{4}-.*Z$/);
  });

  test('Events are found by user, by any of their tasks and by time', async () => {
    const { audit } = await on.open();
    const many = Array.from({ length: 1200 }, (_, index) => index + 1);
    await audit.add({ ...EVENT, taskIds: many });
    await audit.add({ ...EVENT, user: { id: 101, name: 'other' }, taskIds: [7] });
    const page = { page: 1, size: 10 };
    const found = async (filter: Parameters<typeof audit.list>[0]) =>
      (await audit.list(filter, page)).contents.map(({ id }) => id);
    expect(await found({ taskId: 7 })).toEqual([2, 1]);
    expect(await found({ taskId: 1200 })).toEqual([1]);
    expect(await found({ taskId: 1201 })).toEqual([]);
    expect(await found({ user: 'other' })).toEqual([2]);
    expect((await audit.list({ user: 'admin' }, page)).contents[0]?.taskIds).toEqual(many);
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    expect(await found({ from: hour(-1), to: hour(1) })).toEqual([2, 1]);
    expect(await found({ to: hour(-1) })).toEqual([]);
    expect(await found({ from: hour(1) })).toEqual([]);
  });
});

onEveryDatabase('The log of a task', (on) => {
  const line = (subtaskId: number, run: number, operation: string, text: string) => ({
    subtaskId,
    run,
    operation,
    time: '2026-01-01T00:00:00.000Z',
    level: 'INFO' as const,
    text,
  });

  test('A line that is told twice stands once in each run', async () => {
    const { tasks } = await on.open();
    const told = [line(1, 1, 'RETRY', 'retry pressed'), line(2, 1, 'RETRY', 'retry pressed')];
    await tasks.appendLogOnce(9, told);
    await tasks.appendLogOnce(9, [...told, line(1, 2, 'RETRY', 'retry pressed')]);
    expect((await tasks.readLog(9, 1)).map(({ run }) => run)).toEqual([1, 2]);
    expect(await tasks.readLog(9, 2)).toHaveLength(1);
  });

  test('tells the runs it has, in the order they began', async () => {
    const { tasks } = await on.open();
    await tasks.appendLog(9, [line(2, 1, 'EXECUTE', 'a'), line(1, 1, 'EXECUTE', 'b')]);
    await tasks.appendLog(9, [line(2, 1, 'EXECUTE', 'c'), line(2, 2, 'RETRY', 'd')]);
    await tasks.appendLog(10, [line(5, 1, 'EXECUTE', 'e')]);
    expect(await tasks.loggedRuns(9)).toEqual([
      { subtaskId: 2, run: 1, operation: 'EXECUTE' },
      { subtaskId: 1, run: 1, operation: 'EXECUTE' },
      { subtaskId: 2, run: 2, operation: 'RETRY' },
    ]);
  });
});
