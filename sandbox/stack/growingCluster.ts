import type { TestHost } from '../hosts/fleet';
import {
  type ObserverCluster,
  type ObserverClusterOptions,
  observerRpmOf,
  startObserverCluster,
} from '../standins/observer/cluster';
import { buildObserverRpm } from '../standins/rpm';
import { type Stack, wholeStore } from './stack';

/** An OceanBase cluster of stand-ins that obflow knows and can add servers to. */
export interface GrowingCluster {
  readonly cluster: ObserverCluster;
  /** Id in obflow. */
  readonly clusterId: number;
  /** The package of its version, as uploaded. */
  readonly fileName: string;
}

/** obClusterId of the first cluster; the next ones count on. */
const FIRST_ID = 22;

type Options = Pick<ObserverClusterOptions, 'version' | 'steering' | 'zones'>;

/** Starts a cluster on the hosts (a zone each), declares it together with all hosts, and uploads its package. */
export async function startGrowingCluster(
  stack: Stack,
  hosts: readonly TestHost[],
  options: Options,
): Promise<GrowingCluster> {
  const [started] = await startGrowingClusters(stack, [{ name: 'obgrows', hosts }], options);
  if (started === undefined) throw new Error('one cluster was asked for');
  return started;
}

/** The same for several clusters of one version, at once. */
export async function startGrowingClusters(
  stack: Stack,
  wanted: readonly { readonly name: string; readonly hosts: readonly TestHost[] }[],
  { version, steering, zones }: Options,
): Promise<GrowingCluster[]> {
  const clusters = await Promise.all(
    wanted.map(({ name, hosts }, index) =>
      startObserverCluster(hosts, {
        version,
        name,
        obClusterId: FIRST_ID + index,
        rootPassword: stack.secrets.sys,
        proxyroPassword: stack.secrets.proxyro,
        ...(steering === undefined ? {} : { steering }),
        ...(zones === undefined ? {} : { zones }),
      }),
    ),
  );
  await stack.apply({
    ...wholeStore(stack),
    obClusters: clusters.map(({ servers }, index) => ({
      name: wanted[index]?.name,
      obClusterId: FIRST_ID + index,
      version,
      rootServers: servers
        .slice(0, 1)
        .map(({ host, sqlPort, rpcPort }) => ({ ip: host.ip, sqlPort, rpcPort })),
      sysCredential: 'ob-sys',
      proxyroCredential: 'ob-proxyro',
    })),
  });
  const { fileName } = await stack.api.uploadPackage(await buildObserverRpm(observerRpmOf(version)));
  const declared = await stack.api.call<{ contents: { id: number; name: string }[] }>(
    'GET',
    '/api/v2/ob/clusters?size=100',
  );
  return clusters.map((cluster, index) => {
    const row = declared.contents.find(({ name }) => name === wanted[index]?.name);
    if (row === undefined) throw new Error(`cluster ${wanted[index]?.name} is not declared`);
    return { cluster, clusterId: row.id, fileName };
  });
}
