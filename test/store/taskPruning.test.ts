import type { Store } from '../../store/types';
import { onEveryDatabase } from './databases';
import { plan } from './plan';

async function ended(store: Store, id: number, finishTime: string): Promise<void> {
  await store.tasks.add({ plan: plan(id, { hostId: id }), workflowType: 'addObproxy' });
  await log(store, id);
  await store.tasks.archive(id, {
    status: 'SUCCESSFUL',
    operation: 'EXECUTE',
    document: { id },
    finishTime,
  });
}

const log = (store: Store, id: number) =>
  store.tasks.appendLog(id, [
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
    const store = await on.open();
    // More than one batch.
    for (let id = 1; id <= 55; id += 1) await ended(store, id, '2026-01-31T23:59:59.999Z');
    await ended(store, 56, '2026-02-01T00:00:00.000Z');
    await store.tasks.add({ plan: plan(57), workflowType: 'addObproxy' });
    await log(store, 57);
    const change = { taskId: 57, operation: 'EXECUTE', closed: false, sequence: 0 } as const;
    await store.tasks.applyStateChange({ ...change, status: 'FAILED' });

    const before = '2026-02-01T00:00:00.000Z';
    expect(await store.tasks.countEndedBefore(before)).toBe(55);
    const both = await Promise.all([
      store.tasks.deleteEndedBefore(before),
      store.tasks.deleteEndedBefore(before),
    ]);
    expect(both[0] + both[1]).toBe(55);

    const left = await store.tasks.list({}, { page: 1, size: 100 });
    expect(left.contents.map(({ id }) => id)).toEqual([57, 56]);
    expect(await store.tasks.readLog(1, 1)).toEqual([]);
    expect(await store.tasks.readLog(56, 56)).toHaveLength(1);
    expect(await store.tasks.readLog(57, 57)).toHaveLength(1);
    expect((await store.tasks.list({ hostId: 1 }, { page: 1, size: 100 })).totalElements).toBe(0);
    expect(await store.tasks.deleteEndedBefore(before)).toBe(0);
  });
});
