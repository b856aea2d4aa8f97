/** The subtasks of a take-over that only look at the host: each finds what its other half would make. */
import { PermanentError } from '../../../runtime/errors';
import type { Subtask, SubtaskScope } from '../../types';
import { proxyOf } from '../proxy';
import { settle } from './inspect';
import { administerAdopted } from './passwords';
import {
  keeperFindings,
  lookAtPort,
  metricsFindings,
  otherProxyFindings,
  type ProgramFacts,
  packageFindings,
  packageText,
  programFacts,
  type RunningProcess,
} from './running';

async function found(scope: SubtaskScope) {
  const { server } = await proxyOf(scope);
  const host = await scope.host();
  const where = `${host.ip}:${server.sqlPort}`;
  const running = await lookAtPort(host, server.sqlPort);
  if ('level' in running) {
    settle(scope.log, where, [running]);
    throw new PermanentError({
      type: 'ObproxyNotFound',
      tried: 'find the OBProxy',
      where,
      cameBack: running.text,
      next: 'Start it and retry.',
    });
  }
  return { server, host, where, running };
}

/** Keeps package and keeper as they are seen now. */
async function recordProgram(
  scope: SubtaskScope,
  running: RunningProcess,
  program: ProgramFacts,
): Promise<void> {
  const { server } = await proxyOf(scope);
  const { version, exporterPort, rpcPort, packageId } = server;
  const { home, keeper, keeperDetail } = program;
  await scope.store.obproxy.recordAdopted(server.id, {
    version,
    exporterPort,
    rpcPort,
    packageId,
    adopted: {
      home,
      user: running.process.user,
      program: program.program,
      package: program.package === undefined ? null : packageText(program.package),
      keeper,
      keeperDetail,
    },
  });
}

const nothingToUndo = async (scope: SubtaskScope) => scope.log.info('Nothing to undo: the proxy runs on');

/** "Check if process not exist": no *other* proxy in the same home. */
export const AdoptCheckProcessNotExist: Subtask = {
  async run(scope) {
    const { where, running } = await found(scope);
    settle(scope.log, where, otherProxyFindings(running));
    return undefined;
  },
  rollback: nothingToUndo,
};

/** "Install rpm by package and version": the package of the running program is identified, nothing is installed. */
export const AdoptInstallRpm: Subtask = {
  async run(scope) {
    const { server, host, where, running } = await found(scope);
    const program = await programFacts(host, running);
    settle(scope.log, where, packageFindings(program, server.version.split('-')[0]));
    await recordProgram(scope, running, program);
    scope.log.info('Nothing is installed');
    return undefined;
  },
  rollback: nothingToUndo,
};

/** "Start obproxy process": it runs and lets us in; who keeps it is recorded. Nothing is started. */
export const AdoptStartObproxy: Subtask = {
  async run(scope) {
    const { server, host, where, running } = await found(scope);
    const { process } = running;
    const { admin, used } = await administerAdopted(scope, await proxyOf(scope));
    admin.close();
    scope.log.info(
      `Adopted: pid ${process.pid} of ${process.user} in ${process.cwd}, start ${process.startTime}`,
    );
    scope.log.info(`root@proxysys can log in with ${used.source}`);
    const program = await programFacts(host, running);
    if (server.adopted !== null && server.adopted.home !== program.home) {
      scope.log.warn(`The proxy lives in ${program.home} now, before in ${server.adopted.home}`);
    }
    settle(scope.log, where, [...keeperFindings(program), ...metricsFindings(running, server.exporterPort)]);
    await recordProgram(scope, running, program);
    return undefined;
  },
  rollback: nothingToUndo,
};
