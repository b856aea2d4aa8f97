/**
 * The older form of a task that OCP still documents for changes of OceanBase clusters: `tasks` instead of `subtasks`,
 * the context as Java prints it, creator and cluster as objects, and a first node that is RUNNING at once. The modern
 * `subtasks` stand beside it.
 */
import type { Plan } from '../../../workflows/plan';
import type { SubtaskInstance, TaskInstance } from './types';

export interface LegacyTaskInstance {
  readonly id: number;
  readonly name: string;
  readonly status: TaskInstance['status'];
  readonly startTime: string;
  readonly creator: Plan['creator'];
  readonly cluster?: { readonly id: number; readonly name: string; readonly obClusterId: number };
  readonly context: string;
  readonly tasks: readonly Pick<
    SubtaskInstance,
    'id' | 'name' | 'description' | 'status' | 'operation' | 'upstreams' | 'downstreams'
  >[];
  /** Ours: the same subtasks as the modern answers have them. */
  readonly subtasks: TaskInstance['subtasks'];
}

/** `Context(parallelIdx=-1, stringMap={a=b, c=d}, listMap={e=[f, g]})`. */
function printedContext({ context }: Plan): string {
  const strings = Object.entries(context.stringMap).map(([key, value]) => `${key}=${value}`);
  const lists = Object.entries(context.listMap).map(([key, values]) => `${key}=[${values.join(', ')}]`);
  return `Context(parallelIdx=-1, stringMap={${strings.join(', ')}}, listMap={${lists.join(', ')}})`;
}

export function legacyDocument(plan: Plan, submitted: TaskInstance): LegacyTaskInstance {
  const { cluster } = plan;
  return {
    id: submitted.id,
    name: submitted.name,
    status: submitted.status,
    startTime: submitted.startTime,
    creator: plan.creator,
    ...(cluster === undefined
      ? {}
      : { cluster: { id: cluster.id, name: cluster.name, obClusterId: cluster.obClusterId } }),
    context: printedContext(plan),
    tasks: submitted.subtasks.map(({ id, name, description, status, operation, upstreams, downstreams }) => ({
      id,
      name,
      description,
      status: status === 'READY' ? 'RUNNING' : status,
      operation,
      upstreams,
      downstreams,
    })),
    subtasks: submitted.subtasks,
  };
}
