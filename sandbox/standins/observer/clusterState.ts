/** What the root service knows about its cluster, as it lies in the data directory of the root service's server. */
import { existsSync, readFileSync } from 'node:fs';
import { addressText } from '../../../runtime/addressText';
import { replaceFile } from '../files';
import type { StoredAccount } from './accounts';
import type { ParameterSetting, ParameterTenant } from './parameters';

/** Times are microseconds since 1970; 0 = none, as in __all_server. */
export interface ServerState {
  readonly ip: string;
  readonly rpcPort: number;
  readonly id: number;
  sqlPort: number;
  zone: string;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETING';
  startServiceTime: number;
  stopTime: number;
  build: string;
  version: string;
  /** Holds a unit of the sys tenant: the servers of the bootstrap, and where their units have moved to. */
  holdsSysUnit: boolean;
  /** The process that last sent a heartbeat, and since when it is heard. */
  instance: string;
  heardSince: number;
  /** While DELETING: since when. */
  deletingSince: number;
  /** While it is not heard: when it was heard last. */
  silentSince: number;
  /** When its memory was last frozen. */
  frozenAt: number;
}

export interface ZoneState {
  readonly name: string;
  status: 'ACTIVE' | 'INACTIVE';
  region: string;
  idc: string;
}

/** A unit of a tenant. Servers are `ip:rpc port`. */
export interface UnitState {
  readonly id: number;
  readonly tenantId: number;
  readonly zone: string;
  /** While it moves, where to. */
  server: string;
  /** While it moves: from where, since when, and the job that moves it. */
  from?: string;
  since?: number;
  job?: number;
  /** Of `_standin_tenant_units`: no log stream belongs to it, and several may lie on one server. */
  readonly extra?: true;
}

export interface ClusterState {
  readonly clusterName: string;
  readonly obClusterId: number;
  /** Grows with every root service; of two copies of the cluster the higher term counts, then the higher version. */
  term: number;
  version: number;
  servers: ServerState[];
  zones: ZoneState[];
  accounts: StoredAccount[];
  /** Names starting with `_standin_`, which steer the stand-in itself. */
  parameters: Record<string, string>;
  /** Set by ALTER SYSTEM SET, in its order. */
  settings?: ParameterSetting[];
  nextServerId: number;
  /** Absent until one has moved: then all that there were. */
  units?: UnitState[];
  nextJobId?: number;
  /** Whether its BOOTSTRAP has come to its end: until then baseline_schema_version is -1. */
  bootstrapped?: boolean;
  /** Of the sys tenant; absent: as the bootstrap made it. */
  primaryZone?: string;
}

export function addressOf(server: { readonly ip: string; readonly rpcPort: number }): string {
  return addressText(server.ip, server.rpcPort);
}

export function now(): number {
  return Date.now() * 1000;
}

/** What steers the stand-in, in milliseconds where nothing else is said: ALTER SYSTEM SET <name> = <value>, from any server. */
const STEERING = {
  /** From the first heartbeat after ADD SERVER or a restart to STATUS = ACTIVE. */
  _standin_active_delay: 300,
  /** From ACTIVE to the start of service; a server in between is ACTIVE and yet not serving. */
  _standin_service_delay: 300,
  /** From DELETE SERVER to the row's end, at the least: it waits for the units. */
  _standin_delete_delay: 1_000,
  /** How long a unit is on its way to another server. */
  _standin_unit_move_delay: 300,
  /** How many units are on their way together (0: all); the others wait for their turn. */
  _standin_unit_moves: 0,
  /** The same as for ADD SERVER below, for DELETE SERVER and CANCEL DELETE SERVER. */
  _standin_delete_answer_delay: 0,
  /** Silence after which a server is INACTIVE (10 s lease in OceanBase). */
  _standin_lease: 3_000,
  /** How long the answer of an ADD SERVER that is done is held back, for lost connections. */
  _standin_add_server_answer_delay: 0,
  /** The same for STOP SERVER and STOP ZONE. */
  _standin_stop_answer_delay: 0,
  /** The same for the other statements about a zone. */
  _standin_zone_answer_delay: 0,
  /** Silence of the root service after which a server of the sys tenant stands for it (8 to 30 s in OceanBase). */
  _standin_election: 3_000,
  /** From the start of service until a server's logs are in sync. */
  _standin_sync_delay: 0,
  /** From the start of service until a server has refreshed the schemas of all tenants. */
  _standin_schema_delay: 0,
  /** Tenants of users, each with units in every zone of `_standin_tenant_zones` (by commas; all unless set). */
  _standin_tenants: 0,
  /** Units of each of them in a zone: on so many servers, if there are. */
  _standin_unit_num: 1,
  /** Memory of each of these units, and of a server, in GiB. */
  _standin_unit_gib: 4,
  _standin_memory_gib: 64,
  /** From MINOR FREEZE until the checkpoints have passed it. */
  _standin_freeze_delay: 0,
  /** 1: servers that were added hold a unit of a tenant, as in a cluster that is balanced at once. */
  _standin_tenant_units: 0,
  /** How long the answer of an ALTER SYSTEM SET that is done is held back. */
  _standin_set_answer_delay: 0,
  /** Until servers but the first show a value that was set. */
  _standin_parameter_delay: 0,
} as const;

export type Steering = keyof typeof STEERING;

export function steering(state: ClusterState, name: Steering): number {
  const value = Number(state.parameters[name] ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : STEERING[name];
}

export const SYS_TENANT = 1;

/** Zones in which tenants of users have units. */
export function tenantZones(state: ClusterState): string[] {
  const named = (state.parameters._standin_tenant_zones ?? '').split(',').filter(Boolean);
  const all = state.zones.map(({ name }) => name);
  return named.length === 0 ? all : all.filter((name) => named.includes(name));
}

/** `app`, `app2`, …; ids between them are of meta tenants. */
export function userTenants(count: number): ParameterTenant[] {
  return Array.from({ length: count }, (_, index) => ({
    id: 1002 + 2 * index,
    name: index === 0 ? 'app' : `app${index + 1}`,
  }));
}

export function tenantsOf(state: ClusterState): ParameterTenant[] {
  const balanced = steering(state, '_standin_tenant_units') > 0 ? 1 : 0;
  const users = userTenants(Math.max(balanced, steering(state, '_standin_tenants')));
  return [{ id: 1, name: 'sys' }, ...users];
}

export function loadCluster(file: string): ClusterState | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ClusterState) : undefined;
}

export function saveCluster(file: string, state: ClusterState): void {
  replaceFile(file, `${JSON.stringify(state)}\n`);
}
