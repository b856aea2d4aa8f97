import { subtask } from '../subtask';
import { findKeepers, keptText, startKeepers, stoppedKeepers } from './keepers';
import { lookForProxies } from './process';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/**
 * "Restart obproxyd process": who kept the proxy keeps it. A hand-over leaves keepers alone, and they start what is in the home;
 * obflow's is started when it is gone.
 */
export const RestartObproxyd = subtask({
  name: 'Restart obproxyd process',
  className: 'obproxy.RestartObproxydTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    const host = await scope.host();
    const { proxy, home } = await upgradeOf(scope);
    const ours = proxy.server.adopted === null || (await stoppedKeepers(host, proxy)) !== undefined;
    if (ours) await startKeepers(scope, host, proxy, home);
    else scope.log.info(keptText(await findKeepers(host, proxy, await lookForProxies(host, home))));
    return undefined;
  },
});
