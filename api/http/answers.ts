/** Parts that the declared answers of routes share. What they say stands in the API document, and tests hold answers to it. */
import { z } from 'zod';

/** A list whose handler may hand over a readonly one. */
export function listOf<T extends z.ZodType>(
  element: T,
): z.ZodType<readonly z.output<T>[], readonly z.input<T>[]> {
  return z.array(element);
}

/** A date as OCP writes it: ISO-8601 with milliseconds and a numeric offset. */
export const Time = z.string().meta({ format: 'date-time' });

/** A count, or an id that may be negative in a dry run. */
export const Whole = z.int();

/** `data` of a list that is not paged. */
export function contentsOf<T extends z.ZodType>(element: T) {
  return z.object({ contents: listOf(element) });
}

const PageFacts = z
  .object({
    number: Whole.describe('From 1.'),
    size: Whole,
    totalElements: Whole,
    totalPages: Whole,
  })
  .meta({ id: 'Page' });
export type PageFacts = z.output<typeof PageFacts>;

/** `data` of a paged list. */
export function pagedOf<T extends z.ZodType>(element: T) {
  return z.object({ contents: listOf(element), page: PageFacts });
}

/** For operations without data: the envelope has no `data` then. */
export const NoData = z.void();

const SubErrorDocument = z.object({
  object: z.string().exactOptional(),
  field: z.string().describe('As in the request, e.g. obLinks[0].clusterName; empty for the whole body.'),
  rejectedValue: z.unknown().exactOptional().describe('Left out for secrets and structures.'),
  message: z.string(),
});

const FACTS = {
  duration: Whole.min(0).describe('Milliseconds spent in the server.'),
  server: z.string().describe('Address of the API server that answered.'),
  status: Whole.describe('The same number as the HTTP status.'),
  timestamp: Time,
  traceId: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .describe(
      'Stands in every log line about the request. 16 hex digits, unless the request brought its own in x-trace-id.',
    ),
};

/** The documented envelope of a failure. */
export const ErrorAnswer = z
  .object({
    ...FACTS,
    successful: z.literal(false),
    error: z.object({
      code: z
        .union([z.string(), z.literal(0)])
        .describe(
          'A code of the OCP error table, e.g. TSK10016; the number 0 when throttled, as documented.',
        ),
      message: z.string().describe('What was wrong, and what to do.'),
      target: z.string().exactOptional(),
      heldBy: Whole.exactOptional().describe('Id of the task that holds what was asked for. Ours.'),
      subErrors: z.array(SubErrorDocument).exactOptional(),
    }),
  })
  .meta({ id: 'Error', description: 'Every answer that is no success.' });

/** The documented envelope of a success around `data`. */
export function envelopeOf(data: z.ZodType): z.ZodType {
  const facts = { ...FACTS, successful: z.literal(true) };
  return data === NoData ? z.object(facts) : z.object({ data, ...facts });
}
