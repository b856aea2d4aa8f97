/** What dry runs of operations on OceanBase clusters say: what would stop, which majority is left, what moves, how long it may take. */
import { OPERATIONS } from '../../operations';
import { expectedDuration, spanText } from '../../operations/expectedDuration';
import { inEnglish } from '../../runtime/messages/catalogue';
import type { ServerRow } from '../../sandbox/standins/observer';
import type { Plan, TaskOperation, TaskStatus } from '../../workflows/plan';
import { givenHost, type Json } from '../api/harness';
import { givenCluster } from './observedCluster';
import { api, givenApi } from './refusals';

givenApi(async () => ({ unreachableHosts: true }));

const ids = { cluster: 0 };
let servers: number[] = [];
/** Two servers in the first zone, and a fourth zone that nothing of a tenant lies in. */
const listed: ServerRow[] = [1, 2, 3, 4, 5].map((number) => ({
  ...{ sqlPort: 2881, rpcPort: 2882, active: true, holdsSysUnit: [1, 3, 4].includes(number) },
  ...{ ip: `10.14.0.${number}`, id: number, zone: `zone${[1, 1, 2, 3, 4][number - 1]}` },
}));
beforeAll(async () => {
  for (const { ip } of listed) await givenHost(api.store, ip);
  ids.cluster = await givenCluster('told', 91, listed);
  servers = (await api.store.obServers.ofCluster(ids.cluster)).map(({ id }) => id);
});

async function ended(
  workflowType: string,
  clusterId: number,
  seconds: number,
  how: { status?: TaskStatus; operation?: TaskOperation } = {},
): Promise<void> {
  const { status = 'SUCCESSFUL', operation = 'EXECUTE' } = how;
  const taskId = await api.store.sequences.next('task');
  const createTime = '2026-01-01T00:00:00.000Z';
  const plan: Plan = {
    ...{ taskId, name: 'Stop OB zone', creator: { id: 100, name: 'admin' }, executor: '127.0.0.1' },
    ...{ createTime, traceId: 'test', concurrency: 10, nodes: [], firstSubtaskId: taskId * 100 },
    ...{ context: { stringMap: {}, listMap: {} } },
    cluster: { id: clusterId, name: 'told', obClusterId: 91, type: 'PRIMARY' },
  };
  await api.store.tasks.add({ plan, workflowType });
  const finishTime = new Date(Date.parse(createTime) + seconds * 1_000).toISOString();
  await api.store.tasks.archive(taskId, { document: {}, status, operation, finishTime });
}

test.each([
  [0, '1 s'],
  [45, '45 s'],
  [720, '12 min'],
  [7_200, '2 h'],
  [12_000, '3 h 20 min'],
  [604_800, '7 d'],
])('%i seconds are %s', (seconds, text) => {
  expect(spanText(seconds)).toBe(text);
});

test('what earlier tasks of the cluster took counts, and not those of others, that failed, or that a person has retried', async () => {
  const told = async () => {
    const task = { workflow: 'stopObZone', name: 'Stop OB zone', chain: [], clusterId: 4711 } as const;
    return inEnglish((await expectedDuration({ store: api.store }, task)).message);
  };
  expect(await told()).toContain('is not known: no task "Stop OB zone" of this cluster has ended yet');
  await ended('stopObZone', 4712, 10);
  await ended('startObZone', 4711, 10);
  await ended('stopObZone', 4711, 86_400, { operation: 'RETRY' });
  await ended('stopObZone', 4711, 86_400, { operation: 'ROLLBACK' });
  await ended('stopObZone', 4711, 86_400, { status: 'FAILED' });
  expect(await told()).toContain('is not known');
  await ended('stopObZone', 4711, 7_000);
  for (const seconds of [600, 720, 660, 610, 605]) await ended('stopObZone', 4711, seconds);
  expect(await told()).toContain(
    'the last 5 tasks "Stop OB zone" of this cluster that nobody had to retry took 10 min to 12 min',
  );
});

const at = (index: number, verb: string) =>
  `/api/v2/ob/clusters/${ids.cluster}/servers/${servers[index]}/${verb}`;
const zone = (name: string, verb: string) => `/api/v2/ob/clusters/${ids.cluster}/zones/${name}/${verb}`;
const cluster = (verb: string) => `/api/v2/ob/clusters/${ids.cluster}/${verb}`;
const skipping = async () =>
  (await api.store.obServers.ofCluster(ids.cluster)).map(({ hostId }) => hostId).join(',');

type Told = readonly [
  what: string,
  method: 'POST' | 'DELETE',
  path: () => string,
  body: unknown,
  says: RegExp[],
];
const LEAVES = /tenant sys, LS 1(?:, keeps|:) \d of 3 replicas/;
const cases: readonly Told[] = [
  ['stop of a server', 'POST', () => at(1, 'stop'), undefined, [/10\.14\.0\.2:2882/, LEAVES]],
  [
    'stop of its service alone',
    'POST',
    () => at(1, 'stop'),
    { type: 'STOP_SERVICE', freezeServer: true },
    [/10\.14\.0\.2:2882/, LEAVES],
  ],
  ['restart of a server', 'POST', () => at(1, 'restart'), undefined, [/10\.14\.0\.2:2882/, LEAVES]],
  ['stop of a zone', 'POST', () => zone('zone4', 'stop'), undefined, [/10\.14\.0\.5:2882/, LEAVES]],
  ['restart of a zone', 'POST', () => zone('zone4', 'restart'), undefined, [/10\.14\.0\.5:2882/, LEAVES]],
  ['stop of the cluster', 'POST', () => cluster('stop'), undefined, [/All 5 observers.*no majority/]],
  [
    'restart of the cluster',
    'POST',
    () => cluster('restart'),
    { force: true },
    [/one after the other/, LEAVES],
  ],
  [
    'deletion of a server',
    'POST',
    () => cluster('servers/batchDelete'),
    () => ({ serverIds: [servers[0]] }),
    [/What would stop: 1 observers/, /Unit 1 of tenant sys .* to 10\.14\.0\.2:2882/, LEAVES],
  ],
  [
    'deletion of a zone',
    'DELETE',
    () => `/api/v2/ob/clusters/${ids.cluster}/zones/zone4`,
    undefined,
    [/What would stop: 1 observers/, /No unit would move/, LEAVES],
  ],
  ['move out', 'POST', () => cluster('moveOut'), {}, [/Nothing that serves stops/, /5 servers in 4 zones/]],
];

test.each(cases)('the dry run of a %s says it all', async (_what, method, path, body, says) => {
  const sent = typeof body === 'function' ? body() : body;
  const answer = await api.send(method, `${path()}?dryRun=true`, sent);
  expect(answer.body.error).toBeUndefined();
  const text = answer.body.data.findings.map(({ message }: Json) => message).join('\n');
  for (const part of [...says, /How long it may take/]) expect(text).toMatch(part);
});

test('the dry run of a deletion of the cluster says it all, and the limits of its steps are called no estimate', async () => {
  const path = `/api/v2/ob/clusters/${ids.cluster}?dryRun=true&confirm=told&skipOperationHostIds=${await skipping()}`;
  const answer = await api.send('DELETE', path);
  expect(answer.body.error).toBeUndefined();
  const text = answer.body.data.findings.map(({ message }: Json) => message).join('\n');
  expect(text).toContain('What would stop: all 5 observers of told');
  expect(text).toContain('which are no estimate');
});

test('no operation on OceanBase clusters that starts a task is without a look', () => {
  const blind = OPERATIONS.filter(
    ({ tag, answer, looks }) => tag === 'OceanBase' && answer !== 'none' && !looks,
  );
  expect(blind.map(({ id }) => id)).toEqual([]);
});
