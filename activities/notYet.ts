/**
 * Long waits: an attempt that looks, finds it not yet so, and ends; Temporal holds the wait until the next one. It costs
 * no slot of a worker and no event of the history, and looks are not counted.
 */
import { activityInfo, type Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { inEnglish, type Said } from '../workflows/text';
import { kept } from './said';
import type { BufferedLog } from './subtaskLog';

/** Type of the failure by which an attempt says that it is not yet so. */
export const NOT_YET = 'NotYet';

/**
 * Seconds until the second look; then a tenth longer each time, at most a minute: what was waited for is seen a tenth of the wait
 * late, not half of it. The first ten minutes are 44 looks, a week is 10 114.
 */
const FIRST_PAUSE = 1;
const GROWTH = 1.1;
const LONGEST_PAUSE = 60;
/** So long before its time is over it looks a last time. */
const LAST_LOOK_MS = 2_000;
/** What goes on unchanged is said again after so long. */
const AGAIN_MS = 3_600_000;
/** The server cuts the last failure of an open activity at 4 KiB. */
const MAX_TEXT = 3_000;
/** Bytes of key and arguments. */
const MAX_ARGUMENTS = 1_000;

/** Thrown by `scope.notYet`. */
export class NotYet extends Error {
  readonly afterSeconds: number | undefined;

  /** The message, to be said in the language of who reads it. */
  readonly said: Said;

  constructor(said: Said, afterSeconds?: number) {
    super(inEnglish(said));
    this.name = NOT_YET;
    this.said = said;
    this.afterSeconds = afterSeconds;
  }
}

/** What a wait has written into its log, handed on by the heartbeat details: the log says what is new. */
export interface Told {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the attempts before have said; undefined when this is not a wait that goes on. */
export function toldBefore(): Told | undefined {
  const details: unknown = activityInfo().heartbeatDetails;
  if (typeof details !== 'object' || details === null || !('text' in details) || !('at' in details)) {
    return undefined;
  }
  const { text, at } = details;
  return typeof text === 'string' && typeof at === 'number' ? { text, at } : undefined;
}

/** Seconds until look number `look`, from 2 on. */
export function pauseBefore(look: number): number {
  return Math.min(FIRST_PAUSE * GROWTH ** (look - 2), LONGEST_PAUSE);
}

/** The failure that Temporal waits after, and what is said from now on. Writes what is new into the log. */
export function notYetFailure(
  { info }: Context,
  log: BufferedLog,
  { said, afterSeconds }: NotYet,
  before: Told | undefined,
): { failure: ApplicationFailure; told: Told } {
  const { en, text: sent } = kept(said, log.mask, MAX_ARGUMENTS);
  const text = en.slice(0, MAX_TEXT);
  const now = Date.now();
  const isNew = before === undefined || before.text !== text || now - before.at >= AGAIN_MS;
  if (isNew) log.info(said);
  const wished = (afterSeconds ?? pauseBefore(info.attempt + 1)) * 1000;
  const left = info.scheduledTimestampMs + info.scheduleToCloseTimeoutMs - now - LAST_LOOK_MS;
  const failure = ApplicationFailure.create({
    message: text,
    type: NOT_YET,
    nonRetryable: false,
    details: sent === undefined ? [] : [{ text: sent }],
    // Of no interest to who counts failures.
    category: ApplicationFailureCategory.BENIGN,
    // Temporal fails at once what would look again after its time is over.
    nextRetryDelay: left > 0 ? Math.min(wished, left) : wished,
  });
  failure.stack = `${NOT_YET}: ${text}`;
  return { failure, told: isNew ? { text, at: now } : before };
}
