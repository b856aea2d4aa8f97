import type { TaskJson } from '../../sandbox/stack/apiClient';
import type { Stack } from '../../sandbox/stack/stack';
import { taskWorkflowId } from '../../workflows/ids';
import type { ChaosReport, Sent } from './chaos';
import { type Effect, isMarked, readEffects } from './chaosEffects';
import type { Rows } from './rows';

interface Evidence {
  readonly stack: Stack;
  readonly rows: Rows;
  readonly marks: string;
  readonly sent: readonly Sent[];
  readonly kills: ChaosReport['kills'];
  readonly retries: number;
}

interface TaskRow {
  readonly id: number;
  readonly status: string;
  readonly closed: number;
}

function byTask(effects: readonly Effect[]): Map<number, Effect[]> {
  const groups = new Map<number, Effect[]>();
  for (const effect of effects) groups.set(effect.taskId, [...(groups.get(effect.taskId) ?? []), effect]);
  return groups;
}

/**
 * Its work was done, its answer died with the worker, and the time for another attempt ran out: nobody can know, so it
 * waits for a person, whose retry finds it done.
 */
function ranOut({ status, failureMessage }: TaskJson['subtasks'][number]): boolean {
  return status === 'FAILED' && failureMessage?.startsWith('TSK10012') === true;
}

/** What is wrong with the executions of one task. */
function problemsOf(task: TaskJson, effects: readonly Effect[], marks: string): string[] {
  const problems: string[] = [];
  const place = `task ${task.id} (${task.status})`;
  for (const subtask of task.subtasks) {
    const own = effects.filter(({ subtaskId }) => subtaskId === subtask.id);
    const done = isMarked(marks, task.id, subtask.id);
    if (done !== (subtask.status === 'SUCCESSFUL') && !(done && ranOut(subtask))) {
      problems.push(`${place}: ${subtask.name} is ${subtask.status}, and ${done ? 'done' : 'not done'}`);
    }
    const doubled = own.filter(({ first, attempt, run }) => !first && attempt === 1 && run === 1);
    if (doubled.length > 0) problems.push(`${place}: ${subtask.name} was started twice without any reason`);
    if (!['SUCCESSFUL', 'FAILED', 'PENDING'].includes(subtask.status)) {
      problems.push(`${place}: ${subtask.name} is still ${subtask.status}`);
    }
  }
  const known = new Set(task.subtasks.map(({ id }) => id));
  if (effects.some(({ subtaskId }) => !known.has(subtaskId))) problems.push(`${place}: strange subtasks ran`);
  return problems;
}

/** Compares what the senders know, the rows, the documents, Temporal and the marks. */
export async function verdictOf({
  stack,
  rows,
  marks,
  sent,
  kills,
  retries,
}: Evidence): Promise<ChaosReport> {
  const problems: string[] = [];
  const tasks = rows.query<TaskRow>('select id, status, closed from tasks order by id');
  const ids = new Set(tasks.map(({ id }) => id));
  const accepted = sent.flatMap(({ taskId }) => (taskId === undefined ? [] : [taskId]));
  const clusters = rows.query<{ name: string; tasks: number }>(
    "select c.name as name, count(distinct s.task_id) as tasks from obproxy_clusters c left join obproxy_servers s on s.cluster_id = c.id where c.name like 'chaos%' group by c.name",
  );

  for (const id of accepted) if (!ids.has(id)) problems.push(`task ${id} was accepted and is lost`);
  if (new Set(accepted).size !== accepted.length) problems.push('two requests were answered with one task');
  for (const { name, tasks: count } of clusters) {
    if (count !== 1) problems.push(`the request ${name} made ${count} tasks`);
  }
  if (clusters.length !== tasks.length) {
    problems.push(`${clusters.length} clusters were made by ${tasks.length} tasks`);
  }
  const effects = byTask(readEffects(marks));
  for (const id of effects.keys()) if (!ids.has(id)) problems.push(`task ${id} ran and nobody knows it`);
  const statuses: Record<string, number> = {};
  for (const { id, status, closed } of tasks) {
    statuses[status] = (statuses[status] ?? 0) + 1;
    const task = await stack.api.task(id);
    if (task.status !== status) problems.push(`task ${id} is ${task.status}, its row says ${status}`);
    if (task.status === 'RUNNING') problems.push(`task ${id} does not end`);
    if (task.status === 'SUCCESSFUL' && closed !== 1) problems.push(`task ${id} ended and is not closed`);
    problems.push(...problemsOf(task, effects.get(id) ?? [], marks));
  }
  const failed = new Set(tasks.filter(({ status }) => status === 'FAILED').map(({ id }) => id));
  for (const { task_id } of rows.query<{ task_id: number }>('select distinct task_id from locks')) {
    if (!failed.has(task_id)) problems.push(`task ${task_id} has ended and holds locks`);
  }
  problems.push(...(await strangeWorkflows(stack, ids)));
  return {
    accepted: accepted.length,
    unknown: sent.length - accepted.length,
    kills,
    retries,
    statuses,
    executions: [...effects.values()].flat().length,
    problems,
  };
}

/** Workflows without a row, and rows whose workflow never began. */
async function strangeWorkflows(stack: Stack, ids: ReadonlySet<number>): Promise<string[]> {
  const { connectTemporal } = await import('../../runtime/temporal');
  const temporal = await connectTemporal({ address: stack.temporalAddress });
  try {
    const seen = new Map<string, number>();
    for await (const { workflowId } of temporal.client.workflow.list()) {
      seen.set(workflowId, (seen.get(workflowId) ?? 0) + 1);
    }
    const known = new Set([...ids].map(taskWorkflowId));
    return [
      ...[...seen].filter(([id]) => !known.has(id)).map(([id]) => `workflow ${id} has no task`),
      ...[...seen].filter(([, count]) => count > 1).map(([id, count]) => `workflow ${id} ran ${count} times`),
      ...[...known].filter((id) => !seen.has(id)).map((id) => `${id} has no workflow`),
    ];
  } finally {
    await temporal.close();
  }
}
