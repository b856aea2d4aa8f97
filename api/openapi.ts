import { z } from 'zod';
import type { Route } from './route';

type Json = Record<string, unknown>;

/** JSON schema of what a client sends. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return json;
}

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties, required } = z
    .object({
      properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
      required: z.array(z.string()).default([]),
    })
    .parse(schemaOf(schema));
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

const ENVELOPE: Json = {
  type: 'object',
  required: ['duration', 'server', 'status', 'successful', 'timestamp', 'traceId'],
  properties: {
    data: {},
    duration: { type: 'integer', description: 'Milliseconds spent in the server.' },
    server: { type: 'string' },
    status: { type: 'integer', description: 'The HTTP status.' },
    successful: { type: 'boolean' },
    timestamp: { type: 'string', format: 'date-time' },
    traceId: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        target: { type: 'string' },
        subErrors: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, rejectedValue: {}, message: { type: 'string' } },
          },
        },
      },
    },
  },
};

const enveloped = { 'application/json': { schema: { $ref: '#/components/schemas/Envelope' } } };

function requestBody(route: Route): Json {
  if (route.upload) {
    const schema = {
      type: 'object',
      required: ['file'],
      properties: { file: { type: 'string', format: 'binary' } },
    };
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema } } } };
  }
  if (route.body === undefined) return {};
  return {
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } },
  };
}

function operationOf(route: Route): Json {
  const bare = 'answerBare' in route;
  return {
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.permission === undefined ? { security: [] } : { 'x-permission': route.permission }),
    parameters: [...parametersIn('path', route.params), ...parametersIn('query', route.query)],
    ...requestBody(route),
    responses: {
      200: { description: 'Success', ...(bare ? {} : { content: enveloped }) },
      default: { description: 'Error', content: enveloped },
    },
  };
}

/** The OpenAPI document (3.1) of the routes, made from what they validate with. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'obflow',
      version,
      description: "OceanBase operations behind OCP's documented REST API, run as durable workflows.",
    },
    security: [{ basic: [] }],
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic' } },
      schemas: { Envelope: ENVELOPE },
    },
    paths,
  };
}
