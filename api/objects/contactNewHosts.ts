/** Hosts that a request is to add are logged in to before anything of them is stored. */
import { addressOf } from '../../contact/hostAddress';
import type { ContactFinding } from '../../hosts/firstContact';
import type { HostAddress, Hosts } from '../../hosts/types';
import { Refusal, type SubError } from '../../operations/refusal';
import type { ContactedHost, NewHostLook } from '../../operations/types';
import { addressText } from '../../runtime/addressText';
import { unlessAborted, withDeadline } from '../../runtime/deadline';
import { PermanentError, saidOf, TransientError } from '../../runtime/errors';
import { joined, type Said, say } from '../../runtime/messages/catalogue';
import type { ApiServices } from '../route';
import { refuseDeniedFields } from './allowedAddresses';
import { sideBySide } from './contactHosts';

/** What a task will need is tried for so long. */
const LOOK_MS = 20_000;
/** As the pre-check of the task judges it. */
const CLOCK_MS = 60_000;

/** Connections are pooled by host id: those of hosts without one are nobody else's. */
let lastContact = 0;

/** What came of a contact: `refused` is why nothing can be done on the host. */
export interface Contact extends ContactedHost {
  readonly refused?: { readonly text: Said; readonly result: 'CONNECT_FAILED' | 'SUDO_NOT_ALLOWED' };
}

function withNext({ text, next }: Pick<ContactFinding, 'text' | 'next'>): Said {
  return next === '' ? text : say('text.withNext', { text, next });
}

/**
 * Logs in and tries what a task will need there (hosts/firstContact.ts); changes nothing, neither there nor in the inventory.
 *
 * @param address without `hostKey` the host may show any key; with it only that one
 */
export async function tryHost(
  hosts: Hosts,
  address: Omit<HostAddress, 'hostId' | 'pin'>,
  outer: AbortSignal,
): Promise<Contact> {
  lastContact += 1;
  let hostKey: string | null = null;
  const pin = async (_: number, fingerprint: string) => {
    hostKey = fingerprint;
    return fingerprint;
  };
  try {
    outer.throwIfAborted();
    const host = await hosts.open({ ...address, hostId: -lastContact, pin }, { signal: outer });
    const found = await withDeadline(LOOK_MS, outer, (signal) =>
      unlessAborted(host.firstContact({ clockMs: CLOCK_MS }), signal),
    );
    const closed = found.find(
      ({ level, check }) => level === 'ERROR' && (check === 'shell' || check === 'sudo'),
    );
    const findings = found.flatMap((finding) =>
      finding.level === 'INFO' ? [] : [{ level: finding.level, message: withNext(finding) }],
    );
    if (closed === undefined) return { hostKey, findings };
    const result = closed.check === 'sudo' ? 'SUDO_NOT_ALLOWED' : 'CONNECT_FAILED';
    return { hostKey, findings: [], refused: { text: withNext(closed), result } };
  } catch (error) {
    const text = outer.aborted ? say('contact.noTime') : textOf(error);
    return { hostKey, findings: [], refused: { text, result: 'CONNECT_FAILED' } };
  }
}

function textOf(error: unknown): Said {
  if (error instanceof PermanentError || error instanceof TransientError) return saidOf(error);
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return say('contact.noEnd', { seconds: LOOK_MS / 1000 });
  throw error;
}

/** Refusal CMP07026, which names every host that could not be logged in to. */
export function contactRefusal(
  failed: readonly { readonly field: string; readonly ip: string; readonly text: Said }[],
) {
  const subErrors = failed.map(
    ({ field, ip, text }): SubError => ({
      field,
      rejectedValue: ip,
      message: say('is.notReached', { reason: text }),
    }),
  );
  const hosts = joined(
    failed.map(({ ip, text }) => say('contact.named', { ip, said: text })),
    'list.comma',
  );
  const [first] = failed;
  return new Refusal(400, 'CMP07026', say('hosts.notReached', { hosts }), {
    ...(first === undefined ? {} : { target: first.field }),
    subErrors,
  });
}

/**
 * Contacts the hosts that the inventory does not have yet, side by side; what is known, twice in the request, or without a
 * credential that fits, is left to the operation. By address and port, what each has shown.
 */
export async function contactNewHosts(
  { store, hosts, config }: Pick<ApiServices, 'store' | 'hosts' | 'config'>,
  wished: readonly NewHostLook[],
): Promise<ReadonlyMap<string, ContactedHost>> {
  if (wished.length === 0) return new Map();
  refuseDeniedFields(config.addresses, wished);
  const fresh: NewHostLook[] = [];
  for (const host of wished) {
    const twice = fresh.some(({ ip, sshPort }) => ip === host.ip && sshPort === host.sshPort);
    const credential = await store.credentials.findById(host.credentialId);
    if (twice || credential === undefined || credential.kind === 'DATABASE') continue;
    if ((await store.hosts.findByAddress(host.ip, host.sshPort)) === undefined) fresh.push(host);
  }
  const contacts = await sideBySide(fresh, async (host, signal) => {
    const address = await addressOf(store, { ...host, id: 0, hostKey: null });
    return { host, contact: await tryHost(hosts, address, signal) };
  });
  const failed = contacts.flatMap(({ host: { field, ip }, contact }) =>
    contact.refused === undefined ? [] : [{ field, ip, text: contact.refused.text }],
  );
  if (failed.length > 0) throw contactRefusal(failed);
  return new Map(contacts.map(({ host, contact }) => [addressText(host.ip, host.sshPort), contact]));
}
