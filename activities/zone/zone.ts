import { CLUSTER, CLUSTER_WIDE } from '../cluster/cluster';
import { objectOf } from '../common/objects';
import type { Needs, SubtaskScope } from '../types';

/** Keys by which the zone of a subtask is found, or all of the task's. */
export const ZONES = {
  ...CLUSTER,
  ...CLUSTER_WIDE,
  zone_name: 'value?',
  zone_names: 'list?',
} as const satisfies Needs;

/** The zone of the subtask's element (`zone_names`) or of `zone_name`; else all of the list `zone_names`. */
export function zonesOf(scope: SubtaskScope<typeof ZONES>): readonly string[] {
  const own = objectOf(scope.input, ['zone_names']);
  return own === undefined ? (scope.list('zone_names') ?? []) : [own.name];
}
