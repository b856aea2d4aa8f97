/** The hosts of a cluster that is taken over: those of the inventory, and those that the request adds to it. */

import type { z } from 'zod';
import type { Finding } from '../oceanbase/obproxyRunning';
import { say } from '../runtime/messages/catalogue';
import type { Idc, Store } from '../store/types';
import { hostCredential, refusePortsOfMachines, refuseUnknownType } from './hostFields';
import type { HostInfo } from './takeOverBody';
import type { PrepareScope, TakeOverLook } from './types';

type NewHosts = z.output<typeof HostInfo>;

/** A host by its address: its id, or the IDC in which it will stand. */
export type PlacedHost = { readonly ip: string } & ({ readonly id: number } | { readonly idc: Idc });

async function idcOf(store: Store, name: string, region: string): Promise<Idc | undefined> {
  for (let page = 1; ; page += 1) {
    const { contents } = await store.places.idcs.list({ page, size: 100 });
    const found = contents.find((idc) => idc.name === name && idc.region.name === region);
    if (found !== undefined || contents.length < 100) return found;
  }
}

/**
 * Every host of the servers once. What keeps one out is a finding: it is unknown and nothing says how to log in to it
 * (OBE11044), or its zone names no IDC (OBE11036), or one that the inventory does not have (OBE11037).
 */
export async function placedHosts(
  store: Store,
  { cluster, servers }: TakeOverLook,
  hostInfo: NewHosts | undefined,
): Promise<{ readonly hosts: readonly PlacedHost[]; readonly findings: readonly Finding[] }> {
  const hosts = new Map<string, PlacedHost>();
  const findings: Finding[] = [];
  for (const { server, host } of servers) {
    const { ip } = server;
    if (hosts.has(ip)) continue;
    if (host !== undefined) {
      hosts.set(ip, { ip, id: host.id });
      continue;
    }
    if (hostInfo === undefined) {
      const text = say('obTakeOver.hostUnknown', { ip });
      findings.push({ level: 'ERROR', code: 'OBE11044', text, next: say('obTakeOver.nextHostInfo') });
      continue;
    }
    const zone = cluster.zones.find(({ name }) => name === server.zone);
    if (zone === undefined || zone.idc === '') {
      const text = say('obTakeOver.noIdc', { zone: server.zone, ip });
      findings.push({
        level: 'ERROR',
        code: 'OBE11036',
        text,
        next: say('obTakeOver.nextIdc', { zone: server.zone }),
      });
      continue;
    }
    const idc = await idcOf(store, zone.idc, zone.region);
    if (idc === undefined) {
      const text = say('obTakeOver.unknownIdc', { idc: zone.idc, region: zone.region, zone: zone.name });
      findings.push({ level: 'ERROR', code: 'OBE11037', text, next: say('obTakeOver.nextAddIdc') });
      continue;
    }
    hosts.set(ip, { ip, idc });
  }
  return { hosts: [...hosts.values()], findings };
}

/** Ids by address; hosts that the inventory does not have are added, and are NEW until the task has ended well. */
export async function hostsOf(
  scope: PrepareScope,
  taskId: number,
  hosts: readonly PlacedHost[],
  hostInfo: NewHosts | undefined,
  contactKeys: ReadonlyMap<string, string | null>,
): Promise<{ readonly ids: ReadonlyMap<string, number>; readonly added: readonly number[] }> {
  const { store } = scope;
  const ids = new Map<string, number>();
  const added: number[] = [];
  if (hostInfo !== undefined) {
    await refuseUnknownType(store, hostInfo.hostTypeId);
    await hostCredential(store, hostInfo.credentialId);
    refusePortsOfMachines(hostInfo.kind, hostInfo.publishPorts);
  }
  for (const [index, host] of hosts.entries()) {
    if ('id' in host) {
      ids.set(host.ip, host.id);
      continue;
    }
    if (hostInfo === undefined) throw new RangeError('hosts are added as the request says');
    const { sshPort, credentialId, kind, publishPorts, hostTypeId } = hostInfo;
    const id = scope.dryRun
      ? -1 - index
      : await store.hosts.add({
          ...{ ip: host.ip, sshPort, credentialId, kind, taskId, idcId: host.idc.id },
          hostKey: contactKeys.get(host.ip) ?? null,
          typeId: hostTypeId ?? null,
          publishPorts: publishPorts ?? null,
        });
    ids.set(host.ip, id);
    added.push(id);
  }
  return { ids, added };
}
