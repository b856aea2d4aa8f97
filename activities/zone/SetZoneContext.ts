import { notBack } from '../../oceanbase/rollingVerdict';
import { say } from '../../runtime/messages/catalogue';
import { clusterOf } from '../cluster/cluster';
import { lookAtRolling } from '../cluster/rolling';
import { subtask } from '../subtask';
import { ZONES, zonesOf } from './zone';

/**
 * "Set zone context": which zone comes next, and whether it may. The zones before it must be in service again, all of their
 * servers serving, every log in sync and every schema refreshed; no time that has passed replaces that. With force only what
 * this task has restarted must serve again.
 */
export const SetZoneContext = subtask({
  name: 'Set zone context',
  className: 'zone.SetZoneContextTask',
  timeout: 1800,
  waits: true,
  needs: { ...ZONES, zone_names: 'list', force: 'value?' },

  async run(scope) {
    const cluster = await clusterOf(scope);
    const [zone = ''] = zonesOf(scope);
    const order = scope.list('zone_names');
    const at = order.indexOf(zone);
    const state = await lookAtRolling(scope, cluster);
    const [behind] = notBack(state, { but: zone });
    const forced = scope.value('force') === 'true';
    if (forced && behind !== undefined) scope.log.warn(say('stop.forced', { text: behind }));
    const only = order.slice(0, Math.max(at, 0));
    const [holds] = forced
      ? notBack({ ...state, groups: [], schemas: undefined }, { but: zone, only })
      : [behind];
    if (holds !== undefined) throw scope.notYet(say('rolling.holds', { zone, text: holds }));
    const root = state.servers.find(({ withRootserver }) => withRootserver)?.zone;
    if (root === zone && at < order.length - 1) scope.log.warn(say('rolling.rootMoved', { zone }));
    scope.log.info(say('rolling.begins', { zone, number: at + 1, count: order.length }));
    return undefined;
  },
});
