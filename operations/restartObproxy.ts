import { z } from 'zod';
import {
  ActiveAgentModules,
  PrepareOperateObproxy,
  PrepareRestartObproxy,
  PreventObproxyAcceptNewRequest,
  RestartObproxyProcess,
  RestoreObproxyWeight,
  StartNode,
  UpdateObproxyClusterLockStatus,
  UpdateObproxyStatus,
  WaitNode,
} from '../activities/subtasks';
import { fault } from '../runtime/messages/catalogue';
import { type ChainNode, node } from '../workflows/chain';
import { hotRestartFindings, restartFindings } from './obproxyFindings';
import { acceptedServers, EACH, ObproxyIdsText, planOnServers, SomeObproxyServerIds } from './obproxyServers';
import { refuseHot } from './refuseHot';
import { IdPath } from './schemas';
import { catalogued, type Prepared, type PrepareScope } from './types';

/**
 * Thirteen nodes (OCP documentation V4.3.5, "Restart an OBProxy"). One proxy after the other is restarted, and none after
 * one that does not come back: a bad program or parameter takes one of them, not all.
 */
export const RESTART_OBPROXY: readonly ChainNode[] = [
  node(StartNode),
  node(PrepareRestartObproxy, EACH),
  node(WaitNode),
  node(PreventObproxyAcceptNewRequest),
  node(PrepareOperateObproxy),
  node(RestartObproxyProcess, { ...EACH, serial: true }),
  node(WaitNode),
  node(RestoreObproxyWeight),
  node(ActiveAgentModules, EACH),
  node(WaitNode),
  node(UpdateObproxyStatus, EACH),
  node(WaitNode),
  node(UpdateObproxyClusterLockStatus),
];

const sameIds = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && one.every((id) => other.includes(id));

/** The page's table says obproxyIds, its sample obproxyServerIds. */
const Body = z
  .object({
    obproxyServerIds: SomeObproxyServerIds.optional(),
    obproxyIds: SomeObproxyServerIds.optional().describe('The same as obproxyServerIds.'),
    hotRestart: z
      .boolean(fault('must.boolean'))
      .describe(
        'false: the proxies are stopped and started, which cuts sessions. true: each hands over to a new process, and ' +
          'no session is lost; from OBProxy 3.2.1 on, and only of proxies that are RUNNING and no unit of systemd.',
      ),
  })
  .transform(({ obproxyIds, ...body }, context) => {
    const ids = body.obproxyServerIds ?? obproxyIds;
    if (ids === undefined) {
      context.addIssue({ code: 'custom', path: ['obproxyServerIds'], message: fault('is.required') });
      return z.NEVER;
    }
    if (obproxyIds !== undefined && !sameIds(ids, obproxyIds)) {
      const message = fault('must.equal', { field: 'obproxyServerIds' });
      context.addIssue({ code: 'custom', path: ['obproxyIds'], message });
      return z.NEVER;
    }
    return { obproxyServerIds: ids, hotRestart: body.hotRestart };
  });

async function prepareRestart(
  scope: PrepareScope,
  clusterId: number,
  ids: readonly number[],
  hot: boolean,
): Promise<Prepared> {
  const { cluster, servers } = await acceptedServers(scope.store, clusterId, ids, {
    from: hot ? ['RUNNING'] : ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
  });
  if (hot) refuseHot(servers);
  const unshown = { target_obproxy_status: 'RUNNING', hot_restart: String(hot) };
  return planOnServers(scope, { name: 'Restart obproxy', chain: RESTART_OBPROXY, cluster, servers, unshown });
}

const RESTARTS =
  'Stops and starts the OBProxies named, one after the other, and none after one that does not come back. ' +
  'Sessions of their clients are cut. Answers one task "Restart obproxy".';
const HOT =
  'With hotRestart each hands its ports over to a new process instead, and sessions go on in the former one until they ' +
  'end or hot_upgrade_exit_timeout is over; changed ports need a restart without it.';

/** `POST /api/v2/obproxy/clusters/{id}/servers/restart` (OCP documentation V4.3.5, "Restart an OBProxy"). */
export const restartObproxy = catalogued({
  id: 'restartObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/servers/restart',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Restart OBProxies',
  description: `${RESTARTS} ${HOT}`,
  params: IdPath,
  body: Body,
  answer: 'task',
  sample: 'restart-obproxy',
  look: {
    obproxyServers: ({ body }) => body.obproxyServerIds,
    findings: (scope, { params, body: { obproxyServerIds: ids, hotRestart } }) =>
      hotRestart ? hotRestartFindings(scope, params.id, ids) : restartFindings(scope, params.id, ids),
  },

  prepare: (scope, { params, body }) =>
    prepareRestart(scope, params.id, body.obproxyServerIds, body.hotRestart),
});

/**
 * `POST /api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/restart` (OCP documentation V4.2.2): the older form, which
 * always restarts by force. Its page prints another operation's answer, so it answers as the newer form does.
 */
export const forceRestartObproxy = catalogued({
  id: 'forceRestartObproxy',
  method: 'POST',
  path: '/api/v2/obproxy/clusters/{id}/obproxies/{obproxyIds}/restart',
  permission: 'OBPROXY_MANAGER',
  tag: 'OBProxy',
  summary: 'Restart OBProxies (older form)',
  description: `${RESTARTS} The ids stand in the path, separated by commas.`,
  params: IdPath.extend({ obproxyIds: ObproxyIdsText }),
  answer: 'task',
  sample: 'force-restart-obproxy',
  command: null,
  look: {
    obproxyServers: ({ params }) => params.obproxyIds,
    findings: (scope, { params }) => restartFindings(scope, params.id, params.obproxyIds),
  },
  prepare: (scope, { params }) => prepareRestart(scope, params.id, params.obproxyIds, false),
});
