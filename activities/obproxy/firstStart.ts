/** What has to lie in a proxy's home before its first start, and how that start is called. */
import { lookAtPath } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { firstStartArguments, notForOptions } from '../../oceanbase/commandLine';
import { isSecretParameter, needsReboot } from '../../oceanbase/parameters';
import { randomPassword, sha1Hex } from '../../oceanbase/passwords';
import { proxyConfigDatabase } from '../../oceanbase/proxyConfigDb';
import { PermanentError } from '../../runtime/errors';
import { KEEPER_DIR, makeDir, readJson, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import { RUN_OBPROXY } from './keeper';
import { type ObproxyInstance, proxysysPassword, sourceOf } from './proxy';

/** What obflow knows about the proxy of this host; `preparing` until a start was proved. */
export interface ProxyMark {
  readonly serverId: number;
  readonly taskId: number;
  readonly home: string;
  readonly state: 'preparing' | 'running';
}

const MARK = `${KEEPER_DIR}/proxy.json`;
const ONE_TIME_PASSWORD = `${KEEPER_DIR}/one-time`;
const START_ERRORS = `${KEEPER_DIR}/start.err`;

export function readMark(host: Host): Promise<Partial<ProxyMark> | undefined> {
  return readJson<ProxyMark>(host, MARK);
}

export function writeMark(host: Host, mark: ProxyMark): Promise<void> {
  return writeJson(host, MARK, mark);
}

/** The password of the first start (< 4.1), kept on the host until the lasting one has taken its place. */
export async function oneTimePassword(scope: SubtaskScope, host: Host): Promise<string | undefined> {
  const password = (await host.readFile(ONE_TIME_PASSWORD))?.trim();
  if (password === undefined || password === '') return undefined;
  scope.log.hide(password);
  return password;
}

export async function forgetOneTimePassword(host: Host): Promise<void> {
  await host.sh(`rm -f ${ONE_TIME_PASSWORD} ${START_ERRORS}`);
}

/** What the launcher said; it ends with 0 whatever happens, and echoes its arguments. */
export async function launcherWords(host: Host): Promise<string> {
  const { stdout } = await host.sh(`head -c 2000 ${START_ERRORS} 2>/dev/null`);
  return stdout.trim();
}

/**
 * Makes the home ready and answers the script of the start. A home whose configuration is not ours is left alone:
 * PermanentError ODP21114. A configuration that has proved itself is never written again: the start has no options then.
 */
export async function prepareStart(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<string> {
  const { cluster, server, family } = proxy;
  const stored = family === '4.1+' ? 'etc/proxyconfig_v1.db' : 'etc/obproxy_config.bin';
  const [mark, { kind, size }] = await Promise.all([readMark(host), lookAtPath(host, `${home}/${stored}`)]);
  const ours = mark?.serverId === server.id && mark.home === home;
  const configured = kind !== 'absent' && size > 0;
  if (configured && !ours) {
    throw new PermanentError({
      type: 'HomeNotEmpty',
      code: 'ODP21114',
      tried: 'start OBProxy',
      where: host.ip,
      cameBack: `${home}/${stored} holds the configuration of another proxy`,
      next: `Move ${home}/etc away (or delete it) and retry, or take that proxy over.`,
    });
  }
  if (configured && mark?.state === 'running') {
    scope.log.info('The proxy has its configuration from an earlier start, it is started without options');
    return startScript(home, cluster.runUser, []);
  }
  await makeDir(host, KEEPER_DIR);
  await Promise.all([
    writeMark(host, { serverId: server.id, taskId: scope.input.taskId, home, state: 'preparing' }),
    ownHome(host, home, cluster.runUser),
  ]);
  if (family === '4.1+') {
    await writeConfiguration(scope, host, proxy, home);
    return startScript(home, cluster.runUser, []);
  }
  return startScript(home, cluster.runUser, await firstOptions(scope, host, proxy));
}

/** A proxy that may not write to its home dies without a word, so the home belongs to the run user. */
async function ownHome(host: Host, home: string, runUser: string): Promise<void> {
  const user = quote(runUser);
  const { exitCode, stderr } = await host.sh(
    `cd ${quote(home)} && [ -z "$(find . ! -user ${user} | head -n 1)" ] || chown -R ${user} .`,
    { timeoutMs: 60_000 },
  );
  if (exitCode === 0) return;
  throw new PermanentError({
    type: 'HomeUnfit',
    tried: `give ${home} to ${runUser}`,
    where: host.ip,
    cameBack: stderr.trim().slice(0, 500),
    next: 'Look at this folder on the host.',
  });
}

async function writeConfiguration(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const { cluster, server } = proxy;
  const content = await proxyConfigDatabase({
    appName: cluster.name,
    sqlPort: server.sqlPort,
    exporterPort: server.exporterPort,
    rpcPort: server.rpcPort,
    source: await sourceOf(scope, cluster),
    proxysysPassword: await proxysysPassword(scope, proxy),
    parameters: proxy.parameters,
  });
  const etc = `${home}/etc`;
  const user = quote(cluster.runUser);
  await host.sh(`mkdir -p -m 700 ${quote(etc)} && chown ${user} ${quote(etc)}`);
  await host.writeFile(`${etc}/proxyconfig_v1.db`, content, { mode: '0600', owner: cluster.runUser });
  scope.log.info('Wrote the configuration of the proxy (etc/proxyconfig_v1.db, readable by its user only)');
}

async function firstOptions(scope: SubtaskScope, host: Host, proxy: ObproxyInstance): Promise<string[]> {
  const { cluster, server, version } = proxy;
  const late = notForOptions(version, proxy.parameters).filter(({ name }) => needsReboot(name));
  if (late.length > 0) {
    throw new PermanentError({
      type: 'ParameterUnfit',
      tried: 'start OBProxy',
      where: host.ip,
      cameBack: `OBProxy ${version} cannot be given ${late.map(({ name }) => name).join(', ')} at its start: the value holds a comma, a quote or a blank`,
      next: 'Remove the parameter from the cluster, or use OBProxy 4.1 or later.',
    });
  }
  let password = await oneTimePassword(scope, host);
  if (password === undefined) {
    password = randomPassword();
    scope.log.hide(password);
    await host.writeFile(ONE_TIME_PASSWORD, `${password}\n`, { mode: '0600' });
  }
  return firstStartArguments({
    version,
    appName: cluster.name,
    sqlPort: server.sqlPort,
    exporterPort: server.exporterPort,
    rpcPort: server.rpcPort,
    source: await sourceOf(scope, cluster),
    oneTimePasswordSha1: sha1Hex(password),
    // Arguments are readable by everybody on the host, so what is secret is set by SQL.
    parameters: proxy.parameters.filter(({ name }) => !isSecretParameter(name)),
  });
}

/** Starts the proxy once, as its user, in its home (OBProxy's home is the current directory). */
export function startScript(home: string, user: string, options: readonly string[]): string {
  return `
    home=${quote(home)}
    user=${quote(user)}
    ${RUN_OBPROXY}
    umask 077
    run_obproxy ${options.map(quote).join(' ')} </dev/null >/dev/null 2>${START_ERRORS}`;
}
