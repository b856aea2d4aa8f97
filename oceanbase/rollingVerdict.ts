/** Whether what was restarted is back, so that the next zone may go: never two out of service at once. Pure. */
import { rpcAddress } from '../runtime/addressText';
import { joined, say, type Text } from '../runtime/messages/catalogue';
import { isServing } from './clusterSql';
import type { ReplicaGroup } from './replicas';
import type { Schemas } from './schemas';
import { nameOf, type StopState } from './stopVerdict';

export interface RollingState extends StopState {
  /** Undefined when the version does not tell. */
  readonly schemas: Schemas | undefined;
}

/** So many of one kind are named. */
const NAMED = 5;

function named(words: readonly string[]): string {
  const more = words.length - NAMED;
  return more > 0 ? `${words.slice(0, NAMED).join(', ')} (+${more})` : words.join(', ');
}

/** The order of zones: that of the root service last, so that it moves once. */
export function rollingOrder(servers: readonly { zone: string; withRootserver: boolean }[]): string[] {
  const zones = [...new Set(servers.map(({ zone }) => zone))].sort();
  const leads = (zone: string) => servers.some((one) => one.zone === zone && one.withRootserver);
  return [...zones.filter((zone) => !leads(zone)), ...zones.filter(leads)];
}

function lagging(groups: readonly ReplicaGroup[], counts: ReadonlySet<string>): Text[] {
  const leaderless = groups.filter(({ hasLeader }) => hasLeader === false);
  const behind = new Map<string, ReplicaGroup>();
  for (const group of groups)
    for (const { servers, inSync } of group.voters)
      for (const one of servers) if (!inSync && counts.has(one)) behind.set(one, group);
  return [
    ...leaderless.slice(0, NAMED).map((group) => say('stop.noLeader', { what: nameOf(group) })),
    ...[...behind]
      .slice(0, NAMED)
      .map(([server, group]) => say('rolling.behind', { server, what: nameOf(group) })),
  ];
}

/**
 * What is not back yet: zones that are not ACTIVE, servers that do not serve, logs that are not in sync, schemas that are
 * not refreshed. The first text says all of it; empty when everything is back.
 *
 * @param but the zone that is to go next, of which nothing is asked; undefined: all of the cluster is
 * @param only of these zones alone; absent: of all
 */
export function notBack(
  { servers, zones, groups, schemas }: RollingState,
  { but, only }: { readonly but: string | undefined; readonly only?: readonly string[] },
): Text[] {
  const asked = (zone: string) => zone !== but && (only === undefined || only.includes(zone));
  const counting = servers.filter(({ zone }) => asked(zone));
  const inactive = zones.filter(
    ({ name, innerStatus }) => innerStatus !== 'ACTIVE' && counting.some(({ zone }) => zone === name),
  );
  const away = counting.filter((server) => !isServing(server));
  const unrefreshed = counting.filter((server) => {
    const known = schemas?.refreshed.get(rpcAddress(server));
    return schemas !== undefined && [...schemas.tenants].some((tenant) => known?.has(tenant) !== true);
  });
  const texts = [
    ...inactive.map(({ name, innerStatus }) => say('zone.is', { zone: name, status: innerStatus })),
    ...(away.length === 0 ? [] : [say('rolling.away', { servers: named(away.map(rpcAddress)) })]),
    ...lagging(groups, new Set(counting.map(rpcAddress))),
    ...(unrefreshed.length === 0
      ? []
      : [say('rolling.schema', { servers: named(unrefreshed.map(rpcAddress)) })]),
  ];
  return texts.length === 0 ? [] : [joined(texts, 'list.comma') as Text];
}
