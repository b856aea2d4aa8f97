import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inTurn, STATEMENT_MS, withCluster } from '../../activities/cluster/cluster';
import type { SubtaskScope } from '../../activities/types';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import { ANY_ADDRESS } from '../support/addresses';

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

describe('a turn that is held for long', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  /** A database with one turn, whose holder keeps it for as long as it has asked for. */
  function turns() {
    let held = { who: '', until: 0 };
    const database = {
      away: false,
      takeTurn: async (_clusterId: number, who: string, ms: number) => {
        if (database.away) throw new Error('the database is away');
        if (held.who !== who && held.until > Date.now()) return false;
        held = { who, until: Date.now() + ms };
        return true;
      },
      endTurn: async (_clusterId: number, who: string) => {
        if (held.who === who) held = { who: '', until: 0 };
      },
      holder: () => (held.until > Date.now() ? held.who : undefined),
    };
    const scope = {
      store: { obServers: database },
      signal: new AbortController().signal,
      input: { taskId: 1, subtaskId: 1 },
      log: { info: () => undefined },
    } as unknown as SubtaskScope;
    return { database, scope };
  }

  test('stays with who works, however long that takes, and is free afterwards', async () => {
    const { database, scope } = turns();
    let end: () => void = () => undefined;
    const working = inTurn(scope, 7, async ({ signal }) => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      signal.throwIfAborted();
    });
    for (let seconds = 0; seconds < 600; seconds += 10) {
      await jest.advanceTimersByTimeAsync(10_000);
      expect(database.holder()).toBe('1/1');
    }
    end();
    await working;
    expect(database.holder()).toBeUndefined();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(database.holder()).toBeUndefined();
  });

  test('is given up by who works before another can have it, when the database does not prolong it', async () => {
    const { database, scope } = turns();
    const working = inTurn(scope, 7, async ({ signal }) => {
      database.away = true;
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          expect(database.holder()).toBe('1/1');
          database.away = false;
          reject(signal.reason);
        });
      });
    });
    const refused = expect(working).rejects.toMatchObject({ type: 'TurnLost' });
    await jest.advanceTimersByTimeAsync(200_000);
    await refused;
  });
});

test('a root server that is gone is not waited for as long as a statement', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const scope = {
    store: { credentials: { open: async () => ({ username: 'root@sys', secret: 'planted' }) } },
    config: { addresses: ANY_ADDRESS },
    signal: new AbortController().signal,
    log: { hide: () => undefined },
  } as unknown as SubtaskScope;
  const rootServers = [{ ip: '127.0.0.1', sqlPort: port, rpcPort: 2882 }];
  const cluster = { name: 'c', rootServers, sysCredentialId: 1 } as unknown as ObClusterRow;
  const asking = withCluster(scope, cluster, say('cluster.askServers'), async () => undefined, STATEMENT_MS);
  await expect(asking).rejects.toThrow(/no answer within 5000 ms|ETIMEDOUT/);
  silent.close();
});

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
