import { TransientError } from '../../runtime/errors';
import { say, type Text } from '../../runtime/messages/catalogue';
import { pauseAfter } from '../lookPauses';
import type { SubtaskScope } from '../types';

/**
 * Waits until a server or zone that was told to stop leads nothing any more: the statement ends so, but one whose answer was
 * lost may not have. TransientError LeadersStay when that takes longer than `ms`.
 *
 * @param look how many leaders there are still
 */
export async function untilLeadersGone(
  scope: SubtaskScope,
  about: { readonly tried: Text; readonly where: string; readonly code: string; readonly ms: number },
  look: () => Promise<number>,
): Promise<void> {
  const started = Date.now();
  for (;;) {
    const count = await look();
    if (count === 0) return;
    if (Date.now() - started > about.ms) {
      const { tried, where, code } = about;
      const cameBack = say('server.leadersLeft', { count });
      const next = say('next.askedWhetherDone');
      throw new TransientError({ type: 'LeadersStay', code, tried, where, cameBack, next });
    }
    await scope.pause(pauseAfter(Date.now() - started));
  }
}
