/** The subtasks of a take-over that record: the proxy belongs to the cluster from here on, or not any more. */
import type { Subtask } from '../../types';
import { Finish } from '../Finish';
import { proxyOf } from '../proxy';
import { RegisterObproxyExporter } from '../RegisterObproxyExporter';
import { UpdateObproxyStatus } from '../UpdateObproxyStatus';
import { lookAtPort } from './running';

/** "Register obproxy exporter": a proxy that serves no metrics is taken over without, not refused. */
export const AdoptRegisterObproxyExporter: Subtask = {
  async run(scope) {
    const { server } = await proxyOf(scope);
    const running = await lookAtPort(await scope.host(), server.sqlPort);
    const serves =
      !('level' in running) &&
      running.listeners.some(({ port, pid }) => port === server.exporterPort && pid === running.process.pid);
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
    const server = await scope.inventory.obproxy.findServerOnHost(scope.hostId);
    if (server === undefined || server.taskId !== scope.input.taskId) return;
    const to = { status: 'TAKINGOVER', operateStatus: 'OPERATING' } as const;
    if (await scope.inventory.obproxy.updateServerStatus(server.id, ['RUNNING'], to)) {
      scope.log.info(`OBProxy ${server.ip}:${server.sqlPort} is TAKINGOVER again`);
    }
  },
};

/** "Finish node": nothing can be undone any more, so the former password is forgotten. */
export const AdoptFinish: Subtask = {
  async run(scope) {
    const { server } = await proxyOf(scope);
    await scope.inventory.obproxy.setFormerPassword(server.id, undefined);
    return Finish.run(scope);
  },
  rollback: (scope) => Finish.rollback(scope),
};
