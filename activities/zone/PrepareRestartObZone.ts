import { subtask } from '../subtask';
import { ZONES } from './zone';
import { prepareZoneStop, undoPrepareZone } from './zoneLife';

/** "Prepare restart OB zone": every log stream keeps its majority, and this task works on the zone from now on. */
export const PrepareRestartObZone = subtask({
  name: 'Prepare restart OB zone',
  className: 'zone.PrepareRestartObZoneTask',
  timeout: 1800,
  needs: ZONES,

  async run(scope) {
    await prepareZoneStop(scope, 'RESTARTING');
    return undefined;
  },

  rollback: undoPrepareZone,
});
