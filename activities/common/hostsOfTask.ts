import type { Needs, SubtaskScope } from '../types';
import { HOST, idOf, objectOf } from './objects';

/** To be needed by a subtask that works on its own host, or on all of the task when it is not split. */
export const HOSTS_OF_TASK = { ...HOST, host_ids: 'list?' } as const satisfies Needs;

/** Its own host when it has one, else all of the task's; [] when the task names none. */
export async function hostsOfTask(scope: SubtaskScope<typeof HOSTS_OF_TASK>): Promise<number[]> {
  if (objectOf(scope.input, ['host_ids', 'server_ids', 'obproxy_server_ids']) !== undefined) {
    return [await scope.hostId()];
  }
  return (scope.list('host_ids') ?? []).flatMap((text) => idOf(text) ?? []);
}

/** To be needed by a subtask that works on the hosts of the task, but not on those that are not to be contacted. */
export const CONTACTED_HOSTS = { ...HOSTS_OF_TASK, skipped_host_ids: 'list?' } as const satisfies Needs;

/** Hosts of servers that others of the task replace. */
export const OLD_HOSTS = { 'old.host_ids': 'list?' } as const satisfies Needs;

/** As `hostsOfTask`, and `others`, without those that cannot be reached and are left alone. */
export async function contactedHosts(
  scope: SubtaskScope<typeof CONTACTED_HOSTS>,
  others: readonly string[] = [],
): Promise<number[]> {
  const skipped = scope.list('skipped_host_ids') ?? [];
  const all = [...(await hostsOfTask(scope)), ...others.flatMap((text) => idOf(text) ?? [])];
  return all.filter((id) => !skipped.includes(String(id)));
}
