/** Refuses requests that would send obflow where it does not go (runtime/addresses.ts), before anything is stored. */

import { Refusal, type SubError } from '../../operations/refusal';
import { ADDRESS_NEXT, type AddressPolicy, deniedOf } from '../../runtime/addresses';
import { say } from '../../runtime/messages/catalogue';
import type { ApiServices } from '../route';

/** @param named addresses of a request by their fields. Throws Refusal COM10001 that names every field. */
export function refuseDeniedFields(
  addresses: AddressPolicy,
  named: readonly { readonly field: string; readonly ip: string }[],
): void {
  const subErrors = named.flatMap(({ field, ip }): SubError[] => {
    const fault = addresses.faultText(ip);
    return fault === undefined ? [] : [{ field, rejectedValue: ip, message: fault }];
  });
  const [first] = subErrors;
  if (first === undefined) return;
  const { field, rejectedValue, message: fault } = first;
  const message = say('request.faultOf', { field, value: String(rejectedValue), fault });
  throw new Refusal(400, 'COM10001', message, { target: first.field, subErrors });
}

/**
 * Hosts and the cluster of an operation were stored before; the settings may be newer. Throws Refusal OBE19007 for a host,
 * and for a cluster none of whose servers obflow may connect to. What does not exist is left to the operation.
 */
export async function refuseDeniedObjects(
  { store, config: { addresses } }: Pick<ApiServices, 'store' | 'config'>,
  wished: { readonly hostIds: readonly number[]; readonly obClusterId?: number | undefined },
): Promise<void> {
  const { hostIds, obClusterId } = wished;
  const hosts = hostIds.length === 0 ? [] : await store.hosts.findMany(hostIds);
  const cluster = obClusterId === undefined ? undefined : await store.obClusters.find(obClusterId);
  const wanted = [
    ...hosts.map(({ id, ip }) => ({ target: `host:${id}`, ips: [ip] })),
    ...(cluster === undefined
      ? []
      : [{ target: `obCluster:${cluster.id}`, ips: cluster.rootServers.map(({ ip }) => ip) }]),
  ];
  for (const { target, ips } of wanted) {
    const fault = deniedOf(addresses, ips);
    if (fault !== undefined) {
      const text = say('text.on', { where: target, text: fault, next: ADDRESS_NEXT });
      throw new Refusal(400, 'OBE19007', text, { target });
    }
  }
}
