import { DuplicateError } from '../../store/types';
import { addObproxyCluster, onEveryDatabase } from './databases';
import { plan } from './plan';

onEveryDatabase('Transactions', (on) => {
  test('What a precondition saw still holds when the rows are written', async () => {
    const place = await on.place();
    const inventories = [await on.open(place), await on.open(place)];
    // Each adds a task only while there is none; without writers waiting for each other both would.
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((id) =>
        inventories[id % 2]!.transaction(async (inside) => {
          const { totalElements } = await inside.tasks.list({}, { page: 1, size: 1 });
          await new Promise((resolve) => setImmediate(resolve));
          if (totalElements > 0) return 'refused';
          await inside.tasks.add({ plan: plan(id), workflowType: 'addObproxy' });
          return 'added';
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'added')).toHaveLength(1);
  });

  test('An error undoes everything and comes out as it was thrown', async () => {
    const store = await on.open();
    const error = new Error('no');
    await expect(
      store.transaction(async (inside) => {
        await addObproxyCluster(inside);
        await inside.locks.take(1, ['r'], []);
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await store.obproxy.findClusterByName('proxies')).toBeUndefined();
    expect(await store.locks.holder('r')).toBeUndefined();
  });

  test('A transaction inside a transaction joins it', async () => {
    const store = await on.open();
    const failing = store.transaction(async (outer) => {
      await outer.transaction((inner) => addObproxyCluster(inner));
      expect(await outer.obproxy.findClusterByName('proxies')).toBeDefined();
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect(await store.obproxy.findClusterByName('proxies')).toBeUndefined();
  });

  test('A duplicate found inside a transaction leaves it usable', async () => {
    const store = await on.open();
    await addObproxyCluster(store);
    await store.transaction(async (inside) => {
      await expect(addObproxyCluster(inside)).rejects.toThrow(DuplicateError);
      await addObproxyCluster(inside, 'second');
    });
    expect(await store.obproxy.findClusterByName('second')).toBeDefined();
  });

  test('Using the outer inventory inside a transaction is an error, not a wait for ever', async () => {
    const store = await on.open();
    let later: Promise<unknown> = Promise.resolve();
    await store.transaction(async (inside) => {
      await expect(store.tasks.find(1)).rejects.toThrow(/the inventory it gives/);
      await expect(store.transaction(async () => 1)).rejects.toThrow(/the inventory it gives/);
      await expect(addObproxyCluster(store)).rejects.toThrow(/the inventory it gives/);
      await inside.sequences.next('task');
      later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => store.tasks.find(1));
    });
    expect(await later).toBeUndefined();
  });

  test('A dry run sees its own writes and leaves nothing, alone or inside a transaction', async () => {
    const store = await on.open();
    const dry = async (outside: typeof store) =>
      outside.dryTransaction(async (inside) => {
        await addObproxyCluster(inside);
        await inside.transaction((joined) => joined.sequences.next('task', 50));
        return (await inside.obproxy.findClusterByName('proxies'))?.name;
      });
    expect(await dry(store)).toBe('proxies');
    await store.transaction(async (inside) => {
      await addObproxyCluster(inside, 'kept');
      expect(await dry(inside)).toBe('proxies');
    });
    await expect(store.dryTransaction(() => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError);
    const { contents } = await store.obproxy.listClusters({ page: 1, size: 10 });
    expect(contents.map((cluster) => cluster.name)).toEqual(['kept']);
    expect(await store.sequences.next('task')).toBe(1);
  });

  test('Closing waits for the transaction under way', async () => {
    const store = await on.open();
    const order: string[] = [];
    const writing = store.transaction(async (inside) => {
      await inside.sequences.next('task');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await inside.sequences.next('task');
      order.push('written');
    });
    await store.sequences.next('subtask').catch(() => undefined);
    const closing = store.close().then(() => order.push('closed'));
    await Promise.all([writing, closing]);
    expect(order).toEqual(['written', 'closed']);
    await expect(store.tasks.find(1)).rejects.toThrow();
    await store.close();
  });
});

onEveryDatabase('Locks', (on) => {
  test('The task that holds a lock is named, and nothing is taken then', async () => {
    const { locks } = await on.open();
    expect(await locks.take(1, ['host/1', 'cluster/1'], [])).toBeUndefined();
    expect(await locks.take(2, ['host/2', 'cluster/1'], [])).toEqual({ resource: 'cluster/1', taskId: 1 });
    expect(await locks.holder('host/2')).toBeUndefined();
    expect(await locks.holder('host/1')).toBe(1);
  });

  test('Tasks of one request share, and a lock ends with the last of them', async () => {
    const { locks } = await on.open();
    expect(await locks.take(1, ['c', 'h1'], [1, 2])).toBeUndefined();
    expect(await locks.take(1, ['c', 'h1', 'c'], [1, 2])).toBeUndefined();
    expect(await locks.take(2, ['c', 'h2'], [1, 2])).toBeUndefined();
    await locks.release(1);
    expect(await locks.take(3, ['h1'], [])).toBeUndefined();
    expect(await locks.take(3, ['c'], [])).toEqual({ resource: 'c', taskId: 2 });
    await locks.release(2);
    await locks.release(2);
    expect(await locks.take(3, ['c'], [])).toBeUndefined();
  });

  test('A thousand hosts of one request are locked at once', async () => {
    const { locks } = await on.open();
    const hosts = Array.from({ length: 1200 }, (_, index) => `host/${index}`);
    expect(await locks.take(1, hosts, [])).toBeUndefined();
    expect(await locks.take(2, ['other', 'host/1199'], [])).toEqual({ resource: 'host/1199', taskId: 1 });
    expect(await locks.take(2, [], [])).toBeUndefined();
  });
});

onEveryDatabase('Sequences', (on) => {
  test('Ids are reserved in blocks, from 1, and never twice', async () => {
    const { sequences } = await on.open();
    expect(await sequences.next('task')).toBe(1);
    expect(await sequences.next('task', 12)).toBe(2);
    expect(await sequences.next('task')).toBe(14);
    expect(await sequences.next('subtask')).toBe(1);
    const firsts = await Promise.all(Array.from({ length: 20 }, () => sequences.next('subtask', 3)));
    expect([...firsts].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => 2 + index * 3),
    );
    await expect(sequences.next('task', 0)).rejects.toThrow(RangeError);
  });
});
