import type { ContactFinding } from '../../hosts/firstContact';
import type { Host } from '../../hosts/types';
import { canonicalHost } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { joined, type Said, say } from '../../runtime/messages/catalogue';
import { subtask } from '../subtask';
import { hostMadeByTask, NEW_HOST } from './newHost';

/** OCP wants clocks within a second; what fails here is only what spoils signatures and times of tasks. */
const CLOCK_WARN_MS = 1_000;
const CLOCK_FAIL_MS = 60_000;
/** Less is too little for one package and its logs. */
const LITTLE_SPACE_MB = 1_024;

/** OCP's codes for what can be wrong; the rest is "not possible in the state of the host". */
const CODES: Partial<Record<ContactFinding['check'], string>> = {
  sudo: 'CRD08006',
  clock: 'CMP07021',
  commands: 'CMP07036',
};

interface Seen {
  /** IPv4 and IPv6 addresses of its network cards; empty when it does not tell. */
  readonly addresses: readonly string[];
  readonly hasAdmin: boolean;
  /** Megabytes free where services live, and that folder's file system. */
  readonly space: { readonly freeMb: number; readonly where: string } | undefined;
}

/** fib_trie is asked because every kernel has it and iproute is not everywhere; /proc/net/if_inet6 writes 32 hex digits. */
const LOOK = `echo addresses
awk '/\\|-- [0-9]/ { a = $2 } /\\/32 host LOCAL/ { print a }' /proc/net/fib_trie 2>/dev/null | sort -u
awk '{ print $1 }' /proc/net/if_inet6 2>/dev/null
hostname -I 2>/dev/null | tr ' ' '\\n'
echo admin; getent passwd admin
echo space; df -Pk /home 2>/dev/null | tail -n 1
exit 0`;

/** `fe80…` as /proc/net/if_inet6 has it, and every other spelling, in one. */
function plainAddress(text: string): string {
  return canonicalHost(/^[0-9a-f]{32}$/.test(text) ? (text.match(/.{4}/g) ?? []).join(':') : text);
}

async function look(host: Host): Promise<Seen> {
  const { stdout } = await host.sh(LOOK);
  const parts = new Map<string, string[]>();
  let part: string[] = [];
  for (const line of stdout.split('\n')) {
    if (line === 'addresses' || line === 'admin' || line === 'space') {
      part = [];
      parts.set(line, part);
    } else if (line.trim() !== '') part.push(line.trim());
  }
  const [, , , free, , mount] = parts.get('space')?.[0]?.split(/\s+/) ?? [];
  return {
    addresses: (parts.get('addresses') ?? []).map(plainAddress),
    hasAdmin: (parts.get('admin') ?? []).length > 0,
    space:
      free === undefined || !/^\d+$/.test(free)
        ? undefined
        : { freeMb: Math.floor(Number(free) / 1024), where: mount ?? '/home' },
  };
}

const followed = (one: Said, other: Said): Said => joined([one, other], 'list.stop');

/** Everything that stands in the way, in one error: who repairs it wants all of it at once. */
function unfit(ip: string, found: readonly ContactFinding[]): PermanentError {
  return new PermanentError({
    type: 'HostUnfit',
    code: found.map(({ check }) => CODES[check]).find((code) => code !== undefined) ?? 'CMP07006',
    tried: say('host.findFit'),
    where: ip,
    cameBack: found.map(({ text }) => text),
    next: say('next.thenRetry', { next: found.map(({ next }) => next).reduce(followed) }),
  });
}

/**
 * "Pre check for create host": a login with the pinned key, a shell as root, files, a tunnel, programs, clock, rpm, and that
 * the address entered is the host's own. Changes nothing there. Its undo takes the host out of the inventory again.
 */
export const PreCheckForCreateHost = subtask({
  name: 'Pre check for create host',
  className: 'host.PreCheckForCreateHostTask',
  timeout: 1800,
  needs: NEW_HOST,
  leaves: 'the host in the inventory',

  async run(scope) {
    const host = await scope.host();
    const found = await host.firstContact({ clockMs: CLOCK_FAIL_MS });
    for (const { level, text, next } of found) {
      if (level === 'INFO') scope.log.info(text);
      else scope.log.warn(say('text.withNext', { text, next }));
    }
    const errors = found.filter(({ level }) => level === 'ERROR');
    if (errors.length > 0) throw unfit(host.ip, errors);
    const closer = await host.firstContact({ brief: true, clockMs: CLOCK_WARN_MS });
    const late = closer.find(({ check, level }) => check === 'clock' && level === 'ERROR');
    if (late !== undefined) scope.log.warn(say('host.clockOff', { text: late.text, next: late.next }));

    const { addresses, hasAdmin, space } = await look(host);
    if (addresses.length === 0) scope.log.warn(say('host.addressesUntold'));
    else if (!addresses.includes(canonicalHost(host.ip))) {
      const own = addresses.filter((address) => !/^(127\.|::1$|fe80:)/.test(address));
      throw new PermanentError({
        type: 'AddressNotOfHost',
        code: 'CMP07022',
        tried: say('host.findAddress'),
        where: host.ip,
        cameBack:
          own.length === 0
            ? say('host.hasNoAddresses')
            : say('host.hasAddresses', { addresses: own.join(', ') }),
        next: say('next.hostOwnAddress'),
      });
    }
    if (!hasAdmin) scope.log.warn(say('host.noAdmin'));
    if (space !== undefined && space.freeMb < LITTLE_SPACE_MB) {
      scope.log.warn(say('host.littleSpace', { where: space.where, free: space.freeMb }));
    } else if (space !== undefined)
      scope.log.info(say('host.space', { where: space.where, free: space.freeMb }));
    return undefined;
  },

  async rollback(scope) {
    const row = await hostMadeByTask(scope);
    if (row === undefined) {
      scope.log.info(say('host.notOfTask'));
      return;
    }
    const removed = await scope.store.transaction(async (store) => {
      const proxies = await store.obproxy.findServersOnHosts([row.id]);
      const observers = await store.obServers.onHosts([row.id]);
      return proxies.length + observers.length === 0 && (await store.hosts.remove(row.id));
    });
    if (removed) scope.log.info(say('host.forgotten', { ip: row.ip }));
    else scope.log.warn(say('host.staysForService', { ip: row.ip }));
  },
});
