import { createLoggerTo } from '../../runtime/logger';
import { startTestApi, type TestApi } from './harness';

let api: TestApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

test('the documentation page may load nothing from elsewhere, and nobody may frame it', async () => {
  api = await startTestApi();
  const { headers } = await api.send('GET', '/api-docs');
  expect(headers.get('content-security-policy')).toMatch(/default-src 'self';.*frame-ancestors 'none'/);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test.each([
  [['127.0.0.1'], 0],
  [['127.0.0.1', '0.0.0.0'], 1],
])('listening on %j in clear text warns %i time(s)', async (hosts, warnings) => {
  const lines: string[] = [];
  const logger = createLoggerTo({ write: (line) => lines.push(line) }, 'api', 'info');
  api = await startTestApi({ listen: hosts.map((host) => ({ host, port: 0 })), logger });
  expect(lines.filter((line) => line.includes('OBFLOW_TLS_CERT'))).toHaveLength(warnings);
});
