import { isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { PermanentError } from '../../../runtime/errors';
import { type Said, say } from '../../../runtime/messages/catalogue';
import type { TemporalHandle } from '../../../runtime/temporal';
import type { Tasks } from '../../../store/types';
import { taskWorkflowId } from '../../../workflows/ids';
import { GraphError } from '../../../workflows/interpreter/expansion';
import type { Plan } from '../../../workflows/plan';
import { SEARCH_ATTRIBUTES } from '../../../workflows/searchAttributes';
import { subtaskCount } from '../../../workflows/subtaskCount';
import { line } from '../../../workflows/webui/markdown';

const TIMEOUT_MS = 3_000;
/** Nobody else starts the task meanwhile, or closes it as never started; longer than the start may take. */
const CLAIM_MS = 5_000;
/** Temporal takes messages up to 4 MiB. The client sends a larger one again and again until its time is over. */
const MAX_PLAN_BYTES = 4_000_000;
/** gRPC statuses. */
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
/** Percent-encoded; Temporal refuses a summary over 400 bytes. */
const MAX_SUMMARY = 390;
const MAX_SUMMARY_PLACES = 4;
/** Percent-encoded. */
const MAX_PLACES = 1_500;

/** Where the task works, each place once. */
function placesOf({ place, places = {} }: Plan): string[] {
  const all = [
    ...(place === undefined ? [] : [place]),
    ...Object.values(places).flatMap((of) => Object.values(of)),
  ];
  return [...new Set(all)];
}

function obproxyClusterOf({ context, unshown }: Plan): string | undefined {
  return context.stringMap.obproxy_cluster_name ?? unshown?.stringMap.obproxy_cluster_name;
}

/** The Web UI renders it as markdown too. */
function summary(plan: Plan): string {
  const cluster = obproxyClusterOf(plan);
  const where = placesOf(plan).filter((place) => place !== cluster);
  const more = where.length - MAX_SUMMARY_PLACES;
  return line(
    [
      plan.name,
      ...(cluster === undefined ? [] : [cluster]),
      ...where.slice(0, MAX_SUMMARY_PLACES),
      ...(more > 0 ? [`${more} more`] : []),
    ].join(' · '),
    MAX_SUMMARY,
  );
}

/** Markdown for the Web UI. */
function details(plan: Plan): string {
  const { package_name: name, package_version: version } = plan.context.stringMap;
  const cluster = obproxyClusterOf(plan);
  return [
    `**${line(plan.name)}**, task ${plan.taskId}, asked for by ${line(plan.creator.name)} at ${plan.createTime}`,
    '',
    ...(cluster === undefined ? [] : [`- OBProxy cluster: ${line(cluster)}`]),
    ...(plan.cluster === undefined ? [] : [`- OceanBase cluster: ${line(plan.cluster.name)}`]),
    ...(name === undefined || version === undefined ? [] : [`- package: ${line(`${name}-${version}`)}`]),
    `- where: ${line(placesOf(plan).join(', '), MAX_PLACES) || 'no host'}`,
    `- subtasks: ${subtaskCount(plan)}`,
    `- document: \`GET /api/v2/tasks/instances/${plan.taskId}\` of obflow's API`,
    `- trace id: ${line(plan.traceId)}`,
  ].join('\n');
}

/**
 * Starts the workflow of a task; a second start of the same task does nothing.
 *
 * @throws PermanentError when Temporal has a workflow of that id which is of another installation, or when the plan is
 *   larger than any message to Temporal
 * @throws ServiceError when Temporal does not answer within 3 s
 */
export async function startTask(
  { client, connection }: TemporalHandle,
  taskQueue: string,
  plan: Plan,
  workflowType: string,
): Promise<void> {
  const workflowId = taskWorkflowId(plan.taskId);
  const bytes = Buffer.byteLength(JSON.stringify(plan));
  if (bytes > MAX_PLAN_BYTES) {
    throw new PermanentError({
      type: 'PlanTooLarge',
      tried: say('start.task', { task: plan.taskId }),
      cameBack: say('start.tooLarge', { bytes, limit: MAX_PLAN_BYTES }),
      next: say('next.fewerHosts'),
    });
  }
  const obproxyCluster = obproxyClusterOf(plan);
  const deadline = Date.now() + TIMEOUT_MS;
  try {
    await connection.withDeadline(deadline, () =>
      client.workflow.start(workflowType, {
        workflowId,
        taskQueue,
        args: [plan],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: summary(plan),
        staticDetails: details(plan),
        memo: { taskId: plan.taskId, traceId: plan.traceId, createTime: plan.createTime },
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.TaskState, value: 'RUNNING' },
          { key: SEARCH_ATTRIBUTES.NeedsOperator, value: false },
          { key: SEARCH_ATTRIBUTES.TaskName, value: plan.name },
          ...(plan.cluster === undefined
            ? []
            : [{ key: SEARCH_ATTRIBUTES.ObCluster, value: plan.cluster.name }]),
          ...(obproxyCluster === undefined
            ? []
            : [{ key: SEARCH_ATTRIBUTES.ObproxyCluster, value: obproxyCluster }]),
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { memo } = await connection.withDeadline(deadline, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    if (memo?.traceId === plan.traceId && memo.createTime === plan.createTime) return;
    throw new PermanentError({
      type: 'ForeignWorkflow',
      tried: say('start.task', { task: plan.taskId }),
      cameBack: say('start.otherDatabase', { workflow: workflowId }),
      next: say('next.ownNamespace'),
    });
  }
}

/**
 * Why a task can never start, for a person; undefined when trying again may help. Search attributes may be registered
 * later, so that Temporal does not know them now is no such reason.
 */
export function neverStarts(error: unknown): Said | undefined {
  if (error instanceof PermanentError) return error.said;
  if (error instanceof GraphError) return say('start.cannot', { reason: error.message });
  const refusal = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(refusal)) return undefined;
  const said = refusal.details || refusal.message;
  const invalid = refusal.code === INVALID_ARGUMENT && !/search ?attribute/i.test(said);
  const tooLarge = refusal.code === RESOURCE_EXHAUSTED && /larger than/i.test(said);
  return invalid || tooLarge ? say('start.refused', { said }) : undefined;
}

/**
 * Starts the workflow of a stored task and marks its row, unless another process is at it or the task is closed.
 *
 * @returns whether the task is known to be started by this call. Throws what `startTask` throws.
 */
export async function startStored(
  { temporal, taskQueue, tasks }: { temporal: TemporalHandle; taskQueue: string; tasks: Tasks },
  plan: Plan,
  workflowType: string,
): Promise<boolean> {
  const { taskId } = plan;
  if (!(await tasks.claimStart(taskId, CLAIM_MS))) return false;
  try {
    await startTask(temporal, taskQueue, plan, workflowType);
  } catch (error) {
    // A start that was not answered may still come true, so the claim then stands until its time is over.
    if (neverStarts(error) !== undefined) await tasks.releaseStart(taskId);
    throw error;
  }
  await tasks.markStarted(taskId);
  return true;
}
