import { z } from 'zod';
import { fault } from '../runtime/messages/catalogue';
import { nobodyWorksOn, noServicesOn } from './hostServices';
import { hostsByIds } from './preconditions';
import { HostIds, IdText } from './schemas';
import { catalogued, type Prepared, type PrepareScope } from './types';

/** As documented. */
const MOST_DELETED = 1_000;

/** All of them or none: nothing is done on the hosts, what the inventory knows of them goes, pinned keys too. */
async function forget({ store, dryRun }: PrepareScope, ids: readonly number[]): Promise<Prepared> {
  const hosts = await hostsByIds(store, ids);
  await nobodyWorksOn(store, hosts);
  await noServicesOn(store, hosts);
  if (!dryRun) for (const { id } of hosts) await store.hosts.remove(id);
  return { plans: [], audit: `hosts deleted: ${hosts.map(({ ip, id }) => `${ip} (id ${id})`).join(', ')}` };
}

const common = {
  permission: 'HOST_MANAGER',
  tag: 'Hosts',
  answer: 'none',
} as const;

/** `DELETE /api/v2/compute/hosts/{hostId}` (OCP documentation, "Delete a host"). */
export const deleteHost = catalogued({
  ...common,
  id: 'deleteHost',
  method: 'DELETE',
  path: '/api/v2/compute/hosts/{hostId}',
  summary: 'Delete a host from the inventory',
  description:
    'A host with services (CMP07006), or on which a task works (CMP07004), is refused. Nothing is done on the host; ' +
    'what is known of it, its pinned key too, is forgotten.',
  params: z.object({ hostId: IdText }),
  sample: 'delete-host',
  command: null,
  prepare: (scope, { params }) => forget(scope, [params.hostId]),
});

/** `POST /api/v2/compute/hosts/batchDelete` (OCP documentation, "Delete multiple hosts"). */
export const batchDeleteHosts = catalogued({
  ...common,
  id: 'batchDeleteHosts',
  method: 'POST',
  path: '/api/v2/compute/hosts/batchDelete',
  summary: 'Delete hosts from the inventory',
  description: 'All of them or none, each as by DELETE.',
  params: z.object({}),
  body: z.object({
    hostIdList: HostIds.min(1, fault('must.nameHost')).max(
      MOST_DELETED,
      fault('must.hostsAtMost', { limit: MOST_DELETED }),
    ),
  }),
  sample: 'batch-delete-hosts',
  command: 'host rm',
  prepare: (scope, { body }) => forget(scope, body.hostIdList),
});
