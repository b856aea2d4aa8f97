import type { z } from 'zod';
import type { Asked } from '../contact/askObproxies';
import type { ForeignCluster } from '../contact/foreignCluster';
import type { Host, HostProcess } from '../hosts/types';
import type { ClusterServer } from '../oceanbase/clusterSql';
import type { RequirementProfile } from '../oceanbase/hostRequirements';
import type { DescribedParameter } from '../oceanbase/obproxyAdmin';
import type { Finding } from '../oceanbase/obproxyRunning';
import type { AddressPolicy } from '../runtime/addresses';
import type { HostRow, Store, User } from '../store/types';
import type * as workflows from '../workflows';
import type { Plan } from '../workflows/plan';
import type { Said } from '../workflows/text';

/** Permissions as OCP names them; a route declares the one it needs. */
export type Permission =
  | 'AUTHENTICATED'
  | 'ADMIN'
  | 'OBPROXY_MANAGER'
  | 'OBPROXY_VIEWER'
  | 'CLUSTER_MANAGER'
  | 'CLUSTER_VIEWER'
  | 'HOST_MANAGER'
  | 'HOST_VIEWER'
  | 'PACKAGE_MANAGER'
  | 'PACKAGE_VIEWER'
  | 'TASK_MANAGER'
  | 'TASK_VIEWER'
  | 'AUDIT_VIEWER';

/** A workflow that workflows/index.ts exports: the type that the Temporal Web UI shows, and the `id` of its operation. */
export type WorkflowName = keyof typeof workflows;

/** What the API knows of a request when it is prepared. `store` is inside one transaction that ends with the request. */
export interface RequestScope {
  readonly store: Store;
  readonly user: User;
  /** Address of this API server, `executor` of the tasks. */
  readonly executor: string;
  readonly traceId: string;
  /** Now, ISO-8601 with milliseconds and numeric offset. */
  readonly createTime: string;
  /** OBFLOW_PUBLIC_URL: the address that OBProxies are given. */
  readonly publicUrl: string;
  /** The tasks' workflows continue as new after so many events; undefined: the interpreter's own limit. */
  readonly continueAfter?: number;
  /** What the hosts said that `Looked.newHosts` named, by address and port as `addressText` writes them. */
  readonly contacted?: ReadonlyMap<string, ContactedHost>;
  /** What the cluster and its hosts said that `Looked.newCluster` named. */
  readonly newCluster?: TakeOverLook;
  /** What the OBProxies said of their parameters that `Looked.proxyParameters` asked for. */
  readonly proxyParameters?: readonly Asked<readonly DescribedParameter[]>[];
  /** Ask every question, write nothing, number what would be made with -1, -2, … */
  readonly dryRun: boolean;
  /** Reserves ids of tasks (ascending; in a dry run -1, -2, …). */
  reserveTasks(count: number): Promise<number[]>;
  /** Reserves a block of subtask ids and returns the first. */
  reserveSubtasks(count: number): Promise<number>;
}

/** What `prepare` works with: the request's scope, and what the operation has declared of its tasks. */
export interface PrepareScope extends RequestScope {
  /** The operation's `id`: the workflow that its tasks run as. */
  readonly workflow: string;
  /** The tenant that the operation is about. */
  readonly tenant?: NonNullable<Plan['tenant']>;
}

/** One thing seen on a host by a dry run, or in the request itself. ERROR: the task would fail on it. */
export interface HostFinding {
  /** Absent: of no host in particular. */
  readonly hostId?: number;
  readonly level: 'ERROR' | 'WARN' | 'INFO';
  /** Documented code, where one fits. */
  readonly code?: string;
  readonly message: Said;
}

/** A host that is no row yet, and how to log in to it. */
export interface NewHostLook {
  readonly ip: string;
  readonly sshPort: number;
  readonly credentialId: number;
  /** Of the request, for refusals. */
  readonly field: string;
}

/** What a host has shown at a contact. */
export interface ContactedHost {
  /** `SHA256:…`, to be pinned; null when it was not told. */
  readonly hostKey: string | null;
  /** What stands in the way of tasks, or makes them slow. */
  readonly findings: readonly Omit<HostFinding, 'hostId'>[];
}

/** A cluster that is no row yet, and how it is asked. */
export interface NewClusterLook {
  readonly connectionMode: 'direct' | 'proxy';
  readonly address: string;
  readonly port: number;
  readonly rootSysPassword: string;
  readonly proxyroPassword?: string | undefined;
  readonly clusterName?: string | undefined;
  readonly obClusterId?: number | undefined;
  /** How hosts that the inventory does not have are logged in to; absent: they are not. */
  readonly newHosts?: { readonly sshPort: number; readonly credentialId: number } | undefined;
}

/** A server of a cluster that is to be taken over, and what was seen on its host. */
export interface TakeOverServer {
  readonly server: ClusterServer;
  readonly dataDir: string;
  /** Undefined: the inventory has no host of that address. */
  readonly host: HostRow | undefined;
  /** Undefined when it was not found, or nobody could look. */
  readonly process: HostProcess | undefined;
  readonly findings: readonly Finding[];
}

/** What cluster and hosts said. */
export interface TakeOverLook {
  readonly cluster: ForeignCluster;
  readonly servers: readonly TakeOverServer[];
  /** Of the cluster; those of a server stand with it. */
  readonly findings: readonly Finding[];
}

/** What a dry run may look at, outside of any transaction. */
export interface InspectScope {
  readonly store: Store;
  openHost(hostId: number): Promise<Host>;
  /** OBFLOW_PUBLIC_URL. */
  readonly publicUrl: string;
  /** OBFLOW_HOST_REQUIREMENTS. */
  readonly hostRequirements: RequirementProfile;
  readonly addresses: AddressPolicy;
}

/**
 * Objects that are looked at before anything is asked of the store. Ids of objects that do not exist are left to
 * `prepare`, which knows the documented refusal.
 */
export interface Looked {
  /** Hosts known to be offline are contacted; the request is refused when one still is. */
  readonly hosts?: readonly number[];
  /** The same for the hosts of these OBProxies, */
  readonly obproxyServers?: readonly number[];
  /** of all OBProxies of this cluster, */
  readonly obproxyCluster?: number;
  /** of these OBServers, */
  readonly obServers?: readonly number[];
  /** and of all OBServers of this OceanBase cluster. */
  readonly obServersOf?: number;
  /**
   * Contacted when the inventory has no such host, with a credential that it has; the request is refused with CMP07026
   * when one cannot be logged in to. `prepare` finds what they said in its scope.
   */
  readonly newHosts?: readonly NewHostLook[];
  /**
   * A cluster that the inventory does not have is asked for all of itself, and the hosts of its servers for their processes;
   * refused when it does not answer or lets nobody in. `prepare` finds what they said in its scope.
   */
  readonly newCluster?: NewClusterLook;
  /** The OBProxies of this cluster that run are asked for their parameters; `prepare` finds what they said in its scope. */
  readonly proxyParameters?: number;
  /** Asked for its servers and zones, which are recorded. Zones and tenants are looked at with their cluster. */
  readonly obCluster?: number;
}

/** A request whose parts have the forms that its operation declares. */
export interface ParsedRequest<
  Params extends z.ZodType,
  Body extends z.ZodType,
  Query extends z.ZodObject = z.ZodObject,
> {
  readonly params: z.output<Params>;
  readonly body: z.output<Body>;
  readonly query: z.output<Query>;
}

/** What a request is warned of; nothing as a rule. */
export type Warned = readonly HostFinding[] | undefined;

/** What an operation looks at: before it is prepared, and after a dry run that nothing was against. */
export type Look<Request> = {
  readonly [Kind in keyof Looked]: (request: Request) => Looked[Kind];
} & {
  /**
   * Asks what only the objects themselves can tell, outside of any transaction and before `prepare`; throws Refusal. Resolves
   * to what is accepted all the same and may go wrong: the answer says it, also that of a request that is no dry run.
   */
  readonly refuses?: (scope: InspectScope, request: Request) => Promise<Warned> | Promise<void>;
  /** Everything found, at once. It changes nothing. */
  readonly findings?: (scope: InspectScope, request: Request) => Promise<readonly HostFinding[]>;
};

/** Tasks ready to start, and documented fields that stand beside a single task (`obproxyClusterId`). */
export interface Prepared {
  /** None when the operation was done at once. */
  readonly plans: readonly Plan[];
  readonly extra?: Readonly<Record<string, unknown>>;
  /** What was accepted all the same, and will go wrong. */
  readonly findings?: readonly HostFinding[];
  /** What was done, for the audit, where the path does not say it: `host 10.0.0.1: deleted`. */
  readonly audit?: string;
}

/** What stands in `data`, and what runs afterwards. */
export type Answering =
  | {
      /** `task`: `data` is one task; `tasks`: `data.contents` has one task per host; `legacyTask`: one in the older dialect. */
      readonly answer: 'task' | 'tasks' | 'legacyTask';
      readonly id: WorkflowName;
      /** Of an operation with both forms: whether a task is answered in the newer one. */
      readonly newer?: (plan: Plan) => boolean;
    }
  | {
      /** No task: the operation is done when it answers, with its `extra` as `data`. */
      readonly answer: 'none';
      readonly id: string;
    };

interface Declared {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As documented, e.g. `/api/v2/obproxy/clusters/{id}/obproxies/batchAdd`. */
  readonly path: string;
  readonly permission: Permission;
  /** Heading of the API document. */
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Documented fields that stand beside a single task; `prepare` answers them as `extra`. */
  readonly extra?: z.ZodRawShape;
  /** Name of the published request and answer in operations/samples. */
  readonly sample: string;
  /**
   * The words of its command behind `obflow`, where its id does not give them (`stopObproxy`: proxy stop); null: it has
   * none, because another operation is the newer form of it.
   */
  readonly command?: string | null;
}

/** A documented operation. Route, validation, API document and plan come from it. */
export type Operation<
  Params extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Query extends z.ZodObject = z.ZodObject,
> = Declared &
  Answering & {
    readonly params: Params;
    /** Parameters of the query beside those that every operation has. */
    readonly query?: Query;
    /** Absent: a body is not read. */
    readonly body?: Body;
    readonly look?: Look<ParsedRequest<Params, Body, Query>>;
    /** The tenant that the request is about, for the row, the plan and the document of its tasks. */
    readonly tenant?: (
      request: ParsedRequest<Params, Body, Query>,
    ) => NonNullable<Plan['tenant']> | undefined;
    /**
     * Checks preconditions and stores rows, plans and locks. Throws Refusal when the request cannot be accepted;
     * the transaction then leaves nothing behind.
     */
    prepare(scope: PrepareScope, request: ParsedRequest<Params, Body, Query>): Promise<Prepared>;
  };

/** A parsed request of one operation. */
export interface AcceptedRequest {
  readonly look: Looked;
  /** Undefined when there is nothing to ask. */
  readonly refuses: ((scope: InspectScope) => Promise<Warned> | Promise<void>) | undefined;
  prepare(scope: RequestScope): Promise<Prepared>;
  /** Undefined when the operation finds nothing out by looking. */
  readonly findings: ((scope: InspectScope) => Promise<readonly HostFinding[]>) | undefined;
}

/** An operation in the catalogue: its types are closed over by `request`. */
export type CatalogueEntry = Declared &
  Answering & {
    readonly params: z.ZodType;
    readonly query?: z.ZodObject;
    readonly body?: z.ZodType;
    /** Whether anything is looked at: an answer may then have `findings`. */
    readonly looks: boolean;
    /** Binds parameters, body and query; all are outputs of this entry's own schemas. */
    request(params: unknown, body: unknown, query?: unknown): AcceptedRequest;
  };

/** Puts an operation into the form the catalogue holds. */
export function catalogued<
  Params extends z.ZodType,
  Body extends z.ZodType,
  Query extends z.ZodObject = z.ZodObject,
>(operation: Operation<Params, Body, Query>): CatalogueEntry {
  const { prepare, look = {}, tenant: tenantOf, ...declared } = operation;
  return {
    ...declared,
    looks: look.findings !== undefined || look.newCluster !== undefined,
    request(params, body, query = {}) {
      const request = { params, body, query } as ParsedRequest<Params, Body, Query>;
      const { findings, refuses, ...kinds } = look;
      const tenant = tenantOf?.(request);
      return {
        look: Object.fromEntries(Object.entries(kinds).map(([kind, idsOf]) => [kind, idsOf(request)])),
        prepare: (scope) =>
          prepare({ ...scope, workflow: declared.id, ...(tenant === undefined ? {} : { tenant }) }, request),
        refuses: refuses && ((scope) => refuses(scope, request)),
        findings: findings && ((scope) => findings(scope, request)),
      };
    },
  };
}
