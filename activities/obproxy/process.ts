/** Processes of OBProxy on a host. */
import type { Host } from '../../hosts/types';
import { lookForService, type ServiceProcesses } from '../host/serviceProcesses';

export { absenceText, holderText, isOwnPort, lives, processText } from '../host/serviceProcesses';
export type ProxyProcesses = ServiceProcesses;

export function lookForProxies(host: Host, home: string): Promise<ProxyProcesses> {
  return lookForService(host, home, 'obproxy');
}
