import type { TestHost } from '../hosts/fleet';
import {
  type ObserverCluster,
  type ObserverClusterOptions,
  observerRpmOf,
  startObserverCluster,
} from '../standins/observer/cluster';
import { buildObserverRpm } from '../standins/rpm';
import { type Stack, wholeInventory } from './stack';

const CLUSTER = { name: 'obgrows', obClusterId: 22 } as const;

/** An OceanBase cluster of stand-ins that obflow knows and can add servers to. */
export interface GrowingCluster {
  readonly cluster: ObserverCluster;
  /** Id in obflow. */
  readonly clusterId: number;
  /** The package of its version, as uploaded. */
  readonly fileName: string;
}

/** Starts the cluster on the hosts (a zone each), declares it together with all hosts, and uploads its package. */
export async function startGrowingCluster(
  stack: Stack,
  hosts: readonly TestHost[],
  { version, steering }: Pick<ObserverClusterOptions, 'version' | 'steering'>,
): Promise<GrowingCluster> {
  const cluster = await startObserverCluster(hosts, {
    version,
    ...CLUSTER,
    rootPassword: stack.secrets.sys,
    proxyroPassword: stack.secrets.proxyro,
    ...(steering === undefined ? {} : { steering }),
  });
  await stack.apply({
    ...wholeInventory(stack),
    obClusters: [
      {
        ...CLUSTER,
        version,
        rootServers: cluster.servers
          .slice(0, 1)
          .map(({ host, sqlPort, rpcPort }) => ({ ip: host.ip, sqlPort, rpcPort })),
        sysCredential: 'ob-sys',
        proxyroCredential: 'ob-proxyro',
      },
    ],
  });
  const { fileName } = await stack.api.uploadPackage(await buildObserverRpm(observerRpmOf(version)));
  const found = await stack.api.call<{ contents: { id: number }[] }>(
    'GET',
    `/api/v2/ob/clusters?name=${CLUSTER.name}`,
  );
  return { cluster, clusterId: found.contents[0]?.id ?? 0, fileName };
}
