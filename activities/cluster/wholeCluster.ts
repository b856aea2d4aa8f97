/** What the subtasks that stop, start and restart a whole cluster have in common. */
import type { ClusterSession } from '../../oceanbase/clusterSession';
import { isServing, minorFreezeSql } from '../../oceanbase/clusterSql';
import { PermanentError, TransientError } from '../../runtime/errors';
import { joined, type Said, say } from '../../runtime/messages/catalogue';
import type { ObClusterStatus } from '../../store/statuses';
import type { ObClusterRow, ObServerRow } from '../../store/types';
import { beginWork, endsAs, formerOf, restoreWork } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { pauseAfter } from '../lookPauses';
import { makeDir, readJson, taskDir, writeJson } from '../places';
import type { Needs, SubtaskScope } from '../types';
import { CLUSTER, CLUSTER_WIDE, clusterOf, STATEMENT_MS, withCluster } from './cluster';
import { readCluster, recordCluster } from './clusterState';
import { type FreezeNote, freezeIfAnswered, freezeOnce } from './freeze';
import { workedCluster } from './worked';

/** Keys of the Prepare subtasks of a cluster. */
export const CLUSTER_LIFE = {
  ...CLUSTER,
  ...CLUSTER_WIDE,
  server_ids: 'list',
  /** `true`: what is against it is only logged. */
  force: 'value?',
  /** `false`: what is in memory is not written to disk first. */
  freeze_server: 'value?',
} as const satisfies Needs;

export type ClusterScope = SubtaskScope<typeof CLUSTER_LIFE>;

/** Within the 300 s of Prepare, the rest of it included. */
const FREEZE_MS = 120_000;
/** So long its undo waits for the cluster to answer when other undos have started its servers, and then for the last of them. */
const BACK_MS = 200_000;
const LAST_MS = 60_000;

/** The servers of the task. PermanentError when one is not in the inventory any more. */
export async function serversOfTask(scope: ClusterScope): Promise<ObServerRow[]> {
  const rows: ObServerRow[] = [];
  for (const id of scope.list('server_ids').map(Number)) {
    const row = await scope.store.obServers.find(id);
    if (row === undefined) {
      throw new PermanentError({
        type: 'InventoryIncomplete',
        code: 'OBE19001',
        tried: say('observer.findById', { id }),
        cameBack: say('observer.noneRecorded'),
        next: say('next.sendAgain'),
      });
    }
    rows.push(row);
  }
  return rows;
}

/** Whose clients notice it. */
export async function warnOfProxies(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  const linked = await scope.store.obproxy.clustersLinkedTo(cluster.id);
  if (linked.length === 0) return;
  const names = joined(
    linked.map(({ name }) => name),
    'list.comma',
  );
  scope.log.warn(say('clusterLife.proxies', { cluster: cluster.name, names }));
}

/** Servers of these that have not come past a freeze yet. */
async function behind(
  session: ClusterSession,
  servers: readonly ObServerRow[],
  since: number,
): Promise<{ readonly left: ObServerRow[]; readonly untold: boolean }> {
  const left: ObServerRow[] = [];
  let untold = false;
  for (const server of servers) {
    const checkpoint = await session.checkpoint(server);
    untold ||= checkpoint === undefined;
    if (checkpoint !== undefined && checkpoint < since) left.push(server);
  }
  return { left, untold };
}

/** The first host of the cluster: there the freeze of all of it is noted, in the folder of the task. */
const noteHost = (servers: readonly ObServerRow[]) =>
  servers.find(({ hostId }) => hostId !== null)?.hostId ?? 0;

async function noteOf(scope: ClusterScope, servers: readonly ObServerRow[]) {
  const host = await scope.hostById(noteHost(servers));
  const file = `${taskDir(scope.input.taskId)}/freeze.json`;
  return {
    note: await readJson<FreezeNote>(host, file),
    async save(note: FreezeNote) {
      await makeDir(host, taskDir(scope.input.taskId));
      await writeJson(host, file, note);
    },
  };
}

/**
 * Writes what is in memory to disk, on all servers by one statement, while somebody answers. What cannot be had, or takes too
 * long, is a warning: the log holds it.
 */
export async function freezeAll(
  scope: ClusterScope,
  cluster: ObClusterRow,
  servers: readonly ObServerRow[],
): Promise<void> {
  if (scope.value('freeze_server') === 'false') return;
  const ask = <T>(work: Parameters<typeof withCluster<T>>[3]) =>
    withCluster(scope, cluster, say('observer.freeze'), work, STATEMENT_MS);
  const sql = minorFreezeSql(...servers);
  const { note, save } = await noteOf(scope, servers);
  await freezeIfAnswered(scope, async () => {
    const frozenAt = await freezeOnce(scope, {
      ...{ sql, save, note },
      time: () => ask((session) => session.time()),
      send: () => ask((session) => session.alter(sql)),
      look: (since) =>
        ask(async (session) => {
          const { left, untold } = await behind(session, servers, since);
          return left.length > 0 ? 'behind' : untold ? 'untold' : 'passed';
        }),
    });
    const begun = Date.now();
    let left = [...servers];
    for (;;) {
      left = (await ask((session) => behind(session, left, frozenAt))).left;
      if (left.length === 0) return;
      if (Date.now() - begun > FREEZE_MS) {
        scope.log.warn(say('server.freezeTooLong', { seconds: FREEZE_MS / 1_000 }));
        return;
      }
      await scope.pause(pauseAfter(Date.now() - begun));
    }
  });
}

/** This task works on the cluster from now on. */
export async function beginClusterWork(
  scope: SubtaskScope,
  cluster: ObClusterRow,
  status: ObClusterStatus,
  from: readonly ObClusterStatus[],
): Promise<void> {
  await beginWork(scope, workedCluster(cluster), { status, from });
}

/**
 * From the first process that ends, or starts, on nobody can say whether the cluster answers: the task has to be one that
 * works on all of it.
 *
 * @throws PermanentError StillInService when it is not
 */
export async function beginOutage(scope: SubtaskScope, cluster: ObClusterRow): Promise<void> {
  const worked = workedCluster(cluster);
  if ((await formerOf(scope, worked)) === undefined) {
    throw new PermanentError({
      type: 'StillInService',
      code: 'OBE11007',
      tried: say('observer.stop'),
      where: cluster.name,
      cameBack: say('clusterLife.notWorked'),
      next: say('clusterLife.retryPrepare'),
    });
  }
  await endsAs(scope, worked, 'UNAVAILABLE');
}

/** How many servers do not serve, or would not if they were not stopped; or why the cluster does not answer. */
async function awayNow(
  scope: SubtaskScope,
  cluster: ObClusterRow,
): Promise<number | { readonly said: Said }> {
  try {
    const state = await readCluster(scope, cluster);
    const away = state.servers.filter((server) => !isServing({ ...server, stopTime: null })).length;
    if (away === 0) await recordCluster(scope, cluster, state);
    return away;
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof TransientError)) throw error;
    return { said: error.said };
  }
}

/** For the undo of a Prepare subtask that was to stop processes: what was, when the cluster has its servers back. */
export async function undoPrepareStop(scope: ClusterScope): Promise<void> {
  const cluster = await clusterOf(scope);
  const started = Date.now();
  for (;;) {
    const away = await awayNow(scope, cluster);
    if (away === 0) break;
    const silent = typeof away === 'object';
    if (Date.now() - started > (silent ? BACK_MS : LAST_MS)) {
      scope.log.warn(
        silent ? away.said : say('clusterLife.notAllBack', { cluster: cluster.name, count: away }),
      );
      break;
    }
    await scope.pause(pauseAfter(Date.now() - started));
  }
  await restoreWork(scope, workedCluster(cluster));
  // The undos of its servers clean up after themselves, as far as the task came to them.
  await forgetTask(scope, [noteHost(await serversOfTask(scope))]);
}

/** For that of one that was to start them: they are stopped again. */
export async function undoPrepareStart(scope: ClusterScope): Promise<void> {
  await restoreWork(scope, workedCluster(await clusterOf(scope)));
}
