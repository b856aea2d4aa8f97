/** What the tables are made of. */
import type { LogStream, Member } from './logStreams';
import type { ParameterState, ParameterTenant } from './parameters';
import type { UnitRow } from './unitTables';

export interface ServerRow {
  readonly ip: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
  readonly zone: string;
  /** Shorthand of status and startServiceTime for a server that serves or does not. */
  readonly active: boolean;
  readonly id?: number;
  readonly status?: 'ACTIVE' | 'INACTIVE' | 'DELETING';
  /** Microseconds since 1970, 0 = none; so is stopTime. */
  readonly startServiceTime?: number;
  readonly stopTime?: number;
  readonly build?: string;
  readonly withRootService?: boolean;
  /** Whether a unit of the sys tenant lies on it; default no. */
  readonly holdsSysUnit?: boolean;
  /** Whether a unit of another tenant lies on it; default no. */
  readonly holdsTenantUnit?: boolean;
  /** Whether its logs are in sync; default yes. */
  readonly inSync?: boolean;
  /** Whether it has refreshed the schemas of all tenants; default yes. */
  readonly schemaFresh?: boolean;
  /** When its memory was last frozen, microseconds since 1970. */
  readonly frozenAt?: number;
}

export interface ZoneRow {
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly region: string;
  readonly idc: string;
}

export interface ClusterFacts {
  readonly version: string;
  readonly versionComment: string;
  readonly serverVersion: string;
  /** build_version of servers that bring none of their own. */
  readonly build: string;
  readonly clusterName: string;
  readonly obClusterId: number;
  servers(): readonly ServerRow[];
  users(): readonly string[];
  /** Default: the servers' zones, all ACTIVE in default_region. */
  zones?(): readonly ZoneRow[];
  /** What was set by ALTER SYSTEM SET; default nothing. */
  parameters?(): ParameterState;
  /** Default: sys alone. */
  tenants?(): readonly ParameterTenant[];
  /** Default: that of sys. */
  streams?(): readonly LogStream<Member>[];
  /** Default: those that the servers hold. */
  units?(): readonly UnitRow[];
  /** Memory of each server, in bytes; default 64 GiB. */
  memory?(): number;
  /** Default 1, as after a BOOTSTRAP. */
  baselineSchemaVersion?(): number;
  /** Of the sys tenant; default RANDOM. */
  primaryZone?(): string;
  /** Another value after every change; without it everything is read again for each statement. */
  revision?(): number;
}
