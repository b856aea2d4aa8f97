import { z } from 'zod';
import {
  PrepareRestartObCluster,
  PrepareRestartObServer,
  PrepareRestartObZone,
  SetZoneContext,
  StartObServer,
  StartObServerProcess,
  StartObZone,
  StartOcpAgentService,
  StopObServerProcess,
  StopObZone,
  SyncAllTenantInfo,
  SyncClusterInfo,
  UpdateObClusterStatus,
  UpdateObServerStatus,
  UpdateObZoneStatus,
  WaitNode,
  WaitObServerAccessible,
} from '../activities/subtasks';
import { readRolling, readStopState } from '../contact/lookAtStop';
import { notBack } from '../oceanbase/rollingVerdict';
import { refusedBy, stopVerdict } from '../oceanbase/stopVerdict';
import { addressText } from '../runtime/addressText';
import { fault, say } from '../runtime/messages/catalogue';
import { type ChainGroup, type ChainNode, group, node } from '../workflows/chain';
import { expectedDuration } from './expectedDuration';
import {
  acceptedCluster,
  byZone,
  freezeServer,
  planOnCluster,
  proxyFindings,
  type WholeCluster,
} from './obClusterLife';
import { processFindings } from './obServerFindings';
import { askingCluster } from './obServers';
import { Refusal } from './refusal';
import { IdPath } from './schemas';
import { catalogued, type HostFinding, type InspectScope } from './types';

const SERVERS = { split: '{zone_names}.server_ids' } as const;

/** What is done to a zone; without force it is stopped first, which the sample of a cluster of one zone does not show. */
const ZONE: readonly ChainNode[] = [
  node(SetZoneContext),
  node(PrepareRestartObZone),
  node(StopObZone, { when: { key: 'zone_wide', is: 'true' } }),
  node(PrepareRestartObServer, SERVERS),
  node(WaitNode),
  node(StopObServerProcess, SERVERS),
  node(WaitNode),
  node(StartObServerProcess, SERVERS),
  node(WaitObServerAccessible),
  node(StartOcpAgentService, { split: '{zone_names}.host_ids' }),
  node(WaitNode),
  node(StartObServer, SERVERS),
  node(WaitNode),
  node(UpdateObServerStatus, SERVERS),
  node(StartObZone),
  node(UpdateObZoneStatus),
];

/** Four nodes and fifteen for each zone (OCP documentation V4.2.2, "Restart an OceanBase cluster"), sixteen where it is stopped. */
export const RESTART_OB_CLUSTER: readonly (ChainNode | ChainGroup)[] = [
  node(PrepareRestartObCluster),
  group('zone_names', ZONE),
  node(SyncClusterInfo),
  node(SyncAllTenantInfo),
  node(UpdateObClusterStatus),
];

const MAY_RESTART = ['RUNNING'] as const;
/** With fewer zones no majority is left while one of them restarts. */
const ROLLING_ZONES = 3;

/** Throws Refusal OBE11070, OBE19003, OBE11007 while something is not back yet, or as a stop of each of its zones would be refused. */
async function refuseInterruption(
  scope: InspectScope,
  { cluster, servers, zones }: WholeCluster,
): Promise<void> {
  const target = `obCluster:${cluster.id}`;
  const { name } = cluster;
  if (zones.length < ROLLING_ZONES) {
    const counts = { name, count: zones.length, least: ROLLING_ZONES };
    throw new Refusal(409, 'OBE11070', say('clusterLife.fewZones', counts), { target });
  }
  const away = servers.find(({ status }) => status !== 'RUNNING');
  if (away !== undefined) {
    const { ip, rpcPort, zone, status } = away;
    const said = say('clusterLife.notRunning', { address: addressText(ip, rpcPort), zone, status });
    throw new Refusal(409, 'OBE19003', said, { target: `obServer:${away.id}` });
  }
  await askingCluster(scope, cluster, async (session) => {
    const state = await readStopState(session);
    for (const zone of zones) {
      const { refusals } = stopVerdict(state, { zone });
      const [first] = refusals;
      if (first === undefined) continue;
      const said = say('clusterLife.refused', { name, text: refusedBy(refusals), next: first.next });
      throw new Refusal(409, first.code, said, { target });
    }
    const [behind] = notBack(await readRolling(session), { but: undefined });
    if (behind !== undefined) {
      const said = say('clusterLife.refused', { name, text: behind, next: say('stop.bringBack') });
      throw new Refusal(409, 'OBE11007', said, { target });
    }
  });
}

/** In which order zones go, which majority each of them leaves, and what an interruption interrupts. */
async function restartFindings(
  scope: InspectScope,
  { cluster, servers, zones }: WholeCluster,
  force: boolean,
): Promise<HostFinding[]> {
  const left = await askingCluster(scope, cluster, async (session) => {
    const found: HostFinding[] = [];
    const state = await readStopState(session);
    for (const zone of zones) {
      const { leaves, refusals } = stopVerdict(state, { zone });
      if (leaves !== undefined)
        found.push({ level: 'INFO', message: say('clusterLife.zoneLeaves', { zone, text: leaves }) });
      for (const { code, text } of refusals)
        found.push({ level: 'WARN', code, message: say('stop.forced', { text }) });
    }
    return found;
  });
  const minutes = SetZoneContext.timeout / 60;
  return [
    { level: 'INFO', message: say('clusterLife.order', { zones: zones.join(', ') }) },
    { level: 'INFO', message: say('clusterLife.takes', { minutes }) },
    ...(force ? [{ level: 'WARN' as const, message: say('clusterLife.interrupts') }] : []),
    ...(left ?? []),
    ...(force ? await proxyFindings(scope, cluster) : []),
    ...(await processFindings(scope, servers, true)),
    await expectedDuration(scope, {
      ...{ workflow: 'restartObCluster', name: 'Restart OB cluster', chain: RESTART_OB_CLUSTER },
      ...{ clusterId: cluster.id, elements: { zone_names: zones.length } },
    }),
  ];
}

/** `POST /api/v2/ob/clusters/{id}/restart` (OCP documentation V4.2.2, "Restart an OceanBase cluster"). */
export const restartObCluster = catalogued({
  id: 'restartObCluster',
  command: 'ob restart',
  method: 'POST',
  path: '/api/v2/ob/clusters/{id}/restart',
  permission: 'CLUSTER_MANAGER',
  tag: 'OceanBase',
  summary: 'Restart an OceanBase cluster',
  description:
    'Restarts the observers zone after zone, that of the root service last: clients, leaders and the root service leave a ' +
    'zone before it stops (STOP ZONE), and the next one waits until everything is in service and in sync again. Refused ' +
    'with fewer than three zones, while a server does not serve, or when a log stream would lose its majority; force: true ' +
    'restarts all the same, which interrupts clients. Answers one task "Restart OB cluster" in the documented older form, ' +
    'with the modern subtasks beside it.',
  params: IdPath,
  body: z
    .object({
      force: z
        .boolean(fault('must.boolean'))
        .default(false)
        .describe(
          "true: processes are stopped without moving clients and leaders away, as by Force Restart of OCP's console. Not on its page.",
        ),
      freezeServer,
    })
    .default({ force: false, freezeServer: true }),
  answer: 'legacyTask',
  sample: 'restart-ob-cluster',
  look: {
    obCluster: ({ params }) => params.id,
    obServersOf: ({ params }) => params.id,
    refuses: async (scope, { params, body }) => {
      const found = await acceptedCluster(scope.store, params.id, MAY_RESTART);
      if (!body.force) await refuseInterruption(scope, found);
    },
    findings: async (scope, { params, body }) =>
      restartFindings(scope, await acceptedCluster(scope.store, params.id, MAY_RESTART), body.force),
  },

  async prepare(scope, { params, body: { force, freezeServer: freezes } }) {
    const found = await acceptedCluster(scope.store, params.id, MAY_RESTART);
    const { cluster, zones } = found;
    return planOnCluster(scope, {
      ...found,
      ...{ name: 'Restart OB cluster', chain: RESTART_OB_CLUSTER, becomes: 'RUNNING' },
      context: {
        stringMap: {
          cluster_name: cluster.name,
          cluster_id: String(cluster.id),
          ocpagent_service_name: 'agent',
          former_cluster_status: cluster.status,
        },
        listMap: { ...byZone(found, `${cluster.id}.`), zone_names: zones },
      },
      unshown: {
        ...(force ? { cluster_wide: 'true' } : { zone_wide: 'true' }),
        force: String(force),
        freeze_server: String(freezes),
      },
    });
  },
});
