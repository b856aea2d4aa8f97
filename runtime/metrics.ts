/** What this process tells Prometheus. Names and labels are a promise to dashboards; docs/monitoring.md lists them. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Health } from './health';
import { obflowVersion } from './version';

/** Everything obflow counts itself; one for the process, however many servers it runs. */
const metrics = new Registry();
const registers = [metrics];

/** From what a list takes to an upload of some hundred megabytes. */
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
/** From a look at a row to an installation. */
const SUBTASK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];
const WAIT_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];
const LOGIN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

export const httpSeconds = new Histogram({
  name: 'obflow_http_request_duration_seconds',
  help: 'Requests by method, route template and status; streams of events are left out',
  labelNames: ['method', 'route', 'status'],
  buckets: HTTP_SECONDS,
  registers,
});
export const subtaskSeconds = new Histogram({
  name: 'obflow_subtask_duration_seconds',
  help: 'Attempts of activities by what came of them: succeeded, failed (an operator is needed), retried, cancelled',
  labelNames: ['activity', 'outcome'],
  buckets: SUBTASK_SECONDS,
  registers,
});
export const subtasksRunning = new Gauge({
  name: 'obflow_subtasks_running',
  help: 'Activities that this worker runs now',
  registers,
});
export const queueWaitSeconds = new Histogram({
  name: 'obflow_subtask_queue_wait_seconds',
  help: 'From when an activity could start until a worker began it',
  buckets: WAIT_SECONDS,
  registers,
});
export const sshLoginSeconds = new Histogram({
  name: 'obflow_ssh_login_duration_seconds',
  help: 'SSH logins to hosts: connected, or refused (whatever the reason)',
  labelNames: ['outcome'],
  buckets: LOGIN_SECONDS,
  registers,
});

export const lookSeconds = new Histogram({
  name: 'obflow_look_duration_seconds',
  help: 'Rounds of the background look at hosts, OBProxies and OBServers; of all workers one makes them',
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80],
  registers,
});
export const statusChanges = new Counter({
  name: 'obflow_status_changes_total',
  help: 'Statuses that the background look of this worker has changed, because it saw so',
  labelNames: ['kind', 'from', 'to'],
  registers,
});

/** What is looked up when Prometheus asks; `look` must be quick and may fail, then the value is left out. */
export function gauge(
  name: `obflow_${string}`,
  help: string,
  labelNames: readonly string[],
  look: () => Promise<readonly { readonly labels: Record<string, string>; readonly value: number }[]>,
): void {
  metrics.removeSingleMetric(name);
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers,
    async collect() {
      this.reset();
      for (const { labels, value } of await look().catch(() => [])) this.set(labels, value);
    },
  });
}

/** The checks of /readyz. */
export function upGauge(health: () => Promise<Health>): void {
  gauge('obflow_up', 'Whether a part can be had, as /readyz shows it', ['check'], async () =>
    Object.entries(await health()).map(([check, { status }]) => ({
      labels: { check },
      value: status === 'up' ? 1 : 0,
    })),
  );
}

let started = false;

/**
 * Adds what Node and the operating system say of this process; once. It never ends: its watch of the event loop
 * keeps what called it in memory, so it belongs to a process and not to each server in it.
 */
export function startMetrics(): void {
  if (started) return;
  started = true;
  collectDefaultMetrics({ register: metrics });
  new Gauge({
    name: 'obflow_build_info',
    help: 'Always 1; the labels say what runs',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: obflowVersion(), node: process.version }, 1);
}

export const CONTENT_TYPE = metrics.contentType;

/** Where the SDK of this process's worker serves its own metrics; on loopback, for this process alone. */
let sdkUrl: string | undefined;
export function includeSdkMetrics(url: string): void {
  sdkUrl = url;
}

/** Everything in Prometheus' text format. */
export async function metricsText(): Promise<string> {
  const [own, sdk] = await Promise.all([metrics.metrics(), sdkMetrics()]);
  return sdk === '' ? own : `${own}\n${sdk}`;
}

async function sdkMetrics(): Promise<string> {
  if (sdkUrl === undefined) return '';
  const answer = await fetch(sdkUrl, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  return answer?.ok === true ? answer.text() : '';
}
