/** Whether servers may be stopped: what OceanBase asks at STOP SERVER, asked before anything is done. Pure. */
import { rpcAddress } from '../runtime/addressText';
import { joined, say, type Text } from '../runtime/messages/catalogue';
import { type ClusterServer, type ClusterZone, isServing } from './clusterSql';
import type { ReplicaGroup } from './replicas';

/** What a cluster has said of itself. */
export interface StopState {
  readonly servers: readonly ClusterServer[];
  readonly zones: readonly ClusterZone[];
  readonly groups: readonly ReplicaGroup[];
}

/** Servers that are to stop, all of one zone. */
export interface StopTarget {
  readonly zone: string;
  /** `ip:rpcPort`; undefined: all of the zone. */
  readonly servers?: readonly string[];
}

export interface StopRefusal {
  /** OCP's. */
  readonly code: 'OBE11070' | 'OBE18004' | 'OBE18010' | 'OBE19003';
  readonly text: Text;
  readonly next: Text;
}

export interface StopVerdict {
  /** Empty: nothing is against it. */
  readonly refusals: readonly StopRefusal[];
  /** The majority that is left, of the log stream that is left with the least; undefined when there is none at all. */
  readonly leaves: Text | undefined;
}

/** So many refusals of one kind are named. */
const NAMED = 5;

function list(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(', ');
}

/** Never two zones out of service: OceanBase answers 4660. */
function otherZones({ servers, zones }: StopState, { zone }: StopTarget): StopRefusal[] {
  const inactive = zones.filter(
    ({ name, innerStatus }) =>
      name !== zone && innerStatus !== 'ACTIVE' && servers.some((server) => server.zone === name),
  );
  const stopped = servers.filter((server) => server.zone !== zone && server.stopTime !== null);
  return [
    ...inactive.map(
      ({ name, innerStatus }): StopRefusal => ({
        code: 'OBE18004',
        text: say('stop.otherZone', { zone: name, status: innerStatus }),
        next: say('stop.startZoneFirst', { zone: name }),
      }),
    ),
    ...stopped.map(
      (server): StopRefusal => ({
        code: 'OBE19003',
        text: say('stop.otherServer', { address: rpcAddress(server), zone: server.zone }),
        next: say('stop.startServerFirst', { address: rpcAddress(server) }),
      }),
    ),
  ];
}

/** A log stream, or all of a tenant, in words. */
export function nameOf({ tenant, stream }: ReplicaGroup): Text {
  return stream === undefined ? say('stop.tenant', { tenant }) : say('stop.stream', { tenant, stream });
}

/** @param target `ip:rpcPort` of all that stop */
function majority(state: StopState, target: ReadonlySet<string>, zone: string): StopVerdict {
  const active = new Set(
    state.zones.filter(({ innerStatus }) => innerStatus === 'ACTIVE').map(({ name }) => name),
  );
  const serving = new Set(
    state.servers.filter((server) => isServing(server) && active.has(server.zone)).map(rpcAddress),
  );
  const refusals: StopRefusal[] = [];
  let weakest: { margin: number; text: Text } | undefined;
  for (const group of state.groups) {
    const what = nameOf(group);
    if (group.hasLeader === false) {
      const text = say('stop.noLeader', { what });
      refusals.push({ code: 'OBE11070', text, next: say('stop.waitForLeader') });
      continue;
    }
    const others = group.voters.filter(({ servers }) => !servers.some((one) => target.has(one)));
    const up = others.filter(({ servers }) => servers.length > 0 && servers.every((one) => serving.has(one)));
    const staying = up.filter(({ inSync }) => inSync);
    const { replicas } = group;
    const counts = { what, staying: staying.length, replicas };
    if (staying.length * 2 <= replicas) {
      const lagging = up.filter(({ inSync }) => !inSync).flatMap(({ servers }) => servers);
      const away = others.filter((voter) => !up.includes(voter)).flatMap(({ servers }) => servers);
      const names = {
        ...counts,
        servers: list(staying.flatMap(({ servers }) => servers)),
        lagging: list(lagging),
        away: list(away),
        zone,
      };
      const next = lagging.length + away.length > 0 ? say('stop.bringBack') : say('stop.tooFewReplicas');
      refusals.push({ code: 'OBE11070', text: say('stop.noMajority', names), next });
      continue;
    }
    const margin = staying.length - replicas / 2;
    if (weakest === undefined || margin < weakest.margin)
      weakest = { margin, text: say('stop.leaves', counts) };
  }
  return { refusals, leaves: weakest?.text };
}

/** What is against stopping these servers, and which majority it would leave. */
export function stopVerdict(state: StopState, target: StopTarget): StopVerdict {
  const { zone } = target;
  const targets = new Set(
    target.servers ?? state.servers.filter((server) => server.zone === zone).map(rpcAddress),
  );
  // A zone without servers takes nothing away from any majority.
  const { refusals, leaves } =
    targets.size === 0 ? { refusals: [], leaves: undefined } : majority(state, targets, zone);
  const lastZone =
    target.servers === undefined &&
    !state.zones.some(({ name, innerStatus }) => name !== zone && innerStatus === 'ACTIVE');
  const last: StopRefusal[] = lastZone
    ? [{ code: 'OBE18010', text: say('stop.lastZone', { zone }), next: say('stop.stopCluster') }]
    : [];
  return { refusals: [...last, ...otherZones(state, target), ...refusals], leaves };
}

/** Several refusals as one text; the first says the code. */
export function refusedBy(refusals: readonly StopRefusal[]): Text {
  const shown = refusals.slice(0, NAMED).map(({ text }) => text);
  const all = joined(shown, 'list.stop') as Text;
  const more = refusals.length - shown.length;
  return more > 0 ? say('stop.andMore', { text: all, count: more }) : all;
}
