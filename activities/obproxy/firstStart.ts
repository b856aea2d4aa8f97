/** What has to lie in a proxy's home before its first start, and how that start is called. */
import { lookAtPaths } from '../../hosts/paths';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { firstStartArguments, notForOptions } from '../../oceanbase/commandLine';
import { isSecretParameter, needsReboot } from '../../oceanbase/parameters';
import { randomPassword, sha1Hex } from '../../oceanbase/passwords';
import { proxyConfigDatabase } from '../../oceanbase/proxyConfigDb';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
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
  await host.sh(`exec rm -f ${ONE_TIME_PASSWORD} ${START_ERRORS}`);
}

/** What the launcher said; it ends with 0 whatever happens, and echoes its arguments. */
export async function launcherWords(host: Host): Promise<string> {
  const { stdout } = await host.sh(`head -c 2000 ${START_ERRORS} 2>/dev/null`);
  return stdout.trim();
}

/**
 * Makes the home ready and answers the script of the start, and the mark that is on the host then. `mark` is what readMark answered. A home whose configuration is not ours is left alone:
 * PermanentError ODP21114. A configuration that has proved itself is never written again: the start has no options then.
 */
export async function prepareStart(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
  mark: Partial<ProxyMark> | undefined,
): Promise<{ readonly script: string; readonly mark: Partial<ProxyMark> | undefined }> {
  const { cluster, server, family } = proxy;
  const stored = family === '4.1+' ? 'etc/proxyconfig_v1.db' : 'etc/obproxy_config.bin';
  const [configuration, folder] = await lookAtPaths(host, [`${home}/${stored}`, KEEPER_DIR]);
  const { kind = 'absent', size = 0 } = configuration ?? {};
  const ours = mark?.serverId === server.id && mark.home === home;
  const configured = kind !== 'absent' && size > 0;
  if (configured && !ours) {
    throw new PermanentError({
      type: 'HomeNotEmpty',
      code: 'ODP21114',
      tried: say('obproxy.start'),
      where: host.ip,
      cameBack: say('obproxy.otherConfiguration', { home, file: stored }),
      next: say('next.moveEtcOrTakeOver', { home }),
    });
  }
  if (configured && mark?.state === 'running') {
    scope.log.info(say('obproxy.configured'));
    return { script: startScript(home, cluster.runUser, []), mark };
  }
  if (folder?.kind !== 'folder') await makeDir(host, KEEPER_DIR);
  const written = { serverId: server.id, taskId: scope.input.taskId, home, state: 'preparing' } as const;
  await writeMark(host, written);
  await ownHome(host, home, cluster.runUser);
  if (family === '4.1+') {
    await writeConfiguration(scope, host, proxy, home);
    return { script: startScript(home, cluster.runUser, []), mark: written };
  }
  const options = await firstOptions(scope, host, proxy);
  return { script: startScript(home, cluster.runUser, options), mark: written };
}

/** A proxy that may not write to its home dies without a word, so the home belongs to the run user. */
async function ownHome(host: Host, home: string, runUser: string): Promise<void> {
  const user = quote(runUser);
  const { exitCode, stderr } = await host.sh(
    `cd ${quote(home)} || exit
exec find . ! -user ${user} -exec chown -h ${user} {} +`,
    { timeoutMs: 60_000 },
  );
  if (exitCode === 0) return;
  throw new PermanentError({
    type: 'HomeUnfit',
    tried: say('obproxy.give', { home, user: runUser }),
    where: host.ip,
    cameBack: stderr.trim().slice(0, 500),
    next: say('next.lookAtFolder'),
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
  await host.sh(`[ -d ${quote(etc)} ] || mkdir -m 700 ${quote(etc)}; exec chown ${user} ${quote(etc)}`);
  await host.writeFile(`${etc}/proxyconfig_v1.db`, content, { mode: '0600', owner: cluster.runUser });
  scope.log.info(say('obproxy.configurationWritten'));
}

async function firstOptions(scope: SubtaskScope, host: Host, proxy: ObproxyInstance): Promise<string[]> {
  const { cluster, server, version } = proxy;
  const late = notForOptions(version, proxy.parameters).filter(({ name }) => needsReboot(name));
  if (late.length > 0) {
    throw new PermanentError({
      type: 'ParameterUnfit',
      tried: say('obproxy.start'),
      where: host.ip,
      cameBack: say('obproxy.notAtStart', { version, names: late.map(({ name }) => name).join(', ') }),
      next: say('next.removeParameterOrNewer'),
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
