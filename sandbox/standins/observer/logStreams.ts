/** Tenants, their log streams and who leads them: what GV$OB_LOG_STAT shows, and what STOP SERVER asks. */
import {
  addressOf,
  type ClusterState,
  now,
  type ServerState,
  SYS_TENANT,
  steering,
  userTenants,
} from './clusterState';
import { placedUnits } from './units';

export interface TenantState {
  readonly id: number;
  readonly name: string;
  readonly type: 'SYS' | 'META' | 'USER';
}

/** What the tables show of a server with a replica. */
export type Member = Pick<ServerState, 'id' | 'ip' | 'rpcPort' | 'zone'>;

export interface LogStream<M extends Member = ServerState> {
  readonly tenant: TenantState;
  readonly lsId: number;
  /** Of the member list: servers that were away for too long are out of it. */
  readonly members: readonly M[];
  /** Of the locality, as are the zones. */
  readonly replicaNum: number;
  readonly zones: readonly string[];
  /** Undefined without a majority. */
  readonly leader: M | undefined;
}

/** sys, and for each tenant of `_standin_tenants` its meta tenant and itself (4.x; 3.x has no meta tenants). */
function tenantsWithLogs(state: ClusterState, isV4: boolean): TenantState[] {
  const count = steering(state, '_standin_tenants');
  const made = userTenants(count).map(({ id, name }) => {
    const user: TenantState = { id, name, type: 'USER' };
    return isV4 ? [{ id: id - 1, name: `META$${id}`, type: 'META' as const }, user] : [user];
  });
  return [{ id: 1, name: 'sys', type: 'SYS' as const }, ...made.flat()];
}

/** Stopped by itself or with its zone. */
export function outOfService(state: ClusterState, server: ServerState): boolean {
  return (
    server.stopTime > 0 || state.zones.some(({ name, status }) => name === server.zone && status !== 'ACTIVE')
  );
}

/** One that is being deleted keeps its status when it falls silent. */
function isHeard({ status, silentSince }: ServerState): boolean {
  return status !== 'INACTIVE' && (status !== 'DELETING' || silentSince === 0);
}

/** `_standin_behind` names servers whose logs lag for ever; the others need `_standin_sync_delay`. */
export function inSync(state: ClusterState, server: ServerState): boolean {
  if (!isHeard(server) || server.startServiceTime === 0) return false;
  if ((state.parameters._standin_behind ?? '').split(',').includes(addressOf(server))) return false;
  return now() - server.startServiceTime >= steering(state, '_standin_sync_delay') * 1000;
}

/** A server that starts knows no schema but that of its own tables until it has asked. */
export function schemaFresh(state: ClusterState, server: ServerState): boolean {
  if (server.status === 'INACTIVE' || server.startServiceTime === 0) return false;
  return now() - server.startServiceTime >= steering(state, '_standin_schema_delay') * 1000;
}

/** 3600s unless set; whoever is away for longer leaves the member lists (OceanBase documentation). */
function isPermanentlyOffline(state: ClusterState, server: ServerState): boolean {
  const set = state.settings?.findLast(({ name }) => name === 'server_permanent_offline_time');
  const [, count, unit] = /^(\d+)(s|m|h)?$/.exec(set?.value ?? '') ?? [];
  const seconds = Number(count ?? 3600) * { s: 1, m: 60, h: 3600 }[(unit ?? 's') as 's' | 'm' | 'h'];
  return server.silentSince > 0 && now() - server.silentSince > seconds * 1e6;
}

/** The servers of each log stream: of sys those that hold its units, of others the first, second … unit of each zone. */
function holdersOf(state: ClusterState, { id, type }: TenantState): ServerState[][] {
  const tenantId = type === 'META' ? id + 1 : id;
  const units = placedUnits(state).filter((unit) => unit.tenantId === tenantId && unit.extra === undefined);
  const serverOf = (address: string) => state.servers.find((server) => addressOf(server) === address);
  if (tenantId === SYS_TENANT) return [units.flatMap((unit) => serverOf(unit.from ?? unit.server) ?? [])];
  const streams: ServerState[][] = [];
  for (const { name } of state.zones) {
    const inZone = units.filter(({ zone }) => zone === name);
    inZone.forEach((unit, index) => {
      const server = serverOf(unit.from ?? unit.server);
      if (server !== undefined) streams[index] = [...(streams[index] ?? []), server];
    });
  }
  return streams;
}

/** Its own first log stream, and of a user's tenant of 4.x one for each unit of a zone. */
function streamIds({ type }: TenantState, isV4: boolean, units: number): { lsId: number; unit: number }[] {
  const own = Array.from({ length: units }, (_, unit) => ({ lsId: 1001 + unit, unit }));
  return [{ lsId: 1, unit: 0 }, ...(type === 'USER' && isV4 ? own : [])];
}

/** @param rootService address of the server that leads sys */
export function logStreams(state: ClusterState, rootService: string, isV4: boolean): LogStream[] {
  return tenantsWithLogs(state, isV4).flatMap((tenant, index) => {
    const all = holdersOf(state, tenant);
    return streamIds(tenant, isV4, all.length).flatMap(({ lsId, unit }) => {
      const holders = all[unit];
      if (holders === undefined) return [];
      const members = holders.filter((server) => !isPermanentlyOffline(state, server));
      const alive = members.filter(isHeard);
      const leaders = alive.filter((server) => inSync(state, server) && !outOfService(state, server));
      const elected =
        alive.length * 2 > holders.length
          ? (leaders[index % Math.max(leaders.length, 1)] ?? alive[0])
          : undefined;
      const leader = tenant.type === 'SYS' ? alive.find((one) => addressOf(one) === rootService) : elected;
      const zones = [...new Set(holders.map(({ zone }) => zone))];
      return [{ tenant, lsId, members, leader, replicaNum: holders.length, zones }];
    });
  });
}

/** Why the servers must not be stopped, in OceanBase's words behind error 4179; undefined: they may. */
export function stopFault(
  state: ClusterState,
  streams: readonly LogStream[],
  stops: (server: ServerState) => boolean,
  looksAtLogs: boolean,
): string | undefined {
  for (const { tenant, lsId, members, replicaNum, leader } of streams) {
    if (!members.some(stops)) continue;
    const what = `Tenant(${tenant.id}) LS(${lsId})`;
    if (leader === undefined) return `${what} has no leader, stop server not allowed`;
    const staying = members.filter(
      (server) => !stops(server) && server.status === 'ACTIVE' && !outOfService(state, server),
    );
    if (staying.length * 2 <= replicaNum)
      return `${what} has no enough valid paxos member after stop server, stop server not allowed`;
    if (looksAtLogs && staying.filter((server) => inSync(state, server)).length * 2 <= replicaNum)
      return `${what} log not sync, stop server not allowed`;
  }
  return undefined;
}
