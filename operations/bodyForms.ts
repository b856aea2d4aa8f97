/** Bodies that OCP publishes, or that clients send, in more than one form. */
import { z } from 'zod';

/** The form that counts, and how many leading parts of a fault's path the client's form does not have. */
export interface TakenForm {
  readonly body: unknown;
  readonly hidden: number;
}

/**
 * A body of several forms: `formOf` brings each into the one that `schema` checks, and faults name the fields as the client
 * wrote them. `forms` is what the API document shows.
 */
export function bodyForms<S extends z.ZodType>(
  schema: S,
  formOf: (body: unknown) => TakenForm,
  forms: readonly [z.ZodType, ...z.ZodType[]],
) {
  const { $schema: _dialect, ...wire } = z.toJSONSchema(z.union(forms), {
    io: 'input',
    unrepresentable: 'any',
  });
  return z
    .unknown()
    .transform((raw, context): z.output<S> => {
      const { body, hidden } = formOf(raw);
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) {
        context.issues.push({ ...issue, path: issue.path.slice(hidden), input: raw } as z.core.$ZodRawIssue);
      }
      return z.NEVER;
    })
    .meta({ wire });
}
