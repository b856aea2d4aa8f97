/** Refuses requests that would send obflow where it does not go (runtime/addresses.ts), before anything is stored. */
import { Refusal, type SubError } from '../operations/refusal';
import { ADDRESS_NEXT, type AddressPolicy } from '../runtime/addresses';
import type { ApiServices } from './route';

/** @param named addresses of a request by their fields. Throws Refusal COM10001 that names every field. */
export function refuseDeniedFields(
  addresses: AddressPolicy,
  named: readonly { readonly field: string; readonly ip: string }[],
): void {
  const subErrors = named.flatMap(({ field, ip }): SubError[] => {
    const fault = addresses.fault(ip);
    return fault === undefined ? [] : [{ field, rejectedValue: ip, message: fault }];
  });
  const [first] = subErrors;
  if (first === undefined) return;
  const message = `${first.field} ${String(first.rejectedValue)} ${first.message}.`;
  throw new Refusal(400, 'COM10001', message, { target: first.field, subErrors });
}

/**
 * Hosts and the cluster of an operation were stored before; the settings may be newer. Throws Refusal OBE19007 for a host,
 * and for a cluster none of whose servers obflow may connect to. What does not exist is left to the operation.
 */
export async function refuseDeniedObjects(
  { inventory, config: { addresses } }: Pick<ApiServices, 'inventory' | 'config'>,
  wished: { readonly hostIds: readonly number[]; readonly obClusterId?: number | undefined },
): Promise<void> {
  const { hostIds, obClusterId } = wished;
  const hosts = hostIds.length === 0 ? [] : await inventory.hosts.findMany(hostIds);
  const cluster = obClusterId === undefined ? undefined : await inventory.obClusters.find(obClusterId);
  const denied = [
    ...hosts.map(({ id, ip }) => ({ target: `host:${id}`, fault: deniedOf(addresses, [ip]) })),
    ...(cluster === undefined
      ? []
      : [
          {
            target: `obCluster:${cluster.id}`,
            fault: deniedOf(
              addresses,
              cluster.rootServers.map(({ ip }) => ip),
            ),
          },
        ]),
  ].find(({ fault }) => fault !== undefined);
  if (denied === undefined) return;
  const { target, fault } = denied;
  throw new Refusal(400, 'OBE19007', `${target}: ${fault}. ${ADDRESS_NEXT}`, { target });
}

/** What is wrong with the first address when something is wrong with all of them. */
export function deniedOf(addresses: AddressPolicy, ips: readonly string[]): string | undefined {
  const faults = ips.map((ip) => ({ ip, fault: addresses.fault(ip) }));
  const [first] = faults;
  if (first === undefined || faults.some(({ fault }) => fault === undefined)) return undefined;
  return `${first.ip} ${first.fault}`;
}
