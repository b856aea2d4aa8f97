import { say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';

/** "Run io calibration": never on a cluster in use, whose disks it would load; the step stays in the chain as documented. */
export const RunIoCalibration = subtask({
  name: 'Run io calibration',
  className: 'server.RunIoCalibrationTask',
  timeout: 1800,
  needs: {},

  async run(scope) {
    scope.log.info(say('obTakeOver.noCalibration'));
    return undefined;
  },
});
