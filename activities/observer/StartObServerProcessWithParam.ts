import { lookAtPath } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { observerArguments, takesLocalIp } from '../../oceanbase/observerCommandLine';
import { RUN_USER } from '../../oceanbase/observerLayout';
import { addressText } from '../../runtime/addressText';
import { holderText, processText, type ServiceProcesses } from '../host/serviceProcesses';
import { removeBy } from '../places';
import { subtask } from '../subtask';
import type { SubtaskScope } from '../types';
import { FORGET_OBSERVER, readObserverMark, writeObserverMark } from './mark';
import { OBSERVER, type ObserverInstance, observerOf, proveOutOfCluster, serverMadeByTask } from './observer';
import {
  launchObserver,
  lookForObservers,
  observerListening,
  provesItself,
  stopObservers,
  trouble,
} from './process';

const TRIED = 'start the observer';

function refuseForeign(host: Host, { server }: ObserverInstance, look: ServiceProcesses): void {
  if (look.others.length > 0) {
    const text = `another observer runs on the host: ${look.others.map(processText).join('; ')}`;
    throw trouble(host, TRIED, 'ProcessExists', text, 'Stop it and retry.', 'COM32001');
  }
  for (const [name, port] of [
    ['SQL', server.sqlPort],
    ['RPC', server.rpcPort],
  ] as const) {
    const holder = holderText(look, port);
    if (holder === undefined) continue;
    const text = `port ${port} (${name}) is held by ${holder}`;
    throw trouble(host, TRIED, 'PortTaken', text, 'Stop that service and retry.', 'OBE19008');
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
    const text = `the host does not list its network devices: ${stderr.trim().slice(0, 300)}`;
    throw trouble(
      host,
      TRIED,
      'DeviceUnknown',
      text,
      'Install the command ip (iproute), then retry.',
      'CMP07036',
    );
  }
  const next = 'Give the host that address, then retry.';
  throw trouble(host, TRIED, 'DeviceUnknown', `no network device has the address ${ip}`, next, 'CMP07036');
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
  const next = `Move ${layout.home}/etc away (or delete it) and retry.`;
  throw trouble(host, TRIED, 'HomeNotEmpty', `${file} is of another observer`, next, 'COM10005');
}

async function start(scope: SubtaskScope, host: Host, observer: ObserverInstance): Promise<void> {
  const { layout, part, cluster } = observer;
  await refuseStrangeConfiguration(host, observer);
  await writeObserverMark(host, observer, scope.input.taskId, { state: 'preparing' });
  const options = await words(host, observer);
  const roots = cluster.rootServers.map(({ ip, rpcPort }) => addressText(ip, rpcPort)).join(', ');
  scope.log.info(
    `Starting OceanBase ${part.version} in ${layout.home} as ${RUN_USER}; it will ask ${roots} for its cluster`,
  );
  scope.log.info(`bin/observer ${options.map(quote).join(' ')}`);
  await launchObserver(scope, host, layout.home, 'start', options);
}

/** "Start observer process with param": the first start, proved by its process, both ports and an answer to a login. */
export const StartObServerProcessWithParam = subtask({
  name: 'Start observer process with param',
  className: 'server.StartObServerProcessWithParamTask',
  timeout: 1200,
  needs: OBSERVER,
  leaves: 'the running observer and its data',

  async run(scope) {
    const observer = await observerOf(scope);
    const host = await scope.host();
    const look = await lookForObservers(host, observer.layout.home);
    if (look.own.length > 0) scope.log.info(`${look.own.map(processText).join('; ')} runs already`);
    else {
      refuseForeign(host, observer, look);
      await start(scope, host, observer);
    }
    const process = await observerListening(scope, host, observer);
    if (process.user !== RUN_USER) {
      const text = `pid ${process.pid} runs as ${process.user}, not as ${RUN_USER}`;
      throw trouble(host, TRIED, 'WrongUser', text, 'Stop it, chown its home, and retry.', 'CMP07037');
    }
    await provesItself(scope, host, observer);
    return undefined;
  },

  async rollback(scope) {
    if ((await serverMadeByTask(scope)) === undefined) {
      scope.log.info('There is no server of this task on this host, nothing to undo');
      return;
    }
    const { layout, server } = await proveOutOfCluster(scope, 'stop the observer');
    const host = await scope.host();
    const mark = await readObserverMark(host);
    if (mark?.serverId !== server.id || mark.taskId !== scope.input.taskId) {
      scope.log.info('This task started no observer here, nothing to undo');
      return;
    }
    await stopObservers(scope, host, layout.home);
    // Its configuration goes, or a later installation would take it for somebody's; its log stays.
    await removeBy(
      host,
      `[ ! -d ${quote(layout.home)} ] || { cd ${quote(layout.home)} && rm -rf -- etc/observer.config.bin* run/observer.pid; } || exit 1
${FORGET_OBSERVER}`,
      `the configuration of the observer in ${layout.home}`,
    );
    scope.log.info('The observer is stopped; its log stays');
  },
});
