import { placeZone } from '../cluster/placing';
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
    await placeZone(scope, cluster, name, place);
    return undefined;
  },
});
