import { createHosts, type HostAddress, type Hosts } from '../../hosts';
import type { Fleet } from '../../sandbox/hosts/fleet';

/** How tests reach test host `index` as root; the key is not pinned. */
export function addressOf(fleet: Fleet, index = 0, username = 'root'): HostAddress {
  const host = fleet.hosts[index]!;
  return {
    hostId: index + 1,
    ip: host.ip,
    sshPort: host.sshPort,
    username,
    auth: { kind: 'key', privateKey: fleet.privateKey },
  };
}

/** Pins in memory, compare-and-set as the inventory does. */
export function hostsWithPins(pins = new Map<number, string>()): Hosts {
  return createHosts({
    pinHostKey: async (hostId, fingerprint) => {
      if (!pins.has(hostId)) pins.set(hostId, fingerprint);
      return pins.get(hostId)!;
    },
  });
}

/** The error a promise rejects with; throws when it resolves. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<Error & { type?: string; code?: string }> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}
