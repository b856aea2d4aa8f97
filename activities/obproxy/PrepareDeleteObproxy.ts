import { subtask } from '../subtask';
import { prepareDelete, undoPrepare } from './preparing';
import { PROXIES } from './proxiesOfTask';

/** "Prepare delete obproxy": the host answers unless it is to be left alone, and this task works on the proxy from now on. */
export const PrepareDeleteObproxy = subtask({
  name: 'Prepare delete obproxy',
  className: 'obproxy.PrepareDeleteObproxyTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    await prepareDelete(scope);
    return undefined;
  },

  rollback: undoPrepare,
});
