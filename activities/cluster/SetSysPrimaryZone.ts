import { setSysPrimaryZoneSql } from '../../oceanbase/bootstrapSql';
import { samePrimaryZone } from '../../oceanbase/primaryZone';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { CLUSTER, clusterOf, withCluster } from './cluster';
import { placeZones } from './placing';

const TRIED = say('primaryZone.set');

/**
 * "Set sys Primary Zone": the cluster knows where its zones lie, which the documented chain has no subtask of its own for, and
 * where the leaders of the sys tenant are wanted; '' leaves it to OceanBase.
 */
export const SetSysPrimaryZone = subtask({
  name: 'Set sys Primary Zone',
  className: 'cluster.SetSysPrimaryZoneTask',
  timeout: 300,
  needs: { ...CLUSTER, primary_zone: 'value' },

  async run(scope) {
    const wished = scope.value('primary_zone');
    const cluster = await clusterOf(scope);
    await placeZones(scope, cluster);
    if (wished === '') {
      scope.log.info(say('primaryZone.none'));
      return undefined;
    }
    await withCluster(scope, cluster, TRIED, async (session) => {
      if (samePrimaryZone(await session.sysPrimaryZone(), wished)) {
        scope.log.info(say('primaryZone.is', { zones: wished }));
        return;
      }
      const sql = setSysPrimaryZoneSql(wished);
      scope.log.info(sql);
      await session.alter(sql);
      const now = await session.sysPrimaryZone();
      if (samePrimaryZone(now, wished)) return;
      throw new PermanentError({
        type: 'PrimaryZoneDiffers',
        code: 'OBE11022',
        tried: TRIED,
        where: cluster.name,
        cameBack: say('primaryZone.differs', { now, wished }),
        next: say('next.lookAtCluster'),
      });
    });
    return undefined;
  },
});
