import {
  addResult,
  type ContextSource,
  type FlowingContext,
  flowing,
  mergeContexts,
  pickNeeds,
} from '../../workflows/interpreter/context';
import { TaskMachine } from '../../workflows/interpreter/machine';
import { nodeOf, planOf } from '../support/plans';

const ROOT = flowing({ stringMap: { base: '1', port: '2881' }, listMap: { ids: ['p'] } });
const from = (name: string, context: FlowingContext): ContextSource => ({ name, context });
const adding = (stringMap: Record<string, string>, listMap: Record<string, string[]> = {}, base = ROOT) =>
  addResult(base, { stringMap, listMap });
const KEYS = ['base', 'port', 'own', 'other', 'ids', 'more'];
/** All that is in it. */
const seen = (context: FlowingContext) => pickNeeds(context, KEYS, []);

describe('what a subtask adds', () => {
  it('is seen behind it, and nowhere else', () => {
    expect(seen(adding({ own: '2' }, { ids: ['q'] }))).toEqual({
      stringMap: { base: '1', port: '2881', own: '2' },
      listMap: { ids: ['p', 'q'] },
    });
    expect(seen(ROOT)).toEqual({ stringMap: { base: '1', port: '2881' }, listMap: { ids: ['p'] } });
  });

  it('wins over a text that it inherited, from the base or from a subtask before', () => {
    expect(seen(adding({ port: '2882' })).stringMap.port).toBe('2882');
    expect(seen(adding({ port: '2883' }, {}, adding({ port: '2882' }))).stringMap.port).toBe('2883');
  });

  it('unites with lists that it inherited, each value once and in order', () => {
    expect(seen(adding({}, { ids: ['q', 'p', 'r'] })).listMap).toEqual({ ids: ['p', 'q', 'r'] });
    expect(seen(adding({}, { ids: ['s', 'q'] }, adding({}, { ids: ['q'] }))).listMap.ids).toEqual([
      'p',
      'q',
      's',
    ]);
  });

  it('costs nothing when it is nothing', () => {
    expect(addResult(ROOT, null)).toBe(ROOT);
    expect(addResult(ROOT, {})).toBe(ROOT);
    expect(addResult(ROOT, { stringMap: {}, listMap: {} })).toBe(ROOT);
  });
});

describe('upstreams', () => {
  it('that added nothing hand on the context they share, as it is', () => {
    expect(mergeContexts([from('a', ROOT), from('b', ROOT)])).toEqual({ context: ROOT });
    expect(mergeContexts([from('a', ROOT), from('b', ROOT)]).context).toBe(ROOT);
  });

  it('unite their lists in their order, and their texts', () => {
    const merged = mergeContexts([
      from('a', adding({ own: '1' }, { ids: ['y', 'x'], more: ['m'] })),
      from('b', adding({ other: '2' }, { ids: ['x', 'z'] })),
    ]);
    expect(merged).not.toHaveProperty('conflict');
    expect(seen(merged.context)).toEqual({
      stringMap: { base: '1', port: '2881', own: '1', other: '2' },
      listMap: { ids: ['p', 'y', 'x', 'z'], more: ['m'] },
    });
  });

  it('agree when they say the same, or say again what the base says', () => {
    const same = mergeContexts([from('a', adding({ own: '1' })), from('b', adding({ own: '1', base: '1' }))]);
    expect(same).not.toHaveProperty('conflict');
    const all = [adding({ port: '2882' }), adding({ port: '2882', own: '1' })];
    const overridden = mergeContexts(all.map((context, at) => from(`s${at}`, context)));
    expect(overridden).not.toHaveProperty('conflict');
    expect(seen(overridden.context).stringMap.port).toBe('2882');
  });

  const conflictOf = (...contexts: FlowingContext[]) =>
    mergeContexts(contexts.map((context, at) => from('abcd'[at] ?? '', context))).conflict;
  const text = (key: string, one: string, first: string, other: string, second: string) =>
    `Context key ${key} is "${one}" after ${first} and "${other}" after ${second}; a subtask cannot start with both.`;

  it('contradict each other with two texts for a key; the first such key is named, with who said what', () => {
    expect(conflictOf(adding({ own: '1' }), adding({}), adding({ own: '2', port: '3' }))).toBe(
      text('own', '1', 'a', '2', 'c'),
    );
  });

  it('contradict each other when one overrides what another inherits from the base', () => {
    expect(conflictOf(adding({ port: '2882' }), ROOT)).toBe(text('port', '2881', 'b', '2882', 'a'));
    expect(conflictOf(ROOT, adding({ own: '1' }), adding({ port: '2882' }))).toBe(
      text('port', '2881', 'a', '2882', 'c'),
    );
    expect(conflictOf(adding({ port: '2881' }), adding({ port: '2882' }))).toBe(
      text('port', '2881', 'a', '2882', 'b'),
    );
  });

  it('contradict each other likewise when a barrier has made the base of one of them anew', () => {
    const behind = mergeContexts([
      from('x', adding({ own: '1' })),
      from('y', adding({ other: '2' })),
    ]).context;
    expect(conflictOf(behind, ROOT)).toBeUndefined();
    expect(conflictOf(behind, adding({ own: '9' }))).toBe(text('own', '1', 'a', '9', 'b'));
    expect(conflictOf(adding({ port: '2882' }, {}, behind), ROOT)).toBe(
      text('port', '2882', 'a', '2881', 'b'),
    );
    expect(conflictOf(adding({ port: '2882' }, {}, behind), behind)).toBe(
      text('port', '2881', 'b', '2882', 'a'),
    );
    const merged = mergeContexts([from('a', behind), from('b', adding({}, { ids: ['q'] }))]);
    expect(seen(merged.context)).toEqual({
      stringMap: { base: '1', port: '2881', own: '1', other: '2' },
      listMap: { ids: ['p', 'q'] },
    });
  });

  it('of none give nothing', () => {
    expect(seen(mergeContexts([]).context)).toEqual({ stringMap: {}, listMap: {} });
  });
});

it('only what a subtask declares is picked, with its elements filled in', () => {
  const texts = { 'host.7.zone': 'z1', 'host.8.zone': 'z2', secretish: 'x' };
  const context = flowing({ stringMap: texts, listMap: { '21.z1.server_ids': ['4'], other: ['5'] } });
  const elements = [
    { key: 'zone_names', value: 'z1' },
    { key: 'host_ids', value: '7' },
  ];
  const needs = ['host.{element}.zone', '21.{zone_names}.server_ids', 'absent'];
  expect(pickNeeds(context, needs, elements)).toEqual({
    stringMap: { 'host.7.zone': 'z1' },
    listMap: { '21.z1.server_ids': ['4'] },
  });
});

describe('in a task of two thousand hosts', () => {
  const ids = Array.from({ length: 2_000 }, (_, at) => String(at));

  it('every host sees its own keys on both sides of a barrier, and the barrier sees them all', () => {
    const perHost = (name: string) =>
      nodeOf(name, { split: { by: 'host_ids' }, needs: ['host.{element}.a', 'host.{element}.d'] });
    const plan = {
      ...planOf({}, { concurrency: 0, context: { listMap: { host_ids: ids } } }),
      nodes: [
        ...['a', 'b', 'c'].map(perHost),
        nodeOf('wait', { needs: ids.map((id) => `host.${id}.b`) }),
        ...['d', 'e', 'f'].map(perHost),
      ],
    };
    const machine = new TaskMachine(plan);
    const keys: Record<string, number> = {};
    let conflicts = 0;
    for (let next = machine.startable(); next.length > 0; next = machine.startable()) {
      for (const id of next) {
        const { name, element, context, conflict } = machine.start(id);
        if (conflict !== undefined) conflicts += 1;
        keys[name] = (keys[name] ?? 0) + Object.keys(context.stringMap).length;
        const key = `host.${element?.value}.${name}`;
        machine.succeed(
          id,
          element === undefined ? null : { stringMap: { [key]: 'x' }, listMap: { done: [name] } },
        );
      }
    }
    expect(conflicts).toBe(0);
    expect(keys).toEqual({ a: 0, b: 2_000, c: 2_000, wait: 2_000, d: 2_000, e: 4_000, f: 4_000 });
  });

  it('what all of them have is held once: each holds what its own subtasks have added', () => {
    const own = (id: string, name: string, base: FlowingContext) =>
      adding({ [`host.${id}.${name}`]: 'x' }, { done: [name] }, base);
    const chains = ids.map((id) => own(id, 'b', own(id, 'a', ROOT)));
    const barrier = mergeContexts(chains.map((context, at) => from(`b (${at})`, context))).context;
    expect(Object.keys(barrier.base.stringMap)).toHaveLength(2 + 2 * ids.length);
    expect(barrier.base.listMap.done).toEqual(['a', 'b']);
    const held = [...chains, ...ids.map((id) => own(id, 'd', own(id, 'c', barrier)))].map(
      ({ base, added }) => ({
        base,
        keys: Object.keys(added.stringMap).length + Object.keys(added.listMap).length,
      }),
    );
    expect(new Set(held.map(({ base }) => base)).size).toBe(2);
    expect(Math.max(...held.map(({ keys }) => keys))).toBe(3);
  });
});
