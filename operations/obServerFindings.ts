/** What a dry run of an operation on OBServers finds in their cluster and on their hosts. */

import { processText } from '../activities/host/serviceProcesses';
import { isMadeByObflow, leftText } from '../activities/observer/leftFolders';
import { findHome, proveStartable } from '../activities/observer/life';
import type { ClusterMember } from '../activities/observer/observer';
import { lookForObservers } from '../activities/observer/process';
import { lookAtStop } from '../contact/lookAtStop';
import type { ClusterSession } from '../oceanbase/clusterSession';
import type { Finding } from '../oceanbase/obproxyRunning';
import { addressText } from '../runtime/addressText';
import { PermanentError } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import type { ObServerRow } from '../store/types';
import { findingsOn } from './hostFindings';
import { askingCluster } from './obServers';
import { obClusterById } from './observerPreconditions';
import type { HostFinding, InspectScope } from './types';

const info = (text: Text): Finding => ({ level: 'INFO', text });

async function memberById(scope: InspectScope, serverId: number): Promise<ClusterMember | undefined> {
  const server = await scope.store.obServers.find(serverId);
  if (server === undefined) return undefined;
  const cluster = await obClusterById(scope.store, server.clusterId);
  return { server, cluster, address: addressText(server.ip, server.rpcPort) };
}

/** Units, leaders and the root service of a server that is to stop, and for how long it may be away. */
async function stops(session: ClusterSession, { server, address }: ClusterMember): Promise<Finding[]> {
  const units = await session.units(server);
  const leaders = await session.leaders(server);
  const listed = (await session.servers()).find(
    ({ ip, rpcPort }) => ip === server.ip && rpcPort === server.rpcPort,
  );
  const value = await session.parameter('server_permanent_offline_time');
  return [
    info(say('stop.stops', { address, zone: server.zone, units: units ?? '?', leaders })),
    ...(listed?.withRootserver === true ? [info(say('stop.rootService'))] : []),
    ...(value === undefined
      ? []
      : [{ level: 'WARN' as const, text: say('stop.backWithin', { address, value }) }]),
  ];
}

/** What would stop, and which majority it would leave. */
export async function stopFindings(
  scope: InspectScope,
  servers: readonly ObServerRow[],
  target: { readonly zone: string; readonly servers?: readonly string[] },
): Promise<HostFinding[]> {
  const found: HostFinding[] = [];
  for (const { id } of servers) {
    const member = await memberById(scope, id);
    if (member === undefined) continue;
    const ofCluster = (await askingCluster(scope, member.cluster, (session) => stops(session, member))) ?? [];
    found.push(...ofCluster.map(({ level, text }) => ({ ...ofHost(member.server), level, message: text })));
  }
  const [first] = servers;
  const cluster = first && (await obClusterById(scope.store, first.clusterId));
  const verdict = cluster && (await askingCluster(scope, cluster, (session) => lookAtStop(session, target)));
  const leaves: HostFinding[] =
    verdict?.leaves === undefined ? [] : [{ level: 'INFO', message: verdict.leaves }];
  // A request with force is accepted all the same.
  const against = (verdict?.refusals ?? []).map(
    ({ code, text }): HostFinding => ({ level: 'WARN', code, message: say('stop.forced', { text }) }),
  );
  return [...found, ...leaves, ...against];
}

function ofHost({ hostId }: ObServerRow): { hostId?: number } {
  return hostId === null ? {} : { hostId };
}

/** Its process and home; with `starts` whether it could be started from there. */
export async function processFindings(
  scope: InspectScope,
  servers: readonly ObServerRow[],
  starts: boolean,
): Promise<HostFinding[]> {
  const found: HostFinding[] = [];
  for (const { id, hostId } of servers) {
    const member = await memberById(scope, id);
    if (member === undefined || hostId === null) continue;
    found.push(
      ...(await findingsOn(hostId, async () => {
        const host = await scope.openHost(hostId);
        const observer = await findHome(scope, host, member);
        const { home } = observer.layout;
        const { own } = await lookForObservers(host, home);
        if (starts) await proveStartable(host, observer);
        return [
          info(
            own.length === 0
              ? say('observer.noneWorks', { home })
              : say('process.livesIn', { processes: own.map(processText), home }),
          ),
        ];
      })),
    );
  }
  return found;
}

/** What stays on the hosts of servers that obflow has not made when they are deleted, and how a person removes it. */
export async function leftFindings(
  scope: InspectScope,
  servers: readonly ObServerRow[],
): Promise<HostFinding[]> {
  const found: HostFinding[] = [];
  for (const server of servers) {
    const { hostId } = server;
    const member = await memberById(scope, server.id);
    if (member === undefined || hostId === null || isMadeByObflow(server)) continue;
    found.push(
      ...(await findingsOn(hostId, async () => {
        const host = await scope.openHost(hostId);
        const { layout } = await findHome(scope, host, member).catch(homeUnknown);
        const about = { address: member.address, clusterName: member.cluster.name };
        return [{ level: 'WARN', text: await leftText(host, { ...server, home: layout.home }, about) }];
      })),
    );
  }
  return found;
}

/** A server that nobody has ever seen at work may lie on its host all the same. */
function homeUnknown(error: unknown): { readonly layout: { readonly home: null } } {
  if (error instanceof PermanentError && error.type === 'HomeUnknown') return { layout: { home: null } };
  throw error;
}

/** The server of a request, for findings; empty when there is none, which `prepare` has refused. */
export async function serversById(scope: InspectScope, serverId: number): Promise<ObServerRow[]> {
  const server = await scope.store.obServers.find(serverId);
  return server === undefined ? [] : [server];
}
