/** Operator commands as Temporal updates, and what their failures mean to the client. */

import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { Refusal } from '../../../operations/refusal';
import { say } from '../../../runtime/messages/catalogue';
import type { TemporalHandle } from '../../../runtime/temporal';
import { taskWorkflowId } from '../../../workflows/ids';
import { textOf } from '../../../workflows/interpreter/failures';
import type { CommandAnswer } from '../../../workflows/messages';
import { asText } from '../../../workflows/text';
import { hasLiveWorker } from './workers';

/** For the look for a worker and the update together, so that an answer comes within 5 s. */
const TIMEOUT_MS = 4_000;
/** OCP's code for "timeout". */
const UNAVAILABLE = 'COM10004';

export interface SentCommand {
  readonly taskId: number;
  readonly definition: UpdateDefinition<CommandAnswer, [unknown]>;
  readonly argument: {
    readonly subtaskId?: number;
    readonly who: string;
    readonly from?: string;
    readonly why?: string;
  };
  readonly requestId: string;
}

/** The same for every repetition of a request. */
export function updateIdOf(command: string, subtaskId: number | undefined, requestId: string): string {
  return [command, subtaskId ?? 'task', requestId].join('/');
}

/**
 * Sends the command and returns when the workflow has obeyed. The update id comes from the request id, so a
 * repeated request is one command, also after a timeout and after the task has closed.
 *
 * @returns false when the workflow takes no commands: it has closed, or is not started yet
 * @throws Refusal 400 with the code and text of the workflow's validator; 503 when no worker polls (nothing was
 *   sent) or none answered in time (it may still be obeyed)
 */
export async function sendCommand(
  temporal: TemporalHandle,
  taskQueue: string,
  command: SentCommand,
): Promise<boolean> {
  const { taskId, definition, argument, requestId } = command;
  const deadline = Date.now() + TIMEOUT_MS;
  const updateId = updateIdOf(definition.name, argument.subtaskId, requestId);
  try {
    if (!(await hasLiveWorker(temporal, taskQueue))) {
      throw new Refusal(503, UNAVAILABLE, say('worker.none', { queue: taskQueue }));
    }
    await temporal.connection.withDeadline(deadline, () =>
      temporal.client.workflow
        .getHandle(taskWorkflowId(taskId))
        .executeUpdate(definition, { args: [argument], updateId }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw asRefusal(error, taskId);
  }
}

function asRefusal(error: unknown, taskId: number): unknown {
  if (error instanceof Refusal) return error;
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) return error;
    const code = cause.type ?? 'TSK10016';
    const text = textOf(cause);
    const said = text === undefined ? cause.message : asText(text, cause.message);
    return new Refusal(code === 'TSK10001' ? 404 : 400, code, said);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new Refusal(
      503,
      UNAVAILABLE,
      say('command.noWorker', { seconds: TIMEOUT_MS / 1000, task: taskId }),
    );
  }
  return temporalRefusal(error);
}

/** A gRPC error becomes a 503 that names it; anything else stays what it is. */
export function temporalRefusal(error: unknown): unknown {
  if (!isGrpcServiceError(error)) return error;
  return new Refusal(503, UNAVAILABLE, say('temporal.away', { reason: error.details || error.message }));
}
