import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Delete obproxy client load balance info": obflow records none; the step stays in the chain as documented. */
export const DeleteObproxyClientLoadBalanceInfo = subtask({
  name: 'Delete obproxy client load balance info',
  className: 'obproxy.DeleteObproxyClientLoadBalanceInfoTask',
  timeout: 300,
  needs: {},

  async run(scope) {
    scope.log.info(say('loadBalancers.none'));
    return undefined;
  },
});
