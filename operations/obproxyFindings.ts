/** What a dry run of an operation on existing OBProxies finds on their hosts. */

import { inspectForHotRestart, inspectForStart, inspectForStop } from '../activities/obproxy/inspectLife';
import { inspectForLogin, inspectParameters } from '../activities/obproxy/inspectParameters';
import { clusterParameters, type ObproxyInstance, proxyInstance } from '../activities/obproxy/proxy';
import { inspectForUpgrade } from '../activities/obproxy/upgrade/inspect';
import type { Host } from '../hosts/types';
import type { Finding } from '../oceanbase/obproxyRunning';
import type { ParameterValue } from '../oceanbase/parameters';
import { withDeadline } from '../runtime/deadline';
import { say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import { findingsOn } from './hostFindings';
import { obproxyClusterById } from './preconditions';
import type { HostFinding, InspectScope } from './types';
import { packagesFor, type WantedPackage } from './upgradePackage';

/** A dry run looks at so many hosts together, and at each for so long. */
const INSPECTED_TOGETHER = 8;
const INSPECT_MS = 20_000;

type Inspect = (host: Host, proxy: ObproxyInstance, signal: AbortSignal) => Promise<readonly Finding[]>;

function inspectOne(scope: InspectScope, proxy: ObproxyInstance, inspect: Inspect): Promise<HostFinding[]> {
  const { hostId } = proxy.server;
  return findingsOn(hostId, async () => {
    const host = await scope.openHost(hostId);
    return withDeadline(INSPECT_MS, undefined, (signal) => inspect(host, proxy, signal));
  });
}

async function onServers(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
  inspect: Inspect,
): Promise<HostFinding[]> {
  const cluster = await obproxyClusterById(scope.store, clusterId);
  const proxies = cluster.servers
    .filter(({ id }) => ids.includes(id))
    .map((server) => proxyInstance(server, cluster));
  const found = await someAtATime(proxies, INSPECTED_TOGETHER, (proxy) => inspectOne(scope, proxy, inspect));
  return found.flat();
}

/** Whoever is stopped leaves its clients to the others. */
async function othersFinding(
  { store }: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  const { name, servers } = await obproxyClusterById(store, clusterId);
  const first = servers.find(({ id }) => ids.includes(id));
  const others = servers.filter(({ id, status }) => status === 'RUNNING' && !ids.includes(id));
  if (first === undefined || others.length > 0) return [];
  const message = say('obproxy.nowhereToGo', { cluster: name });
  return [{ hostId: first.hostId, level: 'WARN', message }];
}

/** Processes, keepers, open sessions. */
export async function stopFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  const found = await onServers(scope, clusterId, ids, (host, proxy, signal) =>
    inspectForStop(scope.store, host, proxy, signal),
  );
  return [...found, ...(await othersFinding(scope, clusterId, ids))];
}

/** Program, configuration, ports, who would keep it. */
export function startFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  return onServers(scope, clusterId, ids, (host, proxy) => inspectForStart(scope.store, host, proxy));
}

/** The program, the state of hot restarts, whoever supervises it. */
export function hotRestartFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  return onServers(scope, clusterId, ids, (host, proxy, signal) =>
    inspectForHotRestart(scope.store, host, proxy, signal),
  );
}

/** Which parameters would be set on the proxies, and which of them would wait for a restart. */
export function wishedParameterFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
  wished: readonly ParameterValue[],
): Promise<HostFinding[]> {
  return onServers(scope, clusterId, ids, (host, proxy, signal) =>
    inspectParameters(scope.store, host, proxy, { wished, signal }),
  );
}

/** The same of the parameters that are recorded. */
export async function clusterParameterFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  const cluster = await obproxyClusterById(scope.store, clusterId);
  return wishedParameterFindings(scope, clusterId, ids, clusterParameters(cluster));
}

/** Whether every proxy of the cluster lets root@proxysys in. */
export async function loginFindings(scope: InspectScope, clusterId: number): Promise<HostFinding[]> {
  const { servers } = await obproxyClusterById(scope.store, clusterId);
  const ids = servers.map(({ id }) => id);
  return onServers(scope, clusterId, ids, (host, proxy, signal) =>
    inspectForLogin(scope.store, host, proxy, signal),
  );
}

/** Both. */
export function restartFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
): Promise<HostFinding[]> {
  return onServers(scope, clusterId, ids, async (host, proxy, signal) => [
    ...(await inspectForStop(scope.store, host, proxy, signal)),
    ...(await inspectForStart(scope.store, host, proxy)),
  ]);
}

/** Program, room for the package, ports, who keeps it, and whether it can hand over. */
export async function upgradeFindings(
  scope: InspectScope,
  clusterId: number,
  ids: readonly number[],
  { hotRestart, ...wanted }: WantedPackage & { readonly hotRestart: boolean },
): Promise<HostFinding[]> {
  const { servers } = await obproxyClusterById(scope.store, clusterId);
  const named = servers.filter(({ id }) => ids.includes(id));
  const packages = await packagesFor(scope.store, named, wanted);
  return onServers(scope, clusterId, ids, async (host, proxy, signal) => {
    const target = packages.get(proxy.server.id);
    if (target === undefined) return [];
    return inspectForUpgrade(scope.store, host, proxy, { target, isHot: hotRestart, signal });
  });
}
