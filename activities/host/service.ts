/** What the subtasks of host/ must know of the service that they work for; the room of the service tells it. */

import type { Text } from '../../runtime/messages/catalogue';
import type { PackageRow } from '../../store/types';
import type { Needs } from '../types';

export type InstallablePackage = PackageRow & { readonly home: string };

/** How a service is installed. */
export interface InstalledService {
  /** Name of the program in bin, and of its processes. */
  readonly program: 'obproxy' | 'observer';
  /** File or folder below the home whose contents are a configuration that an installation could destroy. */
  readonly configuration: string;
  /** Folder into which the package's scripts put links to its files, which no removal of the package takes away. */
  readonly linkFolder?: string;
  /** What to do about a process that lives in the home. */
  readonly whenAlive: Text;
}

export interface HostService extends InstalledService {
  /** As the inventory has it. PermanentError when it has no such service. */
  recorded(): Promise<{
    /** Address of its host. */
    readonly ip: string;
    readonly runUser: string;
    /** SQL port, by which its own process is told from another of the same name. */
    readonly port: number;
  }>;
  /** Its package and with it the home. PermanentError when the inventory has none. */
  package(): Promise<InstallablePackage>;
  /** Throws PermanentError when the service is still in use, so that its package must stay. */
  proveUnused(): Promise<void>;
  /** Looks in place of changes, for a service that was there already. */
  readonly found: {
    /** Throws PermanentError when a second process lives in its home. */
    refuseOthers(): Promise<void>;
    /** Finds out which package its program came from, and records that. */
    identifyPackage(): Promise<void>;
  };
}

/** Keys by which the service of a subtask is found, whoever made it. */
export const SERVICE = {
  service_type: 'value?',
  host_id: 'value?',
  cluster_id: 'value?',
  server_id: 'value?',
  obproxy_cluster_id: 'value?',
  obproxy_server_id: 'value?',
  obproxy_take_over: 'value?',
} as const satisfies Needs;
