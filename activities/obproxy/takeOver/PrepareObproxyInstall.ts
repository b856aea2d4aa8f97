import type { Subtask } from '../../types';
import { PrepareObproxyInstall, reach } from '../PrepareObproxyInstall';

/** "Prepare obproxy install" of a take-over: the row is there, the host answers, what it is is recorded. */
export const AdoptPrepareObproxyInstall: Subtask = {
  async run(scope) {
    const { server, cluster, host, facts } = await reach(scope, scope.hostId);
    scope.log.info(
      `${host.ip}: the OBProxy on port ${server.sqlPort} is taken over into cluster ${cluster.name}`,
    );
    if (!facts.rpm) scope.log.warn(`${host.ip} has no command rpm: the package of the proxy stays unknown`);
    return undefined;
  },

  /** Forgets the proxy, which runs on. */
  rollback: (scope) => PrepareObproxyInstall.rollback(scope),
};
