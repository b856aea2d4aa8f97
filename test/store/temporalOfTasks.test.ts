import type { Store, TemporalNamespace } from '../../store/types';
import { onEveryDatabase, type Place } from './databases';
import { plan } from './plan';

const OURS: TemporalNamespace = { id: 'id-of-ours', name: 'default', address: 'temporal.example:7233' };
const OTHER: TemporalNamespace = {
  id: 'id-of-other',
  name: 'default',
  address: '127.0.0.1:7233',
  ownIn: '/var/lib/obflow',
};

const add = (store: Store, id: number) => store.tasks.add({ plan: plan(id), workflowType: 'addObproxy' });

const end = (store: Store, id: number) =>
  store.tasks.archive(id, {
    status: 'SUCCESSFUL',
    operation: 'EXECUTE',
    finishTime: '2026-03-01T02:00:00.000Z',
    document: {},
  });

onEveryDatabase('The Temporal of the open tasks', (on) => {
  let place: Place;
  beforeEach(async () => {
    place = await on.place();
  });
  /** Another process on the same database. */
  const process = () => on.open(place);

  test('Another one is refused while a task is open, or lacks its document, with what differs and what to do', async () => {
    const store = await process();
    expect(await store.temporal.use(OURS)).toBeUndefined();
    await add(store, 1);
    await store.tasks.applyStateChange({
      ...{ taskId: 1, sequence: 1, status: 'FAILED', operation: 'EXECUTE', closed: true },
    });
    const wrong = await process();
    const refused = wrong.temporal.use(OTHER);
    await expect(refused).rejects.toMatchObject({ type: 'OtherTemporal' });
    await expect(refused).rejects.toThrow(/the own dev server of \/var\/lib\/obflow, id id-of-other/);
    await expect(refused).rejects.toThrow(
      /\(1; 1 in all\).*"default" at temporal\.example:7233, id id-of-ours/,
    );
    await expect(refused).rejects.toThrow(/TEMPORAL_ADDRESS.*OBFLOW_ACCEPT_TEMPORAL=id-of-other/);
    await expect(wrong.temporal.use(OTHER, 'id-of-ours')).rejects.toThrow(/OBFLOW_ACCEPT_TEMPORAL/);
    expect(await (await process()).temporal.use({ ...OURS, address: '10.0.0.1:7233' })).toBeUndefined();
    await end(store, 1);
    expect(await wrong.temporal.use(OTHER)).toEqual({
      former: 'namespace "default" at 10.0.0.1:7233',
      lost: [],
    });
  });

  test('One that is accepted by its id takes the place of the former', async () => {
    const store = await process();
    await store.temporal.use(OURS);
    for (const id of [1, 2]) await add(store, id);
    const next = await process();
    expect(await next.temporal.use(OTHER, OTHER.id)).toMatchObject({ lost: [1, 2] });
    expect(await (await process()).temporal.use(OTHER)).toBeUndefined();
    await expect((await process()).temporal.use(OURS)).rejects.toMatchObject({ type: 'OtherTemporal' });
    await expect(store.temporal.mustBeOwn()).rejects.toMatchObject({ type: 'OtherTemporal' });
  });

  test('Of processes that start at once with different ones, that counts which accepts a task; the other one accepts none', async () => {
    const [one, other] = [await process(), await process()];
    await Promise.all([one.temporal.use(OURS), other.temporal.use(OTHER)]);
    const added = await Promise.allSettled([add(one, 1), add(other, 2)]);
    expect(added.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [winner, loser] = added[0]?.status === 'fulfilled' ? [one, other] : [other, one];
    await winner.temporal.mustBeOwn();
    await expect(loser.temporal.mustBeOwn()).rejects.toMatchObject({ type: 'OtherTemporal' });
    await expect(add(loser, 3)).rejects.toMatchObject({ type: 'OtherTemporal' });
    await end(winner, winner === one ? 1 : 2);
    await add(loser, 3);
    await expect(add(winner, 4)).rejects.toMatchObject({ type: 'OtherTemporal' });
  });
});
