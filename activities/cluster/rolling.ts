/** What the cluster says of itself between two zones of a rolling restart. */
import { readStopState } from '../../contact/lookAtStop';
import type { RollingState } from '../../oceanbase/rollingVerdict';
import { say } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';
import type { SubtaskScope } from '../types';
import { withCluster } from './cluster';

export async function lookAtRolling(scope: SubtaskScope, cluster: ObClusterRow): Promise<RollingState> {
  const state = await withCluster(scope, cluster, say('rolling.ask'), async (session) => ({
    ...(await readStopState(session)),
    schemas: await session.schemas(),
  }));
  if (state.schemas === undefined) scope.log.warn(say('rolling.noSchemas'));
  return state;
}
