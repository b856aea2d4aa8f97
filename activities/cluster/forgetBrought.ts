import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow, Store } from '../../store/types';
import type { SubtaskScope } from '../types';
import { madeByTask } from './brought';
import { stillLinked } from './linked';

/** What the request of this very task has stored: the cluster with zones and servers, its credentials, and hosts that it has added. */
export async function forgetBrought(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  const made = madeByTask(scope, cluster);
  if (made === undefined) return;
  const links = await scope.store.transaction(async (store: Store) => {
    const linked = await store.obproxy.clustersLinkedTo(cluster.id);
    if (linked.length > 0) return linked;
    await store.obClusters.remove(cluster.id);
    await store.credentials.removeUnused(made.credentialIds);
    for (const id of made.hostIds) {
      const used =
        (await store.obServers.onHost(id)).length + (await store.obproxy.findServersOnHosts([id])).length;
      if (used === 0) await store.hosts.remove(id);
    }
    return [];
  });
  if (links.length === 0) {
    scope.log.info(say('obTakeOver.forgotten', { name: cluster.name }));
    return;
  }
  throw stillLinked(say('obTakeOver.forget', { name: cluster.name }), links, cluster.name);
}
