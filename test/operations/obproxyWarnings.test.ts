import { networkInterfaces } from 'node:os';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { obproxyWarnings } from '../../operations/obproxyWarnings';
import { chinese, inEnglish } from '../../runtime/messages/catalogue';
import type { AdoptedObproxy, ObproxyServerRow } from '../../store/types';

const URL = 'http://10.9.8.7:8080';
const CLUSTER = { name: 'proxies', workMode: 'CONFIG_URL' as const };
type Known = Pick<ObproxyServerRow, 'ip' | 'adopted' | 'configUrl' | 'parameterDrift'>;
const server = (known: Partial<Known> = {}): Known => ({
  ...{ ip: '10.1.1.1', adopted: null, configUrl: obproxyConfigUrl(URL, 'proxies'), parameterDrift: [] },
  ...known,
});
const adopted = (keeper: AdoptedObproxy['keeper']): AdoptedObproxy => ({
  ...{ home: '/opt/obproxy', user: 'admin', program: '4.3.1.0', package: null },
  ...{ keeper, keeperDetail: '' },
});
const drift = { name: 'work_thread_num', value: '128', expectedValue: '8' };
const own = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4');

test('An OBProxy of which nothing is to be said has no warnings', () => {
  expect(obproxyWarnings(CLUSTER, server(), URL)).toEqual([]);
  expect(obproxyWarnings(CLUSTER, server({ adopted: adopted('systemd') }), URL)).toEqual([]);
  expect(obproxyWarnings({ ...CLUSTER, workMode: 'RS_LIST' }, server(), 'http://127.0.0.1:8080')).toEqual([]);
  expect(obproxyWarnings(CLUSTER, server({ ip: own?.address ?? '127.0.0.1' }), URL)).toEqual([]);
});

test.each([
  [
    'PARAMETER_DRIFT',
    server({ parameterDrift: [drift] }),
    URL,
    "work_thread_num is '128', the cluster wants '8'",
  ],
  ['CONFIG_URL_DRIFT', server({ configUrl: 'http://10.1.1.2/old' }), URL, 'It asks http://10.1.1.2/old'],
  ['NO_KEEPER', server({ adopted: adopted('none') }), URL, 'Nobody starts this proxy again when it dies'],
] as const)('%s is said in both languages', (kind, known, url, text) => {
  const found = obproxyWarnings(CLUSTER, known, url);
  expect(found.map((one) => one.kind)).toEqual([kind]);
  expect(inEnglish(found[0]!.text)).toContain(text);
  expect(chinese(found[0]!.text)).toMatch(/[一-龥]/);
});

test('CONFIG_URL_UNREACHABLE is said of hosts elsewhere, to which a loopback address leads to themselves', () => {
  const loopback = 'http://127.0.0.1:8080';
  const known = { configUrl: obproxyConfigUrl(loopback, 'proxies') };
  const [found, ...more] = obproxyWarnings(CLUSTER, server(known), loopback);
  expect([found?.kind, more]).toEqual(['CONFIG_URL_UNREACHABLE', []]);
  expect(inEnglish(found!.text)).toContain('leads a host to itself (10.1.1.1). Set OBFLOW_PUBLIC_URL');
  expect(obproxyWarnings(CLUSTER, server({ ...known, ip: '127.0.0.1' }), loopback)).toEqual([]);
});
