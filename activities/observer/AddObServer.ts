import { deleteServerSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { inTurn, STATEMENT_MS, withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';
import { addToCluster, listed, send } from './adding';
import { OBSERVER, observerOf, serverMadeByTask } from './observer';

/** "Add observer": asks first, acts, asks again; one statement at a time in a cluster. */
export const AddObServer = subtask({
  name: 'Add observer',
  className: 'server.AddObServerTask',
  timeout: 1800,
  needs: OBSERVER,
  leaves: 'the server in the cluster',

  async run(scope) {
    await addToCluster(scope, await observerOf(scope));
    return undefined;
  },

  /** DELETE SERVER, and wait until it is gone: replicas move away first, which may take minutes to days. */
  async rollback(scope) {
    if ((await serverMadeByTask(scope)) === undefined) {
      scope.log.info(say('observer.noneOfTask'));
      return;
    }
    const observer = await observerOf(scope);
    const { cluster, server } = observer;
    const tried = say('observer.delete');
    for (let looks = 0; ; looks += 1) {
      const found = await withCluster(scope, cluster, tried, (session) => listed(session, observer));
      if (found === undefined) {
        scope.log.info(say('observer.deleted', { address: observer.address, cluster: cluster.name }));
        return;
      }
      if (found.innerStatus !== 'DELETING') {
        await scope.store.obServers.updateStatus(
          server.id,
          ['CREATING', 'RUNNING', 'STOPPED', 'UNAVAILABLE'],
          'DELETING',
        );
        await inTurn(scope, cluster.id, (inside) =>
          withCluster(
            inside,
            cluster,
            tried,
            async (session) => {
              if ((await listed(session, observer))?.innerStatus === 'DELETING') return;
              await send(inside, session, deleteServerSql(server, found.zone));
            },
            STATEMENT_MS,
          ),
        );
      } else if (looks % 30 === 1) scope.log.info(say('observer.moving'));
      await scope.pause(Math.min(200 * 1.5 ** looks, 5_000));
    }
  },
});
