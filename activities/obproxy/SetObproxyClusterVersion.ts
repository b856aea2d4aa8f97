import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { PROXIES, proxiesOf } from './proxiesOfTask';

/** "Set obproxy cluster version": what obflow answers of a cluster is computed from its proxies. */
export const SetObproxyClusterVersion = subtask({
  name: 'Set obproxy cluster version',
  className: 'obproxy.SetObproxyClusterVersionTask',
  timeout: 1800,
  needs: PROXIES,

  async run(scope) {
    const [proxy] = await proxiesOf(scope);
    if (proxy === undefined) return undefined;
    const { name, servers } = proxy.cluster;
    const versions = [...new Set(servers.map(({ version }) => version))].sort();
    scope.log.info(say('upgrade.clusterVersions', { cluster: name, versions: versions.join(', ') }));
    return undefined;
  },
});
