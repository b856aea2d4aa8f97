/** Processes of OBProxy on a host. */
import type { Host, HostProcess } from '../../hosts/types';
import { lookForService, type ServiceProcesses } from '../host/serviceProcesses';

export { absenceText, holderText, isOwnPort, processText } from '../host/serviceProcesses';
export type ProxyProcesses = ServiceProcesses;

export function lookForProxies(host: Host, home: string): Promise<ProxyProcesses> {
  return lookForService(host, home, 'obproxy');
}

/** What tells a process from a later one of the same number. */
export type ProcessIdentity = Pick<HostProcess, 'pid' | 'startTime'>;

export function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime;
}
