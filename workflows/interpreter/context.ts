/** How contexts flow along the edges of a task: everything is text, lists unite, texts must agree. */
import type { FanOutElement, SubtaskResult, TaskContext } from '../plan';
import { filledIn } from './expansion';

/**
 * A context as a base that many subtasks share, and what was added on the way since: a thousand hosts that each add a key
 * must not make a thousand copies of a thousand keys.
 */
export interface FlowingContext {
  readonly base: TaskContext;
  readonly added: TaskContext;
}

/** A subtask's context, and the first key on which its upstreams disagree. */
export interface MergedContext {
  readonly context: FlowingContext;
  readonly conflict?: string;
}

/** One upstream's context with a name for it. */
export interface ContextSource {
  readonly name: string;
  readonly context: FlowingContext;
}

const NOTHING: TaskContext = { stringMap: {}, listMap: {} };

/** The context that a task begins with. */
export function flowing(base: TaskContext): FlowingContext {
  return { base, added: NOTHING };
}

/**
 * The union of the upstreams' contexts: lists united in order, two texts for one key are a conflict, which
 * names the key, the texts and who gave them (OCP: "found different value for same key").
 */
export function mergeContexts(sources: readonly ContextSource[]): MergedContext {
  const [first] = sources;
  if (first === undefined) return { context: flowing(NOTHING) };
  // Most subtasks add nothing, so their contexts are one and the same object.
  if (sources.every(({ context }) => context === first.context)) return { context: first.context };
  const shared = sources.every(({ context }) => context.base === first.context.base);
  return shared
    ? merged(
        first.context.base,
        sources.map(({ name, context }) => ({ name, ...context.added })),
      )
    : merged(
        NOTHING,
        sources.map(({ name, context }) => ({ name, ...whole(context) })),
      );
}

/** Contexts that stand on one base: only what was added can differ, from each other's and from what the base says. */
function merged(base: TaskContext, sources: readonly (TaskContext & { name: string })[]): MergedContext {
  const strings = new Map<string, { value: string; from: string; count: number }>();
  const lists = new Map<string, Set<string>>();
  let conflict: string | undefined;
  const disagree = (key: string, one: { value: string; from: string }, value: string, from: string) => {
    conflict ??= `Context key ${key} is "${one.value}" after ${one.from} and "${value}" after ${from}; a subtask cannot start with both.`;
  };
  for (const { name, stringMap, listMap } of sources) {
    for (const [key, value] of Object.entries(stringMap)) {
      const known = strings.get(key);
      if (known === undefined) strings.set(key, { value, from: name, count: 1 });
      else if (known.value !== value) disagree(key, known, value, name);
      else known.count += 1;
    }
    for (const [key, values] of Object.entries(listMap)) {
      const united = lists.get(key) ?? new Set(base.listMap[key]);
      for (const value of values) united.add(value);
      lists.set(key, united);
    }
  }
  for (const [key, said] of strings) {
    const inherited = base.stringMap[key];
    if (said.count === sources.length || inherited === undefined || inherited === said.value) continue;
    const silent = sources.find(({ stringMap }) => stringMap[key] === undefined);
    if (silent !== undefined) disagree(key, { value: inherited, from: silent.name }, said.value, said.from);
  }
  const stringMap = { ...base.stringMap, ...fromMap(strings, ({ value }) => value) };
  const listMap = { ...base.listMap, ...fromMap(lists, (values) => [...values]) };
  const context = flowing({ stringMap, listMap });
  return conflict === undefined ? { context } : { context, conflict };
}

function fromMap<V, R>(map: ReadonlyMap<string, V>, value: (entry: V) => R): Record<string, R> {
  return Object.fromEntries([...map].map(([key, entry]) => [key, value(entry)]));
}

function whole({ base, added }: FlowingContext): TaskContext {
  return {
    stringMap: { ...base.stringMap, ...added.stringMap },
    listMap: { ...base.listMap, ...added.listMap },
  };
}

/** The context behind a subtask: what it saw and what it added; its own texts win over inherited ones. */
export function addResult(context: FlowingContext, result: SubtaskResult | null | undefined): FlowingContext {
  const strings = Object.entries(result?.stringMap ?? {});
  const lists = Object.entries(result?.listMap ?? {});
  if (strings.length + lists.length === 0) return context;
  const listMap: Record<string, readonly string[]> = { ...context.added.listMap };
  for (const [key, values] of lists)
    listMap[key] = [...new Set([...(listOf(context, key) ?? []), ...values])];
  return {
    base: context.base,
    added: { stringMap: { ...context.added.stringMap, ...Object.fromEntries(strings) }, listMap },
  };
}

function listOf({ base, added }: FlowingContext, key: string): readonly string[] | undefined {
  return added.listMap[key] ?? base.listMap[key];
}

/** The keys a subtask declares, the elements it works on filled in. */
export function pickNeeds(
  context: FlowingContext,
  needs: readonly string[],
  elements: readonly FanOutElement[],
): TaskContext {
  const stringMap: Record<string, string> = {};
  const listMap: Record<string, readonly string[]> = {};
  for (const need of needs) {
    const key = filledIn(need, elements);
    const text = context.added.stringMap[key] ?? context.base.stringMap[key];
    const list = listOf(context, key);
    if (text !== undefined) stringMap[key] = text;
    if (list !== undefined) listMap[key] = list;
  }
  return { stringMap, listMap };
}
