import { modifyZoneSql } from '../../oceanbase/clusterSql';
import { say } from '../../runtime/messages/catalogue';
import { tell } from '../cluster/tell';
import { subtask } from '../subtask';
import { NEW_ZONE, newZone } from './newZone';

/** "Set zone idc info": the cluster knows in which IDC and region the zone lies. */
export const SetObZoneIdcInfo = subtask({
  name: 'Set zone idc info',
  className: 'zone.SetObZoneIdcInfoTask',
  timeout: 1800,
  needs: NEW_ZONE,

  async run(scope) {
    const { cluster, name, place } = await newZone(scope);
    await tell(scope, cluster, {
      ...{ tried: say('zone.place', { zone: name }), sql: modifyZoneSql(name, place), where: name },
      ...{ code: 'OBE11007', next: say('next.whyZoneRefused') },
      async isDone(session) {
        const zone = (await session.zones()).find((candidate) => candidate.name === name);
        return zone?.region === place.region && zone.idc === place.idc;
      },
    });
    scope.log.info(say('zone.liesIn', { zone: name, ...place }));
    return undefined;
  },
});
