import { hostname } from 'node:os';
import { Context } from '@temporalio/activity';
import { PermanentError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { ownTurn } from '../runtime/ownTurn';
import type { SubtaskInput, SubtaskResult } from '../workflows/plan';
import { CANCELLED, finalLine } from '../workflows/subtaskLines';
import { failureOf, failureText } from './failures';
import { NotYet, notYetFailure, type Told, toldBefore } from './notYet';
import { openScope } from './scope';
import { type BufferedLog, openSubtaskLog } from './subtaskLog';
import type { ActivityDeps, Needs, OpenScope, Subtask } from './types';
import { keepWarnings } from './warnings';

const HEARTBEAT_MS = 1_000;

/**
 * One execution of a subtask as a Temporal activity: heartbeats, log, cancellation and the mapping of errors. The log is
 * stored before the activity ends, so who sees the subtask's state also sees why.
 */
export async function execute(
  deps: ActivityDeps,
  input: SubtaskInput,
  keys: Needs,
  work: (scope: OpenScope) => Promise<SubtaskResult | undefined>,
): Promise<SubtaskResult | null> {
  await ownTurn();
  const context = Context.current();
  const log = openSubtaskLog(deps.store.tasks, input);
  const before = toldBefore();
  // The details of the last heartbeat are what the next attempt gets.
  const beat = setInterval(() => context.heartbeat(before), HEARTBEAT_MS);
  const cancelledByOperator = () => context.cancellationDetails?.cancelRequested === true;
  const scope = openScope(deps, input, keys, log, {
    signal: context.cancellationSignal,
    cancelledByOperator,
    askedAgain: input.run > 1 && context.info.attempt === 1,
    goesOn: before !== undefined,
  });
  try {
    const { attempt } = context.info;
    if (attempt > 1 && before === undefined)
      log.info(say('subtask.attempt', { attempt, host: hostname(), pid: process.pid }));
    if (input.conflict !== undefined) {
      throw new PermanentError({
        type: 'ContextConflict',
        tried: say('subtask.startNamed', { name: input.name }),
        cameBack: input.conflict,
        next: say('next.correctConflict'),
      });
    }
    const result = await work(scope);
    await keepWarnings(deps.store.tasks, input, attempt, log.warnings);
    log.info(finalLine(input, 'SUCCESSFUL'));
    await log.close();
    return result ?? null;
  } catch (error) {
    return await ended(context, log, input, error, cancelledByOperator(), before);
  } finally {
    clearInterval(beat);
  }
}

/** Writes how the execution ended and throws what Temporal is to record. */
async function ended(
  context: Context,
  log: BufferedLog,
  input: SubtaskInput,
  error: unknown,
  cancelled: boolean,
  before: Told | undefined,
): Promise<never> {
  // A wait that was cut off fails in many ways; only what a person must act on is worth more than "cancelled".
  if (context.cancellationSignal.aborted && !(error instanceof PermanentError)) {
    if (cancelled) {
      log.warn(CANCELLED);
      log.error(finalLine(input, 'FAILED'));
    } else {
      log.warn(say('worker.stops'));
    }
    await log.close().catch(() => undefined); // how it ended matters more than its log
    return await context.cancelled; // rejects with CancelledFailure
  }
  if (error instanceof NotYet) {
    const { failure, told } = notYetFailure(context, log, error, before);
    await log.close().catch(() => undefined);
    context.heartbeat(told);
    throw failure;
  }
  const failure = failureOf(error, log.mask);
  if (failure.nonRetryable === true) {
    log.error(failureText(error));
    log.error(finalLine(input, 'FAILED'));
  } else {
    log.warn(say('subtask.triedAgain', { failure: failureText(error), attempt: context.info.attempt }));
  }
  await log.close().catch(() => undefined);
  throw failure;
}

/** The activity functions of one subtask: `<Type>` and `<Type>.rollback`. */
export function activitiesOf(deps: ActivityDeps, subtask: Subtask) {
  const { activity, keys } = subtask;
  return {
    [activity]: (input: SubtaskInput) => execute(deps, input, keys, (scope) => subtask.run(scope)),
    [`${activity}.rollback`]: (input: SubtaskInput) =>
      execute(deps, input, keys, async (scope) => {
        await subtask.rollback(scope);
        return undefined;
      }),
  };
}
