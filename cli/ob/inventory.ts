/** OceanBase clusters as the API shows them, found by name or id. */
import { z } from 'zod';
import type { ApiClient } from '../apiClient';
import { every, meant, memberMeant } from '../meant';

export const OB_CLUSTERS = '/api/v2/ob/clusters';

const serverSchema = z.object({
  id: z.number(),
  ip: z.string(),
  port: z.number(),
  sqlPort: z.number(),
  zoneName: z.string(),
  status: z.string(),
  version: z.string().optional(),
  withRootserver: z.boolean(),
  observed: z.object({ state: z.string(), reason: z.string().nullish() }).optional(),
});

const clusterSchema = z.object({
  id: z.number(),
  name: z.string(),
  obClusterId: z.number(),
  obVersion: z.string(),
  status: z.string(),
  type: z.string(),
  serverCount: z.number(),
  tenantCount: z.number().optional(),
  zones: z.array(
    z.object({
      name: z.string(),
      regionName: z.string(),
      idcName: z.string(),
      status: z.string(),
      servers: z.array(serverSchema),
    }),
  ),
  createTime: z.string(),
  failToQueryFromObReason: z.string().optional(),
});
export type ObClusterDocument = z.output<typeof clusterSchema>;

export function allObClusters(api: ApiClient): Promise<ObClusterDocument[]> {
  return every(api, OB_CLUSTERS, clusterSchema);
}

/** An OceanBase cluster by name, `name:obClusterId` or id. Throws Error when there is none, or more than one. */
export async function obClusterCalled(api: ApiClient, word: string): Promise<ObClusterDocument> {
  return meant(await allObClusters(api), word, {
    kind: 'OceanBase cluster',
    list: 'obflow ob ls',
    names: ({ name, obClusterId }) => [name, `${name}:${obClusterId}`],
  });
}

/** An OBServer of a cluster by id, ip:rpcPort, or the ip alone. Throws Error naming what there is. */
export function obServerCalled({ name, zones }: ObClusterDocument, word: string): { readonly id: number } {
  const servers = zones.flatMap((zone) => zone.servers);
  return memberMeant(servers, word, {
    ...{ cluster: `OceanBase cluster ${name}`, kind: 'OBServer' },
    portOf: ({ port }) => port,
  });
}
