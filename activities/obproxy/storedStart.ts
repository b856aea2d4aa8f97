/** Starting a proxy that exists: by its stored configuration, without options, which would put former values back. */

import type { Host } from '../../hosts/types';
import { say } from '../../runtime/messages/catalogue';
import { endsAs } from '../common/work';
import { KEEPER_DIR, makeDir } from '../places';
import type { SubtaskScope } from '../types';
import { forgetOneTimePassword, startScript } from './firstStart';
import { startUnit, stopKeepers, stoppedKeepers, stopUnit, type UnitKeeper } from './keepers';
import { proveConfigured } from './preparing';
import { lookForProxies, processText } from './process';
import { type ObproxyInstance, runUserOf, workedProxy } from './proxy';
import { tellOne } from './rootServers';
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
  if (before.own.length > 0)
    scope.log.info(say('process.runsAlready', { processes: before.own.map(processText) }));
  else {
    await proveConfigured(host, proxy, home);
    refuseHeldPorts(host, proxy, before);
    await launch(scope, host, proxy, home, name);
  }
  const launched = before.own.length === 0;
  let look = await serving(scope, host, proxy, home, launched);
  // Servers may have come and gone while it was stopped, of which nobody could tell it.
  let told = await tellOne(scope, proxy, { started: launched });
  if (launched && told?.reaches === false) {
    scope.log.info(say('rsList.again', { works: told.works }));
    await endAgain(scope, host, proxy, home);
    await launch(scope, host, proxy, home, `${name}-list`);
    look = await serving(scope, host, proxy, home, true);
    told = await tellOne(scope, proxy, { started: true });
  }
  // One that ran before may have sessions; a unit may start it with a list of its own, whatever is stored.
  if (told?.reaches === false) scope.log.warn(say('rsList.restart', told));
  await endsAs(scope, workedProxy(proxy.server), 'RUNNING');
  if (proxy.server.adopted === null) await checkMetricsPort(scope, host, proxy, look);
  await forgetOneTimePassword(host);
}

/** It listens, and root@proxysys can log in. */
async function serving(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  launched: boolean,
): Promise<Awaited<ReturnType<typeof listening>>['look']> {
  const { process, look } = await listening(scope, host, proxy, home, launched);
  scope.log.info(
    say('obproxy.listens', { pid: process.pid, user: process.user, port: proxy.server.sqlPort }),
  );
  await provedLogin(scope, host, proxy);
  return look;
}

/** Ends what has just been started, and serves nobody yet. A unit of systemd's would start a proxy that is ended otherwise. */
async function endAgain(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const unit = await unitOf(host, proxy);
  if (unit === undefined) await endProxies(scope, host, home);
  else await stopUnit(host, unit);
}

/** The unit of systemd that keeps a proxy that is stopped, or was until it has been started by it. */
async function unitOf(host: Host, proxy: ObproxyInstance): Promise<UnitKeeper | undefined> {
  return ((await stoppedKeepers(host, proxy)) ?? []).find((keeper) => keeper.kind === 'systemd');
}

async function launch(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  name: string,
): Promise<void> {
  await endsAs(scope, workedProxy(proxy.server), 'UNAVAILABLE');
  const unit = await unitOf(host, proxy);
  if (unit !== undefined) {
    scope.log.info(say('obproxy.startingByUnit', { unit: unit.unit }));
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
    scope.log.info(say('obproxy.runsOnAfterUndo'));
    return;
  }
  await stopKeepers(scope, host, proxy, home);
  await endProxies(scope, host, home);
  scope.log.info(say('obproxy.stoppedAsBefore'));
}
