/** The first start of an observer, with all of its options, and its undo. */
import { lookAtPath } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { observerArguments, takesLocalIp } from '../../oceanbase/observerCommandLine';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { rpcAddress } from '../../runtime/addressText';
import { say } from '../../runtime/messages/catalogue';
import { holderText, processText, type ServiceProcesses } from '../host/serviceProcesses';
import { troubleOn } from '../host/trouble';
import { removeBy } from '../places';
import type { SubtaskScope } from '../types';
import { FORGET_OBSERVER, readObserverMark, writeObserverMark } from './mark';
import type { ObserverInstance } from './observer';
import { launchObserver, lookForObservers, observerListening, provesItself } from './process';

const TRIED = say('observer.start');

function refuseForeign(host: Host, { server }: ObserverInstance, look: ServiceProcesses): void {
  if (look.others.length > 0) {
    const text = say('observer.otherRuns', { processes: look.others.map(processText) });
    throw troubleOn(host, TRIED, 'ProcessExists', text, say('next.stopAndRetry'), 'COM32001');
  }
  for (const [name, port] of [
    ['SQL', server.sqlPort],
    ['RPC', server.rpcPort],
  ] as const) {
    const holder = holderText(look, port);
    if (holder === undefined) continue;
    const text = say('port.heldNamed', { port, name, holder });
    throw troubleOn(host, TRIED, 'PortTaken', text, say('next.stopServiceAndRetry'), 'OBE19008');
  }
}

/** Name of the device that has the address, for versions that take no address. */
async function deviceOf(host: Host, ip: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.sh(
    `all=$(ip -o addr show) || exit 45
printf '%s\\n' "$all" | awk -v ip=${quote(ip)} '{ split($4, a, "/"); if (a[1] == ip) { print $2; exit } }'`,
  );
  const device = stdout.trim().split('@')[0] ?? '';
  if (/^[A-Za-z0-9._-]{1,15}$/.test(device)) return device;
  if (exitCode !== 0) {
    const text = say('observer.noDeviceList', { said: stderr.trim().slice(0, 300) });
    throw troubleOn(host, TRIED, 'DeviceUnknown', text, say('next.installIp'), 'CMP07036');
  }
  const next = say('next.giveAddress');
  throw troubleOn(host, TRIED, 'DeviceUnknown', say('observer.noDevice', { ip }), next, 'CMP07036');
}

async function words(host: Host, { server, cluster, part, layout }: ObserverInstance): Promise<string[]> {
  const device = takesLocalIp(part.version) ? {} : { device: await deviceOf(host, server.ip) };
  return observerArguments({
    version: part.version,
    zone: server.zone,
    ip: server.ip,
    sqlPort: server.sqlPort,
    rpcPort: server.rpcPort,
    clusterName: cluster.name,
    obClusterId: cluster.obClusterId,
    layout,
    rootServers: cluster.rootServers,
    parameters: server.startupParameters,
    ...device,
  });
}

/** A configuration that this server did not write belongs to an observer that somebody may still need. */
async function refuseStrangeConfiguration(host: Host, { server, layout }: ObserverInstance): Promise<void> {
  const file = `${layout.home}/etc/observer.config.bin`;
  const [mark, { kind }] = await Promise.all([readObserverMark(host), lookAtPath(host, file)]);
  if (kind === 'absent' || mark?.serverId === server.id) return;
  const next = say('next.moveEtc', { home: layout.home });
  throw troubleOn(
    host,
    TRIED,
    'HomeNotEmpty',
    say('observer.otherConfiguration', { file }),
    next,
    'COM10005',
  );
}

async function start(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { layout, part, cluster } = observer;
  await refuseStrangeConfiguration(host, observer);
  await writeObserverMark(host, observer, scope.input.taskId, { state: 'preparing' });
  const options = await words(host, observer);
  const roots = cluster.rootServers.map(rpcAddress).join(', ');
  scope.log.info(
    say('observer.starting', { version: part.version, home: layout.home, user: RUN_USER, roots }),
  );
  const commandLine = ['bin/observer', ...options.map(quote)].join(' ');
  scope.log.info(commandLine);
  await launchObserver(scope, host, layout.home, 'start', options);
}

/**
 * Proved by its process, both ports and an answer to a login; one that runs already is only proved. `scope` is of the host.
 *
 * @throws PermanentError ProcessExists, PortTaken, HomeNotEmpty, ObserverStartFailed, WrongUser, ObserverSilent
 */
export async function startFirst(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const look = await lookForObservers(host, observer.layout.home);
  if (look.own.length > 0)
    scope.log.info(say('process.runsAlready', { processes: look.own.map(processText) }));
  else {
    refuseForeign(host, observer, look);
    await start(scope, host, observer);
  }
  const process = await observerListening(scope, host, observer);
  if (process.user !== RUN_USER) {
    const text = say('process.otherUser', { pid: process.pid, user: process.user, runUser: RUN_USER });
    throw troubleOn(host, TRIED, 'WrongUser', text, say('next.chownHome'), 'CMP07037');
  }
  await provesItself(scope, host, observer);
}

/** Whether this very task has begun to start the observer there. */
export async function startedByTask(
  { input }: Pick<SubtaskScope, 'input'>,
  host: Host,
  { server }: Pick<ObserverInstance, 'server'>,
): Promise<boolean> {
  const mark = await readObserverMark(host);
  return mark?.serverId === server.id && mark.taskId === input.taskId;
}

/** Its configuration goes, or a later installation would take it for somebody's; its log stays. The process must be gone. */
export async function forgetFirstStart(
  host: Host,
  { layout }: Pick<ObserverInstance, 'layout'>,
): Promise<void> {
  await removeBy(
    host,
    `[ ! -d ${quote(layout.home)} ] || { cd ${quote(layout.home)} && rm -rf -- etc/observer.config.bin* run/observer.pid; } || exit 1
${FORGET_OBSERVER}`,
    say('observer.configurationIn', { home: layout.home }),
  );
}
