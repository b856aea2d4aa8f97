import { z } from 'zod';
import type { Observation } from '../../store/types';
import { Time } from '../http/answers';
import { ocpTime } from '../http/time';

/** Ours: what the last look at a host or a service saw, beside its recorded status. */
export const Observed = z
  .object({
    state: z
      .enum(['ALIVE', 'SILENT', 'GONE', 'UNKNOWN'])
      .describe(
        'ALIVE: it answers. SILENT: it is there and does not answer. GONE: its process is gone. UNKNOWN: it could not be asked.',
      ),
    by: z
      .enum(['METRICS', 'SQL', 'SSH'])
      .exactOptional()
      .describe('What told so: its metrics port, its SQL port (an OBServer: its cluster), its host by SSH.'),
    reason: z.string().exactOptional().describe('Why it is not ALIVE, or what is odd about it.'),
    since: Time.describe('When the state became what it is.'),
    lookTime: Time.describe(
      'Of the last look that was written down: at every change, else about every minute.',
    ),
    lastSeenTime: Time.exactOptional().describe('When it was last ALIVE.'),
  })
  .meta({ id: 'Observed' });
export type ObservedDocument = Readonly<z.output<typeof Observed>>;

export function observedDocument({
  state,
  by,
  reason,
  since,
  lookTime,
  lastSeenTime,
}: Observation): z.input<typeof Observed> {
  return {
    state,
    ...(by === null ? {} : { by }),
    ...(reason === null ? {} : { reason }),
    since: ocpTime(since),
    lookTime: ocpTime(lookTime),
    ...(lastSeenTime === null ? {} : { lastSeenTime: ocpTime(lastSeenTime) }),
  };
}

/** The field of a document: absent before the first look. */
export function observedField(seen: Observation | undefined): { observed?: z.input<typeof Observed> } {
  return seen === undefined ? {} : { observed: observedDocument(seen) };
}
