import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { idOf, objectOf } from '../common/objects';
import { subtask } from '../subtask';
import { OBSERVER } from './observer';

/** "Delete observer meta info": the inventory forgets the server. Nothing brings it back but another "Add OB server". */
export const DeleteObServerInfo = subtask({
  name: 'Delete observer meta info',
  className: 'server.DeleteObServerInfoTask',
  timeout: 1800,
  needs: OBSERVER,
  leaves: 'the inventory without the server',

  async run(scope) {
    const id = idOf(objectOf(scope.input, ['server_ids'])?.name ?? '') ?? 0;
    const row = await scope.store.obServers.find(id);
    if (row !== undefined && row.work?.taskId !== scope.input.taskId) {
      throw new PermanentError({
        type: 'NotOfTask',
        code: 'OBE19003',
        tried: say('delete.forget', { id }),
        cameBack: say('delete.notOfTask', { status: row.status }),
        next: say('delete.nextRetryPrepare'),
      });
    }
    if (row !== undefined) await scope.store.obServers.delete(id);
    scope.log.info(say('delete.forgotten', { id }));
    return undefined;
  },

  async rollback(scope) {
    const id = idOf(objectOf(scope.input, ['server_ids'])?.name ?? '') ?? 0;
    if ((await scope.store.obServers.find(id)) !== undefined) return scope.log.info(say('undo.nothing'));
    throw new PermanentError({
      type: 'ServerForgotten',
      code: 'OBE19001',
      tried: say('delete.bringBack', { id }),
      cameBack: say('delete.isForgotten'),
      next: say('delete.nextAddAgain'),
    });
  },
});
