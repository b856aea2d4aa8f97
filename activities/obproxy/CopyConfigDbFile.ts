import { subtask } from '../subtask';
import { bringConfiguration, takeConfigurationBack } from './upgrade/configuration';
import { UPGRADE, upgradeOf } from './upgrade/upgradeOf';

/** "Copy obproxy config db file": the new program will find what the proxy has stored; from 4.1 on in another file. */
export const CopyConfigDbFile = subtask({
  name: 'Copy obproxy config db file',
  className: 'obproxy.CopyConfigDbFileTask',
  timeout: 1800,
  needs: UPGRADE,

  async run(scope) {
    await bringConfiguration(scope, await scope.host(), await upgradeOf(scope));
    return undefined;
  },

  async rollback(scope) {
    await takeConfigurationBack(scope, await scope.host(), await upgradeOf(scope));
  },
});
