import { randomBytes, randomInt } from 'node:crypto';
import { ip, run, runChecked } from './command';

/** The network of one fleet: a bridge on this machine and a /24 range that nothing else here uses. */
export interface FleetNetwork {
  readonly bridge: string;
  /** First three octets, e.g. `10.87.14`. */
  readonly prefix: string;
  readonly subnet: string;
  readonly gateway: string;
  /** First five octets of every MAC address of the fleet. */
  readonly macPrefix: string;
  readonly mac: string;
}

/** Higher than any route's usual metric, so it counts only when the bridge is gone. */
export const BLACKHOLE_METRIC = 4000;

function addressNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function covers(range: string, address: number): boolean {
  const [network = '', bits = '32'] = range.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(addressNumber(network) / size) === Math.floor(address / size);
}

/** Ranges that this machine's routes and addresses use, the default route aside. */
async function usedRanges(): Promise<string[]> {
  const [routes, addresses] = await Promise.all([
    runChecked('ip', ['-4', '-o', 'route', 'show', 'table', 'all']),
    runChecked('ip', ['-4', '-o', 'addr', 'show']),
  ]);
  return `${routes}\n${addresses}`.match(/\b\d+\.\d+\.\d+\.\d+(\/\d+)?/g) ?? [];
}

function free(prefix: string, used: readonly string[]): boolean {
  const first = addressNumber(`${prefix}.0`);
  return !used.some((range) => {
    const start = addressNumber(range.split('/')[0] ?? '');
    return covers(range, first) || (start >= first && start <= first + 255);
  });
}

/**
 * Claims a free range. The bridge's name is made from the range, and the kernel refuses a second bridge of that
 * name: that is the lock between fleets that start at once. The MAC address says whose bridge it is; `announce`
 * is told the network before anything of it exists, so that whoever cleans up later knows what to look for.
 */
export async function claimNetwork(announce: (network: FleetNetwork) => void): Promise<FleetNetwork> {
  const used = await usedRanges();
  const id = randomBytes(3)
    .toString('hex')
    .replace(/(..)(..)(..)/, '$1:$2:$3');
  const start = randomInt(64 * 256);
  for (let step = 0; step < 64 * 256; step += 1) {
    const range = (start + step * 257) % (64 * 256);
    const [second, third] = [64 + (range >> 8), range & 255];
    const prefix = `10.${second}.${third}`;
    if (!free(prefix, used)) {
      continue;
    }
    const network: FleetNetwork = {
      bridge: `obf${second.toString(16).padStart(2, '0')}${third.toString(16).padStart(2, '0')}`,
      prefix,
      subnet: `${prefix}.0/24`,
      gateway: `${prefix}.1`,
      macPrefix: `02:0b:${id}`,
      mac: `02:0b:${id}:00`,
    };
    announce(network);
    // A fixed MAC: otherwise the bridge's changes with its ports and the hosts' ARP tables go stale.
    const added = await run('ip', ['link', 'add', network.bridge, 'address', network.mac, 'type', 'bridge']);
    if (added.exitCode === 0) {
      await ip([
        `route replace blackhole ${network.subnet} metric ${BLACKHOLE_METRIC}`,
        `addr add ${network.gateway}/24 dev ${network.bridge}`,
        `link set ${network.bridge} up`,
      ]);
      return network;
    }
    if (!/exists/i.test(added.stderr)) {
      throw new Error(`could not add a bridge for the test hosts: ${added.stderr.trim()}`);
    }
  }
  throw new Error('no free 10.x.y.0/24 range for the test hosts on this machine');
}
