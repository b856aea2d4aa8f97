import { temporal as protocol } from '@temporalio/proto';
import { gauge, upGauge } from '../../runtime/metrics';
import type { ApiServices } from '../route';
import { millis } from '../tasks/document/fold';
import { liveWorkers } from '../tasks/temporal/workers';

/** Counting 100 000 tasks is not for every scrape. */
const COUNT_MS = 10_000;
const DEADLINE_MS = 2_000;

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = protocol.api.enums.v1.TaskQueueType;
const QUEUES = { workflow: TASK_QUEUE_TYPE_WORKFLOW, activity: TASK_QUEUE_TYPE_ACTIVITY };

/** What Temporal says of the two queues that workers poll: tasks that wait, and for how long the oldest does. */
async function backlog({ temporal, config }: ApiServices) {
  const { connection, namespace } = temporal;
  return Promise.all(
    Object.entries(QUEUES).map(async ([kind, taskQueueType]) => {
      const { stats } = await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
        connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: config.taskQueue },
          taskQueueType,
          reportStats: true,
        }),
      );
      const { seconds, nanos } = stats?.approximateBacklogAge ?? {};
      return {
        labels: { kind },
        count: Number(stats?.approximateBacklogCount ?? 0),
        age: millis({ seconds: seconds ?? null, nanos: nanos ?? null }) / 1000,
      };
    }),
  );
}

/** Everything an API server looks up when Prometheus asks. Several servers tell the same of tasks, workers and queues. */
export function monitorApi(services: ApiServices): void {
  const { store, temporal, config, health } = services;
  let counted: { at: number; tasks: ReturnType<typeof store.tasks.counts> } | undefined;
  gauge('obflow_tasks', 'Tasks in the database', ['status', 'closed'], async () => {
    if (counted === undefined || Date.now() - counted.at > COUNT_MS) {
      counted = { at: Date.now(), tasks: store.tasks.counts() };
    }
    const tasks = await counted.tasks;
    const values = new Map<string, { labels: { status: string; closed: string }; value: number }>();
    for (const { status, closed, count } of tasks) {
      const key = `${status} ${closed}`;
      const before = values.get(key)?.value ?? 0;
      values.set(key, { labels: { status, closed: String(closed) }, value: before + count });
    }
    return [...values.values()];
  });
  gauge(
    'obflow_objects',
    'Hosts, OBProxies, OBServers, zones and clusters of OceanBase by recorded status and by what the last look saw',
    ['kind', 'status', 'observed'],
    async () =>
      (await store.observations.counts()).map(({ kind, status, observed, count }) => ({
        labels: { kind, status, observed },
        value: count,
      })),
  );
  gauge('obflow_workers', 'Live workers on the task queue', [], async () => {
    const value = await liveWorkers(temporal, config.taskQueue);
    return value === undefined ? [] : [{ labels: {}, value }];
  });
  gauge('obflow_task_queue_backlog', 'Tasks of Temporal that wait for a worker, about', ['kind'], async () =>
    (await backlog(services)).map(({ labels, count }) => ({ labels, value: count })),
  );
  gauge('obflow_task_queue_backlog_age_seconds', 'Age of the oldest of them, about', ['kind'], async () =>
    (await backlog(services)).map(({ labels, age }) => ({ labels, value: age })),
  );
  upGauge(health);
}
