import type { Inventory } from '../../inventory/types';
import { onEveryDatabase } from './databases';
import { plan } from './plan';

async function ended(inventory: Inventory, id: number, finishTime: string): Promise<void> {
  await inventory.tasks.add({ plan: plan(id, { hostId: id }), workflowType: 'addObproxy' });
  await log(inventory, id);
  await inventory.tasks.archive(id, {
    status: 'SUCCESSFUL',
    operation: 'EXECUTE',
    document: { id },
    finishTime,
  });
}

const log = (inventory: Inventory, id: number) =>
  inventory.tasks.appendLog(id, [
    {
      subtaskId: id,
      run: 1,
      operation: 'EXECUTE',
      time: '2026-01-01T00:00:00.000Z',
      level: 'INFO',
      text: 'x',
    },
  ]);

onEveryDatabase('Deleting tasks that ended long ago', (on) => {
  test('It takes their documents, hosts and logs along, and leaves younger and open ones alone', async () => {
    const inventory = await on.open();
    // More than one batch.
    for (let id = 1; id <= 55; id += 1) await ended(inventory, id, '2026-01-31T23:59:59.999Z');
    await ended(inventory, 56, '2026-02-01T00:00:00.000Z');
    await inventory.tasks.add({ plan: plan(57), workflowType: 'addObproxy' });
    await log(inventory, 57);
    const change = { taskId: 57, operation: 'EXECUTE', closed: false, sequence: 0 } as const;
    await inventory.tasks.applyStateChange({ ...change, status: 'FAILED' });

    const before = '2026-02-01T00:00:00.000Z';
    expect(await inventory.tasks.countEndedBefore(before)).toBe(55);
    const both = await Promise.all([
      inventory.tasks.deleteEndedBefore(before),
      inventory.tasks.deleteEndedBefore(before),
    ]);
    expect(both[0] + both[1]).toBe(55);

    const left = await inventory.tasks.list({}, { page: 1, size: 100 });
    expect(left.contents.map(({ id }) => id)).toEqual([57, 56]);
    expect(await inventory.tasks.readLog(1, 1)).toEqual([]);
    expect(await inventory.tasks.readLog(56, 56)).toHaveLength(1);
    expect(await inventory.tasks.readLog(57, 57)).toHaveLength(1);
    expect((await inventory.tasks.list({ hostId: 1 }, { page: 1, size: 100 })).totalElements).toBe(0);
    expect(await inventory.tasks.deleteEndedBefore(before)).toBe(0);
  });
});
