import { subtask } from '../subtask';
import { giveEtcBack } from './upgrade/configuration';
import { keepEtc } from './upgrade/placing';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** "Prepare etc for obproxy": what the proxy has stored is kept beside, as it was before the upgrade. */
export const PrepareEtcForObproxy = subtask({
  name: 'Prepare etc for obproxy',
  className: 'obproxy.PrepareEtcForObproxyTask',
  timeout: 600,
  needs: UPGRADE,

  async run(scope) {
    const { home } = await upgradeOf(scope);
    await keepEtc(scope, await scope.host(), home);
    return undefined;
  },

  async rollback(scope) {
    await giveEtcBack(scope, await scope.host(), await upgradeOf(scope));
  },
});
