import { addressOf } from '../../contact/hostAddress';
import type { HostFacts } from '../../hosts/types';
import { Refusal } from '../../operations/refusal';
import { addressText } from '../../runtime/addressText';
import { unlessAborted, withDeadline } from '../../runtime/deadline';
import { saidOf } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { HostRow } from '../../store/types';
import type { ApiServices } from '../route';

/**
 * So many hosts are contacted side by side. How long a login may take is a setting (OBFLOW_SSH_LOGIN_SECONDS); a request
 * waits so long for all of its hosts, which its client does as well.
 */
const TOGETHER = 50;
const ALL_MS = 100_000;

/** What a task will need is tried for so long. */
const LOOK_MS = 15_000;

type Contact = Pick<ApiServices, 'store' | 'hosts'>;

/** Does `work` for each, many side by side, in their order. The signal aborts when there is no more time for any. */
export function sideBySide<T, R>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  return withDeadline(ALL_MS, undefined, (signal) =>
    someAtATime(items, TOGETHER, (item) => work(item, signal)),
  );
}

/**
 * Logs in to a host and records what it says of itself; it is AVAILABLE from then on. Returns undefined, or why it
 * could not be reached. A login may take as long as OBFLOW_SSH_LOGIN_SECONDS allows; the signal ends the waiting.
 */
export async function contactHost(
  { store, hosts }: Contact,
  host: HostRow,
  signal: AbortSignal,
): Promise<Said | undefined> {
  let facts: HostFacts;
  try {
    signal.throwIfAborted();
    const address = await addressOf(store, host);
    const opened = await hosts.open(address, { signal });
    facts = await unlessAborted(opened.facts(), signal);
  } catch (error) {
    if (signal.aborted) return say('host.noTimeLeft', { seconds: ALL_MS / 1000 });
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
export async function shortcomings(
  { store, hosts }: Contact,
  host: HostRow,
  outer: AbortSignal,
): Promise<Said[]> {
  const where = `Host ${host.name ?? host.ip} (${addressText(host.ip, host.sshPort)})`;
  try {
    const found = await withDeadline(LOOK_MS, outer, async (signal) => {
      const opened = await hosts.open(await addressOf(store, host), { signal });
      return await unlessAborted(opened.firstContact(), signal);
    });
    return found
      .filter(({ level }) => level !== 'INFO')
      .map(({ level, text, next }) =>
        say(level === 'ERROR' ? 'contact.unusable' : 'text.on', { where, text, next }),
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
  let away: { readonly host: HostRow; readonly reason: Said } | undefined;
  await sideBySide(offline, async (host, signal) => {
    // One that is away is enough: the others are not waited for.
    if (away !== undefined) return;
    const reason = await contactHost(contact, host, signal);
    if (reason !== undefined) away ??= { host, reason };
  });
  if (away === undefined) return;
  throw new Refusal(
    409,
    'CMP07004',
    say('host.offline', { ip: away.host.ip, id: away.host.id, reason: away.reason }),
    { target: `host:${away.host.id}` },
  );
}
