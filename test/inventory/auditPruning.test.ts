import type { Inventory } from '../../inventory/types';
import { onEveryDatabase } from './databases';

const AGE = '2026-02-01T00:00:00.000Z';

const add = (inventory: Inventory, time: string, taskIds: number[]) =>
  inventory.audit.add({
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
    const inventory = await on.open();
    // More than one batch.
    await inventory.transaction(async (transaction) => {
      for (let id = 1; id <= 505; id += 1) await add(transaction, '2026-01-31T23:59:59.999Z', [1, id + 1]);
    });
    await add(inventory, AGE, [1]);
    expect(await inventory.audit.countBefore(AGE)).toBe(505);
    const both = await Promise.all([inventory.audit.deleteBefore(AGE), inventory.audit.deleteBefore(AGE)]);
    expect(both[0] + both[1]).toBe(505);
    const page = { page: 1, size: 10 };
    expect(await inventory.audit.list({}, page)).toMatchObject({ totalElements: 1 });
    expect(await inventory.audit.list({ taskId: 1 }, page)).toMatchObject({
      totalElements: 1,
      contents: [{ time: AGE, taskIds: [1] }],
    });
    expect(await inventory.audit.list({ taskId: 2 }, page)).toMatchObject({ totalElements: 0 });
    expect(await inventory.audit.deleteBefore(AGE)).toBe(0);
  });

  test('Other work of the process goes on between the batches', async () => {
    const inventory = await on.open();
    await inventory.transaction(async (transaction) => {
      for (let id = 1; id <= 505; id += 1) await add(transaction, '2026-01-31T23:59:59.999Z', []);
    });
    let wentOn = false;
    const other = setImmediate(() => {
      wentOn = true;
    });
    await inventory.audit.deleteBefore(AGE);
    clearImmediate(other);
    expect(wentOn).toBe(true);
  });
});
