/** Asking a cluster whether servers of it may be stopped. Time-outs, log and errors are the caller's. */
import type { ClusterSession } from '../oceanbase/clusterSession';
import { type StopTarget, type StopVerdict, stopVerdict } from '../oceanbase/stopVerdict';

export async function lookAtStop(session: ClusterSession, target: StopTarget): Promise<StopVerdict> {
  const servers = await session.servers();
  const zones = await session.zones();
  return stopVerdict({ servers, zones, groups: await session.replicas() }, target);
}
