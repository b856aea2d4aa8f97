import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import { subtask } from '../subtask';
import { CLUSTER } from './cluster';
import { stillLinked } from './linked';

/**
 * "Delete cluster info": the inventory forgets the cluster, and the credentials that its take-over has stored, unless
 * somebody else uses them. Nothing brings it back but another take-over.
 */
export const DeleteObClusterInfo = subtask({
  name: 'Delete cluster info',
  className: 'cluster.DeleteObClusterInfoTask',
  timeout: 1800,
  needs: CLUSTER,
  leaves: 'the inventory without the cluster',

  async run(scope) {
    const id = Number(scope.value('cluster_id'));
    const linked = await scope.store.transaction(async (store: Store) => {
      const cluster = await store.obClusters.find(id);
      const links = await store.obproxy.clustersLinkedTo(id);
      if (cluster === undefined || links.length > 0) return links;
      await store.obClusters.remove(id);
      await store.credentials.removeUnused(cluster.origin?.credentialIds ?? []);
      return [];
    });
    if (linked.length > 0) {
      throw stillLinked(say('moveOut.forget', { id }), linked);
    }
    scope.log.info(say('moveOut.forgotten', { id }));
    return undefined;
  },

  async rollback(scope) {
    const id = Number(scope.value('cluster_id'));
    if ((await scope.store.obClusters.find(id)) !== undefined) {
      scope.log.info(say('undo.nothing'));
      return;
    }
    throw new PermanentError({
      type: 'ClusterForgotten',
      code: 'OBE11001',
      tried: say('moveOut.bringBack', { id }),
      cameBack: say('moveOut.gone'),
      next: say('moveOut.nextTakeOver'),
    });
  },
});
