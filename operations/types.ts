import type { z } from 'zod';
import type { Host } from '../hosts/types';
import type { Store, User } from '../store/types';
import type { Plan } from '../workflows/plan';

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

/** What `prepare` works with. `inventory` is inside one transaction that ends with the request. */
export interface PrepareScope {
  readonly store: Store;
  readonly user: User;
  /** Address of this API server, `executor` of the tasks. */
  readonly executor: string;
  readonly traceId: string;
  /** Now, ISO-8601 with milliseconds and numeric offset. */
  readonly createTime: string;
  /** The tasks' workflows continue as new after so many events; undefined: the interpreter's own limit. */
  readonly continueAfter?: number;
  /** Ask every question, write nothing, number what would be made with -1, -2, … */
  readonly dryRun: boolean;
  /** Reserves ids of tasks (ascending; in a dry run -1, -2, …). */
  reserveTasks(count: number): Promise<number[]>;
  /** Reserves a block of subtask ids and returns the first. */
  reserveSubtasks(count: number): Promise<number>;
}

/** One thing seen on a host by a dry run. ERROR: the task would fail on it. */
export interface HostFinding {
  readonly hostId: number;
  readonly level: 'ERROR' | 'WARN' | 'INFO';
  /** Documented code, where one fits. */
  readonly code?: string;
  readonly message: string;
}

/** What a dry run may look at, outside of any transaction. */
export interface InspectScope {
  readonly store: Store;
  openHost(hostId: number): Promise<Host>;
  /** OBFLOW_PUBLIC_URL. */
  readonly publicUrl: string;
}

/** Tasks ready to start, and documented fields that stand beside a single task (`obproxyClusterId`). */
export interface Prepared {
  readonly plans: readonly Plan[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A documented operation that starts tasks. Route, validation, API document and plan come from it. */
export interface Operation<Params extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  /** Exported workflow function of workflows/index.ts: the type the Temporal Web UI shows. */
  readonly id: string;
  readonly method: 'POST';
  /** As documented, e.g. `/api/v2/obproxy/clusters/{id}/obproxies/batchAdd`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly description: string;
  readonly params: Params;
  readonly body: Body;
  /** `task`: `data` is one task; `tasks`: `data.contents` holds one task per host; `legacyTask`: one in the older dialect. */
  readonly answer: 'task' | 'tasks' | 'legacyTask';
  /** Documented fields that stand beside a single task; `prepare` answers them as `extra`. */
  readonly extra?: z.ZodRawShape;
  /** Name of the published request and answer in operations/samples. */
  readonly sample: string;
  /** Hosts the request is about; those known to be offline are contacted before anything else. */
  hostIds(body: z.output<Body>): readonly number[];
  /** The OceanBase cluster the request is about; it is asked for its servers and zones before anything else. */
  obClusterId?(params: z.output<Params>): number;
  /**
   * Checks preconditions and stores rows, plans and locks. Throws Refusal when the request cannot be accepted;
   * the transaction then leaves nothing behind.
   */
  prepare(
    scope: PrepareScope,
    request: { readonly params: z.output<Params>; readonly body: z.output<Body> },
  ): Promise<Prepared>;
  /**
   * Looks at the hosts for a dry run whose `prepare` had nothing against it, and answers everything found at once. It
   * changes nothing.
   */
  inspect?(
    scope: InspectScope,
    request: { readonly params: z.output<Params>; readonly body: z.output<Body> },
  ): Promise<readonly HostFinding[]>;
}

/** A parsed request of one operation. */
export interface AcceptedRequest {
  readonly hostIds: readonly number[];
  readonly obClusterId: number | undefined;
  prepare(scope: PrepareScope): Promise<Prepared>;
  /** Undefined when the operation has nothing to look at. */
  readonly inspect?: (scope: InspectScope) => Promise<readonly HostFinding[]>;
}

/** An operation in the catalogue: its types are closed over by `request`. */
export interface CatalogueEntry extends Omit<Operation, 'prepare' | 'hostIds' | 'obClusterId' | 'inspect'> {
  /** Binds parameters and body; both are outputs of this entry's own schemas. */
  request(params: unknown, body: unknown): AcceptedRequest;
}

/** Puts an operation into the form the catalogue holds. */
export function catalogued<Params extends z.ZodType, Body extends z.ZodType>(
  operation: Operation<Params, Body>,
): CatalogueEntry {
  const { prepare, hostIds, obClusterId, inspect, ...declared } = operation;
  return {
    ...declared,
    request(parsedParams, parsedBody) {
      const params = parsedParams as z.output<Params>;
      const body = parsedBody as z.output<Body>;
      return {
        hostIds: hostIds(body),
        obClusterId: obClusterId?.(params),
        prepare: (scope) => prepare(scope, { params, body }),
        ...(inspect === undefined
          ? {}
          : { inspect: (scope: InspectScope) => inspect(scope, { params, body }) }),
      };
    },
  };
}
