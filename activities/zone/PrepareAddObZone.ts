import { say } from '../../runtime/messages/catalogue';
import { clusterOf } from '../cluster/cluster';
import { clusterUnfit, JOINING, proveJoinable, undoJoining } from '../cluster/joining';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';

/** "Prepare add zone": the cluster has no such zone and none of the servers. Changes nothing. */
export const PrepareAddObZone = subtask({
  name: 'Prepare add zone',
  className: 'zone.PrepareAddObZoneTask',
  timeout: 300,
  needs: { ...ZONES, ...JOINING },

  async run(scope) {
    const cluster = await clusterOf(scope);
    await proveJoinable(scope, cluster, (zones, { zone }) => {
      const found = zones.find(({ name }) => name === zone);
      if (found === undefined) return;
      const text = say('zone.there', { zone, status: found.innerStatus });
      throw clusterUnfit(cluster.name, 'OBE18003', text, say('next.chooseOtherZone'));
    });
    return undefined;
  },

  /** The zone's record first: what the cluster still lists of it is then recorded as anything found there. */
  async rollback(scope) {
    const { id } = await clusterOf(scope);
    for (const name of zonesOf(scope)) {
      const removed = await scope.store.obServers.removeMadeZone(id, name, scope.input.taskId);
      if (removed) scope.log.info(say('zone.recordRemoved', { zone: name }));
    }
    await undoJoining(scope);
  },
});
