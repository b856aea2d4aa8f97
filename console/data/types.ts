/** What the API answers, as its own schemas say; nothing is declared a second time. */

export type { AccessKeyDocument, NewAccessKeyDocument } from '../../api/routes/accessKeys';
export type { AuditEventDocument } from '../../api/routes/audit';
export type { ReadinessDocument } from '../../api/routes/health';
export type { HostDocument } from '../../api/routes/hosts';
export type { MeDocument } from '../../api/routes/me';
export type { ObClusterDocument, ObServerDocument, ObZoneDocument } from '../../api/routes/obClusterSchemas';
export type { ObproxyClusterDocument, ObproxyServerDocument } from '../../api/routes/obproxyClusters';
export type { ObservedDocument } from '../../api/routes/observed';
export type { HostFindingDocument } from '../../api/routes/operations';
export type { ListedPackage } from '../../api/routes/packages';
export type { UserDocument } from '../../api/routes/users';
export type {
  BasicTaskInstance,
  CommandDocument,
  LockDocument,
  SubtaskInstance,
  WarningDocument,
  WrappedTaskInstance,
} from '../../api/tasks/document/types';
export type { LogPart } from '../../api/tasks/logEvents';
export type { Permission } from '../../operations/types';

/** A page of a list. */
export interface PageOf<T> {
  readonly contents: readonly T[];
  readonly page: {
    readonly number: number;
    readonly size: number;
    readonly totalElements: number;
    readonly totalPages: number;
  };
}
