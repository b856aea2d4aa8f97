import { z } from 'zod';
import { ForgetBody, type ForgottenObproxy, forgetObproxies } from '../../operations/forgetObproxies';
import { IdPath } from '../../operations/schemas';
import { addressText } from '../../runtime/addressText';
import { contentsOf, listOf, Whole } from '../http/answers';
import { Flag } from '../http/paging';
import { type ApiServices, type Route, route } from '../route';
import { Observed } from './observed';

const Forgotten = z
  .object({
    id: Whole,
    clusterId: Whole,
    hostId: Whole,
    ip: z.string(),
    sqlPort: Whole,
    observed: Observed.pick({ state: true, by: true, reason: true }).describe('What a look saw just now.'),
    leftBehind: listOf(z.string()).describe('What stays on its host, and how it is cleared away.'),
  })
  .meta({ id: 'ForgottenObproxy' });

function forgottenDocument({ server, seen, leftBehind }: ForgottenObproxy): z.input<typeof Forgotten> {
  const { id, clusterId, hostId, ip, sqlPort } = server;
  return {
    ...{ id, clusterId, hostId, ip, sqlPort },
    observed: {
      state: seen.state,
      ...(seen.by === null ? {} : { by: seen.by }),
      ...(seen.reason === null ? {} : { reason: seen.reason }),
    },
    leftBehind: [...leftBehind],
  };
}

/** Ours: what is gone for good leaves the inventory. */
export function forgetRoutes({ store, hosts, config, logger }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/api/v2/obproxy/clusters/{id}/servers/forget',
        permission: 'OBPROXY_MANAGER',
        tag: 'OBProxy',
        summary: 'Forget OBProxies that are gone for good',
        description:
          'Takes them out of the inventory at once, without a task; nothing on their hosts is changed, and the answer says ' +
          'what stays there. Refused for one that a task holds, and for one that is seen alive unless `force`.',
        params: IdPath,
        query: z.object({ dryRun: Flag.describe('Only look and answer what would be forgotten.') }),
        body: ForgetBody,
        answer: contentsOf(Forgotten),
      },
      async ({ params, query, body, user, traceId, notes }) => {
        const ways = { store, hosts, addresses: config.addresses };
        const forgotten = await forgetObproxies(ways, params.id, body, query.dryRun);
        notes.command = query.dryRun ? 'dry run' : 'forget';
        if (!query.dryRun) {
          const what = forgotten.map(
            ({ server, seen }) =>
              `OBProxy ${server.id} ${addressText(server.ip, server.sqlPort)}: ${seen.state}`,
          );
          notes.why = what.join('; ');
          logger.warn({ user: user?.name, traceId, obproxies: what }, 'forgotten');
        }
        return { contents: forgotten.map(forgottenDocument) };
      },
    ),
  ];
}
