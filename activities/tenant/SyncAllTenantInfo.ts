import { say } from '../../runtime/messages/catalogue';
import { CLUSTER, clusterOf, withCluster } from '../cluster/cluster';
import { subtask } from '../subtask';

/** "Sync all tenant information": obflow keeps no tenants, it asks for them when somebody wants to know; here it shows that it can. */
export const SyncAllTenantInfo = subtask({
  name: 'Sync all tenant information',
  className: 'tenant.SyncAllTenantInfoTask',
  timeout: 300,
  needs: CLUSTER,

  async run(scope) {
    const cluster = await clusterOf(scope);
    const count = await withCluster(scope, cluster, say('obTakeOver.askTenants'), (session) =>
      session.tenantCount(),
    );
    scope.log.info(
      count === undefined ? say('obTakeOver.tenantsUntold') : say('obTakeOver.tenants', { count }),
    );
    return undefined;
  },
});
