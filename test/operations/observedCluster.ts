import { type Observer, type ServerRow, startObserver, type ZoneRow } from '../../sandbox/standins/observer';
import { givenObCluster } from '../api/harness';
import { until } from '../support/until';
import { api } from './refusals';

const VERSION = '4.2.1.2';

/** By the id of their cluster. */
const observers = new Map<number, Observer>();
afterAll(async () => {
  await Promise.all([...observers.values()].map((observer) => observer.stop()));
  observers.clear();
});

/** What answers for the cluster dies. */
export async function silence(clusterId: number): Promise<void> {
  await observers.get(clusterId)?.stop();
}

/** Has the API look at what a cluster says of its servers. */
export async function look(clusterId: number): Promise<void> {
  await api.send('GET', `/api/v2/ob/clusters/${clusterId}/servers`);
}

/**
 * A declared cluster that a stand-in of this process answers for, looked at once; returns its id. Rows are read at each
 * statement: a test changes them in their lists. Without zones it has those of its servers.
 */
export async function givenCluster(
  name: string,
  obClusterId: number,
  servers: ServerRow[],
  zones?: ZoneRow[],
): Promise<number> {
  const observer = await startObserver({
    ...{ host: '127.0.0.1', port: 0, version: VERSION, clusterName: name, obClusterId },
    ...{ users: { 'root@sys': 'Planted.db' }, servers },
    ...(zones === undefined ? {} : { zones }),
  });
  const how = { version: VERSION, sqlPort: observer.port };
  const id = await givenObCluster(api.store, name, obClusterId, '127.0.0.1', how);
  observers.set(id, observer);
  // A look gives up after a second and a half, which a busy machine may need for the first answer.
  await until(`${name} has answered`, async () => {
    await look(id);
    return (await api.store.obServers.ofCluster(id)).length === servers.length;
  });
  return id;
}
