import { subtask } from '../subtask';
import { untilActive } from './active';
import { membersOf, OBSERVERS } from './observer';

/**
 * "Wait observer active": until the cluster says that it serves, by the rule of its version, or would if it were not stopped;
 * one that was restarted, since later than before, for the cluster may not have noticed yet.
 */
export const WaitObServerActive = subtask({
  name: 'Wait observer active',
  className: 'server.WaitObServerActiveTask',
  timeout: 1800,
  waits: true,
  needs: OBSERVERS,

  async run(scope) {
    await untilActive(scope, await membersOf(scope));
    return undefined;
  },
});
