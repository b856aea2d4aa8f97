import { isIP } from 'node:net';
import type { Plan } from '../../../workflows/plan';
import type { BasicTaskInstance } from './types';

/** What the list says of a task beyond the document: where it works, as people call it. */
export function placesOf({
  place,
  places,
  context,
  unshown,
}: Plan): Pick<BasicTaskInstance, 'hosts' | 'obproxyCluster'> {
  const hosts = new Set(Object.values(places ?? {}).flatMap((of) => Object.values(of)));
  if (place !== undefined) hosts.add(place);
  const { obproxy_cluster_id: id, obproxy_cluster_name: name } = {
    ...unshown?.stringMap,
    ...context.stringMap,
  };
  return {
    hosts: [...hosts].filter((host) => isIP(host) !== 0),
    ...(id === undefined || name === undefined ? {} : { obproxyCluster: { id: Number(id), name } }),
  };
}
