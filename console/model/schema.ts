/** A form out of a JSON schema, as the API's own document (/openapi.json) holds it. Pure. */
import { commandWords } from '../../cli/operation/words';

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly not?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

export interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly 'x-permission'?: string;
  readonly 'x-operation'?: { readonly id: string; readonly command?: string | null };
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>;
  };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, JsonSchema>> };
}

/** What a page offers to do: every operation of the catalogue, and what else changes clusters and hosts. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly permission: string | undefined;
  /** Names of the path's own parameters, in order. */
  readonly pathParameters: readonly string[];
  readonly body: JsonSchema | undefined;
  /** What its URL may ask beside its path, as fields of a form; `dryRun`, `look` and `confirm` are the form's own affair. */
  readonly query: JsonSchema | undefined;
  /** Its URL has to repeat the name of what is lost. */
  readonly confirm: boolean;
  /** Behind `obflow`, without the ids of its path; undefined: it has no command. */
  readonly command: readonly string[] | undefined;
  /** It can be asked first what would happen. */
  readonly dryRun: boolean;
  /** Deletes something: a name is asked for before. */
  readonly destructive: boolean;
}

/** Not offered: other forms of the same, and what is always refused. */
const ASIDE = /older form|\(refused\)/i;
/** Neither: looks, which have buttons, and files with a command of their own. */
const ELSEWHERE = /\/(check|inventory)$/;
/** Last words of paths that take something away, whatever it is. */
const DESTRUCTIVE = /delete|forget|remove|offline|moveOut/i;
/** Where pages are that offer things: what has a dry run is offered anyway. */
const PAGES = /^\/api\/v2\/(obproxy\/clusters|ob\/clusters|compute\/hosts)\b/;

/** Everything that pages offer, in the order of the document. */
export function operationsOf(document: OpenApi): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const parameters = operation.parameters ?? [];
      const dryRun = parameters.some(({ name }) => name === 'dryRun');
      const offered = dryRun || (method !== 'get' && PAGES.test(path));
      if (!offered || ASIDE.test(operation.summary) || ELSEWHERE.test(path)) continue;
      const schema = operation.requestBody?.content?.['application/json']?.schema;
      found.push({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        tag: operation.tags[0] ?? '',
        summary: operation.summary,
        description: operation.description ?? '',
        permission: operation['x-permission'],
        pathParameters: parameters.filter((one) => one.in === 'path').map(({ name }) => name),
        body: schema === undefined ? undefined : plain(resolved(schema, document)),
        query: queryOf(parameters),
        confirm: parameters.some(({ name, in: where }) => name === 'confirm' && where === 'query'),
        command: commandOf(operation, path),
        dryRun,
        destructive: method === 'delete' || DESTRUCTIVE.test(path.split('/').at(-1) ?? ''),
      });
    }
  }
  return found;
}

/** Ids by commas are several of what they name. */
const BY_COMMAS = /,\\d/;

function queryOf(parameters: readonly Parameter[]): JsonSchema | undefined {
  const asked = parameters.filter(
    ({ name, in: where }) => where === 'query' && !['dryRun', 'look', 'confirm'].includes(name),
  );
  if (asked.length === 0) return undefined;
  return {
    type: 'object',
    properties: Object.fromEntries(
      asked.map(({ name, schema: { pattern, ...schema }, description = '' }): [string, JsonSchema] => [
        name,
        BY_COMMAS.test(pattern ?? '')
          ? { type: 'array', items: { type: 'integer' }, description }
          : { ...schema, ...(pattern === undefined ? {} : { pattern }), description },
      ]),
    ),
    required: asked.filter(({ required }) => required === true).map(({ name }) => name),
  };
}

function commandOf({ 'x-operation': operation }: OperationObject, path: string): string[] | undefined {
  if (operation === undefined) return undefined;
  const { id, command } = operation;
  return commandWords({ id, path, ...(command === undefined ? {} : { command }) });
}

/** References replaced by what they refer to. A schema that refers to itself stays open there. */
export function resolved(schema: JsonSchema, document: OpenApi, within: readonly string[] = []): JsonSchema {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const target = document.components?.schemas?.[name];
    if (target === undefined || within.includes(name)) return {};
    return resolved(target, document, [...within, name]);
  }
  return {
    ...schema,
    ...(schema.items === undefined ? {} : { items: resolved(schema.items, document, within) }),
    ...(schema.anyOf === undefined
      ? {}
      : { anyOf: schema.anyOf.map((part) => resolved(part, document, within)) }),
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(schema.properties).map(([name, part]) => [name, resolved(part, document, within)]),
          ),
        }),
  };
}

/** A field that may be null is one that may be left out: what it is otherwise. Of two forms, the one with fields. */
export function plain(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  // Of several forms of one thing, the one with named fields.
  const only = others.length > 1 ? others.find(({ type }) => type === 'object') : others[0];
  if (only === undefined) return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...only, ...rest };
}

export interface FormField {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** Fields of an object; the second spelling of a field ("the same as …") is left out. */
export function fieldsOf(schema: JsonSchema): FormField[] {
  const required = schema.required ?? [];
  const all = Object.entries(schema.properties ?? {}).map(([name, part]) => ({
    name,
    schema: plain(part),
    required: required.includes(name),
  }));
  return all
    .filter(({ schema: { description } }) => !/^the same as \w+/i.test(description ?? ''))
    .filter(({ schema: field, required: must }) => must || !saysNothing(field))
    .sort((one, other) => Number(other.required) - Number(one.required));
}

/** There for requests that are written for others: nothing, or one thing alone, may stand in it. */
function saysNothing({ const: only, type, maxItems, enum: some, not }: JsonSchema): boolean {
  if (only !== undefined || not !== undefined || maxItems === 0 || some?.length === 1) return true;
  return type === undefined ? some === undefined : type === 'null';
}

/** What a form begins with: what is required, empty; what has a default is left to the API. */
export function blank(schema: JsonSchema): unknown {
  const { type } = schema;
  if (schema.const !== undefined) return schema.const;
  if (type === 'object') {
    return Object.fromEntries(
      fieldsOf(schema)
        .filter(({ required }) => required)
        .map((field) => [field.name, blank(field.schema)]),
    );
  }
  if (type === 'array')
    return schema.items?.type === 'object' && (schema.minItems ?? 0) > 0 ? [blank(schema.items)] : [];
  if (type === 'boolean') return false;
  if (schema.enum !== undefined) return schema.enum[0];
  return undefined;
}

/** What is sent: without what was left empty. */
export function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled).filter((one) => one !== undefined);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .map(([name, part]) => [name, filled(part)] as const)
      .filter(([, part]) => part !== undefined);
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === '' || value === null ? undefined : value;
}

/** `/api/v2/obproxy/clusters/{id}/x` with its values; a missing one stays in braces. */
export function filledPath(path: string, values: Readonly<Record<string, string | number>>): string {
  return path.replace(/\{(\w+)\}/g, (place, name: string) =>
    values[name] === undefined ? place : encodeURIComponent(String(values[name])),
  );
}
