import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type CopiedTable,
  type CopyDatabaseOptions,
  copyDatabase as copy,
} from '../../store/database/copyDatabase';
import type { Store } from '../../store/types';
import { addHost, addObCluster, addObproxyCluster, addServer, packageOf } from './databases';
import { plan } from './plan';

export const HOSTS = 210;

/** Something in every table, more rows than one page holds, ids with gaps, and a secret of each kind. */
export async function fill(store: Store): Promise<void> {
  await store.users.ensureAdmin('a password');
  for (let number = 1; number <= HOSTS; number += 1) await addHost(store, number);
  const type = await store.places.hostTypes.add({ name: 'large', description: null });
  await store.hosts.change(1, { typeId: type.id });
  const obClusterId = await addObCluster(store, 'ob "1"\n\u2028 中文', 1);
  const clusterId = await addObproxyCluster(store, 'proxies', [obClusterId]);
  const { id: packageId } = await store.packages.add(packageOf('4.3.1.0'));
  const serverId = await addServer(store, clusterId, 1, packageId);
  await store.obproxy.putExporter({
    obproxyServerId: serverId,
    target: '10.1.1.1:2884',
    labels: { a: 'b' },
  });
  for (let number = 0; number < 3; number += 1) {
    const taskId = await store.sequences.next('task');
    await store.tasks.add({ plan: plan(taskId, { hostId: 1 }), workflowType: 'addObproxy' });
    await store.tasks.markStarted(taskId);
    await store.tasks.appendLog(taskId, [
      {
        subtaskId: 1,
        run: 1,
        operation: 'EXECUTE',
        time: new Date(0).toISOString(),
        level: 'INFO',
        text: 'é',
      },
    ]);
    const document = { id: taskId, text: 'x'.repeat(100_000) };
    const ended = {
      status: 'SUCCESSFUL' as const,
      operation: 'EXECUTE' as const,
      finishTime: '2026-03-01T10:00:00Z',
    };
    if (number < 2) await store.tasks.archive(taskId, { ...ended, document });
  }
  // The third one waits for a person: it stays open in Temporal and goes on with the new database.
  await store.tasks.applyStateChange({
    taskId: 3,
    status: 'FAILED',
    operation: 'EXECUTE',
    closed: false,
    sequence: 0,
  });
  await store.locks.take(3, ['host/1'], []);
  await store.sequences.next('subtask', 41);
}

/**
 * libsql closes a file when its statements are collected. In the field a process that has ended has no file open;
 * here they are one process.
 */
export async function copyDatabase(options: CopyDatabaseOptions): Promise<CopiedTable[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return copy(options);
}
