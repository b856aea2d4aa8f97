/** What ADD, START, STOP, MODIFY and DELETE ZONE do, and refuse. */
import { refuse } from './accounts';
import type { AdminStatement, StopHow } from './adminStatement';
import type { ClusterState, ServerState } from './clusterState';
import {
  ENTRY_EXIST,
  OVER_ZONE_LIMIT,
  ZONE_INFO_NOT_EXIST,
  ZONE_NOT_EMPTY,
  ZONE_STATUS_NOT_MATCH,
} from './sqlErrors';

/** MAX_ZONE_NUM (oceanbase:deps/oblib/src/lib/ob_define.h), asked before whether there is such a zone. */
const MOST_ZONES = 64;

/** @param refuseStop throws when these servers must not be stopped */
export function changeZone(
  state: ClusterState,
  { verb, zone: name, region, idc, how }: Extract<AdminStatement, { kind: 'zone' }>,
  refuseStop: (stops: (server: ServerState) => boolean, how: StopHow | undefined) => void,
): void {
  const zone = state.zones.find((one) => one.name === name);
  if (verb === 'ADD') {
    if (state.zones.length >= MOST_ZONES) refuse(...OVER_ZONE_LIMIT);
    if (zone !== undefined) refuse(...ENTRY_EXIST);
    // A new zone is INACTIVE until START ZONE.
    state.zones.push({ name, status: 'INACTIVE', region: region ?? 'default_region', idc: idc ?? '' });
    return;
  }
  if (zone === undefined) refuse(...ZONE_INFO_NOT_EXIST);
  if (verb === 'MODIFY') Object.assign(zone, { region: region ?? zone.region, idc: idc ?? zone.idc });
  if (verb === 'START') {
    if (zone.status === 'ACTIVE') refuse(...ZONE_STATUS_NOT_MATCH);
    zone.status = 'ACTIVE';
  }
  if (verb === 'STOP' && zone.status === 'ACTIVE') {
    if (!state.zones.some((one) => one !== zone && one.status === 'ACTIVE'))
      refuse(4179, 'stop the last active zone not allowed');
    refuseStop((server) => server.zone === name, how);
    zone.status = 'INACTIVE';
  }
  if (verb !== 'DELETE') return;
  if (zone.status !== 'INACTIVE') refuse(...ZONE_STATUS_NOT_MATCH);
  const servers = state.servers.filter((server) => server.zone === name);
  const alive = servers.filter(({ status }) => status === 'ACTIVE').length;
  if (servers.length > 0)
    refuse(
      ZONE_NOT_EMPTY,
      `The zone is not empty. There are ${alive} servers alive and ${servers.length - alive} not alive`,
    );
  state.zones = state.zones.filter((one) => one !== zone);
}
