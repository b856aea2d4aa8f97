import { z } from 'zod';
import {
  PrepareConfigureObproxy,
  SetObproxyUserPasswordForOb,
  StartNode,
  SyncObproxyParameter,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
} from '../activities/subtasks';
import { type ChainNode, node } from '../workflows/chain';
import { clusterParameterFindings } from './obproxyFindings';
import { acceptedServers, EACH, planOnServers, SomeObproxyServerIds } from './obproxyServers';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Ours: OCP's console has "Refresh configuration", of which no call is published. */
export const REFRESH_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareConfigureObproxy, EACH),
  node(WaitNode),
  node(SyncObproxyParameter, EACH),
  node(SetObproxyUserPasswordForOb, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

/** For the context of tasks that set parameters on proxies that exist. */
export const STORES_LATE = { target_obproxy_status: 'RUNNING', late_parameters: 'store' } as const;

/** `POST /api/v2/obproxy/clusters/{id}/servers/refresh` (ours). */
export const refreshObproxy = catalogued({
  id: 'refreshObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/refresh',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Refresh the configuration of OBProxies',
  description:
    'Ours. Sets every parameter of the cluster and the passwords of its links on the OBProxies named, and reads them back: for ' +
    'one that has missed a change (its parameterVersion is not that of the cluster), or was changed by hand. What needs a ' +
    'restart is stored and shown as parameterDrift. Answers one task "Refresh obproxy".',
  params: IdPath,
  body: z.object({ obproxyServerIds: SomeObproxyServerIds }),
  answer: 'task',
  sample: 'refresh-obproxy',
  look: {
    obproxyServers: ({ body }) => body.obproxyServerIds,
    findings: (scope, { params, body }) => clusterParameterFindings(scope, params.id, body.obproxyServerIds),
  },

  async prepare(scope, { params, body }) {
    const { cluster, servers } = await acceptedServers(scope.store, params.id, body.obproxyServerIds, {
      from: ['RUNNING'],
    });
    const task = { name: 'Refresh obproxy', chain: REFRESH_OBPROXY, cluster, servers };
    return planOnServers(scope, { ...task, unshown: STORES_LATE });
  },
});
