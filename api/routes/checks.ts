import { z } from 'zod';
import { serversOf, someObproxyServerIds } from '../../operations/obproxyServers';
import { obClusterById } from '../../operations/observerPreconditions';
import { hostsByIds, obproxyClusterById } from '../../operations/preconditions';
import { IdPath, IdText } from '../../operations/schemas';
import type { ObservedKind, Store } from '../../store/types';
import { contentsOf, Whole } from '../http/answers';
import { type ApiServices, type Route, route } from '../route';
import { Observed, observedField } from './observed';

const MOST = 200;

const Checked = z
  .object({
    id: Whole,
    status: z.string().describe('As recorded, after the look.'),
    observed: Observed.exactOptional(),
  })
  .meta({ id: 'Checked' });

const HOW =
  'What the background look does now and then, at once: asked again within two seconds, it answers what was just seen. ' +
  'Nothing is repaired; what a task works on is left alone, and answered as it was seen before.';

/** The rows as they are now, with what was seen. */
async function checked(
  store: Store,
  kind: ObservedKind,
  rows: readonly { readonly id: number; readonly status: string }[],
): Promise<z.input<typeof Checked>[]> {
  const observed = await store.observations.of(
    kind,
    rows.map(({ id }) => id),
  );
  return rows.map(({ id, status }) => ({ id, status, ...observedField(observed.get(id)) }));
}

/** Ours: looks on demand. */
export function checkRoutes({ store, checks }: ApiServices): Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/api/v2/obproxy/clusters/{id}/servers/check',
        permission: 'OBPROXY_VIEWER',
        tag: 'OBProxy',
        summary: 'Look at the OBProxies of a cluster now',
        description: HOW,
        params: IdPath,
        body: z.object({
          obproxyServerIds: someObproxyServerIds(MOST).optional().describe('Absent: all of them.'),
        }),
        answer: contentsOf(Checked),
      },
      async ({ params, body, notes }) => {
        const cluster = await obproxyClusterById(store, params.id);
        const ids = body.obproxyServerIds ?? cluster.servers.map(({ id }) => id);
        await serversOf(store, cluster, ids);
        notes.command = 'check';
        await checks.obproxies(ids);
        const now = await obproxyClusterById(store, params.id);
        return {
          contents: await checked(
            store,
            'obproxyServer',
            now.servers.filter(({ id }) => ids.includes(id)),
          ),
        };
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/ob/clusters/{id}/servers/check',
        permission: 'CLUSTER_VIEWER',
        tag: 'OceanBase',
        summary: 'Ask an OceanBase cluster for its servers now',
        description: HOW,
        params: IdPath,
        answer: contentsOf(Checked),
      },
      async ({ params, notes }) => {
        const cluster = await obClusterById(store, params.id);
        notes.command = 'check';
        await checks.obCluster(cluster);
        return { contents: await checked(store, 'obServer', await store.obServers.ofCluster(cluster.id)) };
      },
    ),
    route(
      {
        method: 'POST',
        path: '/api/v2/compute/hosts/{hostId}/check',
        permission: 'HOST_VIEWER',
        tag: 'Hosts',
        summary: 'Look at a host now',
        description: `${HOW} A host that greets is logged in to.`,
        params: z.object({ hostId: IdText }),
        answer: Checked,
      },
      async ({ params, notes }) => {
        const ids = [params.hostId];
        const [host] = await hostsByIds(store, ids);
        notes.command = 'check';
        if (host !== undefined) await checks.host(host);
        const [now] = await checked(store, 'host', await hostsByIds(store, ids));
        if (now === undefined) throw new Error('a host that was found is there');
        return now;
      },
    ),
  ];
}
