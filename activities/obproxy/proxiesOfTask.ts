/** The proxies of a request that works on several, for subtasks that are not split. */
import { idOf } from '../common/objects';
import type { Needs, SubtaskScope } from '../types';
import { OBPROXY, type ObproxyInstance, proxyRowOf, proxyWithId } from './proxy';

export const PROXIES = {
  ...OBPROXY,
  obproxy_server_ids: 'list',
  /** Those whose hosts are left alone, because they cannot be reached. */
  skipped_obproxy_server_ids: 'list?',
} as const satisfies Needs;

export type ProxiesScope = SubtaskScope<typeof PROXIES>;

/** The cluster that the task is about. */
export function clusterIdOf(scope: { value(key: 'obproxy_cluster_id'): string | undefined }): number {
  const id = idOf(scope.value('obproxy_cluster_id') ?? '');
  if (id === undefined) throw new Error('the context has no obproxy_cluster_id');
  return id;
}

/** Ids of the request's proxies. */
export function proxyIdsOf(scope: ProxiesScope): number[] {
  return scope.list('obproxy_server_ids').flatMap((text) => idOf(text) ?? []);
}

/** Whether the host of a proxy is not to be contacted. */
export function isSkipped(scope: ProxiesScope, id: number): boolean {
  return scope.list('skipped_obproxy_server_ids')?.includes(String(id)) === true;
}

/** Whether the host of the subtask's own proxy is not to be contacted. */
export async function skipsHost(scope: ProxiesScope): Promise<boolean> {
  const server = await proxyRowOf(scope);
  return server !== undefined && isSkipped(scope, server.id);
}

/** The proxies of the task whose hosts it works on. PermanentError when the inventory lacks one. */
export async function proxiesOf(scope: ProxiesScope): Promise<ObproxyInstance[]> {
  const proxies: ObproxyInstance[] = [];
  for (const id of proxyIdsOf(scope)) {
    if (!isSkipped(scope, id)) proxies.push(await proxyWithId(scope, id));
  }
  return proxies;
}

/** How many proxies of the cluster serve beside those of the task. */
export function othersServing(scope: ProxiesScope, { cluster }: Pick<ObproxyInstance, 'cluster'>): number {
  const ids = proxyIdsOf(scope);
  return cluster.servers.filter(({ id, status }) => status === 'RUNNING' && !ids.includes(id)).length;
}
