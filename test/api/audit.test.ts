import {
  basic,
  givenHost,
  givenPackage,
  givenProxyCluster,
  type Json,
  startTestApi,
  type TestApi,
} from './harness';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** What the audit has of the calls that `work` made, the oldest first. */
async function audited(work: () => Promise<unknown>): Promise<Json[]> {
  const last = (await api.send('GET', '/api/v2/audit/events?size=1')).body.data.contents[0]?.id ?? 0;
  await work();
  const { contents } = (await api.send('GET', '/api/v2/audit/events?size=2000&sort=id,asc')).body.data;
  return contents.filter(({ id }: Json) => id > last);
}

const INVENTORY = '/api/v2/inventory';

describe('the audit', () => {
  test('has who started which task, from where, by the time the call is answered', async () => {
    const clusterId = await givenProxyCluster(api.store, 'audited');
    const hostId = await givenHost(api.store, '10.9.0.1');
    await givenPackage(api.store, { version: '1.9.1.1', release: '1919579.el7' });
    const path = `/api/v2/obproxy/clusters/${clusterId}/obproxies/batchAdd`;
    let answer: Json;
    const events = await audited(async () => {
      answer = await api.send('POST', path, {
        hostIds: [hostId],
        sqlPort: 2883,
        exporterPort: 2884,
        version: 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm',
      });
    });
    expect(events).toEqual([
      {
        id: expect.any(Number),
        time: expect.stringMatching(/[+-]\d\d:\d\d$/),
        user: { id: 100, name: 'admin' },
        address: '127.0.0.1',
        traceId: answer.body.traceId,
        method: 'POST',
        path,
        taskIds: [answer.body.data.contents[0].id],
        subtaskId: null,
        command: null,
        why: null,
        successful: true,
        status: 200,
        code: null,
      },
    ]);
  });

  test('says what became of keys, credentials and packages, what was tried dry, and what was answered again', async () => {
    const credential = { name: 'c1', kind: 'DATABASE', username: 'u', secret: 'one' };
    const keys = '/api/v2/iam/me/accessKeys';
    let key: Json;
    const again = { 'idempotency-key': 'the-same' };
    const stored = await givenPackage(api.store, { version: '4.2.1', release: '1.el7' });
    const events = await audited(async () => {
      await api.send('PUT', INVENTORY, { credentials: [credential] });
      await api.send('PUT', INVENTORY, { credentials: [{ ...credential, secret: 'two' }] });
      await api.send('PUT', INVENTORY, { credentials: [{ ...credential, secret: 'two' }] });
      await api.send('PUT', `${INVENTORY}?dryRun=true`, {
        credentials: [{ ...credential, secret: 'three' }],
      });
      key = (await api.send('POST', keys, {}, again)).body.data;
      await api.send('POST', keys, {}, again);
      await api.send('DELETE', `${keys}/${key.id}`);
      await api.send('DELETE', `/api/v2/software-packages/${stored.id}`);
    });
    expect(events.map(({ command }) => command)).toEqual([
      'inventory: credential c1 added',
      'inventory: credential c1 changed',
      'inventory: nothing changed',
      'dry run',
      `access key ${key.accessKeyId}: added`,
      'answered as before (Idempotency-Key)',
      `access key ${key.accessKeyId}: deleted`,
      `package ${stored.fileName}: deleted`,
    ]);
  });

  test('has refused calls with their code, and none that only read', async () => {
    const events = await audited(async () => {
      await api.send('GET', '/api/v2/tasks/instances');
      await api.send('GET', '/api/v2/tasks/instances/987654');
      await api.send('PUT', INVENTORY, { hosts: 'none' });
      await api.send('PUT', INVENTORY, '{');
      await api.send('DELETE', '/api/v2/software-packages/987654');
      await api.send('POST', '/api/v2/tasks/instances/987654/retry');
      await api.send('POST', '/nowhere');
    });
    expect(events.map(({ method, path, status, code }) => [method, path, status, code])).toEqual([
      ['PUT', INVENTORY, 400, 'COM10001'],
      ['PUT', INVENTORY, 400, 'COM10003'],
      ['DELETE', '/api/v2/software-packages/987654', 404, 'PKG10014'],
      ['POST', '/api/v2/tasks/instances/987654/retry', 404, 'TSK10001'],
      ['POST', '/nowhere', 404, 'COM10003'],
    ]);
    expect(new Set(events.map(({ user }) => user.name))).toEqual(new Set(['admin']));
  });

  test('has who was turned away at the door, whatever they asked for', async () => {
    const events = await audited(() =>
      api.send('GET', '/api/v2/tasks/instances', undefined, {
        authorization: basic('admin', 'Planted-guess'),
      }),
    );
    expect(events).toMatchObject([{ user: null, method: 'GET', status: 401, code: 'IAM10004' }]);
    expect(JSON.stringify(events)).not.toContain('Planted');
  });

  test('cannot be filled by callers without a login', async () => {
    const events = await audited(() =>
      Promise.all(
        Array.from({ length: 60 }, () =>
          api.send('POST', '/api/v2/inventory', undefined, { authorization: 'none' }),
        ),
      ),
    );
    expect(events.length).toBeGreaterThan(0);
    // Twenty a minute, and the minute may end meanwhile.
    expect(events.length).toBeLessThanOrEqual(40);
  });

  test('cannot be filled by a user who is throttled: that refusal costs no write', async () => {
    const throttled = await startTestApi({ http: { rateLimit: [{ limit: 1, seconds: 600 }] } });
    try {
      for (let sent = 0; sent < 60; sent += 1) await throttled.send('PUT', INVENTORY, {});
      const { totalElements } = await throttled.store.audit.list({}, { page: 1, size: 1 });
      // The one that was let through, then twenty a minute, and the minute may end meanwhile.
      expect(totalElements).toBeGreaterThan(10);
      expect(totalElements).toBeLessThanOrEqual(41);
    } finally {
      await throttled.stop();
    }
  });

  test('never has a secret, neither from bodies nor from queries', async () => {
    const secret = 'Planted-in-the-audit';
    const events = await audited(async () => {
      const credential = { name: 'c', kind: 'DATABASE', username: 'u', secret };
      await api.send('PUT', `${INVENTORY}?password=${secret}`, { credentials: [credential] });
      await api.send('PUT', INVENTORY, { credentials: [{ ...credential, kind: secret }] });
    });
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  test('is filtered by user, task and time, and refuses what is no time', async () => {
    const list = (query: string) => api.send('GET', `/api/v2/audit/events?${query}`);
    const all = (await list('size=1')).body.data.page.totalElements;
    expect((await list('user=admin&size=1')).body.data.page.totalElements).toBeLessThan(all);
    expect((await list('user=nobody')).body.data.contents).toEqual([]);
    expect((await list('taskId=1')).body.data.contents).toHaveLength(1);
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    expect((await list(`from=${hour(-1)}&to=${hour(1)}`)).body.data.page.totalElements).toBe(all);
    expect((await list(`from=${hour(1)}`)).body.data.page.totalElements).toBe(0);
    for (const query of ['from=yesterday', 'to=2026-99-99', 'taskId=x', 'sort=path,asc']) {
      expect((await list(query)).status).toBe(400);
    }
  });

  test('that cannot be stored does not undo what has happened', async () => {
    const spy = jest.spyOn(api.store.audit, 'add').mockRejectedValue(new Error('database is gone'));
    const answer = await api.send('PUT', INVENTORY, {});
    spy.mockRestore();
    expect(answer.status).toBe(200);
  });
});
