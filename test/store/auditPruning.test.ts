import type { Store } from '../../store/types';
import { onEveryDatabase } from './databases';

const AGE = '2026-02-01T00:00:00.000Z';

const add = (store: Store, time: string, taskIds: number[]) =>
  store.audit.add({
    time,
    address: '10.0.0.5',
    traceId: 'trace',
    method: 'POST',
    path: '/',
    taskIds,
    status: 200,
  });

onEveryDatabase('Deleting audit events that are old', (on) => {
  test('It takes what they say of tasks along, and leaves younger ones alone', async () => {
    const store = await on.open();
    // More than one batch.
    await store.transaction(async (transaction) => {
      for (let id = 1; id <= 505; id += 1) await add(transaction, '2026-01-31T23:59:59.999Z', [1, id + 1]);
    });
    await add(store, AGE, [1]);
    expect(await store.audit.countBefore(AGE)).toBe(505);
    const both = await Promise.all([store.audit.deleteBefore(AGE), store.audit.deleteBefore(AGE)]);
    expect(both[0] + both[1]).toBe(505);
    const page = { page: 1, size: 10 };
    expect(await store.audit.list({}, page)).toMatchObject({ totalElements: 1 });
    expect(await store.audit.list({ taskId: 1 }, page)).toMatchObject({
      totalElements: 1,
      contents: [{ time: AGE, taskIds: [1] }],
    });
    expect(await store.audit.list({ taskId: 2 }, page)).toMatchObject({ totalElements: 0 });
    expect(await store.audit.deleteBefore(AGE)).toBe(0);
  });

  test('Other work of the process goes on between the batches', async () => {
    const store = await on.open();
    await store.transaction(async (transaction) => {
      for (let id = 1; id <= 505; id += 1) await add(transaction, '2026-01-31T23:59:59.999Z', []);
    });
    let wentOn = false;
    const other = setImmediate(() => {
      wentOn = true;
    });
    await store.audit.deleteBefore(AGE);
    clearImmediate(other);
    expect(wentOn).toBe(true);
  });
});
