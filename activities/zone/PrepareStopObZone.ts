import { subtask } from '../subtask';
import { ZONES } from './zone';
import { prepareZoneStop, undoPrepareZone } from './zoneLife';

/** "Prepare stop OB zone": every log stream keeps its majority, and this task works on the zone from now on. */
export const PrepareStopObZone = subtask({
  name: 'Prepare stop OB zone',
  className: 'zone.PrepareStopObZoneTask',
  timeout: 1800,
  needs: ZONES,

  async run(scope) {
    await prepareZoneStop(scope, 'STOPPING');
    return undefined;
  },

  rollback: undoPrepareZone,
});
