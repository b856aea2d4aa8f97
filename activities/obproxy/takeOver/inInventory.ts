/** The subtasks of a take-over that record: the proxy belongs to the cluster from here on, or not any more. */

import { PermanentError, TransientError } from '../../../runtime/errors';
import type { ObproxyServerRow } from '../../../store/types';
import { taskDir } from '../../places';
import type { Subtask, SubtaskScope } from '../../types';
import { Finish } from '../Finish';
import { proxyOf } from '../proxy';
import { RegisterObproxyExporter } from '../RegisterObproxyExporter';
import { UpdateObproxyStatus } from '../UpdateObproxyStatus';
import { lookAtPort } from './running';

/** After a restart the metrics port opens a moment later than the SQL port. */
const METRICS_MS = 3_000;

/** Whether the proxy serves metrics on its port. A proxy that is away is no proxy without metrics. */
async function servesMetrics(scope: SubtaskScope, server: ObproxyServerRow): Promise<boolean> {
  const deadline = Date.now() + METRICS_MS;
  for (;;) {
    const running = await lookAtPort(await scope.host(), server.sqlPort);
    if ('level' in running) {
      throw new TransientError({
        type: 'ObproxyAway',
        tried: 'see whether the proxy serves metrics',
        where: server.ip,
        cameBack: running.text,
        next: 'It is looked for again; start the proxy if it stays away, then retry.',
      });
    }
    const { listeners, process } = running;
    if (listeners.some(({ port, pid }) => port === server.exporterPort && pid === process.pid)) return true;
    if (Date.now() > deadline) return false;
    await scope.pause(500);
  }
}

/** "Register obproxy exporter": a proxy that serves no metrics is taken over without, not refused. */
export const AdoptRegisterObproxyExporter: Subtask = {
  async run(scope) {
    const { server } = await proxyOf(scope);
    const serves = await servesMetrics(scope, server);
    if (serves) return RegisterObproxyExporter.run(scope);
    scope.log.warn(
      `The proxy serves no metrics on port ${server.exporterPort}: Prometheus is not told of it`,
    );
    return undefined;
  },
  rollback: (scope) => RegisterObproxyExporter.rollback(scope),
};

/** "Update obproxy status": TAKINGOVER becomes RUNNING. */
export const AdoptUpdateObproxyStatus: Subtask = {
  run: (scope) => UpdateObproxyStatus.run(scope),

  async rollback(scope) {
    const server = await scope.store.obproxy.findServerOnHost(scope.hostId);
    if (server === undefined || server.taskId !== scope.input.taskId) return;
    const to = { status: 'TAKINGOVER', operateStatus: 'OPERATING' } as const;
    if (await scope.store.obproxy.updateServerStatus(server.id, ['RUNNING'], to)) {
      scope.log.info(`OBProxy ${server.ip}:${server.sqlPort} is TAKINGOVER again`);
    }
  },
};

/** "Finish node": what an undo would need is forgotten, here on the host; the former password when the task has closed. */
export const AdoptFinish: Subtask = {
  run: (scope) => Finish.run(scope),

  /** It runs before every other undo: better nothing is undone than some of it, with the rest reported as undone. */
  async rollback(scope) {
    const host = await scope.host();
    const { exitCode } = await host.sh(`[ -d ${taskDir(scope.input.taskId)} ]`);
    if (exitCode === 0) return Finish.rollback(scope);
    throw new PermanentError({
      type: 'TakeOverFinished',
      tried: 'undo the take-over',
      where: host.ip,
      cameBack: 'its last step has already forgotten the former passwords and parameters',
      next: 'The proxy serves in its cluster: abandon the task. Or skip this undo and the ones that fail: the proxy leaves the cluster and keeps the passwords and parameters it has.',
    });
  },
};
