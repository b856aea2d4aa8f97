import { z } from 'zod';
import {
  InactiveAgentModules,
  PrepareStopObproxy,
  PreventObproxyAcceptNewRequest,
  StartNode,
  StopObproxy,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
} from '../activities/subtasks';
import { type ChainNode, node } from '../workflows/chain';
import { stopFindings } from './obproxyFindings';
import { acceptedServers, EACH, planOnServers, SomeObproxyServerIds } from './obproxyServers';
import { IdPath } from './schemas';
import { catalogued } from './types';

/** Eleven nodes (OCP documentation V4.3.5, "Stop an OBProxy"). */
export const STOP_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareStopObproxy, EACH),
  node(WaitNode),
  node(PreventObproxyAcceptNewRequest),
  node(StopObproxy, EACH),
  node(WaitNode),
  node(InactiveAgentModules, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

/** `POST /api/v2/obproxy/clusters/{id}/servers/stop` (OCP documentation V4.3.5, "Stop an OBProxy"). */
export const stopObproxy = catalogued({
  id: 'stopObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/stop',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Stop OBProxies',
  description:
    'Stops the OBProxies named, also for the next boot of their hosts. Transactions of open sessions may end within ' +
    'the proxy\'s hot_upgrade_exit_timeout, 600 s at most. Answers one task "Stop obproxy".',
  params: IdPath,
  body: z.object({ obproxyServerIds: SomeObproxyServerIds }),
  answer: 'task',
  sample: 'stop-obproxy',
  look: {
    obproxyServers: ({ body }) => body.obproxyServerIds,
    findings: (scope, { params, body }) => stopFindings(scope, params.id, body.obproxyServerIds),
  },

  async prepare(scope, { params, body }) {
    const { cluster, servers } = await acceptedServers(scope.store, params.id, body.obproxyServerIds, {
      from: ['RUNNING', 'UNAVAILABLE'],
      already: ['STOPPED'],
    });
    const unshown = { target_obproxy_status: 'STOPPED' };
    return planOnServers(scope, { name: 'Stop obproxy', chain: STOP_OBPROXY, cluster, servers, unshown });
  },
});
