/**
 * The parameter rootservice_list: `ip:rpcPort:sqlPort;…` of an observer (OceanBase documentation, rootservice_list), and
 * `ip:sqlPort;…` of an OBProxy. Pure.
 */
import { isIP } from 'node:net';
import { addressText, canonicalHost, parseAddress } from '../runtime/addressText';

/** The servers it names; what is no address with both ports is left out. */
export function rootServersIn(list: string): { ip: string; rpcPort: number; sqlPort: number }[] {
  return list.split(/[;,]/).flatMap((part) => {
    const address = parseAddress(part.trim());
    const [rpcPort, sqlPort] = address?.ports ?? [];
    if (address === undefined || isIP(address.host) === 0 || rpcPort === undefined || sqlPort === undefined)
      return [];
    return [{ ip: canonicalHost(address.host), rpcPort, sqlPort }];
  });
}

/** The servers of an OBProxy's list as a set, each in the form of addressText: one address may be written in several ways. */
export function proxyListOf(list: string): Set<string> {
  const servers = list
    .split(/[;,]/)
    .map((server) => server.trim())
    .filter((server) => server !== '');
  return new Set(
    servers.map((server) => {
      const address = parseAddress(server);
      return address === undefined ? server : addressText(address.host, ...address.ports);
    }),
  );
}

/** Whether two lists of OBProxies name the same servers, in whatever order. */
export function sameProxyList(one: string, other: string): boolean {
  const [left, right] = [proxyListOf(one), proxyListOf(other)];
  return left.size === right.size && [...left].every((server) => right.has(server));
}

/** Whether any server of the list is one of the other. */
export function shareServers(one: string, other: string): boolean {
  const known = proxyListOf(other);
  return [...proxyListOf(one)].some((server) => known.has(server));
}
