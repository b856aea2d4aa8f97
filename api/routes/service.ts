import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../../runtime/paths';
import { obflowVersion } from '../../runtime/version';
import { Time } from '../http/answers';
import { Flag } from '../http/paging';
import { ocpTime } from '../http/time';
import { type ApiServices, bareRoute, type Route } from '../route';

/**
 * The OCP whose API is spoken. Clients decide by it what they may ask: obd wants 4.2.0 at least, and compares it as
 * numbers, so it has no name behind it.
 */
const OCP_VERSION = '4.2.2';

const Info = z.object({
  name: z.string(),
  group: z.string(),
  artifact: z.string(),
  buildTime: Time,
  buildVersion: z.string().describe('The version of OCP whose API is spoken.'),
  obflowVersion: z.string(),
  buildJavaVersion: z.literal(''),
  springBootVersion: z.literal(''),
  nodeVersion: z.string(),
});

/** Answers about the server itself. None of them is enveloped. */
export function serviceRoutes({ health }: ApiServices): Route[] {
  const tag = 'Service';
  const version = obflowVersion();
  const builtAt = ocpTime(statSync(path.join(repositoryRoot(), 'package.json')).mtimeMs);
  return [
    bareRoute(
      {
        method: 'GET',
        path: '/api/v2/info',
        permission: 'AUTHENTICATED',
        tag,
        summary: 'Build of this server',
        answers: { 200: { type: 'application/json', schema: Info } },
      },
      async (_call, response) => {
        response.json({
          name: 'obflow',
          group: 'obflow',
          artifact: 'obflow',
          buildTime: builtAt,
          buildVersion: OCP_VERSION,
          obflowVersion: version,
          // Documented for OCP, which runs on Java; clients may expect the keys.
          buildJavaVersion: '',
          springBootVersion: '',
          nodeVersion: process.version,
        });
      },
    ),
    bareRoute(
      {
        method: 'GET',
        path: '/api/v2/time',
        permission: undefined,
        tag,
        summary: 'Time of this server',
        answers: { 200: { type: 'text/plain', schema: Time } },
      },
      async (_call, response) => {
        response.type('text/plain').send(ocpTime(Date.now()));
      },
    ),
    bareRoute(
      {
        method: 'GET',
        path: '/api/status',
        permission: undefined,
        tag,
        summary: 'Whether this server can take requests',
        query: z.object({
          includeUnavailableComponent: Flag.describe('Also name the parts that do not answer.'),
        }),
        answers: {
          200: { type: 'text/plain', schema: z.string(), description: 'Requests are taken.' },
          503: { type: 'text/plain', schema: z.string(), description: 'The database does not answer.' },
        },
      },
      async ({ query }, response) => {
        const checks = Object.entries(await health());
        const parts = checks.flatMap(([name, { status }]) => (status === 'down' ? [name] : []));
        // Without Temporal requests are still taken: their tasks start when it is back.
        const usable = !parts.includes('database');
        const detail =
          query.includeUnavailableComponent && parts.length > 0 ? `; unavailable: ${parts.join(', ')}` : '';
        response
          .status(usable ? 200 : 503)
          .type('text/plain')
          .send(`${usable ? 'available' : 'unavailable'}${detail}`);
      },
    ),
  ];
}
