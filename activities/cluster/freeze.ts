/**
 * MINOR FREEZE, sent once: what the checkpoint has to pass is noted before the statement, so that an attempt after a crash or a lost
 * answer looks whether it has taken effect.
 */
import { say } from '../../runtime/messages/catalogue';
import type { SubtaskScope } from '../types';
import { isSqlTrouble } from './cluster';

export interface FreezeNote {
  /** Seconds since 1970 by the cluster's clock: a checkpoint later than that has everything of before. */
  readonly frozenAt: number;
  /** Its answer has come. Absent: nobody knows whether it was sent. */
  readonly sent?: boolean;
}

/** What the servers say of the freeze: all of them have come past it, not all have, or their version does not tell. */
export type Frozen = 'passed' | 'behind' | 'untold';

/** The same of one server, by its checkpoint. */
export function frozen(checkpoint: number | undefined, since: number): Frozen {
  if (checkpoint === undefined) return 'untold';
  return checkpoint < since ? 'behind' : 'passed';
}

export interface Freeze {
  readonly sql: string;
  /** Of this task; without `frozenAt` when it has not begun. */
  readonly note: Partial<FreezeNote> | undefined;
  save(note: FreezeNote): Promise<void>;
  /** The cluster's clock. */
  time(): Promise<number>;
  send(): Promise<void>;
  look(since: number): Promise<Frozen>;
}

/**
 * Nobody waits in vain for a freeze: what the cluster does not tell, or refuses, is a warning, because the log holds what is in
 * memory. What fails on the host is none: a note that cannot be written is missed by an undo.
 */
export async function freezeIfAnswered(scope: SubtaskScope, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!isSqlTrouble(error)) throw error;
    scope.log.warn(say('observer.readsMoreLog', { said: error.said }));
  }
}

/** A freeze that was sent shows within so long, as a rule; one that was not shows never. */
const LOOK_MS = 5_000;

/** Resolves to when it was sent, by the cluster's clock. */
export async function freezeOnce(scope: SubtaskScope, freeze: Freeze): Promise<number> {
  const { note, sql } = freeze;
  const noted = note?.frozenAt;
  if (noted !== undefined) {
    if (note?.sent === true) return noted;
    if (await tookEffect(scope, freeze, noted)) {
      await freeze.save({ frozenAt: noted, sent: true });
      return noted;
    }
  }
  const frozenAt = await freeze.time();
  await freeze.save({ frozenAt });
  scope.log.info(sql);
  await freeze.send();
  await freeze.save({ frozenAt, sent: true });
  return frozenAt;
}

/** Of one that an earlier attempt may have sent. Where nobody tells it is not sent again: the log holds what is in memory. */
async function tookEffect(scope: SubtaskScope, { look }: Freeze, since: number): Promise<boolean> {
  const begun = Date.now();
  for (let looks = 0; ; looks += 1) {
    const frozen = await look(since);
    if (frozen !== 'behind') {
      scope.log.info(frozen === 'passed' ? say('freeze.wasSent') : say('freeze.untold'));
      return true;
    }
    if (Date.now() - begun > LOOK_MS) return false;
    await scope.pause(Math.min(100 * 1.5 ** looks, 1_000));
  }
}
