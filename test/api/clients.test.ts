import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Role } from '../../operations/roles';
import { repositoryRoot } from '../../runtime/paths';
import { obflowVersion } from '../../runtime/version';
import { basic, PASSWORD, startTestApi, type TestApi } from './harness';

describe('what other programs expect of OCP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  test('Prometheus: the user that docs/monitoring.md makes may read the targets and the metrics', async () => {
    const page = readFileSync(path.join(repositoryRoot(), 'docs/monitoring.md'), 'utf8');
    const [, role = ''] = /obflow user add prometheus --role (\w+) --password-file/.exec(page) ?? [];
    await api.store.users.add({ name: 'prometheus', password: PASSWORD, roles: [role as Role] });
    for (const target of ['/api/v2/prometheus/targets', '/metrics']) {
      const answer = await fetch(api.url + target, {
        headers: { authorization: basic('prometheus', PASSWORD) },
      });
      expect([target, answer.status]).toEqual([target, 200]);
    }
  });

  test('obd: the version of /info is that of an OCP, 4.2.0 at least, and ours stands beside it', async () => {
    const { body } = await api.send('GET', '/api/v2/info');
    const [major = 0, minor = 0] = body.buildVersion.split('.').map(Number);
    expect(major * 100 + minor).toBeGreaterThanOrEqual(402);
    expect(body.obflowVersion).toBe(obflowVersion());
  });

  test.each(['GET', 'POST', 'DELETE'])(
    'obdiag, Terraform: %s of a path that is not there answers 404 in the envelope',
    async (method) => {
      const { status, body } = await api.send(method, '/api/v2/nowhere');
      expect([status, body.status, body.successful, body.error.code]).toEqual([404, 404, false, 'COM10003']);
      expect(body.error.message).toContain('There is no /api/v2/nowhere here');
    },
  );

  test.each([
    ['DELETE', '/api/v2/obproxy/clusters', 'POST, GET, HEAD'],
    ['PUT', '/api/v2/time', 'GET, HEAD'],
    ['PATCH', '/api/v2/tasks/instances/1', 'GET, HEAD'],
    ['GET', '/api/v2/tasks/instances/1/retry', 'POST'],
  ])('%s of %s, which is there, answers 405 in the envelope and Allow', async (method, target, allow) => {
    const { status, headers, body } = await api.send(method, target);
    expect([status, body.successful, headers.get('allow')]).toEqual([405, false, allow]);
  });
});
