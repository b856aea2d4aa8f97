import { z } from 'zod';
import {
  CleanObproxyFiles,
  ClearOcpAgentConfigs,
  DeleteObproxyClientLoadBalanceInfo,
  DeleteObproxyMetaInfo,
  Finish,
  InactiveAgentModules,
  OfflineObproxyExporter,
  PrepareDeleteObproxy,
  PrepareOfflineObproxy,
  PrepareOperateObproxy,
  RemoveObproxyFromLoadBalancePool,
  StartNode,
  StopObproxy,
  UninstallObproxy,
  UninstallObproxyPackage,
  UnReserveHost,
  UpdateObproxyClusterLockStatus,
  WaitNode,
} from '../activities/subtasks';
import { say } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { stopFindings } from './obproxyFindings';
import {
  type Allowed,
  acceptedServers,
  EACH,
  ObproxyIdsText,
  ObproxyServerIds,
  planOnServers,
  SomeObproxyServerIds,
} from './obproxyServers';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** After the rows are gone only the hosts are known. */
const EACH_HOST = { split: 'host_ids' } as const;

/** What may be deleted: all but a proxy that a task is making or moving. */
export const DELETABLE: Allowed = { from: ['RUNNING', 'UNAVAILABLE', 'STOPPED'] };

/** Twenty nodes (OCP documentation V4.3.5, "Delete an OBProxy"). */
export const DELETE_OBPROXY: readonly ChainNode[] = [
  node(PrepareOperateObproxy),
  node(PrepareDeleteObproxy, EACH),
  node(WaitNode),
  node(RemoveObproxyFromLoadBalancePool, EACH),
  node(WaitNode),
  node(InactiveAgentModules, EACH),
  node(WaitNode),
  node(StopObproxy, EACH),
  node(WaitNode),
  node(CleanObproxyFiles, EACH),
  node(WaitNode),
  node(UninstallObproxyPackage, EACH),
  node(DeleteObproxyClientLoadBalanceInfo),
  node(DeleteObproxyMetaInfo),
  node(OfflineObproxyExporter, EACH_HOST),
  node(WaitNode),
  node(UnReserveHost),
  node(ClearOcpAgentConfigs, EACH_HOST),
  node(UpdateObproxyClusterLockStatus),
  node(Finish),
];

/** Eight nodes (OCP documentation V4.2.2, "Delete OBProxies"). */
export const OFFLINE_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareOfflineObproxy, EACH),
  node(WaitNode),
  node(UninstallObproxy, EACH),
  node(DeleteObproxyMetaInfo),
  node(OfflineObproxyExporter, EACH_HOST),
  node(UnReserveHost),
  node(Finish),
];

const DELETES =
  'Stops the OBProxies named, as by a stop, removes what they and obflow have left on their hosts with the package, and ' +
  'forgets them. Of an OBProxy that was taken over, home and package stay. ';

/** `POST /api/v2/obproxy/clusters/{id}/servers/delete` (OCP documentation V4.3.5, "Delete an OBProxy"). */
export const deleteObproxy = catalogued({
  id: 'deleteObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/delete',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Delete OBProxies',
  description: `${DELETES}Answers one task "Delete obproxy server".`,
  params: IdPath,
  body: z.object({
    obproxyServerIds: SomeObproxyServerIds,
    skipHostOperationServerIds: ObproxyServerIds.optional().describe(
      'OBProxies whose hosts cannot be reached and are left alone; what stays there is listed in the log.',
    ),
  }),
  answer: 'task',
  sample: 'delete-obproxy',
  look: {
    obproxyServers: ({ body }) => contacted(body),
    findings: (scope, { params, body }) => stopFindings(scope, params.id, contacted(body)),
  },

  async prepare(scope, { params, body }) {
    const { obproxyServerIds: ids, skipHostOperationServerIds: skip = [] } = body;
    const { cluster, servers } = await acceptedServers(scope.store, params.id, ids, DELETABLE);
    const strange = skip.filter((id) => !ids.includes(id));
    if (strange.length > 0) {
      const said = say('skip.notDeleted', { ids: strange.join(', ') });
      throw new Refusal(400, 'ODP21015', said, { target: 'skipHostOperationServerIds' });
    }
    const skipped = servers.filter(({ id }) => skip.includes(id));
    return planOnServers(scope, {
      ...{ name: 'Delete obproxy server', chain: DELETE_OBPROXY },
      ...{ cluster, servers, skipped },
    });
  },
});

function contacted(body: {
  readonly obproxyServerIds: readonly number[];
  readonly skipHostOperationServerIds?: readonly number[] | undefined;
}): readonly number[] {
  return body.obproxyServerIds.filter((id) => body.skipHostOperationServerIds?.includes(id) !== true);
}

/** `DELETE /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}` (OCP documentation V4.2.2, "Delete OBProxies"). */
export const offlineObproxy = catalogued({
  id: 'offlineObproxy',
  method: 'DELETE',
  path: '/api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Delete OBProxies (older form)',
  description: `${DELETES}The ids stand in the path, separated by commas. Answers one task "Offline obproxy".`,
  params: IdPath.extend({ obproxyIds: ObproxyIdsText }),
  answer: 'task',
  sample: 'offline-obproxy',
  command: null,
  look: {
    obproxyServers: ({ params }) => params.obproxyIds,
    findings: (scope, { params }) => stopFindings(scope, params.id, params.obproxyIds),
  },

  async prepare(scope, { params }) {
    const found = await acceptedServers(scope.store, params.id, params.obproxyIds, DELETABLE);
    return planOnServers(scope, { name: 'Offline obproxy', chain: OFFLINE_OBPROXY, ...found });
  },
});
