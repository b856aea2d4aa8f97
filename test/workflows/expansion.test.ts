import fc from 'fast-check';
import {
  type Chain,
  type Condition,
  group,
  node,
  plannedNodes,
  type SubtaskDefinition,
} from '../../workflows/chain';
import {
  type Expandable,
  expandPlan,
  expansionSize,
  filledIn,
  GraphError,
  kindOf,
} from '../../workflows/interpreter/expansion';
import type { PlanItem, PlanNode, PlanSubtask, Split } from '../../workflows/plan';
import { DIAMOND, nodeOf, planOf } from '../support/plans';
import { ANY_LISTS, anyChain } from './chains';

const LISTS = {
  host_ids: ['7', '9', '12'],
  '21.host_ids': ['7', '9', '12'],
  server_ids: ['7', '9', '12'],
  two_hosts: ['7', '9'],
  zone_names: ['z1', 'z2'],
  '21.z1.server_ids': ['4', '5'],
  '21.z2.server_ids': ['6'],
  none: [],
  twice: ['7', '7'],
};

const planWith = (nodes: readonly PlanItem[], more: Partial<Expandable> = {}): Expandable => ({
  nodes,
  context: { stringMap: {}, listMap: LISTS },
  firstSubtaskId: 500,
  ...more,
});

/** `name`, with what it works on. */
const labelOf = ({ node: { name }, elements }: PlanSubtask) =>
  [name, ...elements.map(({ value }) => value)].join(' ');

/** Every subtask with its upstreams, in the order of their ids. */
function edgesOf(nodes: readonly PlanItem[]): Record<string, string> {
  const subtasks = expandPlan(planWith(nodes));
  const labels = new Map(subtasks.map((subtask) => [subtask.id, labelOf(subtask)]));
  return Object.fromEntries(
    subtasks.map((subtask) => [labelOf(subtask), subtask.upstreams.map((id) => labels.get(id)).join(', ')]),
  );
}

const split = (by: string, serial?: true): Pick<PlanNode, 'split'> => ({
  split: { by, ...(serial === undefined ? {} : { serial }) },
});
const [a, b, c] = [nodeOf('a'), nodeOf('b'), nodeOf('c')];
const perHost = (name: string) => nodeOf(name, split('host_ids'));

describe('the subtasks of a chain', () => {
  const plan = planWith(
    [nodeOf('prepare'), perHost('install'), perHost('start'), nodeOf('finish', { prohibitSkip: true })],
    { place: 'proxies', places: { host_ids: { '7': '192.0.2.7', '12': '192.0.2.12' } } },
  );
  const subtasks = expandPlan(plan);

  it('are one per element of a split node and one of any other, as expansionSize says with their edges', () => {
    expect(subtasks.map(labelOf)).toEqual([
      'prepare',
      ...['install 7', 'install 9', 'install 12', 'start 7', 'start 9', 'start 12'],
      'finish',
    ]);
    expect(expansionSize(plan)).toEqual({ subtasks: 8, edges: 3 + 3 + 3 });
  });

  it('have ids and seriesId that go up in topological order', () => {
    expect(subtasks.map(({ id }) => id)).toEqual([500, 501, 502, 503, 504, 505, 506, 507]);
    expect(subtasks.map(({ seriesId }) => seriesId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const { id, upstreams } of subtasks) expect(Math.max(0, ...upstreams)).toBeLessThan(id);
  });

  it('have parallelIdx 0..n-1 and their element, or -1 and none', () => {
    expect(subtasks.map(({ parallelIdx }) => parallelIdx)).toEqual([-1, 0, 1, 2, 0, 1, 2, -1]);
    expect(subtasks[5]?.elements).toEqual([{ key: 'host_ids', value: '9' }]);
    expect(subtasks[0]?.elements).toEqual([]);
  });

  it('are each the node of the plan, with an edge that both ends know', () => {
    expect(subtasks[3]?.node).toBe(plan.nodes[1]);
    expect(subtasks[7]?.node).toBe(plan.nodes[3]);
    expect(subtasks[0]).toMatchObject({ upstreams: [], downstreams: [501, 502, 503] });
    expect(subtasks[2]).toMatchObject({ upstreams: [500], downstreams: [505] });
    expect(subtasks[5]).toMatchObject({ upstreams: [502], downstreams: [507] });
    expect(subtasks[7]).toMatchObject({ upstreams: [504, 505, 506], downstreams: [] });
  });

  it('say where they work: the place of their element or else its value; unsplit, the place of the plan', () => {
    expect(subtasks.map(({ target }) => target)).toEqual([
      'proxies',
      ...['192.0.2.7', '9', '192.0.2.12', '192.0.2.7', '9', '192.0.2.12'],
      'proxies',
    ]);
    expect(expandPlan(planWith([a]))[0]).not.toHaveProperty('target');
  });

  it('find the place of an element by what its values are, whatever its list is called', () => {
    const nodes = [
      { repeat: { by: 'zone_names' }, nodes: [a, nodeOf('b', split('21.{zone_names}.server_ids'))] },
    ];
    const places = { zone_names: { z1: 'Zone 1' }, server_ids: { '4': '192.0.2.4', '6': '192.0.2.6' } };
    expect(expandPlan(planWith(nodes, { places })).map(({ target }) => target)).toEqual([
      ...['Zone 1', '192.0.2.4', '5'],
      ...['z2', '192.0.2.6'],
    ]);
  });
});

describe('neighbouring nodes', () => {
  it('split by the same elements are joined element by element', () => {
    expect(edgesOf([perHost('a'), perHost('b')])).toMatchObject({
      'b 7': 'a 7',
      'b 9': 'a 9',
      'b 12': 'a 12',
    });
  });

  it('split by two lists of the same kind with the same elements are, too', () => {
    expect(edgesOf([perHost('a'), nodeOf('b', split('21.host_ids'))])).toMatchObject({ 'b 9': 'a 9' });
  });

  it.each([
    ['a node that is not split', [b], { b: 'a 7, a 9, a 12' }],
    ['a list of another kind', [nodeOf('b', split('server_ids'))], { 'b 9': 'a 7, a 9, a 12' }],
    ['other elements', [nodeOf('b', split('two_hosts'))], { 'b 7': 'a 7, a 9, a 12' }],
    ['a group', [{ repeat: { by: 'host_ids' }, nodes: [b] }], { 'b 9': 'a 7, a 9, a 12' }],
    ['a Wait node between them', [c, perHost('b')], { c: 'a 7, a 9, a 12', 'b 9': 'c' }],
  ])('have a barrier at %s', (_title, others, expected) => {
    expect(edgesOf([perHost('a'), ...others])).toMatchObject(expected);
  });

  it('behind a group have a barrier, whatever it repeats', () => {
    const nodes = [{ repeat: { by: 'host_ids' }, nodes: [a] }, perHost('b')];
    expect(edgesOf(nodes)).toMatchObject({ 'b 9': 'a 7, a 9, a 12' });
  });
});

describe('a serial split', () => {
  const serial = nodeOf('b', split('host_ids', true));

  it('makes its elements wait for each other, in the order of the list', () => {
    expect(edgesOf([a, serial, c])).toEqual({ a: '', 'b 7': 'a', 'b 9': 'b 7', 'b 12': 'b 9', c: 'b 12' });
  });

  it('is joined element by element with a neighbour split by the same elements', () => {
    expect(edgesOf([perHost('a'), serial])).toMatchObject({
      'b 7': 'a 7',
      'b 9': 'a 9, b 7',
      'b 12': 'a 12, b 9',
    });
    expect(edgesOf([serial, perHost('c')])).toMatchObject({ 'b 9': 'b 7', 'c 7': 'b 7', 'c 9': 'b 9' });
  });
});

describe('a group', () => {
  const nodes = [nodeOf('stop'), nodeOf('start', split('21.{zone_names}.server_ids'))];

  it('is repeated for every element at once, with lists that belong to the element', () => {
    expect(edgesOf([a, { repeat: { by: 'zone_names' }, nodes }, c])).toEqual({
      a: '',
      'stop z1': 'a',
      'start z1 4': 'stop z1',
      'start z1 5': 'stop z1',
      'stop z2': 'a',
      'start z2 6': 'stop z2',
      c: 'start z1 4, start z1 5, start z2 6',
    });
  });

  it('is repeated serially: zone after zone, each when the one before is through', () => {
    expect(edgesOf([a, { repeat: { by: 'zone_names', serial: true }, nodes }, c])).toMatchObject({
      'stop z1': 'a',
      'stop z2': 'start z1 4, start z1 5',
      'start z2 6': 'stop z2',
      c: 'start z2 6',
    });
  });

  it('inside a group: zone after zone, in each server after server, each with more than one node', () => {
    const servers: Split = { by: '21.{zone_names}.server_ids', serial: true };
    const zones: Split = { by: 'zone_names', serial: true };
    const inner = { repeat: servers, nodes: [nodeOf('stop'), nodeOf('start')] };
    const plan = planWith([{ repeat: zones, nodes: [a, inner, c] }]);
    expect(edgesOf(plan.nodes)).toEqual({
      'a z1': '',
      'stop z1 4': 'a z1',
      'start z1 4': 'stop z1 4',
      'stop z1 5': 'start z1 4',
      'start z1 5': 'stop z1 5',
      'c z1': 'start z1 5',
      'a z2': 'c z1',
      'stop z2 6': 'a z2',
      'start z2 6': 'stop z2 6',
      'c z2': 'start z2 6',
    });
    const start = expandPlan(plan).find((subtask) => labelOf(subtask) === 'start z1 5');
    expect(start).toMatchObject({
      parallelIdx: -1,
      elements: [
        { key: 'zone_names', value: 'z1' },
        { key: '21.z1.server_ids', value: '5' },
      ],
    });
  });
});

describe('a key with places for elements', () => {
  const elements = [
    { key: 'zone_names', value: 'z1' },
    { key: '21.z1.server_ids', value: '5' },
  ];
  it.each([
    ['host_id', 'host_id'],
    ['server.{element}.port', 'server.5.port'],
    ['21.{zone_names}.server_ids', '21.z1.server_ids'],
    ['{zone_names}/{server_ids}/{21.z1.server_ids}', 'z1/5/5'],
    ['{tenant_names}.x', '{tenant_names}.x'],
  ])('%s is filled in as %s', (key, filled) => {
    expect(filledIn(key, elements)).toBe(filled);
  });

  it('stays as it is where nothing is split', () => {
    expect(filledIn('server.{element}.port', [])).toBe('server.{element}.port');
  });

  it('is of the kind of its last part', () => {
    expect(['21.z1.server_ids', 'host_ids'].map(kindOf)).toEqual(['server_ids', 'host_ids']);
  });
});

describe('after', () => {
  it('says after which items an item comes, none or several of them', () => {
    expect(edgesOf(planOf(DIAMOND).nodes)).toEqual({ a: '', b: 'a', c: 'a', d: 'b, c' });
    expect(edgesOf([a, nodeOf('b', { after: [] }), c])).toEqual({ a: '', b: '', c: 'b' });
  });

  it('joins element by element and completely, as neighbours are', () => {
    const nodes = [perHost('a'), { ...b, after: [] }, { ...perHost('c'), after: [0, 1] }];
    expect(edgesOf(nodes)).toMatchObject({ 'c 7': 'a 7, b', 'c 9': 'a 9, b' });
  });

  it('inside a group is about the items of the group, and what nothing follows is its end', () => {
    const nodes = [a, { ...b, after: [0] }, { ...c, after: [0] }];
    const items = [{ repeat: { by: 'zone_names', serial: true as const }, nodes }, nodeOf('d')];
    expect(edgesOf(items)).toMatchObject({ 'b z1': 'a z1', 'a z2': 'b z1, c z1', d: 'b z2, c z2' });
  });

  it('counts an item that is named twice once', () => {
    expect(edgesOf([a, { ...b, after: [0, 0] }])).toEqual({ a: '', b: 'a' });
  });

  it.each([[[1]], [[2]], [[-1]], [[0.5]]])('refuses %j, which does not come before it', (after) => {
    expect(() => expandPlan(planWith([a, { ...b, after }]))).toThrow(GraphError);
  });
});

describe('a list to split by', () => {
  it.each([
    ['absent', 'zone_ids', 'b is split by zone_ids, and the context has no zone_ids.'],
    ['empty', 'none', 'b is split by none, and the context has no none.'],
    ['with a value twice', 'twice', 'b is split by twice, which names a value twice.'],
    ['of no element', '21.{zone_names}.server_ids', 'the context has no 21.{zone_names}.server_ids.'],
  ])('that is %s is refused by name', (_title, by, text) => {
    const plan = planWith([a, nodeOf('b', split(by))]);
    expect(() => expandPlan(plan)).toThrow(GraphError);
    expect(() => expansionSize(plan)).toThrow(text);
    expect(() => expandPlan(planWith([{ repeat: { by }, nodes: [a] }]))).toThrow('A group is split by');
  });

  it('may be one that the document does not show', () => {
    const unshown = { stringMap: {}, listMap: { hidden_ids: ['1', '2'] } };
    const plan = planWith([nodeOf('a', split('hidden_ids'))], { unshown });
    expect(expandPlan(plan).map(labelOf)).toEqual(['a 1', 'a 2']);
  });
});

it('a chain without nodes is refused, and so is a group without', () => {
  expect(() => expandPlan(planWith([]))).toThrow(GraphError);
  expect(() => expandPlan(planWith([{ repeat: { by: 'host_ids' }, nodes: [] }]))).toThrow(GraphError);
});

describe('conditions', () => {
  const defined = (name: string) =>
    ({ name, className: `com.example.${name}Task`, activity: name, timeout: 60, needs: [] }) as const;
  const when: Condition = { key: 'mode', is: 'full' };
  const plain = (name: string) => node(defined(name));
  const conditional = (name: string) => node(defined(name), { when });
  const planned = (chain: Chain, mode: string) => plannedNodes(chain, { stringMap: { mode }, listMap: {} });
  const chainOf = (chain: Chain, mode: string) => edgesOf(planned(chain, mode));

  it('leave a node in when the key has the value, and nothing of themselves in the plan', () => {
    const nodes = planned([plain('a'), conditional('b'), plain('c')], 'full');
    expect(edgesOf(nodes)).toEqual({ a: '', b: 'a', c: 'b' });
    expect(JSON.stringify(nodes)).not.toMatch(/when|after/);
  });

  it.each([
    ['the first', [conditional('a'), plain('b'), plain('c')], { b: '', c: 'b' }],
    ['one in the middle', [plain('a'), conditional('b'), plain('c')], { a: '', c: 'a' }],
    ['the last', [plain('a'), plain('b'), conditional('c')], { a: '', b: 'a' }],
    ['several in a row', [plain('a'), conditional('b'), conditional('c'), plain('d')], { a: '', d: 'a' }],
  ])('leave out %s, and join what is around it', (_title, chain, expected) => {
    expect(chainOf(chain, 'fast')).toEqual(expected);
    expect(JSON.stringify(planned(chain, 'fast'))).not.toContain('after');
  });

  it('leave out a node when the context does not have the key', () => {
    const nodes = plannedNodes([plain('a'), conditional('b')], { stringMap: {}, listMap: {} });
    expect(edgesOf(nodes)).toEqual({ a: '' });
  });

  it('put in the place of a node that is left out what it came after', () => {
    const diamond: Chain = [
      plain('a'),
      { ...plain('b'), after: [0] },
      { ...conditional('c'), after: [0] },
      { ...plain('d'), after: [1, 2] },
    ];
    expect(chainOf(diamond, 'full')).toEqual({ a: '', b: 'a', c: 'a', d: 'b, c' });
    expect(chainOf(diamond, 'fast')).toEqual({ a: '', b: 'a', d: 'a, b' });
    const two: Chain = [
      plain('a'),
      { ...plain('b'), after: [] },
      { ...conditional('c'), after: [0, 1] },
      plain('d'),
    ];
    expect(chainOf(two, 'fast')).toEqual({ a: '', b: '', d: 'a, b' });
  });

  it('keep what began together apart when what was before it is left out', () => {
    const fork: Chain = [conditional('a'), { ...plain('b'), after: [0] }, { ...plain('c'), after: [0] }];
    expect(chainOf(fork, 'fast')).toEqual({ b: '', c: '' });
  });

  it('leave out a group, a node of a group, and a group of which nothing is left', () => {
    const whole = group('zone_names', [plain('b')], { when });
    expect(chainOf([plain('a'), whole, plain('c')], 'fast')).toEqual({ a: '', c: 'a' });
    const part = group('zone_names', [plain('b'), conditional('c')]);
    expect(chainOf([plain('a'), part], 'fast')).toEqual({ a: '', 'b z1': 'a', 'b z2': 'b z1' });
    expect(chainOf([plain('a'), part], 'full')).toMatchObject({ 'c z1': 'b z1', 'b z2': 'c z1' });
    const empty = group('zone_names', [conditional('b')]);
    expect(chainOf([plain('a'), empty, plain('c')], 'fast')).toEqual({ a: '', c: 'a' });
  });

  it('refuse a node after one that does not come before it, left out or not', () => {
    for (const after of [[1], [2], [-1]]) {
      expect(() => planned([plain('a'), { ...plain('b'), after }], 'full')).toThrow(GraphError);
      expect(() => planned([plain('a'), { ...conditional('b'), after }], 'fast')).toThrow(GraphError);
    }
  });
});

it('a node and a group of a chain carry what their subtask says, and split as they are told', () => {
  const definition: SubtaskDefinition = {
    ...{ name: 'Start it', className: 'com.example.StartItTask', activity: 'StartIt', timeout: 0 },
    ...{
      prohibitRollback: true as const,
      prohibitSkip: true as const,
      waits: true as const,
      needs: ['host_id'],
      leaves: 'the process',
    },
  };
  expect(node(definition, { split: 'host_ids', serial: true })).toEqual({
    ...definition,
    split: { by: 'host_ids', serial: true },
  });
  const { prohibitRollback: _, prohibitSkip: _skip, waits: _waits, ...quiet } = definition;
  expect(Object.keys(node(quiet, { split: 'host_ids' }).split ?? {})).toEqual(['by']);
  for (const flag of ['prohibitRollback', 'prohibitSkip', 'waits'])
    expect(node(quiet)).not.toHaveProperty(flag);
  expect(group('zone_names', []).repeat).toEqual({ by: 'zone_names', serial: true });
  expect(group('zone_names', [], { parallel: true }).repeat).toEqual({ by: 'zone_names' });
});

/** What a node or group has become, as plainly as possible. */
interface Plain {
  readonly all: readonly number[];
  readonly aligned?: { readonly kind: string; readonly values: readonly string[] };
}

/** Which subtask comes after which, said by the rules alone: pairs of indexes, of all subtasks and not only of the nearest. */
function plainOrder(
  nodes: readonly PlanItem[],
  lists: Readonly<Record<string, readonly string[]>>,
): Set<string> {
  const before = new Map<number, Set<number>>();
  const order = (from: readonly number[], to: readonly number[]) => {
    for (const later of to) for (const earlier of from) before.get(later)?.add(earlier);
  };
  const chain = (items: readonly PlanItem[], values: Readonly<Record<string, string>>): number[] => {
    const done: Plain[] = [];
    items.forEach((item, index) => {
      const block = one(item, values);
      for (const at of item.after ?? (index === 0 ? [] : [index - 1])) {
        const earlier = done[at];
        if (earlier === undefined) throw new Error('a bad plan');
        if (
          earlier.aligned !== undefined &&
          JSON.stringify(earlier.aligned) === JSON.stringify(block.aligned)
        ) {
          for (const [at, id] of block.all.entries()) order(earlier.all.slice(at, at + 1), [id]);
        } else order(earlier.all, block.all);
      }
      done.push(block);
    });
    return done.flatMap(({ all }) => all);
  };
  const one = (item: PlanItem, values: Readonly<Record<string, string>>): Plain => {
    const how = 'repeat' in item ? item.repeat : item.split;
    const subtask = () => {
      before.set(before.size, new Set());
      return [before.size - 1];
    };
    if (how === undefined) return { all: subtask() };
    const key = how.by.replace('{zone_names}', values.zone_names ?? '{zone_names}');
    const kind = kindOf(key);
    const elements = (lists[key] ?? []).map((value) =>
      'repeat' in item ? chain(item.nodes, { ...values, [kind]: value }) : subtask(),
    );
    if (how.serial === true)
      for (const [at, ids] of elements.entries()) order(elements.slice(0, at).flat(), ids);
    return {
      all: elements.flat(),
      ...('repeat' in item ? {} : { aligned: { kind, values: lists[key] ?? [] } }),
    };
  };
  chain(nodes, {});
  return closure(before);
}

/** `earlier<later` for all pairs, when `before` names what is directly before. Earlier ones have lower numbers. */
function closure(before: ReadonlyMap<number, ReadonlySet<number>>): Set<string> {
  const all = new Map<number, Set<number>>();
  for (const [later, direct] of before) {
    all.set(later, new Set([...direct].flatMap((earlier) => [earlier, ...(all.get(earlier) ?? [])])));
  }
  return new Set([...all].flatMap(([later, earlier]) => [...earlier].map((one) => `${one}<${later}`)));
}

describe('any chain', () => {
  const plansOf = (nodes: readonly PlanItem[]) =>
    planWith(nodes, { context: { stringMap: {}, listMap: ANY_LISTS } });

  it('becomes a graph without cycles whose edges are known at both ends, in order and once', () => {
    fc.assert(
      fc.property(anyChain, (nodes) => {
        const subtasks = expandPlan(plansOf(nodes));
        const byId = new Map(subtasks.map((subtask) => [subtask.id, subtask]));
        expect(subtasks.map(({ id }) => id)).toEqual(subtasks.map((_, index) => 500 + index));
        for (const { id, seriesId, upstreams, downstreams } of subtasks) {
          expect(seriesId).toBe(id - 500);
          for (const [ids, side] of [
            [upstreams, 'downstreams'] as const,
            [downstreams, 'upstreams'] as const,
          ]) {
            expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other));
            for (const other of ids) expect(byId.get(other)?.[side]).toContain(id);
          }
          for (const other of upstreams) expect(other).toBeLessThan(id);
        }
        const edges = subtasks.reduce((sum, { upstreams }) => sum + upstreams.length, 0);
        expect(expansionSize(plansOf(nodes))).toEqual({ subtasks: subtasks.length, edges });
      }),
      { numRuns: 500 },
    );
  });

  it('runs in the order that the rules say, no more and no less strictly', () => {
    fc.assert(
      fc.property(anyChain, (nodes) => {
        const subtasks = expandPlan(plansOf(nodes));
        const direct = subtasks.map(
          ({ seriesId, upstreams }) => [seriesId, new Set(upstreams.map((id) => id - 500))] as const,
        );
        expect(closure(new Map(direct))).toEqual(plainOrder(nodes, ANY_LISTS));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a task of thousands of hosts', () => {
  const ids = (hosts: number) => Array.from({ length: hosts }, (_, at) => String(10_000 + at));
  const large = (hosts: number, nodes: readonly PlanItem[]) => ({
    ...planOf({}, { context: { listMap: { host_ids: ids(hosts), server_ids: ids(hosts) } } }),
    nodes,
    places: { host_ids: Object.fromEntries(ids(hosts).map((id) => [id, '192.0.2.100'])) },
  });
  const chainOf21 = Array.from({ length: 21 }, (_, at) =>
    at % 5 === 0 ? nodeOf(`n${at}`) : perHost(`n${at}`),
  );

  it('has a plan that grows with its hosts, whatever the length of its chain', () => {
    const bytes = [1_000, 2_000, 4_000].map((hosts) => JSON.stringify(large(hosts, chainOf21)).length);
    const [one = 0, two = 0, four = 0] = bytes;
    expect(four - two).toBe(2 * (two - one));
    expect((two - one) / 1_000).toBeLessThan(40);
  });

  it('has edges that grow with its hosts, and lists of them that the subtasks of a node share', () => {
    const [one, two] = [1_000, 2_000].map((hosts) => expansionSize(large(hosts, chainOf21)));
    expect(two).toEqual({ subtasks: 16 * 2_000 + 5, edges: 20 * 2_000 });
    expect(one?.edges).toBe(20 * 1_000);
    const subtasks = expandPlan(large(2_000, chainOf21));
    const lists = new Set(subtasks.flatMap(({ upstreams, downstreams }) => [upstreams, downstreams]));
    const numbers = [...lists].reduce((sum, list) => sum + list.length, 0);
    expect(numbers).toBeLessThan(3 * subtasks.length);
  });

  it.each([
    ['complete joins', [perHost('a'), nodeOf('b', split('server_ids'))]],
    [
      'complete joins with two others',
      [
        perHost('a'),
        nodeOf('b', { ...split('server_ids'), after: [] }),
        perHost('c'),
        nodeOf('d', { split: { by: 'server_ids' }, after: [0, 2] }),
        nodeOf('e', { split: { by: 'server_ids' }, after: [0] }),
      ],
    ],
    ['a node that comes after two', [a, { ...b, after: [] }, { ...perHost('c'), after: [0, 1] }]],
  ])('shares them in %s', (_title, nodes) => {
    const subtasks = expandPlan(large(2_000, nodes));
    const lists = new Set(subtasks.flatMap(({ upstreams, downstreams }) => [upstreams, downstreams]));
    const numbers = [...lists].reduce((sum, list) => sum + list.length, 0);
    expect(numbers).toBeLessThan(8 * subtasks.length);
  });
});
