/** Asking a cluster whether servers of it may be stopped, or deleted. Time-outs, log and errors are the caller's. */
import type { ClusterSession } from '../oceanbase/clusterSession';
import { type DeleteState, type DeleteVerdict, deleteVerdict } from '../oceanbase/deleteVerdict';
import { type StopTarget, type StopVerdict, stopVerdict } from '../oceanbase/stopVerdict';

export async function lookAtStop(session: ClusterSession, target: StopTarget): Promise<StopVerdict> {
  const servers = await session.servers();
  const zones = await session.zones();
  return stopVerdict({ servers, zones, groups: await session.replicas() }, target);
}

export async function readPlacement(session: ClusterSession): Promise<DeleteState> {
  const servers = await session.servers();
  const zones = await session.zones();
  return { servers, zones, groups: await session.replicas(), ...(await session.placement()) };
}

/** @param targets `ip:rpcPort` of all that are to go */
export async function lookAtDeletion(
  session: ClusterSession,
  targets: readonly string[],
): Promise<DeleteVerdict> {
  return deleteVerdict(await readPlacement(session), targets);
}
