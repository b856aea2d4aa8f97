/** Units of tenants: on which server each lies, and its way to another one of its zone while a server is deleted. */
import {
  addressOf,
  type ClusterState,
  now,
  type ServerState,
  SYS_TENANT,
  steering,
  tenantZones,
  type UnitState,
  userTenants,
} from './clusterState';

const GIB = 1024 ** 3;

/** What a unit takes, or a server has: cores, and bytes of memory and of the log disk. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly logDisk: number;
}

const SYS_SIZE: Resources = { cpu: 2.5, memory: 8 * GIB, logDisk: 10 * GIB };

export function sizeOf(state: ClusterState, { tenantId }: Pick<UnitState, 'tenantId'>): Resources {
  if (tenantId === SYS_TENANT) return SYS_SIZE;
  const memory = steering(state, '_standin_unit_gib') * GIB;
  return { cpu: 2, memory, logDisk: 3 * memory };
}

export function capacityOf(state: ClusterState): Resources {
  return { cpu: 16, memory: steering(state, '_standin_memory_gib') * GIB, logDisk: 100 * GIB };
}

/** What the units on a server take; one on its way counts at both ends. */
export function assignedTo(state: ClusterState, units: readonly UnitState[], address: string): Resources {
  const sizes = units
    .filter(({ server, from }) => server === address || from === address)
    .map((unit) => sizeOf(state, unit));
  const sum = (part: keyof Resources) => sizes.reduce((total, size) => total + size[part], 0);
  return { cpu: sum('cpu'), memory: sum('memory'), logDisk: sum('logDisk') };
}

function unitOn(tenantId: number, server: ServerState): UnitState {
  const id = tenantId === SYS_TENANT ? server.id : tenantId * 1000 + server.id;
  return { id, tenantId, zone: server.zone, server: addressOf(server) };
}

/** Units that have moved stay where they are; all others lie where the steering puts them. */
export function placedUnits(state: ClusterState): UnitState[] {
  const addresses = new Set(state.servers.map(addressOf));
  const zones = tenantZones(state);
  const tenants = userTenants(steering(state, '_standin_tenants'));
  const balanced = steering(state, '_standin_tenant_units') > 0;
  const exists = ({ tenantId, zone, extra }: UnitState) =>
    tenantId === SYS_TENANT ||
    (extra === true ? balanced : zones.includes(zone) && tenants.some(({ id }) => id === tenantId));
  const moved = (state.units ?? []).filter((unit) => addresses.has(unit.server) && exists(unit));
  const liesOn = (tenantId: number, address: string) =>
    moved.some((unit) => unit.tenantId === tenantId && (unit.from ?? unit.server) === address);

  const sys = state.servers
    .filter((server) => server.holdsSysUnit && !liesOn(SYS_TENANT, addressOf(server)))
    .map((server) => unitOn(SYS_TENANT, server));
  const staying = state.servers.filter(({ status }) => status !== 'DELETING');
  const ofTenants = tenants.flatMap(({ id }) =>
    zones.flatMap((zone) => {
      const there = moved.filter(
        (unit) => unit.tenantId === id && unit.zone === zone && unit.extra === undefined,
      );
      return staying
        .filter((server) => server.zone === zone && !there.some((unit) => unit.server === addressOf(server)))
        .slice(0, Math.max(0, steering(state, '_standin_unit_num') - there.length))
        .map((server) => unitOn(id, server));
    }),
  );
  const all = [...moved, ...sys, ...ofTenants];
  const [app] = userTenants(1);
  const extra = staying
    .filter((server) => balanced && app !== undefined && !server.holdsSysUnit)
    .filter((server) => !all.some((unit) => unit.tenantId === app?.id && unit.server === addressOf(server)))
    .map((server) => ({ ...unitOn(app?.id ?? 0, server), extra: true as const }));
  return [...all, ...extra].sort((one, other) => one.id - other.id);
}

/**
 * The server of the zone with most room for a unit; undefined when none has enough. Of a tenant's units in a zone no two lie on
 * one server.
 */
function destination(
  state: ClusterState,
  units: readonly UnitState[],
  unit: UnitState,
): ServerState | undefined {
  const size = sizeOf(state, unit);
  const capacity = capacityOf(state);
  const room = (server: ServerState): Resources => {
    const { cpu, memory, logDisk } = assignedTo(state, units, addressOf(server));
    return {
      cpu: capacity.cpu - cpu,
      memory: capacity.memory - memory,
      logDisk: capacity.logDisk - logDisk,
    };
  };
  const holds = (server: ServerState) =>
    unit.extra === undefined &&
    units.some((other) => other.tenantId === unit.tenantId && other.server === addressOf(server));
  return state.servers
    .filter(
      (server) =>
        server.zone === unit.zone &&
        server.status === 'ACTIVE' &&
        server.startServiceTime > 0 &&
        server.stopTime === 0 &&
        addressOf(server) !== unit.server &&
        !holds(server),
    )
    .filter((server) => {
      const left = room(server);
      return left.cpu >= size.cpu && left.memory >= size.memory && left.logDisk >= size.logDisk;
    })
    .sort((one, other) => room(other).memory - room(one).memory)[0];
}

/** Sends the units of servers that are being deleted on their way. False when one of them finds no room. */
function sendAway(state: ClusterState, units: readonly UnitState[], address: string): boolean {
  for (const unit of units.filter(({ server, from }) => server === address && from === undefined)) {
    const target = destination(state, units, unit);
    if (target === undefined) return false;
    state.nextJobId = (state.nextJobId ?? 1) + 1;
    const move = { server: addressOf(target), from: address, since: now(), job: state.nextJobId };
    Object.assign(unit, move);
  }
  return true;
}

/** Whether all units of the server would find room elsewhere in its zone. Changes nothing. */
export function findsRoom(state: ClusterState, address: string): boolean {
  const copy = structuredClone(state);
  return sendAway(copy, placedUnits(copy), address);
}

/** The server is being deleted: its units begin to move. */
export function beginMoves(state: ClusterState, address: string): void {
  const units = placedUnits(state);
  sendAway(state, units, address);
  state.units = units;
}

/** Whoever is on the way stays where it was; whoever has arrived stays there. */
export function cancelMoves(state: ClusterState, address: string): void {
  for (const unit of state.units ?? []) {
    if (unit.from !== address) continue;
    unit.server = address;
    for (const key of ['from', 'since', 'job'] as const) delete unit[key];
  }
}

const jobOf = ({ job }: UnitState): number => job ?? 0;

/** Units arrive, and those that found no room before look again. True when something has changed. */
export function moveUnits(state: ClusterState): boolean {
  const { units } = state;
  if (units === undefined) return false;
  const duration = steering(state, '_standin_unit_move_delay') * 1000;
  let news = false;
  const together = steering(state, '_standin_unit_moves') || units.length;
  const moving = units
    .filter(({ from }) => from !== undefined)
    .sort((one, other) => jobOf(one) - jobOf(other));
  const waiting = moving.slice(together);
  for (const unit of moving.slice(0, together)) {
    const { from, since } = unit;
    const target = state.servers.find((server) => addressOf(server) === unit.server);
    if (from === undefined || since === undefined || target?.status === 'INACTIVE') continue;
    if (now() - since < duration) continue;
    if (unit.tenantId === SYS_TENANT) {
      const source = state.servers.find((server) => addressOf(server) === from);
      if (source !== undefined) source.holdsSysUnit = false;
      if (target !== undefined) target.holdsSysUnit = true;
    }
    for (const key of ['from', 'since', 'job'] as const) delete unit[key];
    const next = waiting.shift();
    if (next !== undefined) next.since = now();
    news = true;
  }
  for (const server of state.servers.filter(({ status }) => status === 'DELETING')) {
    const before = state.nextJobId;
    sendAway(state, units, addressOf(server));
    news ||= state.nextJobId !== before;
  }
  return news;
}

/** Whether a unit lies on the server, or is on its way from it. */
export function holdsUnits(state: ClusterState, address: string): boolean {
  return (state.units ?? []).some(({ server, from }) => server === address || from === address);
}
