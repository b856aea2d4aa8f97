/**
 * Whether servers may be deleted: what OceanBase asks at DELETE SERVER, and what it does not ask, before anything is done.
 * Units move inside their zone, and of a tenant's units no two lie on one server. Pure.
 */
import { rpcAddress } from '../runtime/addressText';
import { say, type Text } from '../runtime/messages/catalogue';
import { type ClusterServer, isServing } from './clusterSql';
import type { StopState } from './stopVerdict';
import type { Placement, Resources, Unit } from './units';

/** What a cluster has said of itself. */
export interface DeleteState extends StopState, Placement {}

export interface DeleteRefusal {
  /** OCP's. */
  readonly code: 'OBE19010' | 'OBE19011';
  readonly text: Text;
  readonly next: Text;
}

/** A unit, and the server that would take it. OceanBase may choose another one with room. */
export interface Move {
  readonly unit: Unit;
  readonly to: string;
}

export interface DeleteVerdict {
  /** Empty: nothing is against it. */
  readonly refusals: readonly DeleteRefusal[];
  /** Of units that do not move yet. */
  readonly moves: readonly Move[];
  /** Units that are on their way already. */
  readonly moving: readonly Unit[];
  /** The majority while they move, of the log stream that has the least; undefined when there is none at all. */
  readonly leaves: Text | undefined;
}

const GIB = 1024 ** 3;

/** `4.0`, for people. */
export function inGib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}

/** A majority of every log stream must be in sync now: replicas are made anew from it. Who goes votes until it has moved. */
function majority({ servers, zones, groups }: DeleteState): Pick<DeleteVerdict, 'refusals' | 'leaves'> {
  const active = new Set(zones.filter(({ innerStatus }) => innerStatus === 'ACTIVE').map(({ name }) => name));
  const alive = new Set(
    servers
      .filter((server) => active.has(server.zone) && isServing({ ...server, innerStatus: livesAs(server) }))
      .map(rpcAddress),
  );
  let weakest: { readonly margin: number; readonly text: Text } | undefined;
  const refusals = groups.flatMap((group): DeleteRefusal[] => {
    const { tenant, stream, replicas } = group;
    const what =
      stream === undefined ? say('stop.tenant', { tenant }) : say('stop.stream', { tenant, stream });
    if (group.hasLeader === false) {
      return [{ code: 'OBE19011', text: say('stop.noLeader', { what }), next: say('stop.waitForLeader') }];
    }
    const staying = group.voters.filter(
      (voter) => voter.inSync && voter.servers.length > 0 && voter.servers.every((one) => alive.has(one)),
    ).length;
    if (staying * 2 > replicas) {
      const margin = staying - replicas / 2;
      if (weakest === undefined || margin < weakest.margin)
        weakest = { margin, text: say('delete.leaves', { what, staying, replicas }) };
      return [];
    }
    const text = say('delete.noMajority', { what, staying, replicas });
    return [{ code: 'OBE19011', text, next: say('stop.bringBack') }];
  });
  return { refusals, leaves: weakest?.text };
}

/** One that is being deleted still serves what lies on it. */
function livesAs({ innerStatus }: ClusterServer): string {
  return innerStatus === 'DELETING' ? 'ACTIVE' : innerStatus;
}

function fits(free: Resources, size: Resources): boolean {
  return free.cpu >= size.cpu && free.memory >= size.memory && free.logDisk >= size.logDisk;
}

function less(free: Resources, size: Resources): Resources {
  return {
    cpu: free.cpu - size.cpu,
    memory: free.memory - size.memory,
    logDisk: free.logDisk - size.logDisk,
  };
}

/** Fewer servers than units of a tenant in a zone, of those that lose a server. */
function tooFew(
  units: readonly Unit[],
  leaving: readonly Unit[],
  staying: readonly ClusterServer[],
  zone: string,
): DeleteRefusal[] {
  return [...new Set(leaving.map(({ owner }) => owner))].flatMap((one): DeleteRefusal[] => {
    const own = units.filter((unit) => unit.zone === zone && unit.owner === one);
    if (own.length <= staying.length) return [];
    const tenant = own[0]?.tenant ?? '';
    const text = say('delete.tooFewServers', { tenant, zone, units: own.length, staying: staying.length });
    return [{ code: 'OBE19010', text, next: say('delete.nextServers', { zone }) }];
  });
}

/** Where the units of a zone would go, the largest first, each to the server with most memory left. */
function placed(
  state: DeleteState,
  leaving: readonly Unit[],
  staying: readonly ClusterServer[],
): { readonly moves: Move[]; readonly refusals: DeleteRefusal[] } {
  const free = new Map(
    staying.map((server) => [
      rpcAddress(server),
      state.room.find((room) => room.server === rpcAddress(server))?.free,
    ]),
  );
  const holds = new Map(
    staying.map((server) => [
      rpcAddress(server),
      new Set(state.units.filter((unit) => unit.server === rpcAddress(server)).map(({ owner }) => owner)),
    ]),
  );
  const moves: Move[] = [];
  const refusals: DeleteRefusal[] = [];
  for (const unit of [...leaving].sort((one, other) => other.size.memory - one.size.memory)) {
    const [best] = [...free]
      .filter(
        ([server, room]) =>
          !holds.get(server)?.has(unit.owner) && room !== undefined && fits(room, unit.size),
      )
      .sort(([, one], [, other]) => (other?.memory ?? 0) - (one?.memory ?? 0));
    if (best === undefined) {
      const { tenant, zone, server, size } = unit;
      const needs = { cpu: size.cpu, memory: inGib(size.memory), log: inGib(size.logDisk) };
      const text = say('delete.noRoom', { tenant, zone, server, ...needs });
      refusals.push({ code: 'OBE19011', text, next: say('delete.nextRoom', { zone }) });
      continue;
    }
    const [server, room] = best;
    if (room !== undefined) free.set(server, less(room, unit.size));
    holds.get(server)?.add(unit.owner);
    moves.push({ unit, to: server });
  }
  return { moves, refusals };
}

/**
 * What is against deleting these servers, and which units would go where.
 *
 * @param targets `ip:rpcPort` of all that are to go, those that are being deleted already among them
 */
export function deleteVerdict(state: DeleteState, targets: readonly string[]): DeleteVerdict {
  const going = new Set(targets);
  const goes = (server: ClusterServer) => going.has(rpcAddress(server));
  if (state.servers.length > 0 && state.servers.every(goes)) {
    const text = say('delete.allServers', { count: state.servers.length });
    const all: DeleteRefusal = { code: 'OBE19011', text, next: say('delete.nextCluster') };
    return { refusals: [all], moves: [], moving: [], leaves: undefined };
  }
  const refusals: DeleteRefusal[] = [];
  const moves: Move[] = [];
  for (const zone of new Set(state.servers.filter(goes).map((server) => server.zone))) {
    const staying = state.servers.filter(
      (server) => server.zone === zone && !goes(server) && isServing(server),
    );
    // A unit that is on its way to a server that is to go must go on from there.
    const leaving = state.units.filter((unit) => unit.zone === zone && going.has(unit.server));
    const few = tooFew(state.units, leaving, staying, zone);
    refusals.push(...few);
    const found = placed(state, leaving, staying);
    moves.push(...found.moves);
    if (few.length === 0) refusals.push(...found.refusals);
  }
  const moving = state.units.filter(
    ({ from, server }) => from !== undefined && going.has(from) && !going.has(server),
  );
  const { refusals: against, leaves } = majority(state);
  return { refusals: [...refusals, ...against], moves, moving, leaves };
}

/** A server that is to join a zone, and what it could hold at most. */
export interface JoiningServer {
  readonly ip: string;
  readonly rpcPort: number;
  readonly zone: string;
  readonly room: Resources;
}

/** The same for servers that go when another one has joined their zone. */
export function replaceVerdict(
  state: DeleteState,
  targets: readonly string[],
  { ip, rpcPort, zone, room: free }: JoiningServer,
): DeleteVerdict {
  const joining: ClusterServer = {
    ...{ ip, rpcPort, zone, sqlPort: 0, innerStatus: 'ACTIVE', withRootserver: false, buildVersion: '' },
    ...{ startTime: new Date(0).toISOString(), stopTime: null },
  };
  const room = [...state.room, { server: rpcAddress(joining), free }];
  return deleteVerdict({ ...state, servers: [...state.servers, joining], room }, targets);
}
