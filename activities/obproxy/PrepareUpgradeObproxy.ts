import { beginWork } from '../common/work';
import { checkStore } from '../host/packageStore';
import { subtask } from '../subtask';
import { undoPrepare } from './preparing';
import { workedProxy } from './proxy';
import { PROOFS } from './upgrade/proofs';
import { hotOf } from './upgrade/serving';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** "Prepare upgrade obproxy": the proxy serves, its package is whole, and nothing on the host is in the way; nothing is changed. */
export const PrepareUpgradeObproxy = subtask({
  name: 'Prepare upgrade obproxy',
  className: 'obproxy.PrepareUpgradeObproxyTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    const upgrade = await upgradeOf(scope);
    await checkStore(scope, upgrade.target.package);
    const hot = await hotOf(scope, upgrade);
    const upgrading = { ...upgrade, host: hot.host, login: () => hot.login(10_000) };
    for (const proof of PROOFS) for (const text of await proof(upgrading)) scope.log.info(text);
    await beginWork(scope, workedProxy(upgrade.proxy.server), { status: 'UPGRADING', from: ['RUNNING'] });
    return undefined;
  },

  rollback: undoPrepare,
});
