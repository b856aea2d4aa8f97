import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { PROXIES, proxyIdsOf } from './proxiesOfTask';

/** "Delete obproxy info": the inventory forgets the proxies, with what it has recorded about them. */
export const DeleteObproxyMetaInfo = subtask({
  name: 'Delete obproxy info',
  className: 'obproxy.DeleteObproxyMetaInfoTask',
  timeout: 300,
  needs: PROXIES,
  leaves: 'the inventory without the proxies',

  async run(scope) {
    const ids = proxyIdsOf(scope);
    await scope.store.transaction(async ({ obproxy }) => {
      for (const id of ids) await obproxy.deleteServer(id);
    });
    scope.log.info(say('obproxy.forgotten', { ids: ids.join(', ') }));
    return undefined;
  },
});
