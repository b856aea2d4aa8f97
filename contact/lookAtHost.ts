/** One cheap look at a host, and the way to it for a closer one. */
import type { Host, Hosts } from '../hosts/types';
import { type AddressPolicy, connectTo } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import type { HostRow, Seen, Store } from '../store/types';
import { addressOf } from './hostAddress';
import { greetsAsSsh } from './portProbes';

/** Its SSH server greets: ALIVE. Nobody logs in, so this says nothing of the account. */
export async function lookAtHost(
  { ip, sshPort }: Pick<HostRow, 'ip' | 'sshPort'>,
  { addresses, signal }: { readonly addresses: AddressPolicy; readonly signal?: AbortSignal },
): Promise<Seen> {
  try {
    await greetsAsSsh(connectTo({ ip, port: sshPort, addresses }), signal);
    return { state: 'ALIVE', by: 'SSH', reason: null };
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error ? error.message : String(error);
    return { state: 'UNKNOWN', by: null, reason: `SSH at ${addressText(ip, sshPort)}: ${said}` };
  }
}

export interface Ways {
  readonly store: Pick<Store, 'hosts' | 'credentials'>;
  readonly hosts: Hosts;
  readonly addresses: AddressPolicy;
}

/** Logs in, unless the host does not even greet: a log-in waits many times longer for a host that is away. */
export async function openToLook(
  { store, hosts, addresses }: Ways,
  hostId: number,
  signal: AbortSignal,
): Promise<Host> {
  const row = await store.hosts.find(hostId);
  if (row === undefined) throw new Error(`there is no host ${hostId} in the inventory`);
  const { state, reason } = await lookAtHost(row, { addresses, signal });
  if (state !== 'ALIVE') throw new Error(reason ?? 'it does not answer');
  return hosts.open(await addressOf(store, row), { signal });
}
