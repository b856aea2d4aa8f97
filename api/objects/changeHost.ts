import { addressOf } from '../../contact/hostAddress';
import {
  hostCredential,
  idcById,
  refusePortsOfMachines,
  refuseUnknownType,
} from '../../operations/hostFields';
import { noServicesOn, servicesOn, servicesText } from '../../operations/hostServices';
import { hostLocks } from '../../operations/locks';
import { refuseWhenHeld } from '../../operations/planTask';
import { hostsByIds } from '../../operations/preconditions';
import { Refusal } from '../../operations/refusal';
import { addressText } from '../../runtime/addressText';
import { say } from '../../runtime/messages/catalogue';
import type { HostDetails, HostRow, Store } from '../../store/types';
import type { ApiServices } from '../route';
import { refuseDeniedFields } from './allowedAddresses';
import { sideBySide } from './contactHosts';
import { contactRefusal, tryHost } from './contactNewHosts';

/** What a request may change; undefined stays. */
type HostChange = HostDetails & {
  readonly innerIpAddress?: string | undefined;
  readonly sshPort?: number | undefined;
};

async function hostById(store: Store, id: number): Promise<HostRow> {
  const [host] = await hostsByIds(store, [id]);
  if (host === undefined) throw new Error('a host that was found is there');
  return host;
}

/** How the host is reached, as the change wants it. */
function reached(host: HostRow, { innerIpAddress, sshPort, credentialId }: HostChange) {
  return {
    ...{ id: host.id, hostKey: host.hostKey },
    ip: innerIpAddress ?? host.ip,
    sshPort: sshPort ?? host.sshPort,
    credentialId: credentialId ?? host.credentialId,
  };
}

/** Everything that the inventory alone can judge. */
async function refuseUnfit(store: Store, host: HostRow, change: HostChange): Promise<void> {
  const next = reached(host, change);
  await refuseWhenHeld(store, hostLocks(host.id));
  if (change.idcId !== undefined) {
    await idcById(store, change.idcId);
    const services =
      change.idcId === host.idc.id ? [] : ((await servicesOn(store, [host])).get(host.id) ?? []);
    if (services.length > 0) {
      const text = { ip: host.ip, id: host.id, services: servicesText(services) };
      throw new Refusal(409, 'CMP07035', say('host.idcFixed', text), { target: 'idcId' });
    }
  }
  await refuseUnknownType(store, change.typeId ?? undefined);
  if (change.credentialId !== undefined) await hostCredential(store, change.credentialId);
  refusePortsOfMachines(change.kind ?? host.kind, change.publishPorts ?? host.publishPorts);
  if (next.ip !== host.ip) await noServicesOn(store, [host]);
  const other = await store.hosts.findByAddress(next.ip, next.sshPort);
  if (other === undefined || other.id === host.id) return;
  const hosts = `${addressText(next.ip, next.sshPort)} (id ${other.id})`;
  throw new Refusal(409, 'CMP07001', say('hosts.known', { hosts }), { target: 'innerIpAddress' });
}

/**
 * Changes what the inventory says of a host. Another address, port or credential is tried first, and the host must show the
 * key that is pinned. Throws Refusal CMP07005, CMP07004 (held), CMP07006 and CMP07035 (services), CMP07001 (address known),
 * CMP07026 (not reached), COM10002, CRD08001; nothing is stored then.
 */
export async function changeHost(
  { store, hosts, config }: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  id: number,
  change: HostChange,
): Promise<HostRow> {
  const host = await hostById(store, id);
  await refuseUnfit(store, host, change);
  const next = reached(host, change);
  const moved =
    next.ip !== host.ip || next.sshPort !== host.sshPort || next.credentialId !== host.credentialId;
  if (moved) {
    const field =
      next.ip !== host.ip ? 'innerIpAddress' : next.sshPort !== host.sshPort ? 'sshPort' : 'credentialId';
    refuseDeniedFields(config.addresses, [{ field, ip: next.ip }]);
    const { hostId: _hostId, ...address } = await addressOf(store, next);
    const [contact] = await sideBySide([address], (one, signal) => tryHost(hosts, one, signal));
    if (contact?.refused !== undefined)
      throw contactRefusal([{ field, ip: next.ip, text: contact.refused.text }]);
  }
  return store.transaction(async (inside) => {
    const now = await hostById(inside, id);
    await refuseUnfit(inside, now, change);
    const { innerIpAddress, ...details } = change;
    await inside.hosts.change(id, { ...details, ip: innerIpAddress });
    if (moved) await inside.hosts.recordStatus(id, 'AVAILABLE');
    return hostById(inside, id);
  });
}
