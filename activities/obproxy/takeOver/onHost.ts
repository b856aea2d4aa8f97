/** What subtasks of a take-over find on the host, where they would make it otherwise. They only look. */
import { addressText } from '../../../runtime/addressText';
import { PermanentError, TransientError } from '../../../runtime/errors';
import { say } from '../../../runtime/messages/catalogue';
import type { ObproxyServerRow } from '../../../store/types';
import type { SubtaskScope } from '../../types';
import { type ObproxyScope, proxyOf } from '../proxy';
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

async function found(scope: ObproxyScope) {
  const { server } = await proxyOf(scope);
  const host = await scope.host();
  const where = addressText(host.ip, server.sqlPort);
  const running = await lookAtPort(host, server.sqlPort);
  if ('level' in running) {
    settle(scope.log, where, [running]);
    throw new PermanentError({
      type: 'ObproxyNotFound',
      tried: say('takeOver.find'),
      where,
      cameBack: running.text,
      next: say('next.startAndRetry'),
    });
  }
  return { server, host, where, running };
}

/** Keeps package and keeper as they are seen now. */
async function recordProgram(
  scope: ObproxyScope,
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

/** No *other* proxy in the same home. */
export async function refuseOthers(scope: ObproxyScope): Promise<void> {
  const { where, running } = await found(scope);
  settle(scope.log, where, otherProxyFindings(running));
}

/** The package of the running program is identified and recorded. */
export async function identifyPackage(scope: ObproxyScope): Promise<void> {
  const { server, host, where, running } = await found(scope);
  const program = await programFacts(host, running);
  settle(scope.log, where, packageFindings(program, server.version.split('-')[0]));
  await recordProgram(scope, running, program);
}

/** It runs and lets us in; who keeps it is recorded. Nothing is started. */
export async function findRunning(scope: ObproxyScope): Promise<undefined> {
  const { server, host, where, running } = await found(scope);
  const { process } = running;
  const { admin, used } = await administerAdopted(scope, await proxyOf(scope));
  admin.close();
  scope.log.info(
    say('takeOver.adopted', {
      pid: process.pid,
      user: process.user,
      cwd: process.cwd,
      startTime: process.startTime,
    }),
  );
  scope.log.info(say('takeOver.canLogIn', { source: used.source }));
  const program = await programFacts(host, running);
  if (server.adopted !== null && server.adopted.home !== program.home) {
    scope.log.warn(say('takeOver.moved', { home: program.home, before: server.adopted.home }));
  }
  settle(scope.log, where, [...keeperFindings(program), ...metricsFindings(running, server.exporterPort)]);
  await recordProgram(scope, running, program);
}

/** After a restart the metrics port opens a moment later than the SQL port. */
const METRICS_MS = 3_000;

/** Whether the proxy serves metrics on its port. A proxy that is away is no proxy without metrics. */
export async function servesMetrics(scope: SubtaskScope, server: ObproxyServerRow): Promise<boolean> {
  const deadline = Date.now() + METRICS_MS;
  for (;;) {
    const running = await lookAtPort(await scope.host(), server.sqlPort);
    if ('level' in running) {
      throw new TransientError({
        type: 'ObproxyAway',
        tried: say('takeOver.seeMetrics'),
        where: server.ip,
        cameBack: running.text,
        next: say('next.lookedForAgain'),
      });
    }
    const { listeners, process } = running;
    if (listeners.some(({ port, pid }) => port === server.exporterPort && pid === process.pid)) return true;
    if (Date.now() > deadline) return false;
    await scope.pause(500);
  }
}
