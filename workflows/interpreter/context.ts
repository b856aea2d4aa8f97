/** How contexts flow along the edges of a task: everything is text, lists unite, texts must agree. */
import type { PlanSubtask, SubtaskResult, TaskContext } from '../plan';

/** A subtask's context, and the first key on which its upstreams disagree. */
export interface MergedContext {
  readonly context: TaskContext;
  readonly conflict?: string;
}

/** One upstream's context with a name for it. */
export interface ContextSource {
  readonly name: string;
  readonly context: TaskContext;
}

/**
 * The union of the upstreams' contexts: lists united in order, two texts for one key are a conflict, which
 * names the key, the texts and who gave them (OCP: "found different value for same key").
 */
export function mergeContexts(sources: readonly ContextSource[]): MergedContext {
  const first = sources[0];
  if (first === undefined) return { context: { stringMap: {}, listMap: {} } };
  // Most subtasks add nothing, so their contexts are one and the same object.
  if (sources.every((source) => source.context === first.context)) return { context: first.context };
  const strings = new Map<string, { value: string; from: string }>();
  const lists = new Map<string, Set<string>>();
  let conflict: string | undefined;
  for (const { name, context } of sources) {
    for (const [key, value] of Object.entries(context.stringMap)) {
      const known = strings.get(key);
      if (known === undefined) strings.set(key, { value, from: name });
      else if (known.value !== value) {
        conflict ??= `Context key ${key} is "${known.value}" after ${known.from} and "${value}" after ${name}; a subtask cannot start with both.`;
      }
    }
    for (const [key, values] of Object.entries(context.listMap)) {
      const united = lists.get(key) ?? new Set<string>();
      for (const value of values) united.add(value);
      lists.set(key, united);
    }
  }
  const context = {
    stringMap: Object.fromEntries([...strings].map(([key, { value }]) => [key, value])),
    listMap: Object.fromEntries([...lists].map(([key, values]) => [key, [...values]])),
  };
  return conflict === undefined ? { context } : { context, conflict };
}

/** The context behind a subtask: what it saw and what it added; its own texts win over inherited ones. */
export function addResult(context: TaskContext, result: SubtaskResult | null | undefined): TaskContext {
  const strings = Object.entries(result?.stringMap ?? {});
  const lists = Object.entries(result?.listMap ?? {});
  if (strings.length + lists.length === 0) return context;
  const listMap: Record<string, readonly string[]> = { ...context.listMap };
  for (const [key, values] of lists) listMap[key] = [...new Set([...(listMap[key] ?? []), ...values])];
  return { stringMap: { ...context.stringMap, ...Object.fromEntries(strings) }, listMap };
}

/** The keys a subtask declares, `{element}` standing for its element of the fan-out. */
export function pickNeeds(context: TaskContext, subtask: PlanSubtask): TaskContext {
  const stringMap: Record<string, string> = {};
  const listMap: Record<string, readonly string[]> = {};
  for (const need of subtask.needs) {
    const key = need.replaceAll('{element}', subtask.element?.value ?? '');
    const text = context.stringMap[key];
    const list = context.listMap[key];
    if (text !== undefined) stringMap[key] = text;
    if (list !== undefined) listMap[key] = list;
  }
  return { stringMap, listMap };
}
