import { z } from 'zod';
import { ForgetHostBody, type ForgottenHost, forgetHost } from '../../operations/forgetHost';
import { ForgetBody, type ForgottenObproxy, forgetObproxies } from '../../operations/forgetObproxies';
import { IdPath, IdText } from '../../operations/schemas';
import { addressText } from '../../runtime/addressText';
import type { Seen } from '../../store/types';
import { contentsOf, listOf, Whole } from '../http/answers';
import { answerLanguage, type Language, spoken } from '../http/messages/language';
import { Flag } from '../http/paging';
import { type ApiServices, type Route, route } from '../route';
import { Observed } from './observed';

const SEEN = Observed.pick({ state: true, by: true, reason: true }).describe('What a look saw just now.');

const Forgotten = z
  .object({
    id: Whole,
    clusterId: Whole,
    hostId: Whole,
    ip: z.string(),
    sqlPort: Whole,
    observed: SEEN,
    leftBehind: listOf(z.string()).describe('What stays on its host, and how it is cleared away.'),
  })
  .meta({ id: 'ForgottenObproxy' });

function seenDocument({ state, by, reason }: Seen): z.input<typeof SEEN> {
  return { state, ...(by === null ? {} : { by }), ...(reason === null ? {} : { reason }) };
}

function forgottenDocument({ server, seen, leftBehind }: ForgottenObproxy): z.input<typeof Forgotten> {
  const { id, clusterId, hostId, ip, sqlPort } = server;
  return {
    ...{ id, clusterId, hostId, ip, sqlPort },
    observed: seenDocument(seen),
    leftBehind: [...leftBehind],
  };
}

const ForgottenHostDocument = z
  .object({
    id: Whole,
    innerIpAddress: z.string(),
    observed: SEEN,
    obproxies: listOf(Forgotten).describe('Forgotten with it.'),
    obServers: listOf(z.object({ id: Whole, clusterId: Whole, ip: z.string(), port: Whole })).describe(
      'They stay servers of their clusters, on a machine that obflow does not know.',
    ),
    leftBehind: listOf(z.string()).describe('What stays of its OBServers, and how it is cleared away.'),
  })
  .meta({ id: 'ForgottenHost' });

function forgottenHost(
  { host, seen, obproxies, obServers, leftBehind }: ForgottenHost,
  language: Language,
): z.input<typeof ForgottenHostDocument> {
  return {
    ...{ id: host.id, innerIpAddress: host.ip, observed: seenDocument(seen) },
    obproxies: obproxies.map(forgottenDocument),
    obServers: obServers.map(({ id, clusterId, ip, rpcPort }) => ({ id, clusterId, ip, port: rpcPort })),
    leftBehind: leftBehind.map((line) => spoken(line, language)),
  };
}

/** `OBProxy 7 10.0.0.1:2883: GONE`, for audit and log. */
function obproxyWords({ server, seen }: ForgottenObproxy): string {
  return `OBProxy ${server.id} ${addressText(server.ip, server.sqlPort)}: ${seen.state}`;
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
          const what = forgotten.map(obproxyWords);
          notes.why = what.join('; ');
          logger.warn({ user: user?.name, traceId, obproxies: what }, 'forgotten');
        }
        return { contents: forgotten.map(forgottenDocument) };
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/compute/hosts/{hostId}/forget',
        permission: 'CLUSTER_MANAGER',
        tag: 'Hosts',
        summary: 'Forget a host that is gone for good',
        description:
          'Takes it out of the inventory at once, with the OBProxy on it and without a task; nothing on it is changed. OBServers on ' +
          'it stay servers of their clusters. Refused while a task holds it or what is on it, and unless `force` while it, or ' +
          'something on it, answers.',
        params: z.object({ hostId: IdText }),
        query: z.object({ dryRun: Flag.describe('Only look and answer what would be forgotten.') }),
        body: ForgetHostBody,
        answer: ForgottenHostDocument,
      },
      async ({ params, query, body, user, traceId, notes, request }) => {
        const ways = { store, hosts, addresses: config.addresses };
        const forgotten = await forgetHost(ways, params.hostId, body, query.dryRun);
        notes.command = query.dryRun ? 'dry run' : 'forget';
        if (!query.dryRun) {
          const { host, seen, obproxies, obServers } = forgotten;
          const what = [
            `host ${host.id} ${host.ip}: ${seen.state}`,
            ...obproxies.map(obproxyWords),
            ...obServers.map(
              ({ id, ip, rpcPort }) => `OBServer ${id} ${addressText(ip, rpcPort)} left to its cluster`,
            ),
          ];
          notes.why = what.join('; ');
          logger.warn({ user: user?.name, traceId, host: what }, 'forgotten');
        }
        return forgottenHost(forgotten, answerLanguage(request));
      },
    ),
  ];
}
