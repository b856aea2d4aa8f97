import { subtask } from '../subtask';
import { prepareDelete, undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';

/** "Prepare offline obproxy": the host answers, and this task works on the proxy from now on. */
export const PrepareOfflineObproxy = subtask({
  name: 'Prepare offline obproxy',
  className: 'obproxy.PrepareOfflineObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    await prepareDelete(scope);
    return undefined;
  },

  rollback: undoPrepare,
});
