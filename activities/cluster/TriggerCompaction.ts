import { majorFreezeSql } from '../../oceanbase/bootstrapSql';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { madeByTask } from './brought';
import { CLUSTER, clusterOf, withCluster } from './cluster';

/** "Trigger compaction": begun and not waited for. A cluster that will not is as good without: it compacts every night. */
export const TriggerCompaction = subtask({
  name: 'Trigger compaction',
  className: 'cluster.TriggerCompactionTask',
  timeout: 300,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    // Noted before it is sent: nobody tells afterwards whether a compaction is this one, or the one of every night.
    if (madeByTask(scope, cluster)?.compactionSent === true) {
      scope.log.info(say('compaction.notAgain'));
      return undefined;
    }
    await scope.store.obClusters.recordOrigin(cluster.id, { compactionSent: true });
    try {
      await withCluster(scope, cluster, say('compaction.begin'), (session) =>
        session.alter(majorFreezeSql(session.version)),
      );
      scope.log.info(say('compaction.begun'));
    } catch (error) {
      scope.signal.throwIfAborted();
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      scope.log.warn(error.said);
    }
    return undefined;
  },
});
