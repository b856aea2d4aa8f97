/** Hosts, where they stand, and how to log in to them. */
import type { Page, PageRequest } from './paging';

/** SSH: private key or password of a login; DATABASE: password of a database user. */
export interface Credential {
  readonly id: number;
  readonly name: string;
  readonly kind: 'SSH_KEY' | 'SSH_PASSWORD' | 'DATABASE';
  readonly username: string;
}

/** A credential with its secret in clear. Stays in memory, never leaves the process. */
export interface OpenCredential extends Credential {
  readonly secret: string;
  readonly passphrase?: string;
}

export interface Credentials {
  /** Adds or changes by name; unchanged secrets are recognised. */
  put(
    credential: Omit<OpenCredential, 'id'>,
  ): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  /** What `put` would do. */
  compare(credential: Omit<OpenCredential, 'id'>): Promise<'added' | 'changed' | 'unchanged'>;
  find(name: string): Promise<Credential | undefined>;
  open(id: number): Promise<OpenCredential>;
}

export interface Region {
  readonly id: number;
  readonly name: string;
}

export interface Idc {
  readonly id: number;
  readonly name: string;
  readonly region: Region;
}

export interface HostRow {
  readonly id: number;
  readonly ip: string;
  readonly sshPort: number;
  readonly name: string | null;
  readonly credentialId: number;
  /** `SHA256:…`; null before the first contact. */
  readonly hostKey: string | null;
  readonly hostKeySource: 'GIVEN' | 'FIRST_CONTACT' | null;
  readonly idc: Idc;
  /** Null until a contact has told them. */
  readonly architecture: string | null;
  readonly kernel: string | null;
  readonly osId: string | null;
  readonly osLike: string | null;
  readonly osMajor: string | null;
  /** NEW = declared, never reached; AVAILABLE = reached; OFFLINE = the last contact failed. */
  readonly status: 'NEW' | 'AVAILABLE' | 'OFFLINE';
  readonly createTime: string;
  readonly updateTime: string;
}

export interface NewHost {
  readonly ip: string;
  readonly sshPort: number;
  readonly name: string | null;
  readonly credentialId: number;
  readonly hostKey: string | null;
  readonly idcName: string;
  readonly regionName: string;
}

export interface HostFilter {
  readonly status?: readonly string[];
  /** Part of name or IP, or of the name of a service on the host. */
  readonly keyword?: string;
  readonly idcId?: number;
  readonly includedServiceType?: string;
  readonly excludedServiceType?: string;
}

export interface HostsRepository {
  put(host: NewHost): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  compare(host: NewHost): Promise<'added' | 'changed' | 'unchanged'>;
  find(id: number): Promise<HostRow | undefined>;
  findMany(ids: readonly number[]): Promise<HostRow[]>;
  /** Whether there is an IDC of this id: a host is, or was, declared in it. */
  hasIdc(id: number): Promise<boolean>;
  list(filter: HostFilter, page: PageRequest): Promise<Page<HostRow>>;
  /** Compare-and-set: records the key only when none is pinned; returns the key that now counts. */
  pinHostKey(id: number, fingerprint: string): Promise<string>;
  recordFacts(
    id: number,
    facts: {
      hostname: string;
      architecture: string;
      kernel: string;
      osId: string;
      osLike: string;
      osMajor: string;
    },
  ): Promise<void>;
  recordStatus(id: number, status: HostRow['status']): Promise<void>;
}
