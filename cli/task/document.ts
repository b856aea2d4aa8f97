/** The task document as the commands read it: what is documented and what is ours, newer fields left alone. */
import { z } from 'zod';
import type { ChainNode as NodeOf } from './chain';

export {
  chainNodes,
  clock,
  doneCount,
  duration,
  failedOf,
  isClosed,
  needsPerson,
} from './chain';

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
const lockSchema = z.object({
  kind: z.string(),
  id: z.number(),
  name: z.string().optional(),
  service: z.string().optional(),
  heldBy: z.array(z.number()).default([]),
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
  lockCount: z.number().default(0),
  locks: z.array(lockSchema).default([]),
  waitsFor: lockSchema.optional(),
  availableOperations: operationsSchema,
  subtasks: z.array(subtaskSchema),
});

export type Task = z.output<typeof taskSchema>;
export type Subtask = Task['subtasks'][number];
/** One node of the chain with its fan-out. */
export type ChainNode = NodeOf<Subtask>;
export type Lock = Task['locks'][number];
export type GivenCommand = Task['commands'][number];
/** What the state of a task is said by; an element of the list has it, too. */
export type TaskState = Pick<Task, 'status' | 'operation' | 'closed'> & {
  readonly subtasks: readonly { readonly status: string }[];
};

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

/** `34803 Check if command exists on 10.0.0.1`. */
export function nameOf({ id, name, target }: Subtask): string {
  return `${id} ${name}${target === undefined ? '' : ` on ${target}`}`;
}

/** Where a subtask works: the address, else its place in the fan-out, else nothing. */
export function hostOf({ target, parallelIdx }: Subtask): string {
  return target ?? (parallelIdx < 0 ? '' : `#${parallelIdx}`);
}
