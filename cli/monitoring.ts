import type { RunningApi } from '../api/server';
import type { RuntimeConfig } from '../runtime/config';
import { type CheckName, healthOf, type Readiness, readiness } from '../runtime/health';
import { gauge, startMetrics, upGauge } from '../runtime/metrics';
import { startMetricsServer } from '../runtime/metricsServer';
import type { TemporalHandle } from '../runtime/temporal';
import type { Store } from '../store/types';
import type { RunningWorker } from '../worker/main';
import { say } from './output';
import type { Shutdown } from './shutdown';

/** What a process that serves consists of. */
interface Parts {
  readonly config: RuntimeConfig;
  readonly store: Store;
  readonly temporal: TemporalHandle;
  readonly hosts: { connections(): Promise<number> };
  readonly worker: RunningWorker | undefined;
  readonly api: RunningApi | undefined;
}

const LOOK_MS = 2_000;
/** A worker that lacks one of them does nothing. */
const REQUIRED_BY_WORKER: readonly CheckName[] = ['database', 'temporal', 'worker'];

function workerReadiness({ store, temporal }: Parts, worker: RunningWorker): () => Promise<Readiness> {
  const health = healthOf({
    database: {
      look: () => store.obClusters.list({ page: 1, size: 1 }),
      whenDown: 'The database does not answer: running steps of tasks wait for it.',
    },
    temporal: {
      look: () =>
        temporal.connection.withDeadline(Date.now() + LOOK_MS, () =>
          temporal.connection.workflowService.getSystemInfo({}),
        ),
      whenDown: 'Temporal does not answer: this worker gets no work.',
    },
    worker: {
      look: async () => {
        if (!worker.isRunning()) throw new Error('not running');
      },
      whenDown: 'This worker takes no new work: it is starting, stopping, or has failed.',
    },
  });
  return async () => readiness(await health(), REQUIRED_BY_WORKER);
}

/** Gauges of the process, and with OBFLOW_METRICS_LISTEN the address where they and its readiness are served. */
export async function startMonitoring(parts: Parts, shutdown: Shutdown): Promise<void> {
  const { config, hosts, worker, api } = parts;
  startMetrics();
  gauge('obflow_ssh_connections', 'SSH connections to hosts that this process holds', [], async () => [
    { labels: {}, value: await hosts.connections() },
  ]);
  if (config.metricsListen === undefined) return;
  const ready = api?.ready ?? (worker && workerReadiness(parts, worker));
  if (ready === undefined) return;
  upGauge(async () => (await ready()).checks);
  const server = await startMetricsServer(config.metricsListen, ready);
  shutdown.add(undefined, () => server.stop());
  say(`Metrics: ${server.url}/metrics`);
}
