import { PROXYRO } from '../../contact/foreignCluster';
import { SqlError } from '../../oceanbase/sqlSession';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { asRoot, madeByTask, proxyroFits } from './brought';
import { CLUSTER, clusterOf } from './cluster';

/**
 * "Create default user": proxyro, where the cluster has none. One that is there is left as it is. The undo drops only one that
 * this task has made.
 */
export const CreateDefaultUser = subtask({
  name: 'Create default user',
  className: 'cluster.CreateDefaultUserTask',
  timeout: 180,
  needs: CLUSTER,
  leaves: 'the user that it has made in the sys tenant',

  async run(scope) {
    const cluster = await clusterOf(scope);
    const tried = say('obTakeOver.makeUser', { user: PROXYRO });
    const made = madeByTask(scope, cluster)?.createdUser === PROXYRO;
    await asRoot(scope, cluster, tried, async (root) => {
      // Made by an earlier attempt, it may still want its grant.
      if ((await root.hasUser(PROXYRO)) && !made) {
        scope.log.info(say('obTakeOver.userThere', { user: PROXYRO }));
        return;
      }
      const { secret } = await scope.store.credentials.open(cluster.proxyroCredentialId);
      scope.log.hide(secret);
      if (secret === '') {
        throw new PermanentError({
          type: 'ProxyroGone',
          code: 'ODP21006',
          tried,
          where: cluster.name,
          cameBack: say('obTakeOver.userGone', { user: PROXYRO }),
          next: say('obTakeOver.nextSendPassword', { user: PROXYRO }),
        });
      }
      await scope.store.obClusters.recordOrigin(cluster.id, { createdUser: PROXYRO });
      await root.createReader(PROXYRO, secret).catch((error: unknown) => {
        // A refusal may quote the statement.
        if (!(error instanceof SqlError)) throw error;
        throw new SqlError(error.errno, error.message.replaceAll(secret, '***'));
      });
      scope.log.info(say('link.created', { user: PROXYRO, cluster: cluster.name }));
    });
    if (
      (made || madeByTask(scope, await clusterOf(scope))?.createdUser === PROXYRO) &&
      !(await proxyroFits(scope, cluster))
    ) {
      throw new PermanentError({
        type: 'ProxyroPasswordDiffers',
        code: 'ODP21006',
        tried,
        where: cluster.name,
        cameBack: say('obTakeOver.proxyroDiffers', { user: PROXYRO }),
        next: say('next.lookAtCluster'),
      });
    }
    return undefined;
  },

  async rollback(scope) {
    const cluster = await clusterOf(scope);
    if (madeByTask(scope, cluster)?.createdUser !== PROXYRO) {
      scope.log.info(say('undo.nothing'));
      return;
    }
    await asRoot(scope, cluster, say('obTakeOver.dropUser', { user: PROXYRO }), (root) =>
      root.dropUser(PROXYRO),
    );
    scope.log.info(say('obTakeOver.userDropped', { user: PROXYRO }));
  },
});
