/** What a task looks at on the host of a proxy before it works on it. */
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { compareVersions } from '../../oceanbase/versions';
import { PermanentError } from '../../runtime/errors';
import { beginWork, restoreWork } from '../common/work';
import { forgetTask } from '../host/forgetTask';
import { forgetNote } from './notes';
import { processText } from './process';
import { isSkipped, othersServing, type ProxiesScope } from './proxiesOfTask';
import { homeOf, type ObproxyInstance, proxyOf, proxyRowOf, runUserOf, workedProxy } from './proxy';
import { theProcess } from './stopping';

function trouble(
  host: Host,
  type: string,
  cameBack: string,
  next: string,
  code = 'ODP10001',
): PermanentError {
  return new PermanentError({
    type,
    code,
    tried: 'prepare the start of OBProxy',
    where: host.ip,
    cameBack,
    next,
  });
}

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
  const next = 'Put the file back from a backup and retry; or delete this OBProxy and add it again.';
  throw trouble(
    host,
    'ConfigurationMissing',
    `there is no ${file}, and without it the proxy is another one`,
    next,
  );
}

/**
 * Program, version and configuration of the home are those of the recorded proxy. Resolves to what was found.
 *
 * @throws PermanentError ProgramMissing, ObproxyVersionDiffers, ConfigurationMissing
 */
export async function proveStartable(host: Host, proxy: ObproxyInstance, home: string): Promise<string> {
  const user = runUserOf(proxy);
  const { exitCode, stdout } = await host.sh(
    `cd ${quote(home)} || exit 3
     [ -f bin/obproxy ] || exit 4
     env "LD_LIBRARY_PATH=$(pwd)/lib" ./bin/obproxy -V 2>&1`,
    { user },
  );
  if (exitCode === 3 || exitCode === 4) {
    const missing = exitCode === 3 ? home : `${home}/bin/obproxy`;
    const next = 'Install the package again, or delete this OBProxy and add it again.';
    throw trouble(host, 'ProgramMissing', `${user} cannot use ${missing}`, next);
  }
  const found = /OceanBase\s+v?(\d+(?:\.\d+)+)/.exec(stdout)?.[1];
  if (found === undefined || compareVersions(found, proxy.version) !== 0) {
    const said = found ?? `no version: ${stdout.trim().slice(0, 300) || `exit code ${exitCode}`}`;
    const next = 'Put the program of the recorded version back and retry.';
    throw trouble(
      host,
      'ObproxyVersionDiffers',
      `${home}/bin/obproxy is ${said}, recorded is ${proxy.version}`,
      next,
      'ODP21016',
    );
  }
  await proveConfigured(host, proxy, home);
  return `${home} holds OBProxy ${found} with its configuration`;
}

/** For the undo of a Prepare subtask: the former status, and nothing of this task on the host. */
export async function undoPrepare(scope: ProxiesScope): Promise<void> {
  const server = await proxyRowOf(scope);
  if (server === undefined) return scope.log.info('The inventory does not hold the proxy any more');
  await restoreWork(scope, workedProxy(server));
  if (isSkipped(scope, server.id)) return;
  await forgetTask(scope, [server.hostId], forgetNote);
}

/** For the Prepare subtasks of deletions: the host answers unless it is to be left alone, and the proxy is DELETING. */
export async function prepareDelete(scope: ProxiesScope): Promise<void> {
  const proxy = await proxyOf(scope);
  const home = await homeOf(scope, proxy);
  if (isSkipped(scope, proxy.server.id)) scope.log.warn(`${proxy.server.ip} is not contacted, as asked`);
  else {
    const process = await theProcess(await scope.host(), home);
    scope.log.info(
      process === undefined
        ? `No process of the proxy lives in ${home}`
        : `${processText(process)} lives in ${home}`,
    );
  }
  if (othersServing(scope, proxy) === 0) {
    scope.log.warn(
      `No other proxy of cluster ${proxy.cluster.name} is RUNNING: its clients have nowhere to go`,
    );
  }
  await beginWork(scope, workedProxy(proxy.server), {
    status: 'DELETING',
    from: ['RUNNING', 'UNAVAILABLE', 'STOPPED'],
  });
}
