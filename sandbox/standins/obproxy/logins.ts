/** Who may log in to the proxy, and what everybody else hears (OBProxy 4.3.1, observed). */
import { addressText } from '../../../runtime/addressText';
import { passOn } from '../mysql/relay';
import type { Login, LoginAnswer, SqlError } from '../mysql/server';
import type { Cluster } from './admin';
import type { GoodServer, Verdict } from './clusterCheck';
import type { Counters } from './counters';
import type { Log } from './log';
import type { Session, Sessions } from './sessions';
import { ERRORS, type Settings } from './settings';

/**
 * Loopback, 192.168/16 and fc00::/7. 10/8, 172.16/12, 100.64/10 and 169.254/16 are refused like public addresses.
 */
export function isPrivate(address: string): boolean {
  return (
    address.startsWith('127.') ||
    address === '::1' ||
    address.startsWith('192.168.') ||
    /^f[cd][0-9a-f]{2}:/i.test(address)
  );
}

export interface LoginParts {
  readonly settings: Settings;
  readonly sessions: Sessions;
  readonly counters: Counters;
  readonly log: Log;
  clusters(): readonly Cluster[] | undefined;
  /** Called before a login to a known cluster goes to an observer: what the proxy finds out about that cluster. */
  userLogin(cluster: string): Promise<Verdict | GoodServer>;
  /** For tests that hold sessions of users: they are served, although there is no observer. */
  servesUsers(): boolean;
  /** log/obproxy_diagnosis.log, where alone the reason of a failed login stands. */
  readonly diagnosis: Log;
}

export async function admit(parts: LoginParts, login: Login): Promise<LoginAnswer<Session>> {
  const [account = '', cluster] = login.user.split('#');
  if (account === 'root@proxysys') return administrator(parts, login);
  return observerUser(parts, login, account, cluster);
}

function denied(login: Login): { error: SqlError } {
  const using = login.withoutPassword ? 'NO' : 'YES';
  return {
    error: {
      code: 1045,
      message: `Access denied for user '${login.user}'@'${login.address}' (using password: ${using})`,
    },
  };
}

function begin(sessions: Sessions, login: Login, cluster: string, isAdministrator: boolean): Session {
  const [user = '', tenant = 'sys'] = login.user.split('#')[0]?.split('@') ?? [];
  return sessions.begin({
    user,
    tenant,
    cluster,
    host: addressText(login.address, login.port),
    database: login.database,
    isAdministrator,
  });
}

/** A wrong password and a forbidden address get the very same answer. */
function administrator(
  { settings, sessions, counters, log }: LoginParts,
  login: Login,
): LoginAnswer<Session> {
  const hash = settings.value('obproxy_sys_password');
  const known = hash === '' ? login.withoutPassword : login.matches(hash);
  const allowed = settings.isOn('skip_proxy_sys_private_check') || isPrivate(login.address);
  if (known && allowed) {
    counters.count('logins');
    return { session: begin(sessions, login, '', true) };
  }
  counters.count('failedLogins');
  log.write('WDIAG', `fail to login, user:"root@proxysys", client:"${login.address}", ret=-1045`);
  return denied(login);
}

/**
 * Others belong to an observer: once the proxy has found out that the cluster is what it should be, the login goes to one of
 * its servers, which answers from there on. A cluster that is not is never seen by the client, nor is the reason.
 */
async function observerUser(
  { settings, sessions, log, diagnosis, clusters, userLogin, servesUsers }: LoginParts,
  login: Login,
  account: string,
  cluster: string | undefined,
): Promise<LoginAnswer<Session>> {
  if (account === 'proxyro@sys' && !settings.isOn('skip_proxyro_check')) return denied(login);
  const names = clusters()?.map(({ name }) => name) ?? [settings.value('rootservice_cluster_name')];
  const wanted = cluster ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined || !names.includes(wanted)) return { error: ERRORS.clusterNotExist };
  if (servesUsers()) return { session: begin(sessions, login, wanted, false) };
  const found = await userLogin(wanted);
  if ('server' in found) {
    // `#cluster` is for the proxy (OBProxy 4.3.1, observed).
    const relay = await passOn(found.server, { ...login, user: account });
    if (relay !== undefined) return { relay };
  } else {
    diagnosis.write(
      'WARN',
      `[LOGIN](trace_type="LOGIN_TRACE", connection_diagnosis={proxy_session_id:0, cluster_name:"${wanted}", error_code:${found.code}, error_msg:"${found.message}"})`,
    );
  }
  log.write('WDIAG', `fail to login, cluster:"${wanted}", no server answers, ret=-4152`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return 'drop';
}
