import { addressOf } from '../../contact/hostAddress';
import type { InspectScope } from '../../operations/types';
import type { ApiServices } from '../route';

/** Hosts are contacted as for any request; a host key seen for the first time is recorded. */
export function inspectScope({
  store,
  hosts,
  config,
}: Pick<ApiServices, 'store' | 'hosts' | 'config'>): InspectScope {
  return {
    store,
    publicUrl: config.publicUrl,
    hostRequirements: config.hostRequirements,
    addresses: config.addresses,
    async openHost(hostId) {
      const row = await store.hosts.find(hostId);
      if (row === undefined) throw new RangeError(`There is no host ${hostId}.`);
      return hosts.open(await addressOf(store, row));
    },
  };
}
