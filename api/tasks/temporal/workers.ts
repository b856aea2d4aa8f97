import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { TemporalHandle } from '../../../runtime/temporal';
import { millis } from '../document/fold';

/** Workers report every second; a dead one stays listed. */
const FRESH_MS = 5_000;
const RUNNING = 1;
/** gRPC status UNIMPLEMENTED: servers before worker heartbeats. */
const UNIMPLEMENTED = 12;

/** A worker that has just started is listed with its first report. */
const SECOND_LOOK_MS = 1_200;

/**
 * Whether a live worker takes tasks of this queue (4 ms; 1.2 s when none does). `describeTaskQueue` would tell of
 * dead ones for minutes. True, too, where the server cannot say.
 */
export async function hasLiveWorker(temporal: TemporalHandle, taskQueue: string): Promise<boolean> {
  if ((await liveWorkers(temporal, taskQueue)) !== 0) return true;
  await delay(SECOND_LOOK_MS);
  return (await liveWorkers(temporal, taskQueue)) !== 0;
}

/** How many live workers take tasks of this queue; undefined where the server cannot say. */
export async function liveWorkers(
  { connection, namespace }: TemporalHandle,
  taskQueue: string,
): Promise<number | undefined> {
  try {
    const { workersInfo, workers } = await connection.withDeadline(Date.now() + 3_000, () =>
      connection.workflowService.listWorkers({ namespace, query: `TaskQueue = '${taskQueue}'` }),
    );
    const beats = (workersInfo ?? []).map((worker) => worker.workerHeartbeat);
    if (beats.length > 0) {
      return beats.filter(
        (beat) => beat?.status === RUNNING && Date.now() - millis(beat.heartbeatTime) < FRESH_MS,
      ).length;
    }
    // Newer servers leave the heartbeats out; then the status must do.
    return (workers ?? []).filter((worker) => worker.status === RUNNING).length;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === UNIMPLEMENTED) return undefined;
    throw error;
  }
}
