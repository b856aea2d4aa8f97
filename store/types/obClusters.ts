/** OceanBase clusters, their zones and servers. */
import type { ObClusterStatus, ObServerStatus, ObZoneStatus } from '../statuses';
import type { Parameter } from './obproxy';
import type { Page, PageRequest } from './paging';
import type { ObjectWork } from './work';

export interface RootServer {
  readonly ip: string;
  readonly sqlPort: number;
  readonly rpcPort: number;
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

/** How far the one BOOTSTRAP of a cluster has come that a task makes. */
export interface ClusterBootstrap {
  /**
   * NONE: not sent yet. SENT: about to be sent, or sent, and no word of it. REFUSED: OceanBase said no. DONE: the cluster
   * was seen. UNDONE: everything that ran of it has been stopped.
   */
  readonly state: 'NONE' | 'SENT' | 'REFUSED' | 'DONE' | 'UNDONE';
  readonly at: string;
  /** What OceanBase said. */
  readonly said?: string;
  /** The process that it was sent to: with that, the statement has come to an end. */
  readonly process?: { readonly pid: number; readonly startTime: string };
  /** Its undo has seen that no user has a tenant in it, and stops its processes: from then on there is nobody to ask. */
  readonly stopping?: true;
}

/**
 * What the task that has brought the cluster into the inventory, by taking it over or by making it, has made beside the rows of
 * the cluster, and what the cluster was before; its undo takes it back.
 */
export interface ClusterOrigin {
  readonly taskId: number;
  readonly credentialIds: readonly number[];
  /** Hosts that it has added. */
  readonly hostIds: readonly number[];
  /** Of a cluster that the task makes; absent for one that was taken over. */
  readonly bootstrap?: ClusterBootstrap;
  /** Of a cluster that the task makes: MAJOR FREEZE is about to be sent, or was. */
  readonly compactionSent?: boolean;
  /** obconfig_url before obflow's own was set; absent: it was not set by the task. */
  readonly formerConfigUrl?: string;
  /** The user of the sys tenant that the task has made; absent: none. */
  readonly createdUser?: string;
}

/** A cluster that a task takes over, as it was seen. */
export interface ClusterToTakeOver extends NewObCluster {
  readonly origin: ClusterOrigin;
  readonly zones: readonly SeenObZone[];
  readonly servers: readonly (Omit<SeenObServer, 'status'> & { readonly hostId: number })[];
}

/** A cluster that a task is to make. */
export interface ClusterToCreate extends NewObCluster {
  readonly origin: ClusterOrigin;
  readonly zones: readonly { readonly name: string; readonly region: string; readonly idc: string }[];
  readonly servers: readonly {
    readonly zone: string;
    readonly hostId: number;
    readonly ip: string;
    readonly rpcPort: number;
    readonly sqlPort: number;
    readonly packageId: number;
    readonly startupParameters: readonly Parameter[];
  }[];
}

export interface ObClusterRow extends NewObCluster {
  readonly id: number;
  /** Null for one that was declared. */
  readonly origin: ClusterOrigin | null;
  readonly status: ObClusterStatus;
  /** Null when no task works on it. */
  readonly work: ObjectWork<ObClusterStatus> | null;
  readonly createTime: string;
  readonly updateTime: string;
}

export interface ObClusters {
  put(cluster: NewObCluster): Promise<{ id: number; change: 'added' | 'changed' | 'unchanged' }>;
  compare(cluster: NewObCluster): Promise<'added' | 'changed' | 'unchanged'>;
  find(id: number): Promise<ObClusterRow | undefined>;
  findByName(name: string): Promise<ObClusterRow[]>;
  /** What a look has found; while a task works on the cluster, its status stays what the task says. */
  recordStatus(id: number, status: ObClusterStatus): Promise<void>;
  /** Replaces the root servers by what the cluster says. */
  recordRootServers(id: number, rootServers: readonly RootServer[]): Promise<void>;
  list(page: PageRequest): Promise<Page<ObClusterRow>>;
  /**
   * A cluster with its zones and servers, on all of which the task works from now on: they go when the task comes to
   * nothing. Resolves to the ids, of the servers in their order.
   */
  takeOver(cluster: ClusterToTakeOver): Promise<{ id: number; serverIds: number[] }>;
  /** The same for a cluster that the task is to make: nothing of it is there yet. */
  create(cluster: ClusterToCreate): Promise<{ id: number; serverIds: number[] }>;
  /** Adds to what the task has made that brought it. */
  recordOrigin(
    id: number,
    more: Partial<Pick<ClusterOrigin, 'formerConfigUrl' | 'createdUser' | 'bootstrap' | 'compactionSent'>>,
  ): Promise<void>;
  /** Compare-and-set: BOOTSTRAP is about to be sent by the caller, and by nobody else ever. False when it is not for it to send. */
  claimBootstrap(id: number, process: NonNullable<ClusterBootstrap['process']>): Promise<boolean>;
  /** Forgets it, with its zones and servers. No OBProxy cluster may be linked to it. */
  remove(id: number): Promise<void>;
}

/** What OceanBase says of a zone. */
export interface SeenObZone {
  readonly name: string;
  readonly region: string;
  readonly idc: string;
  /** ACTIVE, INACTIVE; '' while OceanBase does not know the zone. */
  readonly innerStatus: string;
}

/** A zone as OceanBase told at the last look. */
export interface ObZoneRow extends SeenObZone {
  readonly clusterId: number;
  readonly status: ObZoneStatus;
  readonly work: ObjectWork<ObZoneStatus> | null;
  readonly createTime: string;
  readonly updateTime: string;
}

/** An OBServer as it was found on its host. */
export interface AdoptedObserver {
  readonly user: string;
  readonly program: string;
  /** Absolute; null when the server did not tell it. */
  readonly dataDir: string | null;
  /** `name-version-release.arch` of the rpm that the program is of; null when it is of none. */
  readonly package: string | null;
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
  readonly adopted: AdoptedObserver | null;
  /** Where its process was last seen at work; the home of its package says it for a server that obflow has added. */
  readonly home: string | null;
  readonly startupParameters: readonly Parameter[];
  /** The task that made the row; null for a server that was found in its cluster. */
  readonly taskId: number | null;
  /** Null when no task works on it. */
  readonly work: ObjectWork<ObServerStatus> | null;
  readonly createTime: string;
  readonly updateTime: string;
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
  findAt(ip: string, rpcPort: number): Promise<ObServerRow | undefined>;
  /** Observers on a host, of whatever cluster. */
  onHost(hostId: number): Promise<ObServerRow[]>;
  /** The same of several hosts. */
  onHosts(hostIds: readonly number[]): Promise<ObServerRow[]>;
  ofCluster(clusterId: number): Promise<ObServerRow[]>;
  zones(clusterId: number): Promise<ObZoneRow[]>;
  /** Inserts with status CREATING. Throws DuplicateError when the cluster is known to have such a zone. */
  addZone(zone: {
    clusterId: number;
    name: string;
    region: string;
    idc: string;
    taskId: number;
  }): Promise<void>;
  /** Forgets a zone that this task has made; false when it has not. */
  removeMadeZone(clusterId: number, name: string, taskId: number): Promise<boolean>;
  removeZone(clusterId: number, name: string): Promise<void>;
  /**
   * Writes what the cluster says of itself. Unknown servers get a row. The status of what a task works on stays what that
   * task says; other rows that the cluster has known, and does not know any more, go. `hostId` of a row that has none is the host of that
   * address, if any.
   */
  record(
    clusterId: number,
    seen: {
      servers: readonly SeenObServer[];
      zones: readonly SeenObZone[];
    },
  ): Promise<void>;
  /** Compare-and-set on status; false when the row is in none of the expected ones. */
  updateStatus(id: number, from: readonly ObServerStatus[], to: ObServerStatus): Promise<boolean>;
  /** What the cluster says of one server; its status is not touched. */
  recordSeen(id: number, seen: SeenObServer): Promise<void>;
  /** How it was found on its host. */
  recordAdopted(id: number, adopted: AdoptedObserver): Promise<void>;
  /** Where its process works. */
  recordHome(id: number, home: string): Promise<void>;
  delete(id: number): Promise<void>;
  /** Servers on this host are from now on on a machine that is no host of the inventory. */
  leaveHost(hostId: number): Promise<void>;
  /** What the cluster says of a zone; its status follows unless a task works on it. */
  recordZone(clusterId: number, zone: string, innerStatus: string): Promise<void>;
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
