import { z } from 'zod';

export type Json = Record<string, unknown>;

/** Whether the schema is of a body or of parameters that a client sends, or of what it gets. */
export type Direction = 'body' | 'parameters' | 'answer';

/**
 * A value in a URL is text, and its zod schema checks that text; `.meta({ wire: … })` says what is written there. Rules
 * that need code stay out of the document, their texts come with the refusal.
 */
function asWritten(jsonSchema: Json): void {
  // What every JSON number has, and no rule of ours.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  const { wire, description } = jsonSchema;
  if (typeof wire !== 'object' || wire === null) return;
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, wire, description === undefined ? {} : { description });
}

/** A field that may be left out may be null as well: many clients send every field they know. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== 'object' || value === null) return value;
  const schema = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withNulls(part)]));
  const { type, properties, required } = schema;
  if (type !== 'object' || typeof properties !== 'object' || properties === null) return schema;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [
        name,
        needed.includes(name) ? field : orNull(field),
      ]),
    ),
  };
}

function orNull(schema: Json): Json {
  const { description, default: byDefault, ...rest } = schema;
  return {
    anyOf: [rest, { type: 'null' }],
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  };
}

function hoisted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hoisted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === '$ref' && typeof field === 'string'
        ? field.replace('#/$defs/', '#/components/schemas/')
        : hoisted(field),
    ]),
  );
}

/**
 * JSON schemas (2020-12, the dialect of OpenAPI 3.1) of zod schemas. Those with a `.meta({ id })` become components,
 * written once and referred to.
 */
export class SchemaBook {
  readonly components: Json = {};

  /**
   * @param closed answers may have no field beyond the declared ones: for tests. Published, objects are open, so that
   *   clients made from the document accept fields of later versions.
   */
  constructor(private readonly closed = false) {}

  of(schema: z.ZodType, direction: Direction): Json {
    const made = z.toJSONSchema(schema, {
      io: this.closed && direction === 'answer' ? 'output' : 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => asWritten(jsonSchema),
    });
    const shown = direction === 'body' ? withNulls(made) : made;
    const { $schema: _dialect, $defs = {}, ...json } = shown as Json & { $defs?: Json };
    for (const [name, part] of Object.entries($defs)) this.components[name] ??= hoisted(part);
    return hoisted(json) as Json;
  }
}
