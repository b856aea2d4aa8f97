/** An OceanBase cluster that the inventory does not have, and the hosts of its servers, for the API alone. */
import type { Host, Hosts } from '../../hosts/types';
import { type Observer, type ObserverOptions, startObserver } from '../../sandbox/standins/observer';
import type { Json } from '../api/harness';

export const PASSWORD = 'Planted.root77';
export const PROXYRO = 'Planted.ro88';

/** What a host shows of its processes, by address; absent: an observer of admin on 2881 and 2882. */
export type Shown = 'nothing' | 'root';

/** At the border to hosts: each shows an observer, or what is said of it. */
export function hostsWithObservers(shown: ReadonlyMap<string, Shown>): Hosts {
  return {
    open: async ({ ip }) => {
      const says = shown.get(ip);
      const user = says === 'root' ? 'root' : 'admin';
      const observer = {
        ...{ pid: 4711, ppid: 1, comm: 'observer', args: ['bin/observer'], user },
        ...{ cwd: '/home/admin/oceanbase', exe: '/home/admin/oceanbase/bin/observer', startTime: '1' },
      };
      const listeners = [2881, 2882].map((port) => ({ port, pid: 4711 }));
      const seen =
        says === 'nothing'
          ? { processes: [], listeners: [], resolved: '/' }
          : { processes: [observer], listeners, resolved: '/' };
      return { ip, observe: async () => seen, firstContact: async () => [] } as unknown as Host;
    },
    close: async () => undefined,
  };
}

/** A stand-in that says it is one server of that address. */
export function newCluster(
  name: string,
  obClusterId: number,
  ip: string,
  more: Partial<ObserverOptions> = {},
): Promise<Observer> {
  return startObserver({
    ...{ host: '127.0.0.1', port: 0, version: '4.2.1.0', clusterName: name, obClusterId },
    users: { 'root@sys': PASSWORD },
    servers: [{ ip, sqlPort: 2881, rpcPort: 2882, zone: 'zone1', active: true }],
    ...more,
  });
}

export function entrance(observer: Observer, more: Json = {}): Json {
  return {
    ...{ address: '127.0.0.1', port: observer.port, rootSysPassword: PASSWORD },
    ...{ switchConfigUrl: false, ...more },
  };
}
