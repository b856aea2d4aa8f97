import { z } from 'zod';
import {
  ActiveAgentModules,
  PrepareStartObproxy,
  RestoreObproxyWeight,
  StartNode,
  StartObproxy,
  StartObproxyd,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
  WaitObproxyAccessible,
} from '../activities/subtasks';
import { type ChainNode, node } from '../workflows/chain';
import { startFindings } from './obproxyFindings';
import { acceptedServers, EACH, planOnServers, SomeObproxyServerIds } from './obproxyServers';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Fourteen nodes (OCP documentation V4.3.5, "Start an OBProxy"). */
export const START_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareStartObproxy, EACH),
  node(WaitNode),
  node(StartObproxy, EACH),
  node(WaitNode),
  node(WaitObproxyAccessible, EACH),
  node(WaitNode),
  node(StartObproxyd, EACH),
  node(RestoreObproxyWeight),
  node(ActiveAgentModules, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

/** `POST /api/v2/obproxy/clusters/{id}/servers/start` (OCP documentation V4.3.5, "Start an OBProxy"). */
export const startObproxy = catalogued({
  id: 'startObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/start',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Start OBProxies',
  description:
    'Starts the OBProxies named by their stored configuration, and puts back who kept them before they were stopped. ' +
    'Answers one task "Start obproxy".',
  params: IdPath,
  body: z.object({ obproxyServerIds: SomeObproxyServerIds }),
  answer: 'task',
  sample: 'start-obproxy',
  look: {
    obproxyServers: ({ body }) => body.obproxyServerIds,
    findings: (scope, { params, body }) => startFindings(scope, params.id, body.obproxyServerIds),
  },

  async prepare(scope, { params, body }) {
    const { cluster, servers } = await acceptedServers(scope.store, params.id, body.obproxyServerIds, {
      from: ['STOPPED', 'UNAVAILABLE'],
      already: ['RUNNING'],
    });
    const unshown = { target_obproxy_status: 'RUNNING', obproxy_is_stored: 'true' };
    return planOnServers(scope, { name: 'Start obproxy', chain: START_OBPROXY, cluster, servers, unshown });
  },
});
