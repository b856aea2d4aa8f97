import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { subtask } from '../subtask';
import { OBPROXY, proxyMadeByTask, proxyOf } from './proxy';

/** "Update obproxy status": the record says RUNNING, and no other operation works on the proxy. */
export const UpdateObproxyStatus = subtask({
  name: 'Update obproxy status',
  className: 'obproxy.UpdateObproxyStatusTask',
  timeout: 300,
  needs: OBPROXY,

  async run(scope) {
    const { server } = await proxyOf(scope);
    const changed = await scope.store.obproxy.updateServerStatus(
      server.id,
      ['CREATING', 'TAKINGOVER', 'UNAVAILABLE', 'RUNNING'],
      { status: 'RUNNING', operateStatus: 'NORMAL', active: true },
    );
    if (!changed) {
      throw new PermanentError({
        type: 'ObproxyStatusUnfit',
        code: 'ODP21016',
        tried: 'record the proxy as running',
        where: server.ip,
        cameBack: `its status is ${server.status}`,
        next: 'Another operation has changed it; look at that task.',
      });
    }
    scope.log.info(`OBProxy ${addressText(server.ip, server.sqlPort)} is RUNNING`);
    return undefined;
  },

  async rollback(scope) {
    const server = await proxyMadeByTask(scope);
    if (server === undefined) return;
    const to = { status: 'CREATING', operateStatus: 'OPERATING' } as const;
    if (await scope.store.obproxy.updateServerStatus(server.id, ['RUNNING'], to)) {
      scope.log.info(`OBProxy ${addressText(server.ip, server.sqlPort)} is CREATING again`);
    }
  },
});
