import { z } from 'zod';
import { openApiDocument } from '../../api/openapi/document';
import type { ApiServices } from '../../api/route';
import { allRoutes } from '../../api/routes';
import { operationRoutes } from '../../api/routes/operations';
import { choiceOf } from '../../console/model/choice';
import { curlOf, obflowOf, withoutSecrets } from '../../console/model/command';
import { focusOf, foldedCounts, graphOf } from '../../console/model/fold';
import { gridOf } from '../../console/model/grid';
import { kindOfMany, kindOfSubtask, kindOfTask } from '../../console/model/kind';
import { atLeast, runsOf, textOf } from '../../console/model/logText';
import { offeredAt, PLACES, type PlaceName } from '../../console/model/places';
import {
  blank,
  fieldsOf,
  filled,
  filledPath,
  type OpenApi,
  operationsOf,
  plain,
} from '../../console/model/schema';
import { marksOf, timelineOf } from '../../console/model/timeline';
import { OPERATIONS } from '../../operations';

/** In the place of services: routes are declared, and never asked. */
const NOTHING: ApiServices = new Proxy({} as ApiServices, { get: () => NOTHING });

interface Made {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly operation: string;
  readonly parallelIdx: number;
  readonly upstreams: readonly number[];
  readonly target?: string;
}

/** Prepare → Start on so many hosts → Finish, the statuses of Start as given. */
function fanOut(statuses: readonly string[], operation = 'EXECUTE'): { subtasks: Made[] } {
  const starts = statuses.map(
    (status, at): Made => ({
      ...{ id: 2 + at, name: 'Start', status, operation, parallelIdx: at, upstreams: [1] },
      target: `10.0.0.${at + 1}`,
    }),
  );
  const done = { status: 'SUCCESSFUL', operation: 'EXECUTE', parallelIdx: -1 };
  return {
    subtasks: [
      { ...done, id: 1, name: 'Prepare', upstreams: [] },
      ...starts,
      { ...done, status: 'PENDING', id: 99, name: 'Finish', upstreams: starts.map(({ id }) => id) },
    ],
  };
}

describe('the graph of a task', () => {
  const task = fanOut(['SUCCESSFUL', 'FAILED', 'RUNNING']);

  it('has one node for a step on many hosts, with its counts and the worst of its states', () => {
    const { nodes, edges } = graphOf(task, new Set());
    expect(nodes.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'Prepare done',
      'Start failed',
      'Finish pending',
    ]);
    expect(foldedCounts(nodes[1]!)).toEqual({ done: 1, failed: 1, all: 3 });
    expect(edges).toEqual([
      { from: 'step-1', to: 'step-2' },
      { from: 'step-2', to: 'step-99' },
    ]);
  });

  it('unfolds a step into its subtasks, each with its own edges, and leaves the others alone', () => {
    const { nodes, edges } = graphOf(task, new Set(['step-2']));
    expect(nodes.map(({ id }) => id)).toEqual(['step-1', 'subtask-2', 'subtask-3', 'subtask-4', 'step-99']);
    expect(nodes.filter(({ part }) => part === 'step-2')).toHaveLength(3);
    expect(edges).toHaveLength(6);
  });

  it('keeps its ids while subtasks change', () => {
    const later = fanOut(['SUCCESSFUL', 'SUCCESSFUL', 'SUCCESSFUL']);
    expect(graphOf(later, new Set()).nodes.map(({ id }) => id)).toEqual(
      graphOf(task, new Set()).nodes.map(({ id }) => id),
    );
  });

  it('looks first at what failed, then at what runs', () => {
    expect(focusOf(graphOf(task, new Set(['step-2'])))?.id).toBe('subtask-3');
    expect(focusOf(graphOf(fanOut(['SUCCESSFUL', 'RUNNING']), new Set()))?.name).toBe('Start');
  });
});

describe('states', () => {
  it.each([
    ['RUNNING', 'EXECUTE', false, [], 'running'],
    ['RUNNING', 'EXECUTE', false, ['FAILED'], 'failing'],
    ['RUNNING', 'ROLLBACK', false, [], 'undoing'],
    ['FAILED', 'EXECUTE', false, ['FAILED'], 'waiting'],
    ['FAILED', 'ROLLBACK', false, ['FAILED'], 'undoWaiting'],
    ['FAILED', 'EXECUTE', true, ['FAILED'], 'abandoned'],
    ['SUCCESSFUL', 'EXECUTE', true, [], 'done'],
    ['SUCCESSFUL', 'ROLLBACK', true, [], 'rolledBack'],
  ])(
    'tell a task that is %s by %s, closed %s, with subtasks %j: %s',
    (status, operation, closed, subtasks, kind) => {
      const task = { status, operation, closed, subtasks: subtasks.map((one) => ({ status: one })) };
      expect(kindOfTask(task)).toBe(kind);
    },
  );

  it('tell what was skipped and undone from what was done', () => {
    const kind = (operation: string) => kindOfSubtask({ status: 'SUCCESSFUL', operation });
    expect(['EXECUTE', 'RETRY', 'SKIP', 'ROLLBACK', 'ROLLBACK_SKIP'].map(kind)).toEqual([
      'done',
      'done',
      'skipped',
      'undone',
      'skipped',
    ]);
  });

  it('call a step that is partly done and partly waiting running', () => {
    const subtasks = ['SUCCESSFUL', 'PENDING'].map((status) => ({ status, operation: 'EXECUTE' }));
    expect(kindOfMany(subtasks)).toBe('running');
  });
});

describe('the grid of a task', () => {
  it('has a row for each place in the order of its address, and a column for each step', () => {
    const { steps, rows } = gridOf(fanOut(Array.from({ length: 11 }, () => 'READY')));
    expect(steps).toEqual(['Prepare', 'Start', 'Finish']);
    expect(rows.map(({ place }) => place).slice(0, 4)).toEqual(['', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(rows.at(-1)?.place).toBe('10.0.0.11');
    expect(rows[1]?.cells.map((cell) => cell?.id)).toEqual([undefined, 2, undefined]);
  });
});

describe('a log', () => {
  const log = [
    '############{EXECUTE}{2026-11-29T08:00:00.000+08:00}############',
    '2026-11-29 08:00:00.100  INFO : looks for nc',
    '2026-11-29 08:00:00.200  WARN : none in /bin',
    'and none in /sbin',
    '2026-11-29 08:00:00.300 ERROR : no nc',
    '############{RETRY}{2026-11-29T09:00:00.000+08:00}############',
    '2026-11-29 09:00:00.100  INFO : found',
    '',
  ].join('\n');

  it('falls apart into its runs', () => {
    expect(runsOf(log).map(({ at, operation, lines }) => [at, operation, lines.length])).toEqual([
      [0, 'EXECUTE', 4],
      [1, 'RETRY', 1],
    ]);
  });

  it('shows from a level on, a line without a level with the one before', () => {
    const [first] = runsOf(log);
    expect(atLeast(first!.lines, 'WARN').map(({ text }) => text)).toEqual([
      'none in /bin',
      'and none in /sbin',
      'no nc',
    ]);
    expect(atLeast(first!.lines, 'ERROR').map(({ text }) => text)).toEqual(['no nc']);
    expect(textOf(first!)).toContain('2026-11-29 08:00:00.300 ERROR : no nc');
  });
});

describe('the timeline', () => {
  const at = (seconds: number) => new Date(1_000_000_000_000 + seconds * 1000).toISOString();

  it('gives each subtask that has begun its share of the whole, what runs until now', () => {
    const subtasks = [
      { id: 1, name: 'a', startTime: at(0), finishTime: at(5) },
      { id: 2, name: 'b', startTime: at(5) },
      { id: 3, name: 'c' },
    ];
    const line = timelineOf(subtasks, Date.parse(at(10)))!;
    expect(line.bars.map(({ subtask, from, width }) => [subtask.id, from, width])).toEqual([
      [1, 0, 0.5],
      [2, 0.5, 0.5],
    ]);
    expect(timelineOf([{ id: 1, name: 'a' }], 0)).toBeUndefined();
  });

  it.each([40, 900, 12_345, 3_600_000, 9 * 86_400_000])('has at most seven marks for %d ms', (whole) => {
    const marks = marksOf(whole);
    expect(marks.length).toBeGreaterThan(0);
    expect(marks.length).toBeLessThanOrEqual(7);
    expect(marks.at(-1)).toBeLessThanOrEqual(whole);
  });
});

describe('forms', () => {
  const document = openApiDocument(operationRoutes({} as ApiServices), 'x') as unknown as OpenApi;
  const operations = operationsOf(document);
  /** Of every route: pages offer more than the catalogue. */
  const everything = operationsOf(openApiDocument(allRoutes(NOTHING), 'x') as unknown as OpenApi);

  it('are made for every operation of the catalogue, older forms of the same aside', () => {
    const known = operations.map(({ method, path }) => `${method} ${path}`);
    const missing = OPERATIONS.filter(
      ({ method, path, summary }) => !summary.includes('older form') && !known.includes(`${method} ${path}`),
    );
    expect(missing.map(({ id }) => id)).toEqual([]);
    expect(operations.length).toBeGreaterThan(10);
  });

  it('are made for an operation that nobody here has heard of, on the page of what it is about', () => {
    const [known] = OPERATIONS.filter(({ id }) => id === 'stopObproxy');
    const tell = {
      ...known!,
      path: '/api/v2/obproxy/clusters/{id}/servers/tell',
      summary: 'Tell OBProxies something',
      body: z.object({ obproxyServerIds: z.array(z.int()).min(1), message: z.string().max(20).optional() }),
    };
    const later = operationsOf(
      openApiDocument(operationRoutes({} as ApiServices, [tell]), 'x') as unknown as OpenApi,
    );
    const [shown] = offeredAt(later, 'obproxyCluster');
    expect(shown).toMatchObject({ summary: 'Tell OBProxies something', dryRun: true, destructive: false });
    expect(fieldsOf(shown?.body ?? {}).map(({ name, required }) => [name, required])).toEqual([
      ['obproxyServerIds', true],
      ['message', false],
    ]);
  });

  it('ask for no field twice: other spellings of one are left out', () => {
    const add = operations.find(({ path }) => path.endsWith('batchAdd'));
    const names = fieldsOf(add?.body ?? {}).map(({ name }) => name);
    expect(names).toEqual(['hostIds', 'sqlPort', 'version', 'exporterPort', 'rpcPort']);
  });

  it('send nothing that was left empty', () => {
    expect(filled({ name: 'a', port: undefined, links: [{ user: '' }], inner: { x: null } })).toEqual({
      name: 'a',
      links: [],
    });
  });

  it('begin with what is required', () => {
    const body = operations.find(({ path }) => path.endsWith('takeOver'))?.body ?? {};
    expect(blank(body)).toEqual({ hosts: [{ hostId: undefined, sqlPort: undefined }] });
  });

  it('read a field that may be null as one that may be left out', () => {
    expect(plain({ anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], description: 'x' })).toEqual({
      type: 'integer',
      minimum: 1,
      description: 'x',
    });
  });

  it('are each offered at one place, by the object in their path', () => {
    const places = (Object.keys(PLACES) as PlaceName[]).map((place) => offeredAt(everything, place));
    const wrong = everything.filter((one) => places.filter((offered) => offered.includes(one)).length !== 1);
    // A new kind of object in a path needs a line in console/model/places.ts, and its buttons on a page.
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('ask for a name before anything is taken away, by rule and not by list', () => {
    const taking = everything.filter(
      ({ method, path }) =>
        method === 'DELETE' || /delete|forget|moveOut/i.test(path.split('/').at(-1) ?? ''),
    );
    expect(taking.length).toBeGreaterThan(5);
    expect(taking.filter(({ destructive }) => !destructive).map(({ id }) => id)).toEqual([]);
    expect(everything.filter((one) => one.destructive && !taking.includes(one))).toEqual([]);
  });

  it('ask what stands in the URL as well; a name to be repeated there is the one that is typed', () => {
    const deletion = everything.find(({ id }) => id === 'delete_ob_clusters_id');
    expect(deletion?.confirm).toBe(true);
    expect(fieldsOf(deletion?.query ?? {}).map(({ name, schema }) => [name, schema.type])).toEqual([
      ['skipOperationHostIds', 'array'],
    ]);
  });

  it('leave out what may hold nothing, or one thing alone', () => {
    const creation = everything.find(({ id }) => id === 'post_ob_clusters');
    const names = fieldsOf(creation?.body ?? {}).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['name', 'type', 'zones', 'obproxyClusterIds']));
    expect(names).not.toContain('fullVersion');
    expect(names).not.toContain('primaryClusterInfo');
    expect(blank(creation?.body ?? {})).toMatchObject({ type: 'PRIMARY' });
  });

  it('fill paths', () => {
    expect(filledPath('/a/{id}/b/{x}', { id: 7 })).toBe('/a/7/b/{x}');
  });

  it.each([
    ['hostId', 'host'],
    ['skipOperationHostIds', 'host'],
    ['serverIds', 'obServer'],
    ['zoneName', 'zone'],
    ['zoneNames', 'zone'],
    ['idcName', 'idcName'],
    ['obproxyServerIds', 'proxy'],
    ['skipHostOperationServerIds', 'proxy'],
    ['name', undefined],
    ['description', undefined],
  ])('let %s be chosen from what there is: %s', (name, kind) => {
    const simple = { type: /Name|name|description/.test(name) ? 'string' : 'integer' };
    expect(choiceOf(name, name.endsWith('s') ? { type: 'array', items: simple } : simple)).toBe(kind);
  });

  it('name the command of the same operation', () => {
    const add = operations.find(({ path }) => path.endsWith('batchAdd'));
    expect(add?.command).toEqual(['proxy', 'add']);
    expect(obflowOf(add?.command ?? [], [1], { hostIds: [2] })).toMatch(
      /^obflow proxy add 1 --body - <<'JSON'\n/,
    );
    const asked = { skipOperationHostIds: '1,2', confirm: "it's" };
    expect(obflowOf(['ob', 'delete'], [3], undefined, asked)).toBe(
      `obflow ob delete 3 --skip-operation-host-ids 1,2 --confirm 'it'\\''s'`,
    );
  });

  it('are copied without the secrets in them', () => {
    const body = {
      hosts: [{ hostId: 1, proxysysPasswd: 'planted' }],
      password: 'planted',
      parameters: [{ name: 'obproxy_sys_password', value: 'planted' }],
    };
    expect(withoutSecrets(body)).toEqual({
      hosts: [{ hostId: 1, proxysysPasswd: '<proxysysPasswd>' }],
      password: '<password>',
      parameters: [{ name: 'obproxy_sys_password', value: '<value>' }],
    });
  });

  it('can be copied as a command line, whatever is in them', () => {
    const request = { method: 'POST', path: '/x', body: { name: `it's $(rm)` } };
    expect(curlOf(request, 'http://h')).toContain(`-d '{"name":"it'\\''s $(rm)"}'`);
  });
});
