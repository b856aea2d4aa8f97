import { askObproxies } from '../../contact/askObproxies';
import { PROXYRO } from '../../contact/foreignCluster';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import type { ObClusterRow, ObproxyClusterRow } from '../../store/types';
import { CLUSTER, clusterOf } from '../cluster/cluster';
import { objectId } from '../common/objects';
import { subtask } from '../subtask';
import type { Needs, SubtaskScope } from '../types';
import { giveLinkPasswords } from './linkPasswords';
import { openLinks, proveLogin, refuseSeveralPasswords } from './links';
import { proxyInstance } from './proxy';

const TOLD_MS = 15_000;

const LINKING = {
  ...CLUSTER,
  link_obproxy: 'value',
  linked_obproxy_cluster_ids: 'list?',
} as const satisfies Needs;

async function proxyCluster(scope: SubtaskScope, id: number): Promise<ObproxyClusterRow> {
  const found = await scope.store.obproxy.findCluster(id);
  if (found !== undefined) return found;
  throw new PermanentError({
    type: 'InventoryIncomplete',
    code: 'ODP21001',
    tried: say('linkObproxy.link', { id }),
    cameBack: say('obproxyCluster.unknown', { id }),
    next: say('next.sendAgain'),
  });
}

/** Recorded first, so that a proxy that asks its config server meanwhile learns of it; then told to every proxy that runs. */
async function link(scope: SubtaskScope, cluster: ObClusterRow, id: number): Promise<void> {
  const before = await proxyCluster(scope, id);
  if (!before.obLinks.some(({ clusterId }) => clusterId === cluster.id))
    await scope.store.obproxy.link(id, [{ clusterId: cluster.id, username: PROXYRO }]);
  const proxies = await proxyCluster(scope, id);
  const all = await openLinks(scope, proxies.obLinks);
  for (const server of proxies.servers) refuseSeveralPasswords(proxyInstance(server, proxies), all);
  const links = all.filter((one) => one.cluster.id === cluster.id);
  for (const one of links) await proveLogin(scope, one);
  const running = proxies.servers.filter(({ status }) => status === 'RUNNING');
  const { addresses } = scope.config;
  const ways = { store: scope.store, hosts: scope.hosts, addresses };
  const asked = await askObproxies(
    ways,
    running,
    ({ host, admin, server }) =>
      giveLinkPasswords({ ...scope, host: async () => host }, admin, proxyInstance(server, proxies), links),
    TOLD_MS,
  );
  const untold = asked.flatMap((one): Said[] =>
    'why' in one ? [say('text.of', { what: one.server.ip, text: one.why })] : [],
  );
  if (untold.length > 0) {
    throw new TransientError({
      type: 'ProxiesUntold',
      code: 'ODP21011',
      tried: say('linkObproxy.link', { id }),
      where: proxies.name,
      cameBack: untold,
      next: say('linkObproxy.next'),
    });
  }
  scope.log.info(say('linkObproxy.linked', { name: proxies.name, count: running.length }));
}

/** "Link obproxy": the OBProxy clusters of the request know the new cluster. */
export const LinkObproxy = subtask({
  name: 'Link obproxy',
  className: 'obproxy.LinkObproxyTask',
  timeout: 300,
  needs: LINKING,
  leaves: 'the links of OBProxy clusters',

  async run(scope) {
    const ids = scope.list('linked_obproxy_cluster_ids') ?? [];
    if (scope.value('link_obproxy') !== 'true' || ids.length === 0) {
      scope.log.info(say('linkObproxy.none'));
      return undefined;
    }
    const cluster = await clusterOf(scope);
    for (const id of ids) await link(scope, cluster, Number(id));
    return undefined;
  },

  async rollback(scope) {
    const clusterId = objectId(scope.input, 'cluster_ids') ?? Number(scope.value('cluster_id'));
    for (const id of scope.list('linked_obproxy_cluster_ids') ?? [])
      await scope.store.obproxy.unlink(Number(id), [clusterId]);
    scope.log.info(say('linkObproxy.undone'));
  },
});
