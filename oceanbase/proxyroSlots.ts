/**
 * Where an OBProxy keeps the passwords by which it reads OceanBase clusters as proxyro: two slots, and it takes the second when
 * the first is refused. From 4.0 on each cluster *name* has two of its own, before there are two for all clusters.
 */
export const PROXYRO_SLOTS = ['observer_sys_password', 'observer_sys_password1'] as const;
export type ProxyroSlot = (typeof PROXYRO_SLOTS)[number];

/** One pair of slots: a cluster's name, or '' for all clusters. */
export interface SlotPair<T> {
  readonly clusterName: string;
  /** One link for each different password, in the order of the links. */
  readonly links: readonly T[];
}

interface KeyedLink {
  readonly clusterName: string;
  readonly password: string;
}

/** Which passwords share a pair of slots. A primary and its standby have one name, and may have two passwords. */
export function slotPairs<T extends KeyedLink>(links: readonly T[], perCluster: boolean): SlotPair<T>[] {
  const pairs = new Map<string, T[]>();
  for (const link of links) {
    const name = perCluster ? link.clusterName : '';
    const known = pairs.get(name) ?? [];
    if (!known.some(({ password }) => password === link.password)) known.push(link);
    pairs.set(name, known);
  }
  return [...pairs].map(([clusterName, different]) => ({ clusterName, links: different }));
}

/** The first pair that more passwords share than it has slots; undefined when all fit. */
export function crowdedPair<T extends KeyedLink>(
  links: readonly T[],
  perCluster: boolean,
): SlotPair<T> | undefined {
  return slotPairs(links, perCluster).find((pair) => pair.links.length > PROXYRO_SLOTS.length);
}
