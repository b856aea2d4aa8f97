import type { Plan } from '../../workflows/plan';

/** A plan without subtasks, for what the task table needs of it. */
export function plan(taskId: number, more: Partial<Plan> = {}): Plan {
  return {
    taskId,
    name: 'Install obproxy',
    creator: { id: 100, name: 'admin' },
    executor: '10.0.0.1',
    createTime: '2026-03-01T10:00:00.000+08:00',
    traceId: 'trace',
    context: { stringMap: {}, listMap: {} },
    concurrency: 10,
    firstSubtaskId: taskId * 100,
    nodes: [],
    ...more,
  };
}
