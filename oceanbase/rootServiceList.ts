/** The parameter rootservice_list: `ip:rpcPort:sqlPort;…` (OceanBase documentation, rootservice_list). Pure. */
import { isIP } from 'node:net';
import { canonicalHost, parseAddress } from '../runtime/addressText';

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
