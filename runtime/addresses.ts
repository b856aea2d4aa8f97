/**
 * Where obflow lets itself be sent. Users name hosts and root servers, and clusters answer with addresses of their own,
 * so all of them are judged here, at the request and again where the connection is made. Private networks are what
 * obflow is for; its own machine, the link and a cloud's metadata service are not.
 */
import { BlockList, connect, isIP, type Socket } from 'node:net';
import { z } from 'zod';
import type { Text } from '../workflows/text';
import { addressText } from './addressText';
import { PermanentError } from './errors';
import { say } from './messages/catalogue';
import { setting } from './setting';

export interface AddressPolicy {
  /** Why obflow does not connect there, as the rest of a sentence about the address; undefined when it may. */
  faultText(address: string): Text | undefined;
  /** The same in English. */
  fault(address: string): string | undefined;
}

/** An address, or a network as address/bits. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= widthOf(address);
}

/** Addresses and networks with commas, as zod reads them. */
export const networks = z.string().transform((text, context): string[] => {
  const list = text.split(',').map((part) => part.trim());
  if (!list.every(isNetwork)) {
    context.addIssue('must be addresses or networks with commas, e.g. 10.0.0.7,192.168.0.0/16');
  }
  return list;
});

export const ADDRESS_SETTINGS = {
  allowed: setting('OBFLOW_ALLOWED_ADDRESSES', {
    schema: networks,
    shown: 'all but loopback, link-local and cloud metadata',
    meaning:
      'addresses or networks (10.20.0.0/16) of hosts and OceanBase clusters: obflow connects to no other; loopback and the like only when named themselves',
  }),
  denied: setting('OBFLOW_DENIED_ADDRESSES', {
    schema: networks,
    meaning: 'addresses or networks that obflow does not connect to, whatever is allowed',
  }),
};

type Network = readonly [address: string, bits: number];

/** Only when OBFLOW_ALLOWED_ADDRESSES names them, or a part of them; 0.0.0.0/0 is not meant to. */
const WHEN_NAMED: readonly (readonly [...Network, what: Text])[] = [
  ['127.0.0.0', 8, say('address.loopback')],
  ['::1', 128, say('address.loopback')],
  ['169.254.0.0', 16, say('address.linkLocal')],
  ['fe80::', 10, say('address.linkLocal')],
  // 169.254.169.254 is link-local; these clouds answer elsewhere, too.
  ['100.100.100.200', 32, say('address.metadataOf', { cloud: 'Alibaba Cloud' })],
  ['fd00:ec2::254', 128, say('address.metadataOf', { cloud: 'AWS' })],
  ['fd20:ce::254', 128, say('address.metadataOf', { cloud: 'Google Cloud' })],
  ['168.63.129.16', 32, say('address.metadataOf', { cloud: 'Azure' })],
  ['192.0.0.192', 32, say('address.metadataOf', { cloud: 'Oracle Cloud' })],
  // What a translator makes of it is not seen from here.
  ['64:ff9b::', 96, say('address.translated')],
  ['64:ff9b:1::', 48, say('address.translated')],
  ['2002::', 16, say('address.tunnelled', { kind: '6to4' })],
  ['2001::', 32, say('address.tunnelled', { kind: 'Teredo' })],
];
/** No host has such an address, or it has a better spelling. 0.0.0.0 and :: reach loopback on Linux. */
const NEVER: readonly (readonly [...Network, what: Text])[] = [
  ['0.0.0.0', 8, say('address.unspecified')],
  ['::', 128, say('address.unspecified')],
  ['224.0.0.0', 4, say('address.multicast')],
  ['ff00::', 8, say('address.multicast')],
  ['255.255.255.255', 32, say('address.broadcast')],
  ['::ffff:0:0', 96, say('address.oddSpelling')],
  ['::ffff:0:0:0', 96, say('address.oddSpelling')],
];
/** The first 96 bits zero: an old spelling of IPv4 addresses, `::` and `::1` aside. */
const OLD_SPELLING: Network = ['::', 96];

function widthOf(address: string): 32 | 128 {
  return address.includes(':') ? 128 : 32;
}

function networkOf(text: string): Network {
  const [address = '', bits] = text.split('/');
  return [address, bits === undefined ? widthOf(address) : Number(bits)];
}

/** Whether the address lies in one of the networks of its own family. */
function within(all: readonly Network[]): (address: string) => boolean {
  const lists = { 32: new BlockList(), 128: new BlockList() };
  const family = { 32: 'ipv4', 128: 'ipv6' } as const;
  for (const [address, bits] of all) {
    const width = widthOf(address);
    lists[width].addSubnet(address, bits, family[width]);
  }
  return (address) => lists[widthOf(address)].check(address, family[widthOf(address)]);
}

/** `allowed` undefined: everywhere but where it must be named. Networks as `isNetwork` has them. */
export function addressPolicy(settings: {
  readonly allowed?: readonly string[] | undefined;
  readonly denied?: readonly string[] | undefined;
}): AddressPolicy {
  const allowed = settings.allowed?.map(networkOf);
  const isAllowed = within(allowed ?? []);
  const isDenied = within((settings.denied ?? []).map(networkOf));
  const never = NEVER.map(([address, bits, what]) => ({ covers: within([[address, bits]]), what }));
  const whenNamed = WHEN_NAMED.map(([address, bits, what]) => {
    const covers = within([[address, bits]]);
    const parts = (allowed ?? []).filter(([part, partBits]) => covers(part) && partBits >= bits);
    return { covers, isNamed: within(parts), what };
  });
  const isOldSpelling = within([OLD_SPELLING]);

  return {
    fault(address) {
      return this.faultText(address)?.en;
    },
    faultText(address) {
      const [bare = '', zone] = address.split('%');
      if (isIP(bare) === 0 || (zone !== undefined && !/^[A-Za-z0-9._-]{1,32}$/.test(zone))) {
        return say('is.noAddress');
      }
      const impossible = never.find(({ covers }) => covers(bare));
      if (impossible !== undefined) return say('is.never', { what: impossible.what });
      if (isDenied(bare)) return say('is.denied');
      const special = whenNamed.find(({ covers }) => covers(bare));
      if (special !== undefined) {
        if (special.isNamed(bare)) return undefined;
        return say('is.onlyWhenNamed', { what: special.what });
      }
      if (isOldSpelling(bare)) return say('is.never', { what: say('address.oddSpelling') });
      if (allowed !== undefined && !isAllowed(bare)) return say('is.notAllowed');
      return undefined;
    },
  };
}

/** What is wrong with the first address when something is wrong with all of them. */
export function deniedOf(addresses: AddressPolicy, ips: readonly string[]): Text | undefined {
  const faults = ips.map((ip) => addresses.faultText(ip));
  const [ip] = ips;
  const [fault] = faults;
  if (ip === undefined || fault === undefined || faults.includes(undefined)) return undefined;
  return say('address.is', { ip, fault });
}

/** An address and what obflow thinks of it. */
export interface Destination {
  readonly ip: string;
  readonly port: number;
  readonly addresses: AddressPolicy;
}

/** What to do about it. */
export const ADDRESS_NEXT = say('next.permitAddress');

/** Thrown when a connection was asked for that OBFLOW_ALLOWED_ADDRESSES and OBFLOW_DENIED_ADDRESSES do not permit. */
export class AddressDenied extends PermanentError {
  constructor({ ip, port }: Omit<Destination, 'addresses'>, fault: Text) {
    super({
      type: 'AddressDenied',
      code: 'OBE19007',
      tried: say('address.connect'),
      where: addressText(ip, port),
      cameBack: say('address.is', { ip, fault }),
      next: ADDRESS_NEXT,
    });
  }
}

/**
 * The only way out to hosts and clusters (test/hazards/ssrf.test.ts looks for others). Names are not resolved, so what
 * was judged is what is connected to.
 * @throws AddressDenied before anything is sent.
 */
export function connectTo({ ip, port, addresses }: Destination): Socket {
  const fault = addresses.faultText(ip);
  if (fault !== undefined) throw new AddressDenied({ ip, port }, fault);
  // Nagle costs 40 ms a round trip with the protocols spoken here.
  const socket = connect({ host: ip, port, noDelay: true });
  // Who uses it listens, too. An error after they have given it up (a request that timed out) must not end the process.
  socket.on('error', () => {});
  return socket;
}

/**
 * Closes a connection that is given up and forgets what it has not delivered. A plain close leaves that to the system, which
 * goes on for minutes: a statement given up while the network was away would run when it is back, beside its repetition.
 */
export function giveUp(socket: Socket): void {
  // Before it is connected nothing was sent; after a half-close (FIN) it cannot be reset any more.
  if (socket.connecting || socket.destroyed || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
