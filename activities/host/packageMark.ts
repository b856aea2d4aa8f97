/** What obflow keeps on a host about the package of a service that it has installed there. */
import { PermanentError } from '../../runtime/errors';
import type { Said, Text } from '../../runtime/messages/catalogue';
import type { InstalledService } from './service';

/**
 * Written before the first change, so that undo knows what was there. Stays as long as the service: the task's own folder
 * is gone when its last subtask has begun, and a rollback may still come after that.
 */
export interface Mark {
  readonly taskId: number;
  readonly subtaskId: number;
  readonly installed: string;
  /** File name of the package that was there before, null when none was. */
  readonly former: string | null;
  readonly home: string;
  readonly homeExisted: boolean;
  /** Of the folder of links and those it is in, the ones that were not there; the outermost first. */
  readonly absentFolders?: readonly string[];
}

/** Any home has at least two levels; a mark with less is damaged, and nothing is deleted on its word. */
export const DELETABLE = /^\/[A-Za-z0-9_][A-Za-z0-9._+-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;

/** What obflow knows about a service of the host: KEEPER_DIR, OBSERVER_DIR. */
export function serviceDir({ program }: InstalledService): string {
  return `/var/lib/obflow/${program}`;
}

export function markOf(service: InstalledService): string {
  return `${serviceDir(service)}/package.json`;
}

/** What a person must cure about a package. */
export function trouble(where: string, tried: Text, type: string, code: string, cameBack: Said, next: Text) {
  return new PermanentError({ type, code, tried, where, cameBack, next });
}
