/** Rows of the tables about replicas and logs, by version. */
import { addressText } from '../../../runtime/addressText';
import type { ServerRow } from './facts';
import type { LogStream, Member } from './logStreams';
import type { ParameterTenant } from './parameters';

type Cell = string | number | null;

/** Rows by table. */
export type Rows = Record<string, Cell[][]>;

/** `server` of the tables behind a member of a stream. */
function rowsOfStream(
  { members, leader }: LogStream<Member>,
  servers: readonly Required<ServerRow>[],
): { server: Required<ServerRow>; leads: boolean }[] {
  return members.flatMap(({ id }) => {
    const server = servers.find((one) => one.id === id);
    return server === undefined ? [] : [{ server, leads: leader?.id === id }];
  });
}

/** 4.x: views with the log streams. A server that has no life says nothing of its logs. */
export function replicaRows4(
  servers: readonly Required<ServerRow>[],
  streams: readonly LogStream<Member>[],
): Rows {
  const alive = ({ server }: { server: Required<ServerRow> }) => server.status !== 'INACTIVE';
  return {
    CDB_OB_LS_LOCATIONS: streams.flatMap((stream) =>
      rowsOfStream(stream, servers).map(({ server, leads }) => [
        ...[stream.tenant.id, stream.lsId, server.ip, server.rpcPort],
        ...[server.sqlPort, server.zone, leads ? 'LEADER' : 'FOLLOWER'],
      ]),
    ),
    GV$OB_LOG_STAT: streams.flatMap((stream) => {
      const list = stream.members.map(({ ip, rpcPort }) => addressText(ip, rpcPort, 1)).join(',');
      return rowsOfStream(stream, servers)
        .filter(alive)
        .map(({ server, leads }) => [
          ...[stream.tenant.id, stream.lsId, server.ip, server.rpcPort],
          ...[leads ? 'LEADER' : 'FOLLOWER', server.inSync ? 'YES' : 'NO', list, stream.replicaNum],
        ]);
    }),
    __all_virtual_ls_info: streams.flatMap((stream) =>
      rowsOfStream(stream, servers)
        .filter(alive)
        .map(({ server }) => [
          ...[server.ip, server.rpcPort, stream.tenant.id, stream.lsId],
          server.frozenAt > Date.now() * 1000 ? 0 : server.frozenAt * 1000,
        ]),
    ),
  };
}

/** 2.x and 3.x: one partition stands for all of a tenant. */
export function replicaRows3(
  servers: readonly Required<ServerRow>[],
  streams: readonly LogStream<Member>[],
): Rows {
  const sys = servers.filter(({ holdsSysUnit }) => holdsSysUnit);
  return {
    gv$partition: streams.flatMap((stream) =>
      rowsOfStream(stream, servers).map(({ server, leads }) => [
        ...[stream.tenant.id, server.ip, server.rpcPort, server.zone],
        leads ? 1 : 2,
      ]),
    ),
    __all_virtual_core_meta_table: sys.map(({ ip, rpcPort, sqlPort, zone, withRootService }) => [
      ...[1, zone, ip],
      ...[rpcPort, sqlPort, withRootService ? 1 : 2],
    ]),
    __all_virtual_clog_stat: servers
      .filter(
        ({ holdsSysUnit, id }) =>
          holdsSysUnit || streams.some(({ members }) => members.some((one) => one.id === id)),
      )
      .map(({ ip, rpcPort, status, inSync }) => [
        ...[ip, rpcPort, inSync ? 1 : 0],
        status === 'INACTIVE' ? 1 : 0,
      ]),
  };
}

/** sys, and tenants of users, with their locality. */
export function tenantRows(
  known: readonly ParameterTenant[],
  servers: readonly Required<ServerRow>[],
  streams: readonly LogStream<Member>[],
  { isV4, primaryZone }: { readonly isV4: boolean; readonly primaryZone: string },
): Cell[][] {
  const tenants = new Map(
    known.map(({ id, name }) => [
      id,
      {
        ...{ name, type: id === 1 ? 'SYS' : 'USER' },
        zones: id === 1 ? [...new Set(servers.map(({ zone }) => zone))] : ([] as readonly string[]),
      },
    ]),
  );
  for (const { tenant, zones } of streams)
    tenants.set(tenant.id, { name: tenant.name, type: tenant.type, zones });
  return [...tenants].map(([id, { name, type, zones }]) => {
    const locality = zones.map((zone) => `FULL{1}@${zone}`).join(', ');
    const primary = id === 1 ? primaryZone : 'RANDOM';
    return isV4 ? [id, name, type, 'NORMAL', locality, primary] : [id, name, locality, primary];
  });
}

/** Where nobody tells streams: that of sys, on the servers that hold its units. */
export function sysStream(servers: readonly Required<ServerRow>[]): LogStream<Member>[] {
  const members = servers.filter(({ holdsSysUnit }) => holdsSysUnit);
  const leader = members.find(({ withRootService }) => withRootService) ?? members[0];
  const tenant = { id: 1, name: 'sys', type: 'SYS' } as const;
  const zones = [...new Set(members.map(({ zone }) => zone))];
  return members.length === 0
    ? []
    : [{ tenant, lsId: 1, members, leader, replicaNum: members.length, zones }];
}
