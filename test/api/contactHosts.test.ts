import { contactHost, contactKnownOffline, sideBySide } from '../../api/objects/contactHosts';
import { DEFAULT_LOGIN_SECONDS } from '../../hosts/login';
import type { Host, HostFacts, Hosts } from '../../hosts/types';
import { Refusal } from '../../operations/refusal';
import type { HostRow, Store } from '../../store/types';
import { inEnglish } from '../../workflows/text';
import { emptyStore } from '../support/store';
import { givenHost } from './harness';

const FACTS: HostFacts = {
  ...{ hostname: 'h1', architecture: 'x86_64', kernel: '5.10', osId: 'rocky', osLike: [], osMajor: '8' },
  ...{ systemd: true, rpm: true },
};

/** Logins that last until the test ends them; the caller's signal ends the waiting, as it does with real ones. */
class SlowLogins {
  readonly asked: string[] = [];
  readonly #ends = new Map<string, () => void>();
  readonly hosts: Hosts = {
    open: ({ ip }, options) =>
      new Promise((resolve, reject) => {
        this.asked.push(ip);
        this.#ends.set(ip, () => resolve({ facts: async () => FACTS } as Host));
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      }),
    close: async () => undefined,
  };

  end(ip: string): void {
    this.#ends.get(ip)?.();
  }
}

let store: Store;
let remove: () => Promise<void>;
let logins: SlowLogins;
let rows: HostRow[];
beforeEach(async () => {
  ({ store, remove } = await emptyStore());
  logins = new SlowLogins();
  const ids = [];
  for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) ids.push(await givenHost(store, ip));
  for (const id of ids) await store.hosts.recordStatus(id, 'OFFLINE');
  rows = await store.hosts.findMany(ids);
  // What is stored does not wait for a clock; what waits for hosts does.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(async () => {
  jest.useRealTimers();
  await remove();
});

async function asked(count: number): Promise<void> {
  while (logins.asked.length < count) await new Promise((resolve) => setImmediate(resolve));
}

const contact = (host: HostRow) =>
  sideBySide([host], (one, signal) => contactHost({ store, hosts: logins.hosts }, one, signal));

test('a login may take as long as the setting allows, and the host is AVAILABLE then', async () => {
  const contacting = contact(rows[0]!);
  await asked(1);
  await jest.advanceTimersByTimeAsync(DEFAULT_LOGIN_SECONDS * 1_000 - 1);
  logins.end('10.0.0.1');
  expect(await contacting).toEqual([undefined]);
  expect(await store.hosts.find(rows[0]!.id)).toMatchObject({ status: 'AVAILABLE', kernel: '5.10' });
});

test('what does not end within the time of the whole request is given up, with that as the reason', async () => {
  const contacting = contact(rows[0]!);
  await asked(1);
  await jest.advanceTimersByTimeAsync(100_000);
  const [reason] = await contacting;
  expect(reason && inEnglish(reason)).toBe('there was no time left for it (100 s for all hosts together)');
  expect(await store.hosts.find(rows[0]!.id)).toMatchObject({ status: 'OFFLINE' });
});

test('a request for hosts that were OFFLINE waits for slow ones, and is refused by the one that is away', async () => {
  const ids = rows.map(({ id }) => id);
  const waiting = contactKnownOffline({ store, hosts: logins.hosts }, ids);
  const refused = waiting.catch((error: unknown) => error);
  await asked(3);
  await jest.advanceTimersByTimeAsync(30_000);
  logins.end('10.0.0.1');
  logins.end('10.0.0.3');
  await jest.advanceTimersByTimeAsync(70_000);
  const error = await refused;
  expect(error).toBeInstanceOf(Refusal);
  expect(error).toMatchObject({
    status: 409,
    code: 'CMP07004',
    message: expect.stringContaining('10.0.0.2'),
  });
  const { contents } = await store.hosts.list({ status: ['AVAILABLE'] }, { page: 1, size: 10 });
  expect(contents.map(({ ip }) => ip).sort()).toEqual(['10.0.0.1', '10.0.0.3']);
});

test('of many some are contacted side by side, and the others when those are done', async () => {
  const many = Array.from({ length: 120 }, (_, at) => at);
  let together = 0;
  let most = 0;
  const done = await sideBySide(many, async (item) => {
    together += 1;
    most = Math.max(most, together);
    await new Promise((resolve) => setImmediate(resolve));
    together -= 1;
    return item;
  });
  expect(done).toEqual(many);
  expect(most).toBe(50);
});
