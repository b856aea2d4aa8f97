import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { awaitFormer } from './hotFormer';
import { hotOf } from './upgrade/serving';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** The subtask has 1800 s. */
const LONGEST_MS = 1_680_000;

/** "Wait hot restart obproxy finish": until the sessions of the former process have ended, or have had their time. */
export const WaitHotRestartObproxyFinish = subtask({
  name: 'Wait hot restart obproxy finish',
  className: 'obproxy.WaitHotRestartObproxyFinishTask',
  timeout: 1800,
  waits: true,
  needs: UPGRADE,

  async run(scope) {
    const upgrade = await upgradeOf(scope);
    if (upgrade.isHot) await awaitFormer(scope, await hotOf(scope, upgrade), LONGEST_MS);
    else scope.log.info(say('upgrade.noFormer'));
    return undefined;
  },
});
