import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { clusterIdOf } from './proxiesOfTask';

/**
 * "Record obproxy parameters" (ours): what the request has asked for are the parameters of the cluster from now on, before any
 * proxy is told: one that does not get them is behind, which its row shows and a refresh repairs.
 */
export const RecordObproxyParameters = subtask({
  name: 'Record obproxy parameters',
  className: 'obproxy.RecordObproxyParametersTask',
  timeout: 300,
  needs: { obproxy_cluster_id: 'value' },
  leaves: 'the parameters of the cluster',

  async run(scope) {
    const version = await scope.store.obproxy.applyParameters(clusterIdOf(scope), scope.input.taskId);
    if (version === undefined) {
      throw new PermanentError({
        type: 'ParametersLost',
        tried: say('parameters.record'),
        cameBack: say('parameters.noneProposed'),
        next: say('next.abandonAndSend'),
      });
    }
    scope.log.info(say('parameters.recorded', { version }));
    return undefined;
  },

  async rollback(scope) {
    const back = await scope.store.obproxy.takeBackParameters(clusterIdOf(scope), scope.input.taskId);
    scope.log.info(back ? say('parameters.takenBack') : say('parameters.notRecorded'));
  },
});
