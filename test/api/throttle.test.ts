import { basic, startTestApi, type TestApi } from './harness';

let api: TestApi;
afterEach(() => api.stop());

const LIST = '/api/v2/obproxy/clusters';
const window = (limit: number, seconds = 600) => [{ limit, seconds }];

async function statuses(count: number, ask: () => Promise<{ status: number }>): Promise<number[]> {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push((await ask()).status);
  return answers;
}

describe('throttling', () => {
  test('a user over the limit gets the documented 429 and headers', async () => {
    api = await startTestApi({ http: { rateLimit: window(3) } });
    const allowed = await api.send('GET', LIST);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('ratelimit-limit')).toBe('3');
    expect(allowed.headers.get('ratelimit-remaining')).toBe('2');
    expect(Number(allowed.headers.get('ratelimit-reset'))).toBeGreaterThan(590);
    await statuses(2, () => api.send('GET', LIST));
    const { status, body, headers } = await api.send('GET', LIST, undefined, { 'x-trace-id': 'me' });
    expect(status).toBe(429);
    // As the documentation's sample, but for the trace id, which every answer has.
    expect(body).toEqual({
      duration: expect.any(Number),
      error: {
        code: 0,
        message:
          'Excessive number of requests. You have exceeded the request limit for the current throttling window.',
      },
      server: '127.0.0.1',
      status: 429,
      successful: false,
      timestamp: expect.any(String),
      traceId: 'me',
    });
    expect(headers.get('ratelimit-remaining')).toBe('0');
    expect(headers.get('retry-after')).toBe(headers.get('ratelimit-reset'));
  });

  test('a window that ends is a new start', async () => {
    api = await startTestApi({ http: { rateLimit: window(1, 1) } });
    expect(await statuses(2, () => api.send('GET', LIST))).toEqual([200, 429]);
    let status = 429;
    const deadline = Date.now() + 10_000;
    while (status === 429 && Date.now() < deadline) ({ status } = await api.send('GET', LIST));
    expect(status).toBe(200);
  });

  test('of several windows the one that is used up counts', async () => {
    api = await startTestApi({ http: { rateLimit: [...window(1_000, 10), ...window(2)] } });
    expect(await statuses(3, () => api.send('GET', LIST))).toEqual([200, 200, 429]);
  });

  test('guessing passwords is bounded by address, and does not use up what users have', async () => {
    api = await startTestApi({ http: { addressRateLimit: window(3), rateLimit: window(100) } });
    expect(await statuses(5, () => api.send('GET', LIST))).toEqual(Array(5).fill(200));
    const guess = () => api.send('GET', LIST, undefined, { authorization: basic('admin', 'wrong') });
    expect(await statuses(4, guess)).toEqual([401, 401, 401, 429]);
  });

  test('what needs no login is bounded by address, probes apart from the rest', async () => {
    api = await startTestApi({ http: { addressRateLimit: window(2) } });
    const get = (path: string) => fetch(api.url + path);
    expect(await statuses(3, () => get('/services?Action=GetObProxyConfig'))).toEqual([200, 200, 429]);
    expect(await statuses(3, () => get('/api/status'))).toEqual([200, 200, 429]);
  });

  test('the address is that of the client when a trusted proxy names it, and only then', async () => {
    api = await startTestApi({ http: { addressRateLimit: window(1), trustedProxies: ['127.0.0.1'] } });
    const from = (client: string) => () =>
      fetch(`${api.url}/services?Action=GetObProxyConfig`, { headers: { 'x-forwarded-for': client } });
    expect(await statuses(2, from('203.0.113.5'))).toEqual([200, 429]);
    expect(await statuses(1, from('203.0.113.6'))).toEqual([200]);
    // A client has its whole network of IPv6.
    expect(await statuses(1, from('2001:db8:1:2::1'))).toEqual([200]);
    expect(await statuses(1, from('2001:db8:1:2:3::9'))).toEqual([429]);
    await api.stop();
    api = await startTestApi({ http: { addressRateLimit: window(1) } });
    expect(await statuses(1, from('203.0.113.5'))).toEqual([200]);
    expect(await statuses(1, from('203.0.113.6'))).toEqual([429]);
  });

  test('no limit means no headers', async () => {
    api = await startTestApi();
    const { headers } = await api.send('GET', LIST);
    expect(headers.get('ratelimit-limit')).toBeNull();
  });
});
