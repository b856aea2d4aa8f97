import { lookAtTakeOver } from '../../operations/takeOverLook';
import type { NewClusterLook, NewHostLook, TakeOverLook } from '../../operations/types';
import type { ApiServices } from '../route';
import { refuseDeniedFields } from './allowedAddresses';
import { inspectScope } from './inspectScope';

/**
 * Asks a cluster that the inventory does not have, and the hosts of its servers that it has. Throws Refusal as
 * lookAtTakeOver does, and COM10001 for an address that obflow may not connect to.
 */
export async function lookAtNewCluster(
  services: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  wish: NewClusterLook,
): Promise<TakeOverLook> {
  refuseDeniedFields(services.config.addresses, [{ field: 'address', ip: wish.address }]);
  return lookAtTakeOver(inspectScope(services), wish);
}

/** Hosts of its servers that the inventory does not have, when the request says how to log in to them. */
export function hostsToAdd(
  look: TakeOverLook | undefined,
  wish: NewClusterLook | undefined,
): readonly NewHostLook[] {
  const { newHosts } = wish ?? {};
  if (look === undefined || newHosts === undefined) return [];
  const unknown = look.servers.filter(({ host }) => host === undefined).map(({ server: { ip } }) => ip);
  return [...new Set(unknown)].map((ip) => ({ ip, ...newHosts, field: 'hostInfo' }));
}
