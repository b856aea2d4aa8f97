/** Rows of the tables about units, their pools and sizes, and the jobs that move them, by version. */
import { addressText, parseAddress } from '../../../runtime/addressText';
import type { ServerRow } from './facts';
import type { Rows } from './replicaTables';

const GIB = 1024 ** 3;
const APP_TENANT = 1002;

/** A unit as the tables show it; servers are `ip:rpc port`. */
export interface UnitRow {
  readonly id: number;
  readonly tenantId: number;
  readonly zone: string;
  readonly server: string;
  /** While it moves: from where, and the number of the job. */
  readonly from?: string;
  readonly job?: number;
  readonly cpu: number;
  readonly memory: number;
  readonly logDisk: number;
}

/** Where nobody tells units: those that the servers are said to hold. */
export function unitsByServers(servers: readonly Required<ServerRow>[]): UnitRow[] {
  return servers.flatMap(({ id, zone, ip, rpcPort, holdsSysUnit, holdsTenantUnit }) => {
    const place = { zone, server: addressText(ip, rpcPort), cpu: 2.5, memory: 8 * GIB, logDisk: 10 * GIB };
    return [
      ...(holdsSysUnit ? [{ ...place, id, tenantId: 1 }] : []),
      ...(holdsTenantUnit ? [{ ...place, id: APP_TENANT * 1000 + id, tenantId: APP_TENANT }] : []),
    ];
  });
}

function place(address: string | undefined): [string, number] {
  const { host, ports } = parseAddress(address ?? '') ?? { host: '', ports: [] };
  return [host, ports[0] ?? 0];
}

/** 4.x: NULL where a unit does not move. */
export function unitRows4(units: readonly UnitRow[]): Rows {
  return {
    DBA_OB_UNITS: units.map((unit) => [
      ...[unit.id, unit.tenantId, 'ACTIVE', unit.tenantId, unit.zone, ...place(unit.server)],
      ...(unit.from === undefined ? [null, null] : place(unit.from)),
      ...[unit.cpu, unit.cpu, unit.memory, unit.logDisk],
    ]),
    DBA_OB_UNIT_JOBS: units.flatMap(({ job, tenantId, id }) =>
      job === undefined ? [] : [[job, 'MIGRATE_UNIT', 'INPROGRESS', 0, tenantId, id]],
    ),
  };
}

/** 2.x and 3.x: '' and 0 where a unit does not move; sizes stand in tables of their own. */
export function unitRows3(units: readonly UnitRow[]): Rows {
  const pools = [...new Map(units.map((unit) => [unit.tenantId, unit])).values()];
  const count = (id: number) =>
    units.filter(
      ({ tenantId, zone }) => tenantId === id && zone === units.find((one) => one.tenantId === id)?.zone,
    ).length;
  return {
    __all_unit: units.map((unit) => [
      ...[unit.id, unit.tenantId, 0, unit.zone, ...place(unit.server), ...place(unit.from), 'ACTIVE'],
    ]),
    __all_resource_pool: pools.map(({ tenantId }) => [
      ...[tenantId, `pool_of_${tenantId}`, count(tenantId), tenantId, tenantId],
    ]),
    __all_unit_config: pools.map(({ tenantId, cpu, memory }) => [
      ...[tenantId, `config_of_${tenantId}`, cpu, cpu, memory, memory],
    ]),
    __all_rootservice_job: units.flatMap(({ job, tenantId, id }) =>
      job === undefined ? [] : [[job, 'MIGRATE_UNIT', 'INPROGRESS', 0, tenantId, id]],
    ),
  };
}
