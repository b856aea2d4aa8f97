/**
 * What Temporal says of a workflow, decoded as far as a document is made of it. The whole of an event takes ten times as long:
 * most of it is the input of activities, and the objects that hold it.
 */
import { temporal } from '@temporalio/proto';
import { Field, Type } from 'protobufjs/light';
import type { TemporalHandle } from '../../../runtime/temporal';

/** Fields of a message by name; of a message inside it all, or these. */
type Fields = { readonly [name: string]: true | Fields };

/** What is decoded of a message: whoever reads another field does not compile. */
type Only<T, F> = T extends null | undefined
  ? T
  : F extends true
    ? T
    : T extends readonly (infer E)[]
      ? Only<E, F>[]
      : { [K in keyof F & keyof T]?: Only<T[K], F[K]> };

const NOTHING = {} as const;

const EVENT = {
  eventId: true,
  eventTime: true,
  workflowExecutionStartedEventAttributes: {
    input: true,
    continuedExecutionRunId: true,
    originalExecutionRunId: true,
    firstExecutionRunId: true,
  },
  workflowExecutionCompletedEventAttributes: NOTHING,
  workflowExecutionFailedEventAttributes: { failure: true },
  workflowExecutionTimedOutEventAttributes: NOTHING,
  workflowExecutionCanceledEventAttributes: NOTHING,
  workflowExecutionTerminatedEventAttributes: { identity: true, reason: true },
  workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: true },
  workflowExecutionCancelRequestedEventAttributes: { identity: true },
  workflowExecutionUpdateAcceptedEventAttributes: { protocolInstanceId: true, acceptedRequest: true },
  upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: true },
  workflowTaskScheduledEventAttributes: NOTHING,
  workflowTaskStartedEventAttributes: NOTHING,
  workflowTaskCompletedEventAttributes: NOTHING,
  workflowTaskTimedOutEventAttributes: NOTHING,
  workflowTaskFailedEventAttributes: NOTHING,
  activityTaskScheduledEventAttributes: { activityId: true },
  activityTaskStartedEventAttributes: { scheduledEventId: true, identity: true, attempt: true },
  activityTaskCompletedEventAttributes: { scheduledEventId: true, result: true },
  activityTaskFailedEventAttributes: { scheduledEventId: true, failure: true, retryState: true },
  activityTaskTimedOutEventAttributes: { scheduledEventId: true, failure: true, retryState: true },
  activityTaskCanceledEventAttributes: { scheduledEventId: true },
} as const;
const PAGE = { history: { events: EVENT }, nextPageToken: true } as const;
const DESCRIPTION = {
  workflowExecutionInfo: { execution: { runId: true }, historyLength: true },
  pendingActivities: {
    activityId: true,
    state: true,
    attempt: true,
    lastStartedTime: true,
    lastFailure: true,
    lastWorkerIdentity: true,
  },
} as const;

type PageRequest = temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryRequest;
export type HistoryEvent = Only<temporal.api.history.v1.IHistoryEvent, typeof EVENT>;
export type HistoryPage = Only<
  temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse,
  typeof PAGE
>;
export type Description = Only<
  temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse,
  typeof DESCRIPTION
>;

/** As Temporal's service names and takes them. Errors are those of gRPC. */
export interface HistoryService {
  describeWorkflowExecution(
    request: temporal.api.workflowservice.v1.IDescribeWorkflowExecutionRequest,
  ): Promise<Description>;
  getWorkflowExecutionHistory(request: PageRequest): Promise<HistoryPage>;
  getWorkflowExecutionHistoryReverse(
    request: temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryReverseRequest,
  ): Promise<HistoryPage>;
}

/** The message with these fields only, whose decoder skips all others. */
function lessOf(type: Type, fields: Fields): Type {
  const less = new Type(type.name);
  for (const [name, inside] of Object.entries(fields)) {
    const whole = type.fields[name]?.resolve();
    if (whole === undefined) throw new Error(`${type.fullName} has no field ${name}`);
    const field = new Field(name, whole.id, whole.type, whole.repeated ? 'repeated' : undefined);
    less.add(field);
    const { resolvedType } = whole;
    if (resolvedType === null) continue;
    // It is no member of a root, in which the name of its type could be looked up.
    field.resolvedType =
      inside !== true && resolvedType instanceof Type ? lessOf(resolvedType, inside) : resolvedType;
    field.resolved = true;
  }
  return less;
}

/** By the connection's own way of calling, with its metadata, deadlines and retries; only the answer is decoded here. */
export function historyService({ connection }: Pick<TemporalHandle, 'connection'>): HistoryService {
  const messages = temporal.api.workflowservice.v1;
  const ask = <Request extends { namespace?: string | null }, Answer>(
    name: 'DescribeWorkflowExecution' | 'GetWorkflowExecutionHistory' | 'GetWorkflowExecutionHistoryReverse',
    fields: Fields,
  ) => {
    const request = messages[`${name}Request`] as unknown as Type;
    let answer: Type | undefined;
    return (asked: Request): Promise<Answer> => {
      answer ??= lessOf(messages[`${name}Response`] as unknown as Type, fields);
      const decoder = answer;
      const call = () =>
        new Promise<Answer>((resolve, reject) => {
          connection.workflowService.rpcImpl?.(
            { name } as never,
            request.encode(asked as Record<string, unknown>).finish(),
            (error, bytes) => {
              if (error !== null || bytes === null || bytes === undefined) return reject(error);
              try {
                resolve(decoder.decode(bytes) as unknown as Answer);
              } catch (damaged) {
                reject(damaged as Error);
              }
            },
          );
        });
      // As the SDK does for every call of its own.
      return connection.withMetadata({ 'temporal-namespace': asked.namespace ?? '' }, call);
    };
  };
  return {
    describeWorkflowExecution: ask('DescribeWorkflowExecution', DESCRIPTION),
    getWorkflowExecutionHistory: ask('GetWorkflowExecutionHistory', PAGE),
    getWorkflowExecutionHistoryReverse: ask('GetWorkflowExecutionHistoryReverse', PAGE),
  };
}
