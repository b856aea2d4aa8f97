/**
 * The inventory: what obflow knows. One interface a repository; rows come back as plain objects with camel-case
 * names, times as ISO-8601 UTC strings. Implemented on Kysely for SQLite (libsql) and PostgreSQL alike.
 */
import type { Plan, TaskOperation, TaskStateChange, TaskStatus } from '../workflows/plan';
import type { AccessKeys, LoginAttempts, UsedSignatures, Users } from './accessTypes';

export interface User {
  readonly id: number;
  readonly name: string;
}

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

export interface PackageRow {
  readonly id: number;
  /** name-version-release.arch.rpm as built from the header. */
  readonly fileName: string;
  readonly name: string;
  readonly version: string;
  /** With dist tag, e.g. `1919579.el7`. */
  readonly release: string;
  readonly architecture: string;
  /** Dist tag of the release, e.g. `el7`; null without one. */
  readonly operatingSystem: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly type: string;
  /** Directory that holds bin/obproxy or bin/observer in the package; null for other packages. */
  readonly home: string | null;
  readonly createTime: string;
}

export interface RootServer {
  readonly ip: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
}

/** OCP's words; UNAVAILABLE: nobody of the cluster answers by SQL. */
export type ObClusterStatus = 'RUNNING' | 'UNAVAILABLE';
export type ObServerStatus = 'CREATING' | 'RUNNING' | 'STOPPED' | 'UNAVAILABLE' | 'DELETING';

export interface ObClusterRow {
  readonly id: number;
  readonly name: string;
  readonly obClusterId: number;
  readonly version: string;
  readonly type: 'PRIMARY' | 'STANDBY';
  readonly rootServers: readonly RootServer[];
  readonly sysCredentialId: number;
  readonly proxyroCredentialId: number;
  readonly status: ObClusterStatus;
  readonly createTime: string;
  readonly updateTime: string;
}

/** A zone as OceanBase told at the last look. */
export interface ObZoneRow {
  readonly clusterId: number;
  readonly name: string;
  readonly region: string;
  readonly idc: string;
  /** ACTIVE, INACTIVE. */
  readonly innerStatus: string;
  readonly createTime: string;
  readonly updateTime: string;
}

export interface ObServerRow {
  readonly id: number;
  readonly clusterId: number;
  readonly zone: string;
  /** Null for an observer on a machine that is no host of the inventory. */
  readonly hostId: number | null;
  readonly ip: string;
  readonly rpcPort: number;
  readonly sqlPort: number;
  readonly status: ObServerStatus;
  /** ACTIVE, INACTIVE or DELETING as OceanBase says; null while it does not know the server. */
  readonly innerStatus: string | null;
  readonly withRootserver: boolean;
  readonly startTime: string | null;
  readonly stopTime: string | null;
  readonly buildVersion: string | null;
  readonly packageId: number | null;
  readonly startupParameters: readonly Parameter[];
  readonly taskId: number | null;
  readonly createTime: string;
  readonly updateTime: string;
}

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

export interface ObLinkRow {
  /** Inventory id of the OceanBase cluster. */
  readonly clusterId: number;
  readonly clusterName: string;
  readonly obClusterId: number;
  readonly clusterType: 'PRIMARY' | 'STANDBY';
  readonly username: string;
}

/** A parameter on which a proxy that was taken over differs from its cluster until somebody restarts it. */
export interface ParameterDrift {
  readonly name: string;
  /** What the proxy shows; null when its version has no such parameter. */
  readonly value: string | null;
  readonly expectedValue: string;
}

/** How a proxy that was taken over lives on its host, as it was found. */
export interface AdoptedObproxy {
  readonly home: string;
  /** Owner of the process. */
  readonly user: string;
  readonly program: string;
  /** name-version-release.arch of the package the program came from; null when no package owns it. */
  readonly package: string | null;
  /** Who starts it again when it dies, and where that was seen. */
  readonly keeper: 'obproxyd.sh' | 'systemd' | 'obflow' | 'none';
  readonly keeperDetail: string;
}

export interface ObproxyServerRow {
  readonly id: number;
  readonly clusterId: number;
  readonly hostId: number;
  readonly ip: string;
  readonly idcName: string;
  readonly architecture: string | null;
  readonly sqlPort: number;
  /** 0 while a take-over has not read it from the proxy yet. */
  readonly exporterPort: number;
  /** Null before 4.3 or when not asked for. */
  readonly rpcPort: number | null;
  /** `version-release` without dist tag, e.g. `1.9.1.1-1919579`; '' while a take-over has not read it yet. */
  readonly version: string;
  readonly packageId: number | null;
  readonly status: 'CREATING' | 'TAKINGOVER' | 'RUNNING' | 'UNAVAILABLE' | 'DELETING';
  readonly operateStatus: 'NORMAL' | 'OPERATING';
  readonly parameterVersion: number;
  readonly lastActiveTime: string | null;
  /** The task that made the row. */
  readonly taskId: number;
  /** Null unless the proxy was taken over. */
  readonly adopted: AdoptedObproxy | null;
  readonly parameterDrift: readonly ParameterDrift[];
}

export interface ObproxyClusterRow {
  readonly id: number;
  readonly name: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly workMode: 'CONFIG_URL' | 'RS_LIST';
  readonly parameterVersion: number;
  readonly startupParameters: readonly Parameter[];
  readonly parameters: readonly Parameter[];
  readonly runUser: string;
  readonly creator: User;
  readonly obLinks: readonly ObLinkRow[];
  readonly servers: readonly ObproxyServerRow[];
  readonly createTime: string;
  readonly updateTime: string;
}

export interface ExporterTarget {
  readonly obproxyServerId: number;
  /** `ip:port`. */
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TaskRow {
  readonly id: number;
  readonly name: string;
  /** Exported workflow function, e.g. `addObproxy`. */
  readonly workflowType: string;
  readonly status: TaskStatus;
  readonly operation: TaskOperation;
  /** Nothing more can happen; locks are released. */
  readonly closed: boolean;
  /** The workflow is known to Temporal. */
  readonly started: boolean;
  readonly creator: User;
  readonly hostId: number | null;
  readonly clusterId: number | null;
  readonly clusterName: string | null;
  readonly tenantId: number | null;
  readonly tenantName: string | null;
  readonly type: 'MANUAL' | 'SYS_ONECE' | 'SCHEDULED' | 'SYS_SCHEDULED';
  readonly createTime: string;
  readonly finishTime: string | null;
  readonly plan: Plan;
  /** Final document of a closed task; it survives Temporal's retention. */
  readonly document: unknown | null;
}

export interface LogLine {
  readonly subtaskId: number;
  readonly run: number;
  readonly operation: string;
  readonly time: string;
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  readonly text: string;
}

/** `page` from 1. `sort` fields are the repository's own; an unknown one throws RangeError. */
export interface PageRequest {
  readonly page: number;
  readonly size: number;
  readonly sort?: { readonly field: string; readonly descending: boolean };
}
export interface Page<T> {
  readonly contents: readonly T[];
  readonly totalElements: number;
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
  readonly includedServiceType?: string;
  readonly excludedServiceType?: string;
}

export interface HostsRepository {
  put(host: NewHost): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  compare(host: NewHost): Promise<'added' | 'changed' | 'unchanged'>;
  find(id: number): Promise<HostRow | undefined>;
  findByAddress(ip: string, sshPort: number): Promise<HostRow | undefined>;
  findMany(ids: readonly number[]): Promise<HostRow[]>;
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

export interface Packages {
  /** Adds; throws DuplicateError when the file name exists with other content; returns the row when it exists with the same. */
  add(row: Omit<PackageRow, 'id' | 'createTime'>): Promise<PackageRow>;
  find(id: number): Promise<PackageRow | undefined>;
  findByFileName(fileName: string): Promise<PackageRow | undefined>;
  list(
    filter: {
      keyword?: string;
      type?: readonly string[];
      version?: readonly string[];
      operatingSystem?: readonly string[];
      architecture?: readonly string[];
    },
    page: PageRequest,
  ): Promise<Page<PackageRow>>;
  /** Ids of OBProxy servers made from it (running or being installed). */
  users(id: number): Promise<number[]>;
  /** Ids of observers made from it. */
  observers(id: number): Promise<number[]>;
  delete(id: number): Promise<void>;
}

export interface NewObCluster {
  readonly name: string;
  readonly obClusterId: number;
  readonly version: string;
  readonly type: 'PRIMARY' | 'STANDBY';
  readonly rootServers: readonly RootServer[];
  readonly sysCredentialId: number;
  readonly proxyroCredentialId: number;
}

export interface ObClusters {
  put(cluster: NewObCluster): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  compare(cluster: NewObCluster): Promise<'added' | 'changed' | 'unchanged'>;
  find(id: number): Promise<ObClusterRow | undefined>;
  findByName(name: string): Promise<ObClusterRow[]>;
  recordStatus(id: number, status: ObClusterStatus): Promise<void>;
  /** Replaces the root servers by what the cluster says. */
  recordRootServers(id: number, rootServers: readonly RootServer[]): Promise<void>;
  list(page: PageRequest): Promise<Page<ObClusterRow>>;
}

/** What OceanBase says of one observer. Times are ISO-8601; null = none. */
export interface SeenObServer {
  readonly zone: string;
  readonly ip: string;
  readonly rpcPort: number;
  readonly sqlPort: number;
  readonly status: ObServerStatus;
  readonly innerStatus: string;
  readonly withRootserver: boolean;
  readonly startTime: string | null;
  readonly stopTime: string | null;
  readonly buildVersion: string;
}

export interface ObServers {
  /** Inserts with status CREATING. Throws DuplicateError when an observer of that address is known. */
  add(server: {
    clusterId: number;
    zone: string;
    hostId: number;
    ip: string;
    rpcPort: number;
    sqlPort: number;
    packageId: number;
    startupParameters: readonly Parameter[];
    taskId: number;
  }): Promise<number>;
  find(id: number): Promise<ObServerRow | undefined>;
  /** Observers on a host, of whatever cluster. */
  onHost(hostId: number): Promise<ObServerRow[]>;
  ofCluster(clusterId: number): Promise<ObServerRow[]>;
  zones(clusterId: number): Promise<ObZoneRow[]>;
  /**
   * Writes what the cluster says of itself. Unknown servers get a row; rows that a task is making stay CREATING, other
   * rows that the cluster does not know any more go. `hostId` of a new row is the host of that address, if any.
   */
  record(
    clusterId: number,
    seen: {
      servers: readonly SeenObServer[];
      zones: readonly { name: string; region: string; idc: string; innerStatus: string }[];
    },
  ): Promise<void>;
  /** Compare-and-set on status; false when the row is in none of the expected ones. */
  updateStatus(
    id: number,
    from: readonly ObServerStatus[],
    to: ObServerStatus,
    seen?: SeenObServer,
  ): Promise<boolean>;
  delete(id: number): Promise<void>;
  setZoneStatus(clusterId: number, zone: string, innerStatus: string): Promise<void>;
  /** Compare-and-set: the task that has the host reserved from now on, which is `taskId` when it was free. */
  reserveHost(hostId: number, taskId: number): Promise<number>;
  /** Gives a host free that this task has reserved; false when it has not. */
  releaseHost(hostId: number, taskId: number): Promise<boolean>;
  reservedBy(hostId: number): Promise<number | undefined>;
  /**
   * Takes the turn at a cluster for `ms`, unless another holder has it; taking it again prolongs it. A holder that died
   * keeps it until its time is over.
   */
  takeTurn(clusterId: number, holder: string, ms: number): Promise<boolean>;
  endTurn(clusterId: number, holder: string): Promise<void>;
}

export interface ObproxyRepository {
  /** Inserts the cluster; `proxysysPassword` is stored encrypted. Throws DuplicateError on a second one of that name. */
  addCluster(cluster: {
    name: string;
    address: string | null;
    port: number | null;
    workMode: 'CONFIG_URL' | 'RS_LIST';
    startupParameters: readonly Parameter[];
    parameters: readonly Parameter[];
    runUser: string;
    proxysysPassword: string;
    creator: User;
    links: readonly { clusterId: number; username: string }[];
  }): Promise<number>;
  findCluster(id: number): Promise<ObproxyClusterRow | undefined>;
  findClusterByName(name: string): Promise<ObproxyClusterRow | undefined>;
  listClusters(page: PageRequest): Promise<Page<ObproxyClusterRow>>;
  deleteCluster(id: number): Promise<void>;
  proxysysPassword(clusterId: number): Promise<string>;
  /**
   * Inserts with status CREATING unless another is given, operateStatus OPERATING; `formerPassword` (of
   * root@proxysys, before obflow) is stored encrypted. Throws DuplicateError when the host has one
   * already.
   */
  addServer(server: {
    clusterId: number;
    hostId: number;
    sqlPort: number;
    exporterPort: number;
    rpcPort: number | null;
    version: string;
    packageId: number | null;
    parameterVersion: number;
    taskId: number;
    status?: 'CREATING' | 'TAKINGOVER';
    formerPassword?: string;
  }): Promise<number>;
  findServer(id: number): Promise<ObproxyServerRow | undefined>;
  findServerOnHost(hostId: number): Promise<ObproxyServerRow | undefined>;
  /** Every proxy at an address, whatever host row it hangs on. */
  findServersAt(ip: string): Promise<ObproxyServerRow[]>;
  /** What a take-over has found. */
  recordAdopted(
    id: number,
    found: Pick<ObproxyServerRow, 'version' | 'exporterPort' | 'rpcPort' | 'packageId'> & {
      readonly adopted: AdoptedObproxy;
    },
  ): Promise<void>;
  setParameterDrift(id: number, drift: readonly ParameterDrift[]): Promise<void>;
  /** root@proxysys's password before obflow's; undefined when none is known. Stays in memory, never leaves the process. */
  formerPassword(id: number): Promise<string | undefined>;
  /** Stores it encrypted; undefined forgets it. */
  setFormerPassword(id: number, password: string | undefined): Promise<void>;
  /** Compare-and-set on status; false when the row is in none of the expected ones. */
  updateServerStatus(
    id: number,
    from: readonly ObproxyServerRow['status'][],
    to: {
      status: ObproxyServerRow['status'];
      operateStatus: ObproxyServerRow['operateStatus'];
      active?: boolean;
    },
  ): Promise<boolean>;
  setServerParameterVersion(id: number, version: number): Promise<void>;
  deleteServer(id: number): Promise<void>;
  putExporter(exporter: ExporterTarget): Promise<void>;
  deleteExporter(obproxyServerId: number): Promise<void>;
  listExporters(): Promise<ExporterTarget[]>;
}

export interface TaskFilter {
  /** Part of the name. */
  readonly name?: string;
  readonly status?: readonly string[];
  readonly type?: string;
  /** Part of the OceanBase cluster's name. */
  readonly clusterName?: string;
  readonly clusterId?: number;
  readonly tenantName?: string;
  readonly tenantId?: number;
  readonly hostId?: number;
}

export interface Tasks {
  /** Inserts with status RUNNING, not started, not closed. */
  add(task: { plan: Plan; workflowType: string }): Promise<void>;
  find(id: number): Promise<TaskRow | undefined>;
  list(filter: TaskFilter, page: PageRequest): Promise<Page<TaskRow>>;
  /** Tasks by status, and by whether nothing more can happen. */
  counts(): Promise<{ status: TaskStatus; closed: boolean; count: number }[]>;
  markStarted(id: number): Promise<void>;
  /** Rows not started and older than the given ISO time, oldest first. */
  listUnstarted(before: string): Promise<TaskRow[]>;
  /** Rows not closed, or closed without a document. */
  listOpen(): Promise<TaskRow[]>;
  /** Applies a state change unless a newer one (sequence) is stored; a closing one also releases the task's locks. */
  applyStateChange(change: TaskStateChange): Promise<void>;
  /** Stores the final document, sets closed, status and finishTime, releases the task's locks. */
  archive(
    id: number,
    final: { document: unknown; status: TaskStatus; operation: TaskOperation; finishTime: string },
  ): Promise<void>;
  appendLog(taskId: number, lines: readonly LogLine[]): Promise<void>;
  /** Appends the lines whose text is not yet in that run's log: for what may be told twice. */
  appendLogOnce(taskId: number, lines: readonly LogLine[]): Promise<void>;
  /** The runs and operations that have a log, in the order they began. */
  loggedRuns(taskId: number): Promise<Pick<LogLine, 'subtaskId' | 'run' | 'operation'>[]>;
  /** In the order written. */
  readLog(taskId: number, subtaskId: number): Promise<LogLine[]>;
  /** Tasks archived with a finish time before this one (ISO-8601, UTC). */
  countEndedBefore(time: string): Promise<number>;
  /** Deletes them with their documents and logs, a few at a time; resolves to their number. */
  deleteEndedBefore(time: string): Promise<number>;
}

export interface Locks {
  /**
   * Takes every resource for the task. Tasks of one request share: `groupTaskIds` are the tasks made by the same
   * request. Returns the task that already holds one of them, or undefined when all were taken.
   */
  take(
    taskId: number,
    resources: readonly string[],
    groupTaskIds: readonly number[],
  ): Promise<{ resource: string; taskId: number } | undefined>;
  holder(resource: string): Promise<number | undefined>;
  release(taskId: number): Promise<void>;
}

export interface Sequences {
  /** Reserves `count` ids and returns the first. */
  next(name: 'task' | 'subtask' | 'user', count?: number): Promise<number>;
}

/** A request under its Idempotency-Key, and who works on it: `owner` is made anew for every attempt. */
export interface KeyedRequest {
  readonly userId: number;
  readonly key: string;
  readonly owner: string;
}

/** What became of an attempt to work on a request. `requestId` is the same for all attempts. */
export type Claim =
  | { readonly kind: 'claimed'; readonly requestId: string }
  | { readonly kind: 'answered'; readonly data: unknown }
  /** Another owner works on it. */
  | { readonly kind: 'underWay' }
  /** The key belongs to a request with another digest. */
  | { readonly kind: 'otherRequest' };

export interface Idempotency {
  /**
   * Claims the request for `leaseMs`, or tells what became of it; forgets keys older than 24 h. A claim whose time is
   * over (its process died) goes to the next who asks.
   */
  claim(request: KeyedRequest & { readonly digest: string; readonly leaseMs: number }): Promise<Claim>;
  /** Prolongs the claim; false when another owner has it. */
  renew(request: KeyedRequest, leaseMs: number): Promise<boolean>;
  /** Stores the answer, which every later claim gets; false when another owner has the claim. */
  complete(request: KeyedRequest, data: unknown): Promise<boolean>;
  /** Ends the claim: the request may have had effects, and the next attempt finishes it under the same request id. */
  release(request: KeyedRequest): Promise<void>;
  /** The request changed nothing: the key is free again. */
  forget(request: KeyedRequest): Promise<void>;
}

/** One call that changes something, or was refused. Never holds a body. */
export interface NewAuditEvent {
  readonly user?: User;
  readonly address: string;
  readonly traceId: string;
  readonly method: string;
  readonly path: string;
  /** Tasks the call started or was about. */
  readonly taskIds: readonly number[];
  readonly subtaskId?: number;
  /** `retryTask`, `skipSubtask`, … */
  readonly command?: string;
  /** As the operator gave it. */
  readonly why?: string;
  readonly status: number;
  /** Of the refusal. */
  readonly code?: string;
}

export interface AuditEvent extends NewAuditEvent {
  readonly id: number;
  readonly time: string;
}

export interface AuditFilter {
  /** Name of the user. */
  readonly user?: string;
  readonly taskId?: number;
  /** ISO-8601, inclusive. */
  readonly from?: string;
  /** ISO-8601, exclusive. */
  readonly to?: string;
}

export interface Audit {
  add(event: NewAuditEvent): Promise<void>;
  /** The newest first unless asked otherwise; sort fields `id`, `time`, `user`. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>>;
}

export interface Inventory {
  readonly idempotency: Idempotency;
  readonly audit: Audit;
  readonly users: Users;
  readonly accessKeys: AccessKeys;
  readonly usedSignatures: UsedSignatures;
  readonly loginAttempts: LoginAttempts;
  readonly credentials: Credentials;
  readonly hosts: HostsRepository;
  readonly packages: Packages;
  readonly obClusters: ObClusters;
  readonly obServers: ObServers;
  readonly obproxy: ObproxyRepository;
  readonly tasks: Tasks;
  readonly locks: Locks;
  readonly sequences: Sequences;
  /**
   * Runs `work` in one transaction. Writers wait for each other (first statement takes the one write lock), so
   * what a precondition saw still holds when the rows are written.
   */
  transaction<T>(work: (inventory: Inventory) => Promise<T>): Promise<T>;
  /** Never writes: for dry runs; everything `work` did is undone. */
  dryTransaction<T>(work: (inventory: Inventory) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Thrown when a unique name or place is taken. */
export class DuplicateError extends Error {}

/** Thrown when a row cannot be deleted because others refer to it (package of a running proxy, cluster with proxies). */
export class InUseError extends Error {}
