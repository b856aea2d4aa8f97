/**
 * The older form of a task that OCP still documents for changes of OceanBase clusters: `tasks` instead of `subtasks`,
 * the context as Java prints it, creator and cluster as objects, and a first node that is RUNNING at once. The modern
 * `subtasks` stand beside it.
 */
import type { Plan } from '../../../workflows/plan';
import type { Lazily } from '../../http/lazyList';
import type { LegacyTaskInstance, SubmittedTask } from './types';

/** `Context(parallelIdx=-1, stringMap={a=b, c=d}, listMap={e=[f, g]})`. */
function printedContext({ context }: Plan): string {
  const strings = Object.entries(context.stringMap).map(([key, value]) => `${key}=${value}`);
  const lists = Object.entries(context.listMap).map(([key, values]) => `${key}=[${values.join(', ')}]`);
  return `Context(parallelIdx=-1, stringMap={${strings.join(', ')}}, listMap={${lists.join(', ')}})`;
}

export function legacyDocument(plan: Plan, submitted: SubmittedTask): Lazily<LegacyTaskInstance> {
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
    ...(plan.parentTaskId === undefined ? {} : { parentTaskId: plan.parentTaskId }),
    tasks: submitted.subtasks.map(({ id, name, description, status, operation, upstreams, downstreams }) => ({
      id,
      name,
      description,
      status: status === 'READY' ? ('RUNNING' as const) : status,
      operation,
      upstreams,
      downstreams,
    })),
    subtasks: submitted.subtasks,
  };
}
