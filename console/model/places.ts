/** Where on the pages each operation is offered: by the object in its path. Pure. */
import type { Operation } from './schema';

interface Place {
  readonly path: string;
  /** Of the path, in their order: what the page knows. */
  readonly parameters: readonly string[];
}

const PROXY_CLUSTERS = '/api/v2/obproxy/clusters';
const OB_CLUSTERS = '/api/v2/ob/clusters';
const HOSTS = '/api/v2/compute/hosts';

export const PLACES = {
  obproxyClusters: { path: PROXY_CLUSTERS, parameters: [] },
  obproxyCluster: { path: `${PROXY_CLUSTERS}/{id}`, parameters: ['id'] },
  obLink: { path: `${PROXY_CLUSTERS}/{id}/obLinks`, parameters: ['id', 'obClusterName'] },
  obClusters: { path: OB_CLUSTERS, parameters: [] },
  obCluster: { path: `${OB_CLUSTERS}/{id}`, parameters: ['id'] },
  obZone: { path: `${OB_CLUSTERS}/{id}/zones`, parameters: ['id', 'zoneName'] },
  obServer: { path: `${OB_CLUSTERS}/{id}/servers`, parameters: ['id', 'serverId'] },
  hosts: { path: HOSTS, parameters: [] },
  host: { path: HOSTS, parameters: ['hostId'] },
} as const satisfies Readonly<Record<string, Place>>;
export type PlaceName = keyof typeof PLACES;

/** What is offered there; what destroys stands last, where nobody presses it in passing. */
export function offeredAt(operations: readonly Operation[], place: PlaceName): readonly Operation[] {
  const { path: prefix, parameters }: Place = PLACES[place];
  return operations
    .filter(
      ({ path, pathParameters }) =>
        (path === prefix || path.startsWith(`${prefix}/`)) && pathParameters.join() === parameters.join(),
    )
    .sort((one, other) => Number(one.destructive) - Number(other.destructive));
}
