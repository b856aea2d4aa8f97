/** The task document as the commands read it: what is documented and what is ours, newer fields left alone. */
import { z } from 'zod';

const operationsSchema = z.array(z.object({ operation: z.string(), meaning: z.string() })).default([]);
const subtaskSchema = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  operation: z.string(),
  runTime: z.number().default(1),
  parallelIdx: z.number().default(-1),
  upstreams: z.array(z.number()).default([]),
  target: z.string().optional(),
  prohibitSkip: z.boolean().default(false),
  startTime: z.string().optional(),
  finishTime: z.string().optional(),
  attempt: z.number().optional(),
  failureMessage: z.string().optional(),
  lastFailure: z.string().optional(),
  availableOperations: operationsSchema,
});
const commandSchema = z.object({
  time: z.string(),
  command: z.string(),
  subtaskId: z.number().optional(),
  who: z.string().optional(),
  from: z.string().optional(),
  why: z.string().optional(),
});
const warningSchema = z.object({
  subtaskId: z.number(),
  name: z.string(),
  target: z.string().optional(),
  time: z.string(),
  text: z.string(),
});
const taskSchema = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  operation: z.string(),
  creator: z.object({ name: z.string() }),
  cluster: z.object({ name: z.string() }).optional(),
  startTime: z.string(),
  finishTime: z.string().optional(),
  prohibitRollback: z.boolean(),
  closed: z.boolean().default(false),
  commands: z.array(commandSchema).default([]),
  firstFailure: z.object({ subtaskId: z.number().optional(), message: z.string() }).optional(),
  ending: z.string().optional(),
  leftBehind: z.array(z.string()).default([]),
  warningCount: z.number().default(0),
  warnings: z.array(warningSchema).default([]),
  availableOperations: operationsSchema,
  subtasks: z.array(subtaskSchema),
});

export type Task = z.output<typeof taskSchema>;
export type Subtask = Task['subtasks'][number];
export type GivenCommand = Task['commands'][number];
/** What the state of a task is said by; an element of the list has it, too. */
export type TaskState = Pick<Task, 'status' | 'operation' | 'closed'> & {
  readonly subtasks: readonly { readonly status: string }[];
};

/** One node of the chain with its fan-out. */
export interface ChainNode {
  /** Where it begins, from 1: length of the longest way from a root. */
  readonly level: number;
  readonly subtasks: readonly (Subtask & { readonly level: number })[];
}

/** @throws Error when the answer is none of obflow */
export function parseAnswer<S extends z.ZodType>(schema: S, answer: unknown): z.output<S> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  throw new Error(`The answer is none of obflow${where}. Is OBFLOW_URL right?`);
}

/** Errors as `parseAnswer`. */
export function parseTask(answer: unknown): Task {
  return parseAnswer(taskSchema, answer);
}

/** True when nothing changes any more, whatever anybody does. */
export function isClosed({ closed, status }: Pick<Task, 'closed' | 'status'>): boolean {
  return closed || status === 'SUCCESSFUL';
}

/** True when the task stands still until a person decides. */
export function needsPerson(task: Pick<Task, 'closed' | 'status'>): boolean {
  return task.status === 'FAILED' && !isClosed(task);
}

export function failedOf<S extends { readonly status: string }>({
  subtasks,
}: {
  readonly subtasks: readonly S[];
}): S[] {
  return subtasks.filter(({ status }) => status === 'FAILED');
}

export function doneCount(subtasks: readonly Pick<Subtask, 'status'>[]): number {
  return subtasks.filter(({ status }) => status === 'SUCCESSFUL').length;
}

/** `34803 Check if command exists on 10.0.0.1`. */
export function nameOf({ id, name, target }: Subtask): string {
  return `${id} ${name}${target === undefined ? '' : ` on ${target}`}`;
}

/** Where a subtask works: the address, else its place in the fan-out, else nothing. */
export function hostOf({ target, parallelIdx }: Subtask): string {
  return target ?? (parallelIdx < 0 ? '' : `#${parallelIdx}`);
}

/**
 * The nodes of the chain, from the roots down. The document names no nodes: subtasks of one name that follow each other
 * and count up are the fan-out of one, whether they wait for all of the node before or only for its same element.
 */
export function chainNodes({ subtasks }: Pick<Task, 'subtasks'>): ChainNode[] {
  const byId = new Map(subtasks.map((subtask) => [subtask.id, subtask]));
  const levels = new Map<number, number>();
  // Not by recursion: a chain may be longer than a stack is deep.
  const open = subtasks.map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (levels.has(id)) continue;
    const upstreams = (byId.get(id)?.upstreams ?? []).filter((upstream) => byId.has(upstream));
    const unknown = upstreams.filter((upstream) => !levels.has(upstream));
    if (unknown.length === 0) levels.set(id, 1 + Math.max(0, ...upstreams.map((up) => levels.get(up) ?? 0)));
    else open.push(id, ...unknown);
  }
  const nodes: { level: number; subtasks: (Subtask & { level: number })[] }[] = [];
  for (const subtask of subtasks) {
    const level = levels.get(subtask.id) ?? 1;
    const node = nodes.at(-1);
    const before = node?.subtasks.at(-1);
    const same = before?.name === subtask.name && subtask.parallelIdx === before.parallelIdx + 1;
    if (node !== undefined && same && before.parallelIdx >= 0) {
      node.subtasks.push({ ...subtask, level });
      node.level = Math.min(node.level, level);
    } else nodes.push({ level, subtasks: [{ ...subtask, level }] });
  }
  return nodes.sort((one, other) => one.level - other.level);
}

/** `0.4s`, `12s`, `3m12s`, `1h02m`, `2d04h`; '' when it has not begun. Until now when it has not ended. */
export function duration(
  { startTime, finishTime }: { startTime?: string | undefined; finishTime?: string | undefined },
  now = Date.now(),
): string {
  if (startTime === undefined) return '';
  const ms = Math.max(0, (finishTime === undefined ? now : Date.parse(finishTime)) - Date.parse(startTime));
  const seconds = Math.floor(ms / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3_600) % 24)}h`;
}

/** `2026-11-21 15:09:32` as the server's clock shows it. */
export function clock(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}
