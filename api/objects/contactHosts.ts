import { addressOf } from '../../contact/hostAddress';
import type { HostFacts } from '../../hosts/types';
import { Refusal } from '../../operations/refusal';
import { addressText } from '../../runtime/addressText';
import { SaidError, saidOf } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import type { HostRow } from '../../store/types';
import type { ApiServices } from '../route';

/** A request waits so long for hosts that do not answer. */
const CONTACT_MS = 5_000;

/** What a task will need is tried for so long. */
const LOOK_MS = 15_000;

type Contact = Pick<ApiServices, 'store' | 'hosts'>;

/** The value, or an error when it takes longer; the late value is dropped. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new SaidError(say('host.noAnswer', { seconds: milliseconds / 1000 }))),
      milliseconds,
    );
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Logs in to a host and records what it says of itself; it is AVAILABLE from then on. Returns undefined, or why it
 * could not be reached. At most 5 s.
 */
export async function contactHost({ store, hosts }: Contact, host: HostRow): Promise<Said | undefined> {
  let facts: HostFacts;
  try {
    const address = await addressOf(store, host);
    facts = await within(
      hosts.open(address).then((open) => open.facts()),
      CONTACT_MS,
    );
  } catch (error) {
    return saidOf(error);
  }
  await store.hosts.recordFacts(host.id, {
    hostname: facts.hostname,
    architecture: facts.architecture,
    kernel: facts.kernel,
    osId: facts.osId,
    osLike: facts.osLike.join(' '),
    osMajor: facts.osMajor,
  });
  await store.hosts.recordStatus(host.id, 'AVAILABLE');
  return undefined;
}

/** What stands in the way of tasks on a host that can be logged in to, or makes them slow; with what to change. */
export async function shortcomings({ store, hosts }: Contact, host: HostRow): Promise<Said[]> {
  const where = `Host ${host.name ?? host.ip} (${addressText(host.ip, host.sshPort)})`;
  try {
    const look = async () => (await hosts.open(await addressOf(store, host))).firstContact();
    const found = await within(look(), LOOK_MS);
    return found
      .filter(({ level }) => level !== 'INFO')
      .map(({ level, text, next }) =>
        say(level === 'ERROR' ? 'contact.unusable' : 'contact.shortcoming', { where, text, next }),
      );
  } catch (error) {
    return [say('contact.unseen', { where, said: saidOf(error) })];
  }
}

/**
 * Hosts whose last contact failed are tried once more, so that a repaired host needs no extra step. Throws Refusal
 * CMP07004 when one is still away. Hosts never contacted, or reached before, are not asked: their trouble shows in
 * the subtask.
 */
export async function contactKnownOffline(contact: Contact, hostIds: readonly number[]): Promise<void> {
  if (hostIds.length === 0) return;
  const rows = await contact.store.hosts.findMany(hostIds);
  const offline = rows.filter((host) => host.status === 'OFFLINE');
  const failures = await Promise.all(
    offline.map(async (host) => ({ host, reason: await contactHost(contact, host) })),
  );
  const away = failures.find(({ reason }) => reason !== undefined);
  if (away === undefined) return;
  throw new Refusal(
    409,
    'CMP07004',
    say('host.offline', { ip: away.host.ip, id: away.host.id, reason: away.reason ?? '' }),
    { target: `host:${away.host.id}` },
  );
}
