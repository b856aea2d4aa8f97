import type { Route } from '../route';
import type { Json } from './jsonSchema';

/** Refusals by status, as the API document describes them. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The request is malformed, a field of it cannot be accepted, or the state of the object forbids it.',
  401: 'Nobody is logged in, or the login is wrong.',
  403: 'The user may not do this.',
  404: 'The path, or an object that the request names, does not exist.',
  409: 'The request conflicts with what is there or what is going on, e.g. a task that holds a lock.',
  413: 'The body is too large.',
  415: 'The media type or encoding of the body is not understood.',
  429: 'Too many requests; Retry-After and RateLimit-Reset say when to come again.',
  431: 'The URL and headers are too large.',
  500: 'Something unexpected happened; the log of the server has it under the traceId.',
  503: 'The database, Temporal or a worker cannot be had now; send the request again.',
};

/** What any request may meet before a route has its say. */
const ALWAYS = [400, 429, 431, 500, 503];
const WITH_LOGIN = [401, 403];
const WITH_BODY = [413, 415];

/** Statuses, other than the ones it answers itself, that a route can be refused with. */
export function refusedWith(route: Route): number[] {
  const changes = route.method !== 'GET';
  const statuses = new Set([
    ...ALWAYS,
    ...(route.permission === undefined ? [] : WITH_LOGIN),
    ...(route.body === undefined && route.upload === undefined ? [] : WITH_BODY),
    ...(route.params === undefined ? [] : [404]),
    ...(changes ? [409] : []),
    ...(route.refuses ?? []),
  ]);
  return [...statuses].sort((a, b) => a - b);
}

const whole = { schema: { type: 'integer', minimum: 0 } };
const LIMIT_HEADERS: Json = {
  'Retry-After': { description: 'Seconds.', ...whole },
  'RateLimit-Limit': { description: 'Requests allowed in the window.', ...whole },
  'RateLimit-Remaining': { description: 'Requests left in the window.', ...whole },
  'RateLimit-Reset': { description: 'Seconds until the window ends.', ...whole },
};

/** `components.responses`: one per status, referred to by every route that can be refused with it. */
export function refusalComponents(): Json {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([status, description]) => [
      `Refused${status}`,
      { description, ...(status === '429' ? { headers: LIMIT_HEADERS } : {}), content },
    ]),
  );
}

export const refusalReference = (status: number): Json => ({
  $ref: `#/components/responses/Refused${status}`,
});
