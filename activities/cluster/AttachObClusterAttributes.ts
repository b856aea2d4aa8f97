import { say } from '../../runtime/messages/catalogue';
import { HOSTS_OF_TASK, hostsOfTask } from '../common/hostsOfTask';
import { recordHostFacts } from '../host/hostFacts';
import { subtask } from '../subtask';
import { CLUSTER_TAKE_OVER } from '../takeOver';
import { CLUSTER, clusterOf, withCluster } from './cluster';

/**
 * "Attach cluster attributes": the version that the servers run, whether its package is in the library (to add a server it
 * must be), and what the hosts say of themselves; hosts that the task has added are AVAILABLE from here on.
 */
export const AttachObClusterAttributes = subtask({
  name: 'Attach cluster attributes',
  className: 'cluster.AttachObClusterAttributesTask',
  timeout: 1800,
  needs: { ...CLUSTER, ...HOSTS_OF_TASK, ...CLUSTER_TAKE_OVER },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const community = await withCluster(scope, cluster, say('obTakeOver.askEdition'), (session) =>
      session.isCommunity(),
    );
    const name = community ? 'oceanbase-ce' : 'oceanbase';
    const args = { name, version: cluster.version };
    const found = await scope.store.packages.list(
      { keyword: name, version: [cluster.version] },
      { page: 1, size: 100 },
    );
    const stored = found.contents.filter((one) => one.name === name).map(({ fileName }) => fileName);
    if (stored.length === 0) scope.log.warn(say('obTakeOver.noPackage', args));
    else scope.log.info(say('obTakeOver.package', { ...args, files: stored.join(', ') }));
    for (const row of await scope.store.obServers.ofCluster(cluster.id)) {
      if (row.adopted !== null && row.adopted.package === null)
        scope.log.warn(say('obTakeOver.noRpm', { ip: row.ip, program: row.adopted.program }));
    }
    for (const id of await hostsOfTask(scope)) await recordHostFacts(scope, id);
    return undefined;
  },
});
