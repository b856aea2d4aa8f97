/** Starting a proxy that exists: by its stored configuration, without options, which would put former values back. */
import type { Host } from '../../hosts/types';
import { endsAs } from '../common/work';
import { KEEPER_DIR, makeDir } from '../places';
import type { SubtaskScope } from '../types';
import { forgetOneTimePassword, startScript } from './firstStart';
import { startUnit, stopKeepers, stoppedKeepers } from './keepers';
import { proveConfigured } from './preparing';
import { lookForProxies, processText } from './process';
import { type ObproxyInstance, runUserOf, workedProxy } from './proxy';
import { checkMetricsPort, listening, provedLogin, refuseHeldPorts, startOnce } from './starting';
import { endProxies } from './stopping';

/**
 * The proxy runs, proved by its process, its listener, a login and its version. One that runs already is left as it is.
 *
 * @param name of the command on the host; that of an undo begins with `rollback`
 * @throws PermanentError ConfigurationMissing, PortTaken, ObproxyStartFailed, ObproxyVersionDiffers
 */
export async function startStored(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  recorded: string,
  name = 'start',
): Promise<void> {
  const before = await lookForProxies(host, recorded);
  const { home } = before;
  if (before.own.length > 0) scope.log.info(`${before.own.map(processText).join('; ')} runs already`);
  else {
    await proveConfigured(host, proxy, home);
    refuseHeldPorts(host, proxy, before);
    await launch(scope, host, proxy, home, name);
  }
  const { process, look } = await listening(scope, host, proxy, home);
  scope.log.info(`pid ${process.pid} of ${process.user} listens on port ${proxy.server.sqlPort}`);
  await provedLogin(scope, host, proxy);
  await endsAs(scope, workedProxy(proxy.server), 'RUNNING');
  if (proxy.server.adopted === null) await checkMetricsPort(scope, host, proxy, look);
  await forgetOneTimePassword(host);
}

async function launch(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  name: string,
): Promise<void> {
  await endsAs(scope, workedProxy(proxy.server), 'UNAVAILABLE');
  const unit = ((await stoppedKeepers(host, proxy)) ?? []).find(({ kind }) => kind === 'systemd');
  if (unit?.kind === 'systemd') {
    scope.log.info(`Starting it by the unit ${unit.unit}, which has kept it`);
    await startUnit(host, unit);
    return;
  }
  await makeDir(host, KEEPER_DIR);
  const script = startScript(home, runUserOf(proxy), []);
  await startOnce(scope, host, proxy, home, { name, script });
}

/** The undo: a proxy that was STOPPED before this task is so again; one that should have served runs on. */
export async function undoStart(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  if (proxy.server.work?.formerStatus !== 'STOPPED') {
    scope.log.info('The proxy was not stopped before this task: it runs on');
    return;
  }
  await stopKeepers(scope, host, proxy, home);
  await endProxies(scope, host, home);
  scope.log.info('The proxy is stopped, as before; its configuration stays');
}
