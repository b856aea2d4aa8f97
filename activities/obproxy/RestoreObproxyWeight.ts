import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { subtask } from '../subtask';
import { sayOnline } from './prevent';
import { PROXIES, proxiesOf } from './proxiesOfTask';

const TOGETHER = 10;

/** "Restore obproxy weight": load balancers hear from the proxies that they take new work. */
export const RestoreObproxyWeight = subtask({
  name: 'Restore obproxy weight',
  className: 'obproxy.RestoreObproxyWeightTask',
  timeout: 300,
  needs: PROXIES,

  async run(scope) {
    const proxies = await proxiesOf(scope);
    const said = await someAtATime(proxies, TOGETHER, (proxy) => sayOnline(scope, proxy));
    const silent = proxies.filter((_, index) => said[index] === false);
    for (const { server } of silent) {
      scope.log.warn(say('offline.notActive', { ip: server.ip }));
    }
    if (silent.length < proxies.length) {
      scope.log.info(say('offline.countOnline', { count: proxies.length - silent.length }));
    }
    return undefined;
  },
});
