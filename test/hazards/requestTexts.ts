/** Every text that a request can carry, read out of the API document, so that a new field is there by itself. */

import { openApiDocument } from '../../api/openapi/document';
import type { Route } from '../../api/route';
import type { Json } from '../api/harness';

/** One place of a request where a client writes what it likes. */
export interface RequestText {
  readonly method: string;
  /** As documented, parameters in braces. */
  readonly path: string;
  readonly place: 'body' | 'path' | 'query';
  /** Names and, in the body, indexes that lead to it; `''` is the key of a map. */
  readonly at: readonly (string | 0)[];
}

/** `POST /api/v2/obproxy/clusters body.parameters[0].value` */
export function nameOfText({ method, path, place, at }: RequestText): string {
  const field = at.map((part) => (part === 0 ? '[0]' : `.${part}`)).join('');
  return `${method} ${path} ${place}${field}`;
}

type Path = readonly (string | 0)[];

/** Places below a schema where a string may stand, enumerations included: what they refuse is tried, too. */
function textsBelow(schema: Json, components: Json, at: Path, depth = 0): Path[] {
  if (depth > 12 || typeof schema !== 'object' || schema === null) return [];
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1);
    return textsBelow(components[name], components, at, depth + 1);
  }
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const found = branches.flatMap((branch: Json) => textsBelow(branch, components, at, depth + 1));
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    found.push(...textsBelow(part, components, [...at, name], depth + 1));
  }
  if (schema.items !== undefined) found.push(...textsBelow(schema.items, components, [...at, 0], depth + 1));
  if (typeof schema.additionalProperties === 'object') {
    found.push(...textsBelow(schema.additionalProperties, components, [...at, ''], depth + 1));
  }
  const nothing = found.length === 0 && branches.length === 0 && schema.properties === undefined;
  const untyped = schema.type === undefined && schema.items === undefined;
  if (schema.type === 'string' || (nothing && untyped)) found.push(at);
  const seen = new Set<string>();
  return found.filter((path: Path) => !seen.has(path.join('/')) && seen.add(path.join('/')));
}

/** Of the routes with one of these methods. */
export function requestTexts(routes: readonly Route[], methods: readonly string[]): RequestText[] {
  const document: Json = openApiDocument(routes, '0');
  const components = document.components.schemas;
  return Object.entries<Json>(document.paths).flatMap(([path, operations]) =>
    methods.flatMap((method): RequestText[] => {
      const operation = operations[method.toLowerCase()];
      if (operation === undefined) return [];
      const parameters = (operation.parameters as Json[])
        .filter((parameter) => parameter.in === 'path' || parameter.in === 'query')
        .map((parameter): RequestText => ({ method, path, place: parameter.in, at: [parameter.name] }));
      const schema = operation.requestBody?.content?.['application/json']?.schema;
      const body = textsBelow(schema, components, []).map(
        (at): RequestText => ({ method, path, place: 'body', at }),
      );
      return [...parameters, ...body];
    }),
  );
}

/** A copy of `body` with `value` at the place; what is missing on the way there is made. */
export function withText(body: Json, at: Path, value: unknown): Json {
  const [first, ...rest] = at;
  if (first === undefined) return value;
  if (first === 0) return [withText(body?.[0], rest, value), ...(body ?? []).slice(1)];
  return { ...body, [first]: withText(body?.[first], rest, value) };
}
