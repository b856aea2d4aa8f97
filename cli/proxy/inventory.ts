/** OBProxy clusters and their OBProxies as the API lists them, found by the names that people use. */
import { z } from 'zod';
import type { ApiClient } from '../apiClient';
import { every, meant, memberMeant } from '../meant';

export const CLUSTERS = '/api/v2/obproxy/clusters';

const proxySchema = z.object({
  id: z.number(),
  hostId: z.number(),
  ip: z.string(),
  idcName: z.string(),
  sqlPort: z.number(),
  exporterPort: z.number().optional(),
  rpcPort: z.number().optional(),
  version: z.string().optional(),
  status: z.string(),
  operateStatus: z.string(),
  lastActiveTime: z.string().optional(),
  observed: z.object({ state: z.string(), reason: z.string().nullish() }).optional(),
  adopted: z
    .object({ home: z.string(), user: z.string(), package: z.string().nullable(), keeperDetail: z.string() })
    .optional(),
  parameterDrift: z
    .array(z.object({ name: z.string(), value: z.string().nullable(), expectedValue: z.string() }))
    .optional(),
  warnings: z.array(z.object({ kind: z.string(), text: z.string() })).optional(),
});
export type ProxyDocument = z.output<typeof proxySchema>;

const parametersSchema = z.array(z.object({ name: z.string(), value: z.string() }));
const clusterSchema = z.object({
  id: z.number(),
  name: z.string(),
  address: z.string().nullable(),
  port: z.number().nullable(),
  workMode: z.string(),
  configUrl: z.string(),
  creatorName: z.string(),
  createTime: z.string(),
  obLinks: z.array(z.object({ clusterName: z.string(), obClusterId: z.number(), username: z.string() })),
  obproxies: z.array(proxySchema),
  startupParameters: parametersSchema,
  parameters: parametersSchema,
});
export type ProxyClusterDocument = z.output<typeof clusterSchema>;

export function allProxyClusters(api: ApiClient): Promise<ProxyClusterDocument[]> {
  return every(api, CLUSTERS, clusterSchema, '&sort=id,asc');
}

/** An OBProxy cluster by name or id. Throws Error when there is none. */
export async function proxyClusterCalled(api: ApiClient, word: string): Promise<ProxyClusterDocument> {
  return meant(await allProxyClusters(api), word, {
    kind: 'OBProxy cluster',
    list: 'obflow proxy cluster ls',
    names: ({ name }) => [name],
  });
}

/** An OBProxy of a cluster by id, ip:port, or the ip alone. Throws Error naming what there is. */
export function proxyCalled({ name, obproxies }: ProxyClusterDocument, word: string): ProxyDocument {
  return memberMeant(obproxies, word, {
    ...{ cluster: `OBProxy cluster ${name}`, kind: 'OBProxy' },
    portOf: ({ sqlPort }) => sqlPort,
  });
}
