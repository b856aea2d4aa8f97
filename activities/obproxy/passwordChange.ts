/**
 * Changing the password of root@proxysys. OBProxy has one slot for it (obproxy_sys_password in ob_proxy_config.h; the second
 * slot there, observer_sys_password1, is proxyro's), so the inventory keeps both until every proxy is proven to have the new
 * one, and which of them a proxy has is found by trying: everybody who logs in meanwhile does so, and there is no gap.
 */
import { isDeniedByProxy, logInToObproxy, logInWithOneOf } from '../../contact/obproxyLogin';
import { addressText } from '../../runtime/addressText';
import { PermanentError } from '../../runtime/errors';
import { say } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import { clusterIdOf, type ProxiesScope, proxiesOf } from './proxiesOfTask';
import { type AdminScope, type ObproxyInstance, proxysysPasswords } from './proxy';

/** The parameter that holds it. */
const PARAMETER = 'obproxy_sys_password';

/** What this task changes it to, hidden from the log. PermanentError PasswordLost when it is not this task's to change. */
export async function changedPassword(scope: ProxiesScope): Promise<string> {
  const change = await scope.store.obproxy.proxysysChange(clusterIdOf(scope), scope.input.taskId);
  if (change?.state === 'offered') {
    scope.log.hide(change.password);
    return change.password;
  }
  throw new PermanentError({
    type: 'PasswordLost',
    code: 'ODP21005',
    tried: say('password.read'),
    cameBack: change === undefined ? say('password.noneOffered') : say('password.recordedAlready'),
    next: say('next.abandonAndSend'),
  });
}

/**
 * The proxy has this password afterwards, whichever of the known ones it had: found by trying, so it may be repeated after
 * any interruption. Proven by a login with it, and by one with the former that is refused.
 */
export async function givePassword(scope: AdminScope, proxy: ObproxyInstance, wished: string): Promise<void> {
  const { server } = proxy;
  const where = addressText(server.ip, server.sqlPort);
  const host = await scope.hostById(server.hostId);
  const { signal } = scope;
  const known = await proxysysPasswords(scope, proxy);
  const passwords = [...new Set([wished, ...known])];
  const { admin, password: former } = await logInWithOneOf(host, server.sqlPort, { passwords, signal });
  try {
    if (former === wished) {
      scope.log.info(say('password.hasIt', { where }));
      return;
    }
    await admin.alter(PARAMETER, wished);
  } finally {
    admin.close();
  }
  (await logInToObproxy(host, server.sqlPort, { passwords: [wished], signal })).close();
  await proveRefused(scope, proxy, former);
  scope.log.info(say('password.changed', { where }));
}

/** So many proxies of a task are asked together. */
const TOGETHER = 10;

/** Logs in to every proxy of the task with this password alone; throws what the first one that does not take it says. */
export async function proveEverywhere(scope: ProxiesScope, password: string): Promise<void> {
  await someAtATime(await proxiesOf(scope), TOGETHER, async ({ server }) => {
    const host = await scope.hostById(server.hostId);
    const how = { passwords: [password], signal: scope.signal };
    (await logInToObproxy(host, server.sqlPort, how)).close();
  });
}

/** The former password is no longer taken. */
async function proveRefused(scope: AdminScope, { server }: ObproxyInstance, former: string): Promise<void> {
  const host = await scope.hostById(server.hostId);
  try {
    const how = { passwords: [former], signal: scope.signal };
    (await logInToObproxy(host, server.sqlPort, how)).close();
  } catch (error) {
    if (isDeniedByProxy(error)) return;
    throw error;
  }
  throw new PermanentError({
    type: 'FormerPasswordTaken',
    code: 'ODP21005',
    tried: say('password.proveFormer'),
    where: addressText(server.ip, server.sqlPort),
    cameBack: say('password.formerTaken'),
    next: say('next.seeObproxyLog'),
  });
}
