import type { Plan, PlanSubtask } from '../../workflows/plan';

let lastTaskId = 1000;

/** Edges as `child: parents`; ids are firstId + index, in the order of the keys. */
export type Edges = Readonly<Record<string, readonly string[]>>;

export interface PlanOptions {
  readonly taskId?: number;
  readonly concurrency?: number;
  readonly context?: Partial<Plan['context']>;
  readonly needs?: readonly string[];
  /** Seconds, for every subtask. */
  readonly timeout?: number;
  /** Names of subtasks that may not be skipped, or not be undone once they have started. */
  readonly unskippable?: readonly string[];
  readonly permanent?: readonly string[];
  /** What subtasks leave behind, by name. */
  readonly leaves?: Readonly<Record<string, string>>;
}

/** A small plan whose subtasks are named a, b, c … and run the activity of their name. */
export function planOf(edges: Edges, options: PlanOptions = {}): Plan {
  const taskId = options.taskId ?? ++lastTaskId;
  const firstId = taskId * 100;
  const names = Object.keys(edges);
  const idOf = (name: string) => firstId + names.indexOf(name);
  const subtasks = names.map(
    (name, index): PlanSubtask => ({
      id: idOf(name),
      seriesId: index,
      name,
      className: `com.example.${name}Task`,
      activity: name,
      timeout: options.timeout ?? 60,
      parallelIdx: -1,
      upstreams: (edges[name] ?? []).map(idOf),
      downstreams: names.filter((other) => edges[other]?.includes(name)).map(idOf),
      prohibitRollback: options.permanent?.includes(name) === true,
      prohibitSkip: options.unskippable?.includes(name) === true,
      needs: options.needs ?? [],
      ...(options.leaves?.[name] === undefined ? {} : { leaves: options.leaves[name] }),
    }),
  );
  return {
    taskId,
    name: 'Test task',
    creator: { id: 100, name: 'admin' },
    executor: '192.0.2.1',
    createTime: '2021-09-03T16:25:08.004+08:00',
    traceId: `trace-${taskId}`,
    context: { stringMap: {}, listMap: {}, ...options.context },
    concurrency: options.concurrency ?? 10,
    subtasks,
  };
}

export function idOf(plan: Plan, name: string): number {
  const subtask = plan.subtasks.find((candidate) => candidate.name === name);
  if (subtask === undefined) throw new Error(`the plan has no subtask ${name}`);
  return subtask.id;
}

export const CHAIN: Edges = { a: [], b: ['a'], c: ['b'] };
export const DIAMOND: Edges = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] };
