import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { startKeepers, stopKeepers } from './keepers';
import { homeOf, OBPROXY, proxyOf } from './proxy';

/** "Start obproxyd process": who kept the proxy before keeps it again, also over a reboot. */
export const StartObproxyd = subtask({
  name: 'Start obproxyd process',
  className: 'obproxy.StartObproxydTask',
  timeout: 1800,
  needs: OBPROXY,
  leaves: 'the keeper of the proxy',

  async run(scope) {
    const proxy = await proxyOf(scope);
    await startKeepers(scope, await scope.host(), proxy, await homeOf(scope, proxy));
    return undefined;
  },

  async rollback(scope) {
    const proxy = await proxyOf(scope);
    if (proxy.server.work?.formerStatus !== 'STOPPED') {
      return scope.log.info(say('keeper.staysAfterUndo'));
    }
    await stopKeepers(scope, await scope.host(), proxy, await homeOf(scope, proxy));
  },
});
