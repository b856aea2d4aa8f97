import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Mc unlock ob clusters": there are no other sites; the step stays in the chain as documented. */
export const McUnLockObClusters = subtask({
  name: 'Mc unlock ob clusters',
  className: 'mc.McUnLockObClustersTask',
  timeout: 60,
  needs: {},

  async run(scope) {
    scope.log.info(say('obTakeOver.oneSite'));
    return undefined;
  },
});
