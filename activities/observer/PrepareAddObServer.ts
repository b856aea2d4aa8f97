import type { ClusterZone } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { clusterOf } from '../cluster/cluster';
import { clusterUnfit, JOINING, proveJoinable, undoJoining } from '../cluster/joining';
import { subtask } from '../subtask';

function proveActive(name: string, zone: string, zones: readonly ClusterZone[]): void {
  const found = zones.find((candidate) => candidate.name === zone);
  if (found?.innerStatus === 'ACTIVE') return;
  const text =
    found === undefined ? say('zone.none', { zone }) : say('zone.is', { zone, status: found.innerStatus });
  throw clusterUnfit(name, 'OBE18004', text, say('next.startZone'));
}

/** "Prepare add observer": what the request was told of the cluster is asked again, by SQL. Changes nothing. */
export const PrepareAddObServer = subtask({
  name: 'Prepare add observer',
  className: 'server.PrepareAddObServerTask',
  timeout: 300,
  needs: JOINING,

  async run(scope) {
    const cluster = await clusterOf(scope);
    await proveJoinable(scope, cluster, (zones, { zone }) => proveActive(cluster.name, zone, zones));
    return undefined;
  },

  rollback: undoJoining,
});
