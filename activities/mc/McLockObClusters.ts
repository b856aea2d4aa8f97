import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Mc lock ob clusters": there are no other sites that would have to be kept away; the step stays in the chain as documented. */
export const McLockObClusters = subtask({
  name: 'Mc lock ob clusters',
  className: 'mc.McLockObClustersTask',
  timeout: 60,
  needs: {},

  async run(scope) {
    scope.log.info(say('obTakeOver.oneSite'));
    return undefined;
  },
});
