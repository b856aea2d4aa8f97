import { z } from 'zod';
import { addLinks, LINK_OUTCOMES, removeLinks, type Told } from '../../operations/linkObClusters';
import { BatchAddLinksBody } from '../../operations/obLinks';
import { publishedSample } from '../../operations/samples';
import { IdPath, QueryText } from '../../operations/schemas';
import { addressText } from '../../runtime/addressText';
import { answerLanguage, type Language } from '../http/messages/language';
import { type ApiServices, type Route, route } from '../route';
import { outcomeDocument, outcomesOf } from './outcomes';

/** Documented is no data. It is there only to say which proxies do not show the change yet. */
const LinkAnswer = z
  .object({
    contents: outcomesOf(
      LINK_OUTCOMES,
      'LEARNT: it shows the change. TOLD: it shows it when it has next asked its config server. SKIPPED: a task works on ' +
        'it. FAILED: it knows nothing of it; sent again, or by refreshing it, it learns.',
    ),
  })
  .optional();

/** Undefined, as documented, when every proxy shows the change. */
function answerOf(told: readonly Told[], language: Language): z.input<typeof LinkAnswer> {
  if (told.every(({ outcome }) => outcome === 'LEARNT')) return undefined;
  return { contents: told.map((one) => outcomeDocument(one, language)) };
}

/** For the audit: which proxies do not show the change. */
function leftText(told: readonly Told[]): string | undefined {
  const left = told.filter(({ outcome }) => outcome !== 'LEARNT');
  if (left.length === 0) return undefined;
  return left
    .map(
      ({ server, outcome }) => `OBProxy ${server.id} ${addressText(server.ip, server.sqlPort)}: ${outcome}`,
    )
    .join('; ');
}

/** Which OceanBase clusters an OBProxy cluster is linked to. Synchronous, as documented. */
export function obLinkRoutes(services: ApiServices): Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/api/v2/obproxy/clusters/{id}/obLinks/batchAdd',
        permission: 'OBPROXY_MANAGER',
        tag: 'OBProxy',
        summary: 'Add OceanBase clusters to an OBProxy cluster',
        description:
          'The users must be able to log in to the clusters; they are made where they are missing. Every OBProxy that runs is ' +
          'given the password, and asked for the cluster; without data, all of them show it. A link that is there already may ' +
          'be sent again, with another username to change it. Clusters of work mode RS_LIST have one link, which is fixed.',
        params: IdPath,
        body: BatchAddLinksBody,
        answer: LinkAnswer,
        refuses: [404],
        sample: publishedSample('add-ob-links'),
      },
      async ({ params, body, notes, request }) => {
        const told = await addLinks(services, params.id, body.obLinks);
        notes.command = `link ${body.obLinks.map(({ clusterName }) => clusterName).join(', ')}`;
        const left = leftText(told);
        if (left !== undefined) notes.why = left;
        return answerOf(told, answerLanguage(request));
      },
    ),
    route(
      {
        method: 'DELETE',
        path: '/api/v2/obproxy/clusters/{id}/obLinks/{obClusterName}',
        permission: 'OBPROXY_MANAGER',
        tag: 'OBProxy',
        summary: 'Delete an OceanBase cluster from an OBProxy cluster',
        description:
          'Removes every link to a cluster of this name (a primary and its standby have one). No session is closed; OBProxies ' +
          'forget the cluster when they next ask their config server, but for the last one, which they keep until they restart.',
        params: IdPath.extend({ obClusterName: QueryText.min(1).max(128) }),
        answer: LinkAnswer,
        refuses: [404],
        sample: publishedSample('delete-ob-link'),
      },
      async ({ params, notes, request }) => {
        const { told, sessions } = await removeLinks(services, params.id, params.obClusterName);
        notes.command = `unlink ${params.obClusterName}: ${sessions} sessions open`;
        const left = leftText(told);
        if (left !== undefined) notes.why = left;
        return answerOf(told, answerLanguage(request));
      },
    ),
  ];
}
