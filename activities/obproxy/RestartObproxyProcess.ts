import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { restartByForce } from './forcedRestart';
import { awaitFormer } from './hotFormer';
import { hotProxyOf } from './hotProxy';
import { hotRestart, restoreRollbackTimeout } from './hotRestart';
import { startKeepers } from './keepers';
import { workNote } from './notes';
import { settleWaited } from './parameters';
import { lookForProxies } from './process';
import { PROXIES } from './proxiesOfTask';
import { homeOf, proxyOf } from './proxy';
import { tellOne } from './rootServers';
import { startStored, undoStart } from './storedStart';

/** The former process may be waited for so long: the subtask has 600 s, and the hand-over takes at most 150 of them. */
const LONGEST_FORMER_MS = 300_000;

/**
 * "Restart obproxy process": the proxy serves again afterwards. By force its sessions are cut, as documented; hot they go on in
 * the former process, which is waited for, so that the next proxy is not restarted while this one still moves its clients.
 */
export const RestartObproxyProcess = subtask({
  name: 'Restart obproxy process',
  className: 'obproxy.RestartObproxyProcessTask',
  timeout: 600,
  needs: { ...PROXIES, hot_restart: 'value?' },

  async run(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const isHot = scope.value('hot_restart') === 'true';
    // Its next process reads the list that is stored by then; one that is started by force is told afterwards, too.
    await tellOne(scope, proxy, { again: !isHot });
    if (isHot) {
      const hot = await hotProxyOf(scope, proxy, home);
      await hotRestart(scope, hot);
      await awaitFormer(scope, hot, LONGEST_FORMER_MS);
    } else {
      await restartByForce(scope, await scope.host(), proxy, home);
    }
    await settleWaited(scope, await proxyOf(scope));
    return undefined;
  },

  /** A proxy that ran before runs afterwards, with its keeper. */
  async rollback(scope) {
    const proxy = await proxyOf(scope);
    const home = await homeOf(scope, proxy);
    const host = await scope.host();
    if (scope.value('hot_restart') === 'true') {
      await restoreRollbackTimeout(scope, await hotProxyOf(scope, proxy, home));
      return scope.log.info(say('hot.servedAllTheTime'));
    }
    if (proxy.server.work?.formerStatus === 'STOPPED') return undoStart(scope, host, proxy, home);
    const { own } = await lookForProxies(host, home);
    const { ended, endings } = await workNote(scope, host, proxy);
    if (own.length === 0 && ended === undefined && endings === undefined) {
      return scope.log.info(say('obproxy.notEnded'));
    }
    await startStored(scope, host, proxy, home, 'rollback-start');
    await startKeepers(scope, host, proxy, home);
  },
});
