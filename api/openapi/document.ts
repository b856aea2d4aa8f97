import { z } from 'zod';
import { ErrorAnswer, envelopeOf } from '../http/answers';
import type { BareAnswer, Route } from '../route';
import { type Json, SchemaBook } from './jsonSchema';
import { refusalComponents, refusalReference, refusedWith } from './statuses';

const ParameterSchemas = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined, book: SchemaBook): Json[] {
  if (schema === undefined) return [];
  const { properties, required } = ParameterSchemas.parse(book.of(schema, 'parameters'));
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    // The documented StringArray: one parameter, comma separated.
    ...(rest.type === 'array' ? { style: 'form', explode: false } : {}),
    schema: rest,
  }));
}

function requestBody(route: Route, book: SchemaBook): Json {
  if (route.upload) {
    const schema = {
      type: 'object',
      required: ['file'],
      properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
    };
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema } } } };
  }
  if (route.body === undefined) return {};
  const example = route.sample === undefined ? {} : { example: route.sample.request };
  const content = { 'application/json': { schema: book.of(route.body, 'body'), ...example } };
  const required = !route.body.safeParse(undefined).success;
  return { requestBody: { required, content } };
}

function bareResponse({ type, schema, description }: BareAnswer, status: number, book: SchemaBook): Json {
  const content = { [type]: schema === undefined ? {} : { schema: book.of(schema, 'answer') } };
  return { description: description ?? (status < 400 ? 'Success' : 'Refused'), content };
}

/** Responses that the route makes itself, by status. */
function ownResponses(route: Route, book: SchemaBook): Json {
  if ('answerBare' in route) {
    return Object.fromEntries(
      Object.entries(route.answers).map(([status, answer]) => [
        status,
        bareResponse(answer, Number(status), book),
      ]),
    );
  }
  const schema = book.of(envelopeOf(route.answer), 'answer');
  const example = route.sample === undefined ? {} : { example: route.sample.response };
  return { 200: { description: 'Success', content: { 'application/json': { schema, ...example } } } };
}

function operationOf(route: Route, book: SchemaBook): Json {
  const refusals = refusedWith(route).map((status) => [String(status), refusalReference(status)]);
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.permission === undefined ? { security: [] } : { 'x-permission': route.permission }),
    ...(route.operation === undefined ? {} : { 'x-operation': route.operation }),
    parameters: [
      ...parametersIn('path', route.params, book),
      ...parametersIn('query', route.query, book),
      ...(route.method === 'GET' || 'answerBare' in route
        ? []
        : [{ $ref: '#/components/parameters/IdempotencyKey' }]),
    ],
    ...requestBody(route, book),
    responses: { ...Object.fromEntries(refusals), ...ownResponses(route, book) },
  };
}

/** `GET /api/v2/tasks/instances/{taskInstanceId}` → `get_tasks_instances_taskInstanceId`: names of generated clients. */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/api\/v\d+\//, '/').match(/\w+/g) ?? [];
  const version = /^\/api\/(v[013-9]\d*)\//.exec(path)?.[1];
  return [method.toLowerCase(), ...(version === undefined ? [] : [version]), ...words].join('_');
}

const SECURITY_SCHEMES: Json = {
  basic: { type: 'http', scheme: 'basic', description: 'User name and password.' },
  accessKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      '`OCP-ACCESS-KEY-HMACSHA1 {access key}:{signature}` with a Date header at most 15 minutes off. The signature is ' +
      'Base64 of HMAC-SHA1 under the secret key over method, MD5 of the body, Content-Type, Date, Host, x-ocp- headers ' +
      'and path with sorted query, joined by newlines.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-obflow',
    description:
      'The cookie of `POST /api/v2/iam/session`, for browsers; without TLS its name is `obflow`. What changes something has ' +
      'to come from a page of the same origin.',
  },
};

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Requests of one user under one key happen once and are answered alike for 24 h, an earlier answer with ' +
    '`idempotency-replayed: true`. Another request under the same key is refused with 409.',
  schema: { type: 'string', pattern: '^[!#-~]{1,255}$' },
};

/**
 * The OpenAPI document (3.1) of the routes, made from what they validate with and what they declare to answer.
 *
 * @param closed see SchemaBook
 */
export function openApiDocument(routes: readonly Route[], version: string, closed = false): Json {
  const book = new SchemaBook(closed);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, book) };
  }
  // Referred to by the refusals.
  book.of(ErrorAnswer, 'answer');
  return {
    openapi: '3.1.0',
    info: {
      title: 'obflow',
      version,
      description:
        "OceanBase operations behind OCP's documented REST API, run as durable workflows. A method that a path does not " +
        'have answers 405 with Allow; a path that does not exist answers 400.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ basic: [] }, { accessKey: [] }, { session: [] }],
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: book.components,
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY },
      responses: refusalComponents(),
    },
    paths,
  };
}
