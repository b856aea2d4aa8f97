import { z } from 'zod';
import { readiness } from '../../runtime/health';
import { CONTENT_TYPE, metricsText } from '../../runtime/metrics';
import { Whole } from '../http/answers';
import { type ApiServices, bareRoute, type Route } from '../route';
import { REQUIRED_BY_API } from '../upkeep/health';

const Check = z.object({
  status: z.enum(['up', 'down']),
  took: Whole.describe('Milliseconds.'),
  message: z.string().exactOptional(),
});
const Readiness = z
  .object({
    status: z
      .enum(['ready', 'degraded', 'unready'])
      .describe('degraded: requests are served, and something else needs a person.'),
    checks: z.object({ database: Check, temporal: Check, worker: Check }),
  })
  .meta({ id: 'Readiness' });
export type ReadinessDocument = Readonly<z.output<typeof Readiness>>;

/** Liveness, readiness and metrics, at the paths where everybody looks for them. */
export function healthRoutes({ health }: ApiServices): Route[] {
  const tag = 'Monitoring';
  const open = { method: 'GET', permission: undefined, tag } as const;
  return [
    bareRoute(
      {
        ...open,
        path: '/healthz',
        summary: 'Whether this process lives',
        answers: { 200: { type: 'application/json', schema: z.object({ status: z.literal('alive') }) } },
      },
      async (_call, response) => {
        response.json({ status: 'alive' });
      },
    ),
    bareRoute(
      {
        ...open,
        path: '/readyz',
        summary: 'Whether this server can serve requests, and what it stands on',
        description:
          '503 when the database does not answer. Without Temporal or a worker requests are still served: degraded.',
        answers: {
          200: { type: 'application/json', schema: Readiness, description: 'ready or degraded' },
          503: { type: 'application/json', schema: Readiness, description: 'unready' },
        },
      },
      async (_call, response) => {
        const state = readiness(await health(), REQUIRED_BY_API);
        response.status(state.status === 'unready' ? 503 : 200).json(state);
      },
    ),
    bareRoute(
      {
        ...open,
        permission: 'AUTHENTICATED',
        path: '/metrics',
        summary: 'Metrics of this process for Prometheus',
        answers: { 200: { type: 'text/plain', schema: z.string() } },
      },
      async (_call, response) => {
        const text = await metricsText();
        response.set('content-type', CONTENT_TYPE).send(text);
      },
    ),
  ];
}
