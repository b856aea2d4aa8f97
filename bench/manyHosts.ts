/** One task of many hosts: its time beside a bare workflow's, what reading its document costs, what its plan weighs. */

import type { WorkflowClient } from '@temporalio/client';
import type { TemporalHandle } from '../runtime/temporal';
import type { ApiClient } from '../sandbox/stack/apiClient';
import type { Store } from '../store/types';
import { taskWorkflowId } from '../workflows/ids';
import { type BenchResult, median, result, timed } from './measure';
import { CONCURRENCY, manyHostsLayers, manyHostsPlan, subtasksOf } from './plans';

interface Size {
  readonly hosts: number;
  /** At most so many rounds, of which each takes minutes at the largest size. */
  readonly rounds: number;
  /** How often its document is read a round. */
  readonly reads: number;
}

const SIZES: readonly Size[] = [
  { hosts: 50, rounds: Number.POSITIVE_INFINITY, reads: 11 },
  { hosts: 500, rounds: 3, reads: 7 },
  { hosts: 2_000, rounds: 2, reads: 5 },
];

const upTo = (most: number): readonly Size[] => SIZES.filter(({ hosts }) => hosts <= most);

const sizeText = (hosts: number) => `${hosts} hosts, ${subtasksOf(hosts)} subtasks`;
/** Ids beyond those of the other comparisons. */
let next = 1_000_000;

/** (h): both schedule as many no-op activities in the same layers, ten at once. */
export async function timeOfManyHosts(
  temporal: TemporalHandle,
  rounds: number,
  most: number,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { hosts, rounds: enough } of upTo(most)) {
    const ratios: number[] = [];
    for (let round = 0; round < Math.min(rounds, enough); round++) {
      const theirs = await timed(() =>
        temporal.client.workflow.execute('bareLayers', {
          taskQueue: 'bench',
          workflowId: `bare-${next++}`,
          args: [manyHostsLayers(hosts), CONCURRENCY],
        }),
      );
      const plan = manyHostsPlan(hosts, next++, 1);
      const ours = await timed(() =>
        temporal.client.workflow.execute('addObserver', {
          taskQueue: 'bench',
          workflowId: taskWorkflowId(plan.taskId),
          args: [plan],
        }),
      );
      ratios.push(ours / theirs);
    }
    results.push(result(`(h) ${sizeText(hosts)}: runPlan / bare workflow, time`, 'ratio', ratios, '<= 1.3'));
  }
  return results;
}

/** (h) as well: what a plan weighs. */
export function sizeOfManyHosts(most: number): BenchResult[] {
  return upTo(most).map(({ hosts }) => {
    const bytes = Buffer.byteLength(JSON.stringify(manyHostsPlan(hosts, 1, 1)));
    return result(`(h) ${sizeText(hosts)}: plan`, 'B/host', [bytes / hosts], '<= at 50');
  });
}

/** (i) as well: a POST that plans an installation on so many hosts, and its answer, in a dry run. */
export async function postOfManyHosts(
  api: ApiClient,
  { hostIds, version }: { hostIds: readonly number[]; version: string },
  rounds: number,
  most: number,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { hosts } of upTo(most)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const post = () =>
        api.call('POST', '/api/v2/obproxy/clusters?dryRun=true&look=false', {
          name: 'planned',
          workMode: 'CONFIG_URL',
          obLinks: [{ clusterName: 'obcluster', obClusterId: 1, username: 'proxyro' }],
          obproxyInstallParam: {
            hostIds: hostIds.slice(0, hosts),
            sqlPort: 2883,
            exporterPort: 2884,
            version,
          },
        });
      times.push((await timed(post)) / hosts);
    }
    results.push(result(`(i) ${hosts} hosts: POST of a cluster, dry run`, 'ms/host', times, '<= at 50'));
  }
  return results;
}

/**
 * (i): GET of the document of such a task, which waits FAILED at its last subtask, against fetchHistory + describe.
 * The first GET of a task folds its whole history; the later ones read what is new.
 */
export async function documentOfManyHosts(
  { api, store, temporal }: { api: ApiClient; store: Store; temporal: TemporalHandle },
  rounds: number,
  most: number,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { hosts, rounds: enough, reads } of upTo(most)) {
    const first: number[] = [];
    const later: number[] = [];
    for (let round = 0; round < Math.min(rounds, enough); round++) {
      const taskId = await failedTask(hosts, store, temporal);
      const theirs: number[] = [];
      const ours: number[] = [];
      for (let i = 0; i < reads; i++) {
        theirs.push(await timed(() => historyOfAllRuns(temporal.client.workflow, taskWorkflowId(taskId))));
        ours.push(await timed(() => api.task(taskId)));
      }
      first.push((ours[0] ?? Number.NaN) / median(theirs));
      later.push(median(ours.slice(1)) / median(theirs.slice(1)));
    }
    const size = sizeText(hosts);
    results.push(
      result(`(i) ${size}: first GET / fetchHistory + describe`, 'ratio', first, '< 1.5'),
      result(`(i) ${size}: later GETs / fetchHistory + describe, p50`, 'ratio', later, '< 1.5'),
    );
  }
  return results;
}

/** Runs a task until it waits at its last subtask; answers its id. */
async function failedTask(hosts: number, store: Store, temporal: TemporalHandle): Promise<number> {
  const taskId = await store.sequences.next('task', 1);
  const subtasks = await store.sequences.next('subtask', subtasksOf(hosts));
  const plan = manyHostsPlan(hosts, taskId, subtasks, 'UpdateObproxyStatus');
  await store.transaction(async ({ tasks }) => {
    await tasks.add({ plan, workflowType: 'addObserver' });
    await tasks.markStarted(taskId);
  });
  await temporal.client.workflow.start('addObserver', {
    taskQueue: 'obflow',
    workflowId: taskWorkflowId(taskId),
    args: [plan],
  });
  // The row, not the API: nothing has read this task when the first GET comes.
  while ((await store.tasks.find(taskId))?.status !== 'FAILED') {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return taskId;
}

/** All that Temporal has of a task: describe, and the history of every run of its workflow, newest first. */
async function historyOfAllRuns(workflows: WorkflowClient, workflowId: string): Promise<void> {
  const { runId: newest } = await workflows.getHandle(workflowId).describe();
  let runId: string | undefined = newest;
  while (runId !== undefined) {
    const { events } = await workflows.getHandle(workflowId, runId).fetchHistory();
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
}
