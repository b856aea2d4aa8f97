/**
 * What the last look at a host or a service saw, beside what is recorded of it. It is written when it changes, and else
 * about once a minute: `lookTime` and `lastSeenTime` may be that old.
 */
import type { ObproxyStatus } from '../statuses';
import type { AdoptedObproxy } from './obproxy';

/** ALIVE: it answers. SILENT: it is there and does not answer. GONE: its process is gone. UNKNOWN: it could not be asked. */
export type ObservedState = 'ALIVE' | 'SILENT' | 'GONE' | 'UNKNOWN';
/** What told so: the metrics port, the SQL port (of an OBServer: its cluster by SQL), or the host by SSH. */
export type SeenBy = 'METRICS' | 'SQL' | 'SSH';

/** What one look saw. */
export interface Seen {
  readonly state: ObservedState;
  /** Null when nothing told anything. */
  readonly by: SeenBy | null;
  /** Why it is not ALIVE, or not seen as it should be. */
  readonly reason: string | null;
}

export interface Observation extends Seen {
  /** When the state became what it is. */
  readonly since: string;
  readonly lookTime: string;
  /** When it was last ALIVE; null: never. */
  readonly lastSeenTime: string | null;
}

export type ObservedKind = 'host' | 'obproxyServer' | 'obServer';

/** An OBProxy as a look needs it. */
export interface ObproxyToLookAt {
  readonly id: number;
  readonly clusterId: number;
  readonly hostId: number;
  readonly ip: string;
  readonly sqlPort: number;
  /** 0: not known. */
  readonly exporterPort: number;
  /** Undefined when neither its package nor a take-over tells. */
  readonly home: string | undefined;
  readonly adopted: AdoptedObproxy | null;
  readonly status: ObproxyStatus;
  readonly lastActiveTime: string | null;
  /** Undefined before the first look. */
  readonly observed: Observation | undefined;
}

/** What a look saw of an object, and the status that the object gets by it. */
export interface RecordedLook extends Seen {
  readonly kind: ObservedKind;
  readonly id: number;
  /** ISO-8601. */
  readonly time: string;
  /**
   * Compare-and-set: only while no task works on the object, its status is `from`, and (an OBProxy) nobody has seen it at
   * work since `lastActiveTime` was read. OBServers have theirs from their cluster.
   */
  readonly change?: { readonly from: string; readonly to: string; readonly lastActiveTime?: string | null };
}

export interface ObjectCount {
  /** An ObservedKind, `obCluster` or `obZone`. */
  readonly kind: string;
  readonly status: string;
  /** `NEVER` before the first look; empty where nothing is observed beside the status. */
  readonly observed: string;
  readonly count: number;
}

export interface Observations {
  of(kind: ObservedKind, ids: readonly number[]): Promise<Map<number, Observation>>;
  /** OBProxies that no task works on, in the order of their ids; with an id only that one. */
  obproxies(id?: number): Promise<ObproxyToLookAt[]>;
  /**
   * Writes what looks have seen, in one transaction; objects that are gone, or that a task works on by now, are left
   * alone. An OBProxy that is ALIVE was at work then. Answers those whose status was changed.
   */
  record(looks: readonly RecordedLook[]): Promise<RecordedLook[]>;
  counts(): Promise<ObjectCount[]>;
}

export interface Leases {
  /** Takes or prolongs the lease for `ms`, unless another holder has it; one that died keeps it until its time is over. */
  take(name: string, holder: string, ms: number): Promise<boolean>;
  /** Gives it free, if this holder has it. */
  end(name: string, holder: string): Promise<void>;
}
