/** Asking a cluster whether servers of it may be stopped, or deleted. Time-outs, log and errors are the caller's. */
import { capacityBytes } from '../oceanbase/clusterParameters';
import type { ClusterSession } from '../oceanbase/clusterSession';
import {
  type DeleteState,
  type DeleteVerdict,
  deleteVerdict,
  type JoiningServer,
  replaceVerdict,
} from '../oceanbase/deleteVerdict';
import { type ClusterLimits, DEFAULT_LIMITS } from '../oceanbase/newServerRoom';
import type { RollingState } from '../oceanbase/rollingVerdict';
import { type StopState, type StopTarget, type StopVerdict, stopVerdict } from '../oceanbase/stopVerdict';
import { tenantsInZone } from '../oceanbase/zoneUse';

/** What the verdict about any stop in the cluster is made of. */
export async function readStopState(session: ClusterSession): Promise<StopState> {
  const servers = await session.servers();
  const zones = await session.zones();
  return { servers, zones, groups: await session.replicas() };
}

export async function lookAtStop(session: ClusterSession, target: StopTarget): Promise<StopVerdict> {
  return stopVerdict(await readStopState(session), target);
}

/** What is looked at between two zones of a rolling restart. */
export async function readRolling(session: ClusterSession): Promise<RollingState> {
  return { ...(await readStopState(session)), schemas: await session.schemas() };
}

export async function readPlacement(session: ClusterSession): Promise<DeleteState> {
  return { ...(await readStopState(session)), ...(await session.placement()) };
}

/** @param targets `ip:rpcPort` of all that are to go */
export async function lookAtDeletion(
  session: ClusterSession,
  targets: readonly string[],
): Promise<DeleteVerdict> {
  return deleteVerdict(await readPlacement(session), targets);
}

/** The same for a server of which another one of its zone takes the place. */
export async function lookAtReplacement(
  session: ClusterSession,
  targets: readonly string[],
  joining: JoiningServer,
): Promise<DeleteVerdict> {
  return replaceVerdict(await readPlacement(session), targets, joining);
}

/** What counts for the room of every server of the cluster, those to come too. */
export async function lookAtLimits(session: ClusterSession): Promise<ClusterLimits> {
  const percent = async (name: string) => Number(await session.parameter(name));
  const limits = await session.parameterByServer('memory_limit');
  return {
    hardLimit: (await percent('resource_hard_limit')) || DEFAULT_LIMITS.hardLimit,
    memoryPercentage: (await percent('memory_limit_percentage')) || DEFAULT_LIMITS.memoryPercentage,
    memoryLimits: limits.map(({ value }) => capacityBytes(value) ?? 0),
  };
}

/** Names of the tenants that have units or replicas in the zone, or are to have them. */
export async function lookAtZone(session: ClusterSession, zone: string): Promise<string[]> {
  return tenantsInZone({ ...(await readPlacement(session)), localities: await session.localities() }, zone);
}
