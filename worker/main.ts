import { hostname } from 'node:os';
import { Runtime, type RuntimeOptions, Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { ActivityDeps } from '../activities/types';
import { ownAddress } from '../runtime/config';
import { createLogger, type Logger } from '../runtime/logger';
import { includeSdkMetrics } from '../runtime/metrics';
import { freePort } from '../runtime/ports';
import { nativeConnection, type TemporalHandle } from '../runtime/temporal';
import { workerIdentity } from '../workflows/ids';
import { readAtOnce, type WorkflowSource, workflowBundle } from './bundle';
import { failureInterceptor } from './errors';
import { measuringInterceptor } from './metrics';
import { sdkLine, traceInterceptor, workflowLogSinks } from './trace';

export interface WorkerDeps extends ActivityDeps {
  readonly temporal: TemporalHandle;
  readonly logger?: Logger;
  /** Default: the catalogue's. */
  readonly activities?: object;
  /** How many subtasks it runs together; default 100. */
  readonly activitySlots?: number;
  /** Default: the last build's bundle when it is fresh. */
  readonly workflows?: WorkflowSource;
  /** Called when the thread of its workflows has been started: that takes a while on another core. */
  readonly onLaunched?: () => void;
}

export interface RunningWorker {
  /** Takes nothing new, gives running activities 10 s to end by themselves, then cancels them. Repeatable. */
  drain(): Promise<void>;
  /** Takes new tasks. */
  isRunning(): boolean;
  /** Rejects when the worker ends without being asked to. */
  readonly failed: Promise<never>;
}

/** What a running step may take to end after a drain; the next worker takes up what did not. */
const GRACE = '10 s';
/** After this a worker whose activities ignore their cancellation ends all the same. */
const FORCE = '25 s';

let installed = false;

/** The SDK allows one Runtime in a process, before anything else of it is used. */
function installRuntime(logger: Logger, metricsPort: number | undefined): void {
  if (installed) return;
  installed = true;
  const levels = {
    trace: sdkLine(logger, 'trace'),
    debug: sdkLine(logger, 'debug'),
    info: sdkLine(logger, 'info'),
    warn: sdkLine(logger, 'warn'),
    error: sdkLine(logger, 'error'),
  };
  const options: RuntimeOptions = {
    logger: {
      ...levels,
      log: (level, message, meta) => levels[level.toLowerCase() as Lowercase<typeof level>](message, meta),
    },
    telemetryOptions: {
      logging: { forward: {}, filter: 'temporalio_sdk_core=WARN,temporalio_client=WARN' },
      ...(metricsPort === undefined ? {} : { metrics: sdkMetrics(metricsPort) }),
    },
    // The API asks for live workers before it sends a command; the default is a minute.
    workerHeartbeatInterval: '1 s',
    // One place decides what a signal does, and that is the command (cli/).
    shutdownSignals: [],
  };
  Runtime.install(options);
}

/** Named and measured as Prometheus has it: seconds, units and _total in the names. */
const sdkMetrics = (port: number) => ({
  prometheus: {
    bindAddress: `127.0.0.1:${port}`,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  },
});

/**
 * Starts a worker for workflows and activities on the configured task queue. Its options are measured ones: see the
 * comments.
 */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { config, temporal, logger = createLogger('worker', config.logLevel) } = deps;
  const metricsPort = config.metricsListen === undefined ? undefined : await freePort('127.0.0.1');
  installRuntime(logger, metricsPort);
  if (metricsPort !== undefined) includeSdkMetrics(`http://127.0.0.1:${metricsPort}/metrics`);
  const connection = await nativeConnection(temporal);
  const creating = Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: config.taskQueue,
    identity: workerIdentity(ownAddress(), process.pid, hostname()),
    ...readAtOnce(deps.workflows ?? workflowBundle()),
    activities: deps.activities ?? createActivities(deps),
    interceptors: { activity: [measuringInterceptor, traceInterceptor(logger), failureInterceptor] },
    sinks: workflowLogSinks(logger),
    // A workflow whose worker died waits this long for it before another one may take it; the default is 10 s.
    stickyQueueScheduleToStartTimeout: '1 s',
    // Cancel and a lost connection are noticed with the next heartbeat; the default throttles to 8 s.
    maxHeartbeatThrottleInterval: '500 ms',
    maxConcurrentActivityTaskExecutions: deps.activitySlots ?? 100,
    // Above the number of open tasks; below it every workflow task replays a history (5 times slower).
    maxCachedWorkflows: 1000,
    shutdownGraceTime: GRACE,
    shutdownForceTime: FORCE,
  });
  if (deps.onLaunched !== undefined) setImmediate(deps.onLaunched);
  const worker = await creating.catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });

  let draining = false;
  const ended = worker
    .run()
    .catch((error: unknown) => {
      if (!draining) throw error;
      logger.warn({ err: error }, 'the worker did not end in time; its activities go on at the next start');
    })
    .finally(() => connection.close());
  const failed = ended.then(async (): Promise<never> => {
    if (!draining) throw new Error('The worker ended by itself.');
    return new Promise<never>(() => undefined);
  });
  failed.catch(() => undefined);
  return {
    isRunning: () => worker.getState() === 'RUNNING',
    failed,
    async drain() {
      if (!draining) {
        draining = true;
        worker.shutdown();
      }
      await ended.catch(() => undefined);
    },
  };
}
