import { CheckLanes, LanesFullError } from '../../api/login/passwordQueue';
import { until } from '../support/until';
import { basic, PASSWORD, startTestApi, type TestApi } from './harness';
import { type Pair, send, signed } from './signing';

describe('failed logins', () => {
  let api: TestApi;
  let other: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
    other = await startTestApi({ dataDir: api.dataDir });
  });
  afterAll(async () => {
    await other?.stop();
    await api?.stop();
  });

  const login = ({ url }: TestApi, user: string, password: string) =>
    fetch(`${url}/api/v2/iam/me`, { headers: { authorization: basic(user, password) } });

  async function added(name: string) {
    const { id } = await api.store.users.add({ name, password: PASSWORD, roles: [] });
    return id;
  }
  async function guess(name: string, times: number, from = api) {
    const statuses: number[] = [];
    for (let time = 0; time < times; time += 1) {
      statuses.push((await login(from, name, `guess ${from.url} ${time}`)).status);
    }
    return statuses;
  }

  test('lock the user out at that address, on all API processes together, also with the right password', async () => {
    await added('ann');
    expect(await guess('ann', 3, api)).toEqual([401, 401, 401]);
    expect(await guess('ann', 2, other)).toEqual([401, 401]);
    for (const from of [api, other]) {
      const response = await login(from, 'ann', PASSWORD);
      expect(response.status).toBe(429);
      const wait = Number(response.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(30);
      expect(await response.json()).toMatchObject({ error: { code: 'IAM20000' } });
    }
    // The others of that address, and requests of nobody, go on.
    expect((await login(api, 'admin', PASSWORD)).status).toBe(200);
    expect((await fetch(`${api.url}/api/v2/time`)).status).toBe(200);
  });

  test('of one address do not lock the user out elsewhere', async () => {
    await added('bob');
    const attempt = { subject: 'bob', address: '203.0.113.66' };
    for (let time = 0; time < 30; time += 1) await api.store.loginAttempts.failed(attempt, Date.now());
    expect((await login(api, 'bob', PASSWORD)).status).toBe(200);
  });

  test('from everywhere slow the user down at unknown places, and lock nobody out', async () => {
    await added('cleo');
    for (let host = 0; host < 60; host += 1) {
      await api.store.loginAttempts.failed({ subject: 'cleo', address: `203.0.113.${host}` }, Date.now());
    }
    const slow = Date.now();
    expect((await login(api, 'cleo', PASSWORD)).status).toBe(200);
    expect(Date.now() - slow).toBeGreaterThanOrEqual(1_000);
    // From now on this address is known; another process has the password checked in full again.
    const { slow: slowNow } = await other.store.loginAttempts.look(
      { subject: 'cleo', address: '127.0.0.1' },
      Date.now(),
    );
    expect(slowNow).toBe(false);
    expect((await login(other, 'cleo', PASSWORD)).status).toBe(200);
  });

  test('of a client that repeats one old password do not count as guesses', async () => {
    await added('dan');
    for (let time = 0; time < 8; time += 1) expect((await login(api, 'dan', 'the old one')).status).toBe(401);
    expect((await login(api, 'dan', PASSWORD)).status).toBe(200);
  });

  test('of a burst are counted one by one: no more guesses than one after the other', async () => {
    await added('eli');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, number) => login(api, 'eli', `burst ${number}`)),
    );
    const checked = answers.filter(({ status }) => status === 401).length;
    expect(checked).toBe(5);
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  });

  test('by signature lock out wrong ones at that address, and neither the key that signs rightly nor the user', async () => {
    const id = await added('fay');
    const made = await api.store.accessKeys.add(id, null, 5);
    const right: Pair = { accessKeyId: made.key.accessKeyId, secret: made.secret };
    const get = (pair: Pair) =>
      send(api.url, signed(api.url, pair, { method: 'GET', target: '/api/v2/iam/me' }));
    for (let time = 0; time < 5; time += 1)
      expect((await get({ ...right, secret: 'wrong' })).status).toBe(401);
    const locked = await get({ ...right, secret: 'wrong again' });
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await get(right)).status).toBe(200);
    expect((await login(api, 'fay', PASSWORD)).status).toBe(200);
  });

  test('of a wrong clock are no failures', async () => {
    const id = await added('gus');
    const { key, secret } = await api.store.accessKeys.add(id, null, 5);
    const pair = { accessKeyId: key.accessKeyId, secret };
    const get = (at: number) =>
      send(api.url, signed(api.url, pair, { method: 'GET', target: '/api/v2/iam/me' }, at));
    for (let time = 0; time < 8; time += 1) expect((await get(0)).status).toBe(401);
    expect((await get(Date.now())).status).toBe(200);
  });

  test('are in the audit with the user who was tried, and not with what is no user', async () => {
    const page = { page: 1, size: 200 };
    const { contents } = await api.store.audit.list({}, page);
    expect(contents).toContainEqual(
      expect.objectContaining({ command: 'login', why: 'as user ann', status: 401, address: '127.0.0.1' }),
    );
    // Of another process, whose share of lines for strangers is not used up.
    await login(other, 'my-password-in-the-wrong-box', 'x');
    const later = await api.store.audit.list({}, page);
    expect(JSON.stringify(later.contents)).not.toContain('wrong-box');
  });
});

describe('password checks', () => {
  /** A check that ends when it is told to. */
  function held() {
    let running = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const check = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    };
    return {
      check,
      ends,
      get most() {
        return most;
      },
      get running() {
        return running;
      },
    };
  }

  test('run a few at a time, and one at a time of each address', async () => {
    const lanes = new CheckLanes({ parallel: 2, perLane: 10, altogether: 100 });
    const work = held();
    const all = ['a', 'a', 'a', 'b', 'c'].map((lane) => lanes.run(lane, 0, work.check));
    await until('two run', () => work.running === 2);
    // The second of a waits for the first, though b and c came after it.
    for (let ended = 0; ended < 5; ended += 1) {
      (await until('one runs', () => work.ends.shift()))();
    }
    await Promise.all(all);
    expect([work.most, lanes.waiting]).toEqual([2, 0]);
  });

  test('of a flood are refused without being made, and hold nothing afterwards', async () => {
    const lanes = new CheckLanes({ parallel: 1, perLane: 3, altogether: 5 });
    const work = held();
    const flood = Array.from({ length: 50 }, () => lanes.run('flood', 0, work.check));
    const results = Promise.allSettled(flood);
    const guest = lanes.run('guest', 0, work.check);
    for (let ended = 0; ended < 4; ended += 1) (await until('one runs', () => work.ends.shift()))();
    await guest;
    const refused = (await results).filter(
      (result) => result.status === 'rejected' && result.reason instanceof LanesFullError,
    );
    expect([refused.length, lanes.waiting]).toEqual([47, 0]);
  });

  test('that fail let the next one go on', async () => {
    const lanes = new CheckLanes({ parallel: 1, perLane: 3, altogether: 5 });
    const failing = lanes.run('a', 0, () => Promise.reject(new Error('no database')));
    const next = lanes.run('a', 0, async () => 'done');
    await expect(failing).rejects.toThrow('no database');
    expect(await next).toBe('done');
  });
});
