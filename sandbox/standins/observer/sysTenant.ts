/** Where the leaders of the sys tenant are wanted. */
import { refuse } from './accounts';
import type { ClusterState } from './clusterState';

/** As the bootstrap made it: any zone, which OceanBase writes RANDOM. */
export function primaryZoneOf({ primaryZone }: ClusterState): string {
  return primaryZone ?? 'RANDOM';
}

/**
 * ALTER TENANT sys PRIMARY_ZONE: zones of the cluster only. Throws SqlRefusal.
 * @param wished zones by `,` and, of lower priority, by `;`
 */
export function placeLeaders(state: ClusterState, wished: string): void {
  const names = /^random$/i.test(wished) ? [] : wished.split(/[,;]/).map((name) => name.trim());
  const unknown = names.find((name) => !state.zones.some((zone) => zone.name === name));
  if (unknown !== undefined)
    refuse(1210, `Incorrect arguments to primary zone, ${unknown} is no zone of the tenant`);
  state.primaryZone = wished;
}
