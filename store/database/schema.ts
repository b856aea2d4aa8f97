import type { Generated } from 'kysely';
import type { HostKind, ObClusterStatus, ObproxyStatus, ObServerStatus, ObZoneStatus } from '../statuses';
import type { ObservedState, SeenBy } from '../types/observations';

/** What the last look at an object saw; see store/types/observations.ts. */
export interface ObservationColumns {
  object_id: number;
  state: ObservedState;
  seen_by: SeenBy | null;
  reason: string | null;
  since: string;
  look_time: string;
  last_seen_time: string | null;
}

/**
 * Tables as they are after the newest migration. Times are ISO-8601 UTC text with milliseconds, JSON and enums are
 * text, booleans 0 or 1: what SQLite and PostgreSQL store and sort alike.
 */
export interface Schema {
  /** One row; a transaction that locks it is the only writer. */
  write_lock: { id: number };
  settings: { name: string; value: string };
  sequences: { name: string; next: number };
  users: { id: number; name: string; password_hash: string; create_time: string; enabled: Generated<number> };
  user_roles: { user_id: number; role: string };
  access_keys: {
    id: Generated<number>;
    access_key_id: string;
    user_id: number;
    /** Sealed by the master key. */
    secret: string;
    description: string | null;
    enabled: number;
    create_time: string;
    last_used_time: string | null;
  };
  /** Signatures of changing requests, until their Date is too old anyway. */
  used_signatures: { digest: string; expire_time: string };
  /** Logins of browsers; `digest`: SHA-256 of the token. */
  sessions: {
    digest: string;
    user_id: number;
    /** Of the hash of the password it began with. */
    password_digest: string;
    create_time: string;
    expire_time: string;
    /** About a minute exact. */
    last_used_time: string;
  };
  /** Failed logins by user, by address, and by both; see loginAttempts.ts. */
  login_attempts: {
    bucket: string;
    failures: number;
    last_failure_time: string | null;
    blocked_until: string | null;
    last_success_time: string | null;
    update_time: string;
  };
  credentials: {
    id: Generated<number>;
    name: string;
    kind: 'SSH_KEY' | 'SSH_PASSWORD' | 'DATABASE';
    username: string;
    /** Sealed by the master key, as is `passphrase`. */
    secret: string;
    passphrase: string | null;
    description: Generated<string | null>;
    create_time: string;
    update_time: string;
    /** Sealed as `secret` is, and since when; null when no change is under way. */
    pending_secret: Generated<string | null>;
    pending_since: Generated<string | null>;
  };
  /** Times are null for places that were declared before they were kept. */
  regions: {
    id: Generated<number>;
    name: string;
    description: Generated<string | null>;
    create_time: Generated<string | null>;
    update_time: Generated<string | null>;
  };
  idcs: {
    id: Generated<number>;
    name: string;
    region_id: number;
    description: Generated<string | null>;
    create_time: Generated<string | null>;
    update_time: Generated<string | null>;
  };
  host_types: {
    id: Generated<number>;
    name: string;
    description: string | null;
    create_time: string;
    update_time: string;
  };
  hosts: {
    id: Generated<number>;
    ip: string;
    ssh_port: number;
    /** As declared; null when the host's own name counts. */
    declared_name: string | null;
    hostname: string | null;
    credential_id: number;
    host_key: string | null;
    host_key_source: 'GIVEN' | 'FIRST_CONTACT' | null;
    idc_id: number;
    architecture: string | null;
    kernel: string | null;
    os_id: string | null;
    os_like: string | null;
    os_major: string | null;
    status: 'NEW' | 'AVAILABLE' | 'OFFLINE';
    type_id: Generated<number | null>;
    /** The task that has added it; null for one that a file has declared. */
    task_id: Generated<number | null>;
    alias: Generated<string | null>;
    description: Generated<string | null>;
    /** Null: DEDICATED_PHYSICAL_MACHINE. */
    kind: Generated<HostKind | null>;
    serial_number: Generated<string | null>;
    /** JSON of texts like 8080:80. */
    publish_ports: Generated<string | null>;
    create_time: string;
    update_time: string;
  };
  packages: {
    id: Generated<number>;
    file_name: string;
    name: string;
    version: string;
    release: string;
    architecture: string;
    operating_system: string | null;
    size: number;
    sha256: string;
    sha1: string;
    type: string;
    home: string | null;
    create_time: string;
  };
  ob_clusters: {
    id: Generated<number>;
    name: string;
    ob_cluster_id: number;
    version: string;
    type: 'PRIMARY' | 'STANDBY';
    sys_credential_id: number;
    proxyro_credential_id: number;
    /** JSON of ClusterOrigin; null for one that was declared. */
    take_over: Generated<string | null>;
    status: Generated<ObClusterStatus>;
    /** See store/types/work.ts. */
    work_task_id: Generated<number | null>;
    work_status: Generated<string | null>;
    former_status: Generated<string | null>;
    end_status: Generated<string | null>;
    create_time: string;
    update_time: string;
  };
  ob_zones: {
    cluster_id: number;
    name: string;
    region: string;
    idc: string;
    /** As OceanBase calls it, in upper case. */
    inner_status: string;
    status: Generated<ObZoneStatus>;
    /** See store/types/work.ts. */
    work_task_id: Generated<number | null>;
    work_status: Generated<string | null>;
    former_status: Generated<string | null>;
    end_status: Generated<string | null>;
    create_time: string;
    update_time: string;
  };
  ob_servers: {
    id: Generated<number>;
    cluster_id: number;
    zone: string;
    /** Null for observers on machines that are no hosts of the inventory. */
    host_id: number | null;
    ip: string;
    rpc_port: number;
    sql_port: number;
    status: ObServerStatus;
    inner_status: string | null;
    with_rootserver: number;
    start_time: string | null;
    stop_time: string | null;
    build_version: string | null;
    package_id: number | null;
    /** JSON of AdoptedObserver; null for one that nobody has taken over. */
    adopted: Generated<string | null>;
    /** Of a server without a package: where its process was last seen. */
    home: Generated<string | null>;
    startup_parameters: string;
    /** See store/types/work.ts. */
    work_task_id: Generated<number | null>;
    work_status: Generated<string | null>;
    former_status: Generated<string | null>;
    end_status: Generated<string | null>;
    /** The task that adds it or added it; null for one that was found in the cluster. */
    task_id: number | null;
    create_time: string;
    update_time: string;
  };
  /** Hosts kept free for an observer; the key makes taking one compare-and-set. */
  host_reservations: { host_id: number; task_id: number; create_time: string };
  /** Who may send statements that change a cluster, and until when: one after the other, over all workers. */
  ob_cluster_turns: { cluster_id: number; holder: string; until: string };
  ob_root_servers: { cluster_id: number; position: number; ip: string; sql_port: number; rpc_port: number };
  obproxy_clusters: {
    id: Generated<number>;
    name: string;
    address: string | null;
    port: number | null;
    work_mode: 'CONFIG_URL' | 'RS_LIST';
    parameter_version: number;
    startup_parameters: string;
    parameters: string;
    run_user: string;
    /** Sealed by the master key. */
    proxysys_password: string;
    /** JSON of ParameterChange; null when no task has begun one since the last was taken back. */
    parameter_change: Generated<string | null>;
    /** JSON sealed by the master key; null while all proxies are known to have the recorded one. */
    other_proxysys_passwords: Generated<string | null>;
    creator_id: number;
    creator_name: string;
    create_time: string;
    update_time: string;
  };
  obproxy_links: { obproxy_cluster_id: number; position: number; ob_cluster_id: number; username: string };
  obproxy_servers: {
    id: Generated<number>;
    cluster_id: number;
    host_id: number;
    sql_port: number;
    exporter_port: number;
    rpc_port: number | null;
    version: string;
    package_id: number | null;
    status: ObproxyStatus;
    operate_status: 'NORMAL' | 'OPERATING';
    /** See store/types/work.ts. */
    work_task_id: Generated<number | null>;
    work_status: Generated<string | null>;
    former_status: Generated<string | null>;
    end_status: Generated<string | null>;
    parameter_version: number;
    last_active_time: string | null;
    task_id: number;
    create_time: string;
    /** Sealed by the master key; only while a take-over is under way. */
    former_password: Generated<string | null>;
    /** JSON of AdoptedObproxy and ParameterDrift[]. */
    adopted: Generated<string | null>;
    parameter_drift: Generated<string | null>;
    /** Null: that of `adopted`, else of the package. */
    home: Generated<string | null>;
    /** Read back from the proxy when it was given to it. */
    config_url: Generated<string | null>;
  };
  exporters: { obproxy_server_id: number; target: string; labels: string };
  /** Narrow on purpose: lists of 100 000 tasks are filtered and counted here; the wide texts are in task_texts. */
  tasks: {
    id: number;
    name: string;
    workflow_type: string;
    status: 'RUNNING' | 'FAILED' | 'SUCCESSFUL';
    operation: 'EXECUTE' | 'RETRY' | 'ROLLBACK';
    /** Of the newest state change applied. */
    sequence: number;
    closed: number;
    started: number;
    archived: number;
    creator_id: number;
    creator_name: string;
    host_id: number | null;
    cluster_id: number | null;
    cluster_name: string | null;
    tenant_id: number | null;
    tenant_name: string | null;
    type: 'MANUAL' | 'SYS_ONECE' | 'SCHEDULED' | 'SYS_SCHEDULED';
    create_time: string;
    finish_time: string | null;
    /** The subtask that has submitted it, unique together; null for a task that a request asked for. */
    parent_task_id: Generated<number | null>;
    parent_subtask_id: Generated<number | null>;
    /** While a process starts the workflow, or closes the task because it never started. */
    starting_until: Generated<string | null>;
  };
  task_hosts: { host_id: number; task_id: number };
  task_obproxy_clusters: { task_id: number; name: string; cluster_id: Generated<number | null> };
  task_texts: { task_id: number; plan: string; document: string | null };
  /** JSON arrays: the subtasks of a final document that is too large for one text. */
  task_document_parts: { task_id: number; part: number; subtasks: string };
  task_logs: {
    id: Generated<number>;
    task_id: number;
    subtask_id: number;
    run: number;
    operation: string;
    time: string;
    level: 'INFO' | 'WARN' | 'ERROR';
    text: string;
    /** Of the catalogue; null for what exists in English alone. */
    key: string | null;
    /** JSON. */
    args: string | null;
  };
  /** `shared` 1: other tasks may have it so, too, and none may have it for itself. */
  locks: { resource: string; task_id: number; shared: Generated<number> };
  /** Who does, until when, what one process of all may do at a time. */
  leases: { name: string; holder: string; until: string };
  host_observations: ObservationColumns;
  obproxy_observations: ObservationColumns;
  ob_server_observations: ObservationColumns;
  task_warnings: {
    task_id: number;
    subtask_id: number;
    position: number;
    /** Of the subtask, and where it works; see TaskWarning. */
    name: string;
    target: string | null;
    time: string;
    text: string;
    /** Of the text, when it is one of the catalogue; see task_logs. */
    key: string | null;
    args: string | null;
  };
  idempotency_keys: {
    user_id: number;
    key: string;
    /** Of the request that came first; sealed by the master key. */
    digest: string;
    /** Stays the same however often the request is sent again. */
    request_id: string;
    /** Who works on it, until when; null when nobody does. */
    owner: string | null;
    until: string;
    /** JSON sealed by the master key; null while there is none. */
    answer: string | null;
    create_time: string;
  };
  audit_events: {
    id: Generated<number>;
    time: string;
    user_id: number | null;
    user_name: string | null;
    address: string;
    trace_id: string;
    method: string;
    path: string;
    subtask_id: number | null;
    command: string | null;
    why: string | null;
    status: number;
    code: string | null;
    command_id: Generated<string | null>;
  };
  audit_event_tasks: { task_id: number; event_id: number };
}

/** Now, as stored: ISO-8601 UTC with milliseconds. */
export function now(): string {
  return new Date().toISOString();
}

/** Any ISO-8601 time with an offset, as stored. */
export function utc(time: string): string {
  return new Date(time).toISOString();
}
