/** Whether a proxy serves: it knows the linked clusters, and a login through it reaches each of them. */
import { PUBLIC_URL_NEXT } from '../../contact/configUrl';
import { quote } from '../../hosts/quote';
import type { Host } from '../../hosts/types';
import { milliseconds } from '../../oceanbase/handOver';
import { loginName, SYS_TENANT, sysUser } from '../../oceanbase/loginName';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import { linkFindings, readRunning } from '../../oceanbase/obproxyRunning';
import { sameValue } from '../../oceanbase/parameters';
import { randomPassword } from '../../oceanbase/passwords';
import { couldNotAsk, openSqlSession, SqlConnectionError, SqlError } from '../../oceanbase/sqlSession';
import { addressText } from '../../runtime/addressText';
import { PermanentError, TransientError, type Trouble } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
import type { ObLinkRow } from '../../store/types';
import { takesOver } from '../takeOver';
import type { SubtaskScope } from '../types';
import { administer, homeOf, type ObproxyInstance } from './proxy';
import { proxyHome } from './takeOver/inspect';
import { administerAdopted } from './takeOver/passwords';

/** A proxy asks its config server after 75 to 100 % of this, which is a minute unless somebody has said otherwise. */
const INTERVAL = 'config_server_refresh_interval';
const INTERVAL_MS = 60_000;
/** What is left of the subtask's five minutes is for the logins. */
const MOST_LEARN_MS = 200_000;
/** Its first look at a cluster takes 6 s when a server says nothing (OBProxy 4.3.1, observed). */
const LOGIN_MS = 10_000;
const PATIENCE_MS = 25_000;
const PAUSE_MS = 1_000;

const ACCESS_DENIED = 1045;
const CLUSTER_NOT_EXIST = 4669;
/** The user that OBProxy reads clusters by, and sends away when somebody else logs in as it (skip_proxyro_check). */
const PROXYRO = 'proxyro';

/**
 * Proves that users reach the linked clusters through the proxy. What cannot be proven is a warning of the log.
 *
 * @throws PermanentError ObClusterUnknownToProxy, LoginRefused, ObproxyServesNobody, when no login can work; TransientError
 * ObserverUnreachable when OceanBase cannot answer one now
 */
export async function proveService(scope: SubtaskScope, proxy: ObproxyInstance): Promise<void> {
  const { cluster } = proxy;
  if (cluster.obLinks.length === 0) {
    scope.log.info(say('serves.noLinks'));
    return;
  }
  const host = await scope.host();
  const adopted = takesOver(scope.input);
  const admin = adopted ? (await administerAdopted(scope, proxy)).admin : await administer(scope, proxy);
  try {
    const unknown =
      cluster.workMode === 'CONFIG_URL'
        ? await unknownClusters(scope, proxy, admin)
        : await proveRootServers(scope, proxy, admin);
    const proxyroPasses = await letsProxyroIn(admin);
    // Of two clusters of one name users reach the primary.
    const links = new Map(
      [...cluster.obLinks]
        .sort((one, other) => Number(one.clusterType === 'PRIMARY') - Number(other.clusterType === 'PRIMARY'))
        .map((link) => [link.clusterName, link]),
    );
    for (const [name, link] of links) {
      if (!unknown.includes(name)) await proveLogin(scope, host, proxy, link, proxyroPasses);
    }
  } finally {
    admin.close();
  }
}

function about(proxy: ObproxyInstance, type: string, cameBack: Said, next: Said): Trouble {
  return {
    type,
    code: 'ODP21011',
    tried: say('serves.reach'),
    where: addressText(proxy.server.ip, proxy.server.sqlPort),
    cameBack,
    next,
  };
}

function trouble(...what: Parameters<typeof about>): PermanentError {
  return new PermanentError(about(...what));
}

/** Waits until the proxy has learnt of every linked cluster; answers those of which it is known why it does not. */
async function unknownClusters(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  admin: ObproxyAdmin,
): Promise<string[]> {
  const wanted = [...new Set(proxy.cluster.obLinks.map(({ clusterName }) => clusterName))];
  const interval = (await pollInterval(admin)) * 1.2 + 5_000;
  const deadline = Date.now() + Math.min(interval, MOST_LEARN_MS);
  for (let looks = 0; ; looks += 1) {
    const known = await admin.clusterNames();
    const missing = wanted.filter((name) => !known.includes(name));
    if (missing.length === 0) {
      scope.log.info(say('serves.knows', { clusters: wanted.join(', ') }));
      return [];
    }
    const names = missing.join(', ');
    const { configUrl } = await proxyHome(scope.store, proxy.cluster, scope.config.publicUrl);
    const asks = (await admin.showConfig('obproxy_config_server_url'))?.value ?? '';
    // A take-over changes nothing that serves: said, and repaired by a command of its own.
    if (takesOver(scope.input) && asks !== configUrl) {
      scope.log.warn(say('serves.asksElsewhere', { asks, names }));
      return missing;
    }
    if (Date.now() > deadline && interval > MOST_LEARN_MS) {
      scope.log.warn(say('serves.learnsLater', { names, asks, parameter: INTERVAL }));
      return missing;
    }
    if (Date.now() > deadline) {
      throw trouble(
        proxy,
        'ObClusterUnknownToProxy',
        say('serves.notLearnt', { names, asks, errno: CLUSTER_NOT_EXIST }),
        say('next.thenPushUrl', { next: PUBLIC_URL_NEXT }),
      );
    }
    if (looks === 0) {
      scope.log.info(say('serves.asksAgain', { names, asks, parameter: INTERVAL }));
    }
    await scope.pause(PAUSE_MS);
  }
}

async function pollInterval(admin: ObproxyAdmin): Promise<number> {
  return milliseconds((await admin.showConfig(INTERVAL))?.value ?? '') ?? INTERVAL_MS;
}

/** In this mode SHOW PROXYCLUSTER tells nothing (OBProxy 4.3.1, observed): the list that the proxy was given is compared. */
async function proveRootServers(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  admin: ObproxyAdmin,
): Promise<string[]> {
  const running = await readRunning(admin);
  if (running === undefined) {
    scope.log.warn(say('serves.noVersion'));
    return [];
  }
  const home = await proxyHome(scope.store, proxy.cluster, scope.config.publicUrl, proxy.server.id);
  for (const { level, text, next } of linkFindings(running, home)) {
    if (level === 'ERROR')
      throw trouble(proxy, 'ObClusterUnknownToProxy', text, next ?? say('next.setPublicUrl'));
    scope.log.info(text);
  }
  return [];
}

/** Versions that have no such parameter are tried: they tell by their answer. */
async function letsProxyroIn(admin: ObproxyAdmin): Promise<boolean> {
  const check = await admin.showConfig('skip_proxyro_check');
  return check === undefined || sameValue(check.value, 'true');
}

type Answered =
  | { readonly kind: 'served' }
  /** `passes`: a server that boots says so, and a proxy that has not found the cluster yet. */
  | { readonly kind: 'error'; readonly errno: number; readonly text: string; readonly passes: boolean }
  | { readonly kind: 'silence'; readonly text: Said };

async function logInThrough(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  as: { readonly login: string; readonly password: string },
): Promise<Answered> {
  try {
    const session = await openSqlSession({
      to: { stream: await host.tunnel(proxy.server.sqlPort) },
      user: as.login,
      password: as.password,
      timeoutMs: LOGIN_MS,
      signal: scope.signal,
    });
    try {
      await session.query('SELECT 1');
      return { kind: 'served' };
    } finally {
      session.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (error instanceof SqlError) {
      const { errno, message } = error;
      const passes = errno === CLUSTER_NOT_EXIST || couldNotAsk(error);
      return { kind: 'error', errno, text: message.replaceAll(as.password, '***'), passes };
    }
    if (error instanceof SqlConnectionError) return { kind: 'silence', text: error.said };
    throw error;
  }
}

/**
 * One login through the proxy. As the user that the inventory knows where the proxy lets it in; else as a user that does not
 * exist: for that the proxy has to find the cluster, log in there itself, compare the name and pass the login on, and the
 * refusal comes from OceanBase.
 */
async function proveLogin(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  link: ObLinkRow,
  proxyroPasses: boolean,
): Promise<void> {
  const user = sysUser(link.username);
  const name = link.clusterName;
  const loginOf = (who: string) => loginName({ user: who, tenant: SYS_TENANT, cluster: name });
  if (user !== PROXYRO || proxyroPasses) {
    const login = loginOf(user);
    const answer = await patiently(scope, host, proxy, name, {
      login,
      password: await passwordOf(scope, link),
    });
    if (answer.kind === 'served') {
      scope.log.info(say('serves.logsIn', { login }));
      return;
    }
    // OceanBase has just let this user in; a proxy that is older than the parameter may keep proxyro out itself.
    if (user !== PROXYRO || answer.errno !== ACCESS_DENIED) throw refused(proxy, login, answer);
  }
  const stranger = loginOf('obflow_probe');
  const answer = await patiently(scope, host, proxy, name, { login: stranger, password: randomPassword() });
  if (answer.kind === 'served' || answer.errno === ACCESS_DENIED) {
    scope.log.info(say('serves.answers', { name, stranger }));
    return;
  }
  if (answer.errno === CLUSTER_NOT_EXIST) throw refused(proxy, stranger, answer);
  scope.log.warn(say('serves.errorInstead', { name, errno: answer.errno, text: answer.text }));
}

async function passwordOf(scope: SubtaskScope, link: ObLinkRow): Promise<string> {
  const cluster = await scope.store.obClusters.find(link.clusterId);
  if (cluster === undefined) {
    throw new PermanentError({
      type: 'InventoryIncomplete',
      code: 'OBE11001',
      tried: say('serves.logIn', { cluster: link.clusterName }),
      cameBack: say('link.unknownCluster'),
      next: say('next.declare'),
    });
  }
  const { secret } = await scope.store.credentials.open(cluster.proxyroCredentialId);
  scope.log.hide(secret);
  return secret;
}

function refused(
  proxy: ObproxyInstance,
  login: string,
  { errno, text, passes }: Extract<Answered, { kind: 'error' }>,
): PermanentError | TransientError {
  const cameBack = say('serves.hearsError', { login, errno, text });
  if (errno === CLUSTER_NOT_EXIST)
    return trouble(proxy, 'LoginRefused', cameBack, say('next.unknownToProxy', { next: PUBLIC_URL_NEXT }));
  if (!passes) return trouble(proxy, 'LoginRefused', cameBack, say('next.acceptUser'));
  return new TransientError(about(proxy, 'ObserverUnreachable', cameBack, say('next.checkObCluster')));
}

/** Answers what a login hears, once anybody says something; a proxy that has just started may need a moment. */
async function patiently(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  name: string,
  as: { readonly login: string; readonly password: string },
): Promise<Exclude<Answered, { kind: 'silence' }>> {
  const started = Date.now();
  let former: Trace | undefined;
  for (;;) {
    const answer = await logInThrough(scope, host, proxy, as);
    const passes = answer.kind === 'error' && answer.passes;
    const over = Date.now() - started > PATIENCE_MS;
    if (answer.kind !== 'silence' && (!passes || over)) return answer;
    if (answer.kind === 'silence') {
      const trace = await lastTrace(scope, host, proxy, name);
      // The first one may be of somebody else's login, long ago.
      const own = former !== undefined && trace.count > former.count;
      if (own || over) refuseKnown(proxy, name, trace);
      if (over) throw silence(scope, proxy, name, answer.text, trace, await serversOf(scope, proxy, name));
      former ??= trace;
    }
    await scope.pause(PAUSE_MS);
  }
}

/** The last LOGIN_TRACE of a cluster in log/obproxy_diagnosis.log, where alone OBProxy says why it drops a login (4.3.1, observed). */
interface Trace {
  readonly count: number;
  readonly code: number | undefined;
  readonly text: string;
}

async function lastTrace(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  name: string,
): Promise<Trace> {
  const home = await homeOf(scope, proxy);
  const { stdout } = await host.sh(`
    log=${quote(`${home}/log/obproxy_diagnosis.log`)}
    [ -r "$log" ] || exit 0
    lines=$(tail -n 2000 "$log" | grep -aF LOGIN_TRACE | grep -aF ${quote(`cluster_name:"${name}"`)})
    [ -n "$lines" ] || exit 0
    printf '%s\\n' "$lines" | wc -l
    printf '%s\\n' "$lines" | tail -n 1 | cut -c1-2000`);
  const [count = '', line = ''] = stdout.split('\n');
  const code = /error_code:(-?\d+)/.exec(line)?.[1];
  return {
    count: Number(count) || 0,
    code: code === undefined ? undefined : Math.abs(Number(code)),
    text: /error_msg:"((?:[^"\\]|\\.|"(?!,|\}|\)))*)"/.exec(line)?.[1]?.slice(0, 300) ?? '',
  };
}

/** What no waiting cures. */
function refuseKnown(proxy: ObproxyInstance, name: string, { code, text }: Trace): void {
  if (code === 4666) {
    throw trouble(
      proxy,
      'ClusterNameDiffers',
      say('serves.otherName', { name, text }),
      say('next.declareOwnName'),
    );
  }
  if (code === ACCESS_DENIED) {
    throw trouble(
      proxy,
      'LoginRefused',
      say('serves.proxyroRefused', { name, text }),
      say('next.acceptProxyro'),
    );
  }
}

async function serversOf(scope: SubtaskScope, proxy: ObproxyInstance, name: string): Promise<string> {
  const link = proxy.cluster.obLinks.find(({ clusterName }) => clusterName === name);
  const cluster = link === undefined ? undefined : await scope.store.obClusters.find(link.clusterId);
  return (cluster?.rootServers ?? []).map(({ ip, sqlPort }) => addressText(ip, sqlPort)).join(', ');
}

function silence(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  name: string,
  heard: Said,
  trace: Trace,
  servers: string,
): PermanentError {
  const why = trace.code === undefined ? '' : say('serves.diagnosis', { code: trace.code, text: trace.text });
  scope.log.error(say('serves.noLogin', { name, heard, why }));
  return trouble(
    proxy,
    'ObproxyServesNobody',
    say('serves.silence', { name, heard, why }),
    say('next.reachSqlPorts', { ip: proxy.server.ip, name, servers }),
  );
}
