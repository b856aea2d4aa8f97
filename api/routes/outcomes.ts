/** What became of something that every OBProxy of a cluster was to be told within a request. */
import { z } from 'zod';
import type { Said } from '../../runtime/messages/catalogue';
import type { ObproxyServerRow } from '../../store/types';
import { listOf, Whole } from '../http/answers';
import { type Language, spoken } from '../http/messages/language';

/** A list of it, one element an OBProxy; `meaning` says what each outcome is. */
export function outcomesOf<const Outcomes extends readonly [string, ...string[]]>(
  outcomes: Outcomes,
  meaning: string,
) {
  return listOf(
    z.object({
      obproxyServerId: Whole,
      hostId: Whole,
      ip: z.string(),
      sqlPort: Whole,
      outcome: z.enum(outcomes).describe(meaning),
      message: z.string(),
    }),
  );
}

/** An element of that list. */
export function outcomeDocument<Outcome extends string>(
  told: { readonly server: ObproxyServerRow; readonly outcome: Outcome; readonly message: Said },
  language: Language,
) {
  const { id, hostId, ip, sqlPort } = told.server;
  return {
    obproxyServerId: id,
    ...{ hostId, ip, sqlPort, outcome: told.outcome, message: spoken(told.message, language) },
  };
}
