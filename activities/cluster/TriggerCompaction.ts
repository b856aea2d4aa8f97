import { majorFreezeSql } from '../../oceanbase/bootstrapSql';
import { PermanentError, TransientError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf, withCluster } from './cluster';

/** "Trigger compaction": begun and not waited for. A cluster that will not is as good without: it compacts every night. */
export const TriggerCompaction = subtask({
  name: 'Trigger compaction',
  className: 'cluster.TriggerCompactionTask',
  timeout: 300,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
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
