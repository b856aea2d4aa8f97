import { subtask } from '../subtask';
import { handBack, handOver, hotOf, recordTarget, startAnew, startFormer } from './upgrade/serving';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/**
 * "Hot restart obproxy": the new program is put in place and serves. Hot no session is lost: they go on in the former process.
 * A program that does not serve is taken back, so that one proxy after the other is upgraded, and none after one that fails.
 */
export const HotRestartObproxy = subtask({
  name: 'Hot restart obproxy',
  className: 'obproxy.HotRestartObproxyTask',
  timeout: 1800,
  needs: UPGRADE,
  leaves: 'the proxy in its new version',

  async run(scope) {
    const upgrade = await upgradeOf(scope);
    const hot = await hotOf(scope, upgrade);
    if (upgrade.isHot) await handOver(scope, hot, upgrade);
    else await startAnew(scope, hot, upgrade);
    await recordTarget(scope, upgrade);
    return undefined;
  },

  async rollback(scope) {
    const upgrade = await upgradeOf(scope);
    const hot = await hotOf(scope, upgrade);
    if (upgrade.isHot) await handBack(scope, hot, upgrade);
    else await startFormer(scope, hot, upgrade);
  },
});
