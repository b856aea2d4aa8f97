/** Every line of a worker about a task says which request it belongs to. */
import type { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptors, InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { LoggerSinks } from '@temporalio/workflow';
import type { Logger } from '../runtime/logger';
import { inTrace, type TraceFields } from '../runtime/trace';
import type { SubtaskInput, TaskStateChange } from '../workflows/plan';

/** The input of a subtask, or of the local activity that projects states. */
type Input = SubtaskInput | TaskStateChange;

function isInput(argument: unknown): argument is Input {
  return typeof argument === 'object' && argument !== null && 'traceId' in argument && 'taskId' in argument;
}

/** Runs an activity in the trace of its task and tells its beginning and end. */
export function traceInterceptor(logger: Logger): (context: Context) => ActivityInterceptors {
  return (context) => {
    let trace: TraceFields = {};
    return {
      inbound: {
        async execute(input, next) {
          const argument = input.args[0];
          if (!isInput(argument)) return next(input);
          const { traceId, taskId } = argument;
          const { activityType: activity, attempt } = context.info;
          trace = { ...(traceId === undefined ? {} : { traceId }), taskId, activity };
          if (!('subtaskId' in argument)) return inTrace(trace, () => next(input));
          const { subtaskId, run, name: subtask } = argument;
          trace = { ...trace, subtaskId, run };
          return inTrace(trace, () => told(logger, { subtask, attempt }, () => next(input)));
        },
      },
      // For the SDK's own lines about this activity.
      outbound: { getLogAttributes: (input, next) => next({ ...input, ...trace }) },
    };
  };
}

async function told<T>(logger: Logger, event: object, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  logger.info(event, 'subtask starts');
  const end = (how: object) => ({ ...event, ms: Math.round(performance.now() - since), ...how });
  try {
    const result = await work();
    logger.info(end({}), 'subtask succeeded');
    return result;
  } catch (error) {
    if (error instanceof CancelledFailure) logger.info(end({}), 'subtask cancelled');
    else logger.warn(end({ err: error }), 'subtask failed');
    throw error;
  }
}

/** What the SDK says of activities is said above, with more; 'Activity started' comes before the trace is known. */
function isSaidAlready(message: string, meta: Readonly<Record<string, unknown>>): boolean {
  if (message === 'Activity started') return true;
  return meta.subtaskId !== undefined && /^Activity (completed|failed)/.test(message);
}

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** How a line of the SDK is written at a level. */
export function sdkLine(logger: Logger, level: Level): (message: string, meta?: object) => void {
  return (message, meta) => {
    const { error, ...rest } = { ...(meta as Record<string, unknown> | undefined) };
    if (isSaidAlready(message, rest)) return;
    logger[level](error === undefined ? rest : { ...rest, err: error }, message);
  };
}

/**
 * Lines of workflows, with the trace id of the workflow's memo. The sink of this name is the only place where the
 * SDK hands over both.
 */
export function workflowLogSinks(logger: Logger): NonNullable<WorkerOptions['sinks']> {
  const level = (name: Level) => ({
    fn(info: { readonly memo?: Record<string, unknown> }, message: string, attributes?: object) {
      const { traceId, taskId } = info.memo ?? {};
      logger[name]({ ...attributes, traceId, taskId }, message);
    },
  });
  const sinks: InjectedSinks<LoggerSinks> = {
    defaultWorkerLogger: {
      trace: level('trace'),
      debug: level('debug'),
      info: level('info'),
      warn: level('warn'),
      error: level('error'),
    },
  };
  return sinks;
}
