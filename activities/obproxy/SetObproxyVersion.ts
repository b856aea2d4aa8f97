import { subtask } from '../subtask';
import { settleWaited } from './parameters';
import { hotOf, proveVersion, recordTarget } from './upgrade/serving';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** "Set obproxy version": version, package and home are recorded, and what has waited for a restart is so now. */
export const SetObproxyVersion = subtask({
  name: 'Set obproxy version',
  className: 'obproxy.SetObproxyVersionTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    const upgrade = await upgradeOf(scope);
    await proveVersion(await hotOf(scope, upgrade), upgrade.target.version);
    await recordTarget(scope, upgrade);
    await settleWaited(scope, upgrade.target.proxy);
    return undefined;
  },
});
