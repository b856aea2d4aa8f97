/** Declared OceanBase clusters with stand-ins behind them, in this process. */
import { type Observer, type ObserverOptions, startObserver } from '../../sandbox/standins/observer';
import type { ServerRow } from '../../sandbox/standins/observer/tables';
import type { Store } from '../../store/types';

export const ROOT_PASSWORD = 'Planted.root1';

export interface ObScene {
  readonly id: number;
  readonly observer: Observer;
  readonly credentialId: number;
}

let made = 0;

/** Three servers in two zones, which are one process: what a cluster says of itself is about all of them. */
export const SERVERS: readonly ServerRow[] = [
  { ip: '10.5.0.1', sqlPort: 2881, rpcPort: 2882, zone: 'zone1', active: true },
  { ip: '10.5.0.2', sqlPort: 2881, rpcPort: 2882, zone: 'zone2', active: true },
  { ip: '10.5.0.3', sqlPort: 2881, rpcPort: 2882, zone: 'zone2', active: true },
];

/** A cluster of its own name and credential, whose root server is the stand-in. The caller stops it. */
export async function givenAnsweringCluster(
  store: Store,
  options: Partial<ObserverOptions> & { readonly ports?: readonly number[]; readonly username?: string } = {},
): Promise<ObScene> {
  made += 1;
  const name = `asked${made}`;
  const { ports, username = 'root', ...own } = options;
  const observer = await startObserver({
    ...{ host: '127.0.0.1', port: 0, clusterName: name, obClusterId: made },
    users: { 'root@sys': ROOT_PASSWORD, 'proxyro@sys': 'Planted.proxyro1' },
    servers: SERVERS,
    ...own,
  });
  const credential = async (user: string, secret: string) =>
    (await store.credentials.put({ name: `${name}_${user}`, kind: 'DATABASE', username: user, secret })).id;
  const credentialId = await credential(username, ROOT_PASSWORD);
  const { id } = await store.obClusters.put({
    ...{ name, obClusterId: made, version: own.version ?? '4.2.1.0', type: 'PRIMARY' },
    rootServers: [observer.port, ...(ports ?? [])].map((sqlPort) => ({
      ip: '127.0.0.1',
      sqlPort,
      rpcPort: 2882,
    })),
    sysCredentialId: credentialId,
    proxyroCredentialId: await credential('proxyro', 'Planted.proxyro1'),
  });
  return { id, observer, credentialId };
}
