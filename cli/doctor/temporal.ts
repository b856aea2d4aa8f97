import { temporal as protocol } from '@temporalio/proto';
import { millis } from '../../api/tasks/document/fold';
import { hasLiveWorker, liveWorkers } from '../../api/tasks/temporal/workers';
import type { RuntimeConfig } from '../../runtime/config';
import { devServerPort } from '../../runtime/devServerOwner';
import { connectTemporal, type TemporalHandle } from '../../runtime/temporal';
import { temporalIsConfigured } from '../../runtime/temporalPlace';
import { SEARCH_ATTRIBUTES } from '../../workflows/searchAttributes';
import { clock } from './database';
import { type Finding, ok, problem, problemOf, warning } from './finding';

const DAY = 86_400;
/** Documents of ended tasks are archived; this long their histories stay for questions. */
const FEW_DAYS = 7;

/** Looks at Temporal as API and worker of this environment would meet it. */
export async function temporal(config: RuntimeConfig): Promise<readonly Finding[]> {
  const own = !temporalIsConfigured();
  let handle: TemporalHandle;
  try {
    // The process that runs it may have got another port than the settings of this one name.
    const port = devServerPort(config.dataDir) ?? config.temporalPort;
    handle = await connectTemporal(own ? { address: `127.0.0.1:${port}` } : {});
  } catch (error) {
    const finding = problemOf('Temporal', error, 'Start it, or correct TEMPORAL_ADDRESS.');
    const next =
      'Is `obflow up` running? It starts a Temporal of its own; for another one set TEMPORAL_ADDRESS.';
    return [own ? { ...finding, next } : finding];
  }
  try {
    return await lookAt(handle, config);
  } finally {
    await handle.close();
  }
}

async function lookAt(handle: TemporalHandle, config: RuntimeConfig): Promise<readonly Finding[]> {
  const { connection, namespace, address } = handle;
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const reached = ok('Temporal', `${address}, server ${serverVersion}`);
  const described = await connection.workflowService.describeNamespace({ namespace }).catch(() => undefined);
  if (described === undefined) {
    return [
      reached,
      problem(
        'namespace',
        `There is no namespace "${namespace}", or this login may not see it.`,
        `Create it: temporal operator namespace create --retention 90d -n ${namespace}; or correct TEMPORAL_NAMESPACE.`,
      ),
    ];
  }
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return [
    reached,
    retention(namespace, seconds / DAY),
    ...(await Promise.all([searchAttributes(handle), workers(handle, config.taskQueue)])).flat(),
  ];
}

function retention(namespace: string, days: number): Finding {
  const message = `"${namespace}" keeps histories of ended tasks for ${days.toFixed(days < 1 ? 1 : 0)} days`;
  return days >= FEW_DAYS
    ? ok('namespace', message)
    : warning(
        'namespace',
        `${message}.`,
        `Documents and logs are archived anyway; to look at histories longer: temporal operator namespace update --retention 90d -n ${namespace}`,
      );
}

async function searchAttributes({ connection, namespace }: TemporalHandle): Promise<Finding> {
  const check = 'search attributes';
  try {
    const listed = await connection.operatorService.listSearchAttributes({ namespace });
    const known = listed.customAttributes ?? {};
    const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => known[name] === undefined);
    if (missing.length === 0) return ok(check, 'all are registered');
    const commands = missing.map(
      ({ name, type }) =>
        `temporal operator search-attribute create -n ${namespace} --name ${name} --type ${type === 'BOOL' ? 'Bool' : 'Keyword'}`,
    );
    return problem(
      check,
      `Missing: ${missing.map(({ name }) => name).join(', ')}.`,
      `The next start of obflow registers them, if it may; else: ${commands.join('; ')}`,
    );
  } catch (error) {
    return warning(
      check,
      `Cannot be listed (${error instanceof Error ? error.message : String(error)}).`,
      'Ask the operator of the server whether they are registered.',
    );
  }
}

const { TASK_QUEUE_TYPE_ACTIVITY } = protocol.api.enums.v1.TaskQueueType;

/** Live workers; and Temporal's clock, as far as it shows: by when it last heard of a poller. */
async function workers(handle: TemporalHandle, taskQueue: string): Promise<Finding[]> {
  // One that has just started is seen at a second look.
  const live = (await hasLiveWorker(handle, taskQueue)) ? await liveWorkers(handle, taskQueue) : 0;
  const found =
    live === 0
      ? problem(
          'workers',
          `No worker polls the task queue "${taskQueue}": tasks wait.`,
          'Start `obflow worker` (or `obflow up`); with other machines, compare OBFLOW_TASK_QUEUE and TEMPORAL_NAMESPACE.',
        )
      : ok(
          'workers',
          live === undefined ? 'this server cannot tell' : `${live} on the task queue "${taskQueue}"`,
        );
  const { pollers } = await handle.connection.workflowService.describeTaskQueue({
    namespace: handle.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
  });
  const heard = Math.max(0, ...(pollers ?? []).map(({ lastAccessTime }) => millis(lastAccessTime)));
  // It may be older by a long poll, but cannot lie in the future.
  const ahead = heard - Date.now();
  return ahead > 0 ? [found, clock('clock', "Temporal's", ahead)] : [found];
}
