/** Hosts, where they stand, and how to log in to them. */
import type { HostKind } from '../statuses';
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
  /** What the password is being changed to, of a database's: either may be the one that works. */
  readonly pending?: PendingSecret;
}

export interface PendingSecret {
  readonly secret: string;
  /** ISO-8601. */
  readonly since: string;
}

export interface Credentials {
  /** Adds or changes by name; unchanged secrets are recognised. */
  put(
    credential: Omit<OpenCredential, 'id'>,
  ): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  /** What `put` would do. */
  compare(credential: Omit<OpenCredential, 'id'>): Promise<'added' | 'changed' | 'unchanged'>;
  find(name: string): Promise<Credential | undefined>;
  findById(id: number): Promise<CredentialRow | undefined>;
  /** With `ssh` only those that log in to hosts, or only the others. */
  list(filter: { readonly ssh?: boolean }, page: PageRequest): Promise<Page<CredentialRow>>;
  open(id: number): Promise<OpenCredential>;
  /** Resolves to its id. Throws DuplicateError when the name is taken. */
  add(credential: Omit<OpenCredential, 'id'> & { readonly description: string | null }): Promise<number>;
  /** Replaces everything of it. Throws DuplicateError when the name is taken. */
  replace(credential: OpenCredential & { readonly description: string | null }): Promise<void>;
  /**
   * Keeps a second secret beside the first, in the place of the pending one. False, and nothing is kept, when the credential
   * is no more as the caller has seen it.
   */
  propose(id: number, secret: string, seen: Pick<OpenCredential, 'secret' | 'pending'>): Promise<boolean>;
  /** The pending secret has proven itself, and is the only one from now on; nothing when it is pending no more. */
  settle(id: number, secret: string): Promise<void>;
  /** The pending secret was refused and never worked: it is forgotten. */
  withdraw(id: number, secret: string): Promise<void>;
  /** Hosts and OceanBase clusters that are reached by it, each by id. */
  users(id: number): Promise<CredentialUsers>;
  /** The same of several, by id. */
  usersOf(ids: readonly number[]): Promise<Map<number, CredentialUsers>>;
  /** Removes those of them that nobody uses. */
  removeUnused(ids: readonly number[]): Promise<void>;
  /** False when there was none. Nothing may use it. */
  remove(id: number): Promise<boolean>;
}

/** A credential as it is shown: without its secret. */
export interface CredentialRow extends Credential {
  readonly description: string | null;
  readonly createTime: string;
  readonly updateTime: string;
}

export interface CredentialUsers {
  readonly hosts: readonly { readonly id: number; readonly ip: string }[];
  readonly obClusters: readonly { readonly id: number; readonly name: string }[];
}

export interface Region {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
}

export interface Idc {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly region: Region;
}

/** Times of a place; null when it was declared before they were kept. */
export interface PlaceTimes {
  readonly createTime: string | null;
  readonly updateTime: string | null;
}

/** What hardware a host is, in the words of whoever runs it. */
export interface HostType {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
}

export interface NewPlace {
  readonly name: string;
  readonly description: string | null;
}

/** One kind of place: regions, IDCs, host types. Names are unique (of IDCs, within their region). */
export interface PlaceKind<Row, New> {
  find(id: number): Promise<Row | undefined>;
  list(page: PageRequest): Promise<Page<Row>>;
  /** Throws DuplicateError when the name is taken. */
  add(place: New): Promise<Row>;
  /** What keeps it from being removed, by name, at most 20 of them: IDCs of a region, hosts of an IDC or a type. */
  children(id: number): Promise<readonly string[]>;
  /** False when there was none. It may have no children. */
  remove(id: number): Promise<boolean>;
}

export interface Places {
  readonly regions: PlaceKind<Region & PlaceTimes, NewPlace>;
  readonly idcs: PlaceKind<Idc & PlaceTimes, NewPlace & { readonly regionId: number }>;
  readonly hostTypes: PlaceKind<HostType & PlaceTimes, NewPlace>;
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
  readonly type: HostType | null;
  /** The task that has added it; null for one that a file has declared. */
  readonly taskId: number | null;
  readonly alias: string | null;
  readonly description: string | null;
  readonly kind: HostKind;
  readonly serialNumber: string | null;
  readonly publishPorts: readonly string[] | null;
  readonly createTime: string;
  readonly updateTime: string;
}

/** What a request may say of a host; what is absent stays as it is, or is null for a new one. */
export interface HostDetails {
  readonly idcId?: number | undefined;
  readonly typeId?: number | null | undefined;
  readonly credentialId?: number | undefined;
  readonly alias?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly kind?: HostKind | undefined;
  readonly serialNumber?: string | null | undefined;
  readonly publishPorts?: readonly string[] | null | undefined;
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
  /**
   * A host that a task prepares: NEW until that task has ended well. `hostKey` is the one that it has shown already.
   * Resolves to its id. Throws DuplicateError when address and port are known.
   */
  add(
    host: HostDetails & {
      readonly ip: string;
      readonly sshPort: number;
      readonly idcId: number;
      readonly credentialId: number;
      readonly hostKey: string | null;
      readonly taskId: number;
    },
  ): Promise<number>;
  /** Throws DuplicateError when address and port are another host's. A given host key replaces none. */
  change(
    id: number,
    details: HostDetails & { readonly ip?: string | undefined; readonly sshPort?: number | undefined },
  ): Promise<void>;
  /** Forgets it, its pinned key with it. False when there was none. No service of it may be left. */
  remove(id: number): Promise<boolean>;
  find(id: number): Promise<HostRow | undefined>;
  findByAddress(ip: string, sshPort: number): Promise<HostRow | undefined>;
  /** Whatever their SSH ports, the oldest first. */
  findByIp(ip: string): Promise<HostRow[]>;
  findMany(ids: readonly number[]): Promise<HostRow[]>;
  /** Whether there is an IDC of this id. */
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
