/** Preconditions of a server that takes another one's place. Each throws Refusal with the documented code and what to do. */
import { say } from '../runtime/messages/catalogue';
import type { HostRow } from '../store/types';
import { oneArchitecture } from './observerPreconditions';
import { fieldRefusal } from './preconditions';
import { Refusal } from './refusal';

/**
 * The host lies where the old one lies, and is of its architecture. The inventory is asked: a cluster that was bootstrapped by
 * hand seldom knows its IDCs. Throws Refusal CMP07009, CMP07007, OBE11023.
 */
export function replacementFits(host: HostRow, old: HostRow, zone: string): void {
  const { ip, idc } = host;
  const region = idc.region.name;
  const target = `host:${host.id}`;
  if (old.idc.region.name !== region) {
    const where = { ip, region, zone, zoneRegion: old.idc.region.name, first: old.ip };
    throw new Refusal(400, 'CMP07009', say('host.otherRegion', where), { target });
  }
  if (old.idc.name !== idc.name) {
    const where = { ip, idc: idc.name, region, zone, zoneIdc: old.idc.name };
    throw new Refusal(400, 'CMP07007', say('host.otherIdc', where), { target });
  }
  oneArchitecture([old, host]);
}

/** Ports of which one may be the old server's, so that no schema could compare them. Throws Refusal COM10001. */
export function refuseEqualPortsOf({
  sqlPort,
  rpcPort,
}: {
  readonly sqlPort: number;
  readonly rpcPort: number;
}): void {
  if (sqlPort !== rpcPort) return;
  throw fieldRefusal('rpcPort', rpcPort, say('must.differ', { field: 'sqlPort', port: String(sqlPort) }));
}
