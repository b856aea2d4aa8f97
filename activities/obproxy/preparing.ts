/** What a task looks at on the host of a proxy before it works on it. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { compareVersions } from '../../oceanbase/versions';
import { say, type Text } from '../../runtime/messages/catalogue';
import { beginWork, restoreWork } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { troublesOf } from '../host/trouble';
import type { SubtaskScope } from '../types';
import { forgetNote } from './notes';
import { processText } from './process';
import { isSkipped, othersServing, type ProxiesScope } from './proxiesOfTask';
import { homeOf, type ObproxyInstance, proxyOf, proxyRowOf, runUserOf, workedProxy } from './proxy';
import { theProcess } from './stopping';

const trouble = troublesOf(say('obproxy.prepareStart'), 'ODP10001');

/** File that holds the configuration a proxy is started with. */
export function storedConfiguration({ family }: Pick<ObproxyInstance, 'family'>, home: string): string {
  return `${home}/etc/${family === '4.1+' ? 'proxyconfig_v1.db' : 'obproxy_config.bin'}`;
}

/**
 * The home has a stored configuration: a proxy that exists is never started with first values, which would put former
 * passwords and ports back.
 */
export async function proveConfigured(host: Host, proxy: ObproxyInstance, home: string): Promise<void> {
  const file = storedConfiguration(proxy, home);
  const { exitCode } = await host.sh(`[ -s ${quote(file)} ]`);
  if (exitCode === 0) return;
  const next = say('next.putConfigurationBack');
  throw trouble(host, 'ConfigurationMissing', say('obproxy.noConfiguration', { file }), next);
}

/**
 * Program, version and configuration of the home are those of the recorded proxy. Resolves to what was found.
 *
 * @throws PermanentError ProgramMissing, ObproxyVersionDiffers, ConfigurationMissing
 */
export async function proveStartable(host: Host, proxy: ObproxyInstance, home: string): Promise<Text> {
  const user = runUserOf(proxy);
  const { exitCode, stdout } = await host.sh(
    `cd ${quote(home)} || exit 3
     [ -f bin/obproxy ] || exit 4
     env "LD_LIBRARY_PATH=$(pwd)/lib" ./bin/obproxy -V 2>&1`,
    { user },
  );
  if (exitCode === 3 || exitCode === 4) {
    const missing = exitCode === 3 ? home : `${home}/bin/obproxy`;
    const next = say('next.installAgain');
    throw trouble(host, 'ProgramMissing', say('obproxy.cannotUse', { user, path: missing }), next);
  }
  const found = /OceanBase\s+v?(\d+(?:\.\d+)+)/.exec(stdout)?.[1];
  if (found === undefined || compareVersions(found, proxy.version) !== 0) {
    const said = stdout.trim().slice(0, 300) || `exit code ${exitCode}`;
    const next = say('next.putVersionBack');
    throw trouble(
      host,
      'ObproxyVersionDiffers',
      say('obproxy.programIs', {
        home,
        found: found ?? say('obproxy.tellsNoVersion', { said }),
        version: proxy.version,
      }),
      next,
      'ODP21016',
    );
  }
  await proveConfigured(host, proxy, home);
  return say('obproxy.homeHolds', { home, version: found });
}

/** The host answers, and at most one process lives in the home; which one is said. Throws as `theProcess` does. */
export async function lookForTheProcess(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const home = await homeOf(scope, proxy);
  const process = await theProcess(await scope.host(), home);
  scope.log.info(
    process === undefined
      ? say('obproxy.noneLives', { home })
      : say('process.livesIn', { processes: [processText(process)], home }),
  );
}

/** For the undo of a Prepare subtask: the former status, and nothing of this task on the host. */
export async function undoPrepare(scope: ProxiesScope): Promise<void> {
  const server = await proxyRowOf(scope);
  if (server === undefined) return scope.log.info(say('obproxy.notInInventory'));
  await restoreWork(scope, workedProxy(server));
  if (isSkipped(scope, server.id)) return;
  await forgetTask(scope, [server.hostId], forgetNote);
}

/** For the Prepare subtasks of deletions: the host answers unless it is to be left alone, and the proxy is DELETING. */
export async function prepareDelete(scope: ProxiesScope): Promise<void> {
  const proxy = await proxyOf(scope);
  if (isSkipped(scope, proxy.server.id)) scope.log.warn(say('host.notContacted', { ip: proxy.server.ip }));
  else await lookForTheProcess(scope, proxy);
  if (othersServing(scope, proxy) === 0) {
    scope.log.warn(say('obproxy.nowhereToGo', { cluster: proxy.cluster.name }));
  }
  await beginWork(scope, workedProxy(proxy.server), {
    status: 'DELETING',
    from: ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
  });
}
