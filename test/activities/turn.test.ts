import { inTurn } from '../../activities/cluster/cluster';
import type { SubtaskScope } from '../../activities/types';

/** Two workers with one database, which says who has the turn at a cluster. */
function workers() {
  let holder: string | undefined;
  let questions = 0;
  const obServers = {
    takeTurn: async (_clusterId: number, who: string) => {
      questions += 1;
      holder ??= who;
      return holder === who;
    },
    endTurn: async (_clusterId: number, who: string) => {
      if (holder === who) holder = undefined;
    },
  };
  let next = 1;
  const worker = () => {
    const store = { obServers };
    return (signal = new AbortController().signal) =>
      ({
        store,
        signal,
        input: { taskId: 1, subtaskId: next++ },
        log: { info: () => undefined },
        pause: () => new Promise((resolve) => setImmediate(resolve)),
      }) as unknown as SubtaskScope;
  };
  return { worker, asked: () => questions };
}

/** Work that says when it begins and ends, and lets others try to come in between. */
function statements() {
  const order: string[] = [];
  const send = (name: string) => async () => {
    order.push(`${name} begins`);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    order.push(`${name} ends`);
  };
  return { order, send };
}

describe('statements to one cluster', () => {
  test('follow each other, whichever worker sends them; those of one worker in their order', async () => {
    const { worker } = workers();
    const { order, send } = statements();
    const [one, other] = [worker(), worker()];
    await Promise.all([
      inTurn(one(), 7, send('a')),
      inTurn(one(), 7, send('b')),
      inTurn(other(), 7, send('c')),
      inTurn(one(), 7, send('d')),
    ]);
    const begun = order.filter((line) => line.endsWith('begins')).map((line) => line[0]);
    expect(order).toEqual(begun.flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(begun.filter((name) => name !== 'c')).toEqual(['a', 'b', 'd']);
  });

  test('those that wait behind another of their worker do not ask the database', async () => {
    const { worker, asked } = workers();
    const { send } = statements();
    const scope = worker();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => inTurn(scope(), 7, send(name))));
    expect(asked()).toBe(4);
  });

  test('one that is cancelled while it waits, or fails, holds nobody up', async () => {
    const { worker } = workers();
    const { order, send } = statements();
    const scope = worker();
    const cancel = new AbortController();
    const first = inTurn(scope(), 7, async () => {
      cancel.abort(new Error('cancelled'));
      throw new Error('refused');
    });
    const second = inTurn(scope(cancel.signal), 7, send('b'));
    const third = inTurn(scope(), 7, send('c'));
    await expect(first).rejects.toThrow('refused');
    await expect(second).rejects.toThrow('cancelled');
    await third;
    expect(order).toEqual(['c begins', 'c ends']);
  });
});
