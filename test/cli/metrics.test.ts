import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TemporalHandle } from '../../runtime/temporal';
import { type ObflowProcess, startObflow } from '../../sandbox/stack/process';
import { metricsNamed } from '../support/monitoring';
import { testTemporal } from '../support/temporal';
import { until } from '../support/until';

const PASSWORD = 'Planted.Adm1n+pass';
const authorization = `Basic ${btoa(`admin:${PASSWORD}`)}`;

let folder: string;
let temporal: TemporalHandle;
const started: ObflowProcess[] = [];
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'obflow-metrics-'));
  temporal = await testTemporal();
});
afterAll(async () => {
  await Promise.all(started.map((part) => part.kill()));
  await temporal.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function obflow(command: string): ObflowProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OBFLOW_|TEMPORAL_)/.test(name));
  const environment = {
    ...Object.fromEntries(inherited),
    OBFLOW_DATA_DIR: path.join(folder, 'data'),
    OBFLOW_LISTEN: '127.0.0.1:0',
    OBFLOW_METRICS_LISTEN: '127.0.0.1:0',
    OBFLOW_ADMIN_PASSWORD: PASSWORD,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
  };
  const part = startObflow([command], environment, path.join(folder, `${command}.log`));
  started.push(part);
  return part;
}

const scrape = async (url: string): Promise<string> => (await fetch(url)).text();
const metricsUrl = async (part: ObflowProcess) =>
  (await part.line(/^Metrics: http/)).slice('Metrics: '.length);

test('after a task, API and worker tell Prometheus what the documentation promises', async () => {
  const api = obflow('api');
  const url = (await api.line(/^ready: http/)).slice('ready: '.length);
  const worker = obflow('worker');
  await worker.line(/^ready: worker/);

  const created = await fetch(`${url}/api/v2/obproxy/clusters`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'watched',
      address: '10.0.0.1',
      port: 2883,
      workMode: 'CONFIG_URL',
      obLinks: [],
    }),
  });
  const { data, error } = (await created.json()) as { data?: { id: number }; error?: unknown };
  expect(error).toBeUndefined();
  await until('the task has ended', async () => {
    const answer = await fetch(`${url}/api/v2/tasks/instances/${data?.id}`, { headers: { authorization } });
    return ((await answer.json()) as { data: { status: string } }).data.status === 'SUCCESSFUL';
  });

  const workerUrl = await metricsUrl(worker);
  const ofWorker = await scrape(workerUrl);
  for (const promised of [
    /^obflow_subtask_duration_seconds_bucket{le="1",activity="\w+",outcome="succeeded"} [1-9]/m,
    /^obflow_subtask_queue_wait_seconds_count [1-9]/m,
    /^obflow_subtasks_running 0$/m,
    /^obflow_ssh_connections 0$/m,
    /^# TYPE obflow_ssh_login_duration_seconds histogram$/m,
    /^obflow_build_info{version="[\d.]+",node="v\d+[\d.]+"} 1$/m,
    /^obflow_up{check="temporal"} 1$/m,
    /^process_resident_memory_bytes \d+/m,
    /^nodejs_eventloop_lag_seconds /m,
    /^temporal_workflow_completed_total{.*} 1$/m,
    /^temporal_activity_schedule_to_start_latency_seconds_bucket{/m,
    /^temporal_workflow_task_schedule_to_start_latency_seconds_count{/m,
    /^temporal_worker_task_slots_available{/m,
  ]) {
    expect(ofWorker).toMatch(promised);
  }

  const apiUrl = await metricsUrl(api);
  expect(apiUrl).not.toContain(url);
  const promisedByApi = [
    /^obflow_tasks{status="SUCCESSFUL",closed="true"} 1$/m,
    /^obflow_http_request_duration_seconds_count{method="POST",route="\/api\/v2\/obproxy\/clusters",status="200"} 1$/m,
    /^obflow_workers 1$/m,
    /^obflow_task_queue_backlog{kind="workflow"} \d+$/m,
    /^obflow_task_queue_backlog_age_seconds{kind="activity"} /m,
    /^obflow_up{check="worker"} 1$/m,
  ];
  // The row is closed a moment after the workflow has ended, the worker is listed a moment after its start, and both are
  // looked up every 10 s.
  let ofApi = '';
  await until(
    'tasks and workers are counted',
    async () => {
      ofApi = await scrape(apiUrl);
      return promisedByApi.every((promised) => promised.test(ofApi));
    },
    40_000,
  ).catch(() => undefined);
  for (const promised of promisedByApi) expect(ofApi).toMatch(promised);
  // What rules and dashboard in monitoring/ ask for is there; Prometheus' own apart, and what only a failure brings.
  const elsewhere = /^(up$|prometheus_)|^temporal_workflow_task_execution_failed_total$/;
  const named = metricsNamed().filter((name) => !elsewhere.test(name));
  expect(named.length).toBeGreaterThan(10);
  const exported = `${ofApi}\n${ofWorker}`;
  expect(named.filter((name) => !new RegExp(`^# TYPE ${name} `, 'm').test(exported))).toEqual([]);
  const behindLogin = await fetch(`${url}/metrics`, { headers: { authorization } });
  expect(await behindLogin.text()).toContain('obflow_http_request_duration_seconds_count');

  const ready = await fetch(workerUrl.replace('/metrics', '/readyz'));
  const up = { status: 'up', took: expect.any(Number) };
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ready', checks: { database: up, temporal: up, worker: up } },
  ]);
  expect((await fetch(workerUrl.replace('/metrics', '/healthz'))).status).toBe(200);
});
