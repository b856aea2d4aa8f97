/** One task of fifty hosts: its time beside a bare workflow's, and what reading its document costs. */

import type { TemporalHandle } from '../runtime/temporal';
import type { ApiClient } from '../sandbox/stack/apiClient';
import type { Store } from '../store/types';
import { taskWorkflowId } from '../workflows/ids';
import { type BenchResult, median, result, timed } from './measure';
import { CONCURRENCY, MANY_HOSTS_LAYERS, MANY_HOSTS_SUBTASKS, manyHostsPlan } from './plans';

const SIZE = `${MANY_HOSTS_LAYERS[1]} hosts, ${MANY_HOSTS_SUBTASKS} subtasks`;
/** Ids beyond those of the other comparisons. */
let next = 1_000_000;

/** (h): both schedule as many no-op activities in the same layers, ten at once. */
export async function timeOfManyHosts(temporal: TemporalHandle, rounds: number): Promise<BenchResult> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const theirs = await timed(() =>
      temporal.client.workflow.execute('bareLayers', {
        taskQueue: 'bench',
        workflowId: `bare-${next++}`,
        args: [MANY_HOSTS_LAYERS, CONCURRENCY],
      }),
    );
    const plan = manyHostsPlan(next++, 1);
    const ours = await timed(() =>
      temporal.client.workflow.execute('addObserver', {
        taskQueue: 'bench',
        workflowId: taskWorkflowId(plan.taskId),
        args: [plan],
      }),
    );
    ratios.push(ours / theirs);
  }
  return result(`(h) ${SIZE}: runPlan / bare workflow, time`, 'ratio', ratios, '<= 1.3');
}

/**
 * (i): GET of the document of such a task, which waits FAILED at its last subtask, against fetchHistory + describe.
 * The first GET of a task folds its whole history; the later ones read what is new.
 */
export async function documentOfManyHosts(
  { api, store, temporal }: { api: ApiClient; store: Store; temporal: TemporalHandle },
  rounds: number,
): Promise<BenchResult[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const taskId = await store.sequences.next('task', 1);
    const subtasks = await store.sequences.next('subtask', MANY_HOSTS_SUBTASKS);
    const plan = manyHostsPlan(taskId, subtasks, 'UpdateObproxyStatus');
    await store.transaction(async ({ tasks }) => {
      await tasks.add({ plan, workflowType: 'addObserver' });
      await tasks.markStarted(taskId);
    });
    const handle = await temporal.client.workflow.start('addObserver', {
      taskQueue: 'obflow',
      workflowId: taskWorkflowId(taskId),
      args: [plan],
    });
    // The row, not the API: nothing has read this task when the first GET comes.
    while ((await store.tasks.find(taskId))?.status !== 'FAILED') {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const theirs: number[] = [];
    const ours: number[] = [];
    for (let i = 0; i < 11; i++) {
      theirs.push(
        await timed(async () => {
          await handle.describe();
          await handle.fetchHistory();
        }),
      );
      ours.push(await timed(() => api.task(taskId)));
    }
    first.push((ours[0] ?? Number.NaN) / median(theirs));
    later.push(median(ours.slice(1)) / median(theirs.slice(1)));
  }
  return [
    result(`(i) ${SIZE}: first GET / fetchHistory + describe`, 'ratio', first, '< 1.5'),
    result(`(i) ${SIZE}: later GETs / fetchHistory + describe, p50`, 'ratio', later, '< 1.5'),
  ];
}
