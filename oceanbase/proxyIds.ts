/** proxy_id of the proxies of one cluster: part of every session's id, so no two may have the same. Pure. */

/** What a proxy says of it. */
export interface ProxyId {
  readonly serverId: number;
  readonly proxyId: number;
  /** client_session_id_version: 1 has eight bits for it, 2 thirteen. */
  readonly version: number;
}

/** The greatest id that its version takes (OBProxy's source). */
export function greatestProxyId(version: number): number {
  return version >= 2 ? 8_191 : 255;
}

/**
 * New ids for those of `wanted` that have none (0), one that their version does not take, or that of another proxy; the others
 * keep theirs. `random` is below 1.
 */
export function newProxyIds(
  all: readonly ProxyId[],
  wanted: readonly number[],
  random: () => number = Math.random,
): Map<number, number> {
  const given = new Map<number, number>();
  const fixed = new Set(
    all.filter(({ serverId }) => !wanted.includes(serverId)).map(({ proxyId }) => proxyId),
  );
  for (const { serverId, proxyId, version } of all.filter((one) => wanted.includes(one.serverId))) {
    const most = greatestProxyId(version);
    if (proxyId > 0 && proxyId <= most && !fixed.has(proxyId)) {
      fixed.add(proxyId);
      continue;
    }
    const free = Array.from({ length: most }, (_, index) => index + 1).filter((id) => !fixed.has(id));
    const id = free[Math.floor(random() * free.length)];
    if (id === undefined) continue;
    fixed.add(id);
    given.set(serverId, id);
  }
  return given;
}
