import type { Host } from '../hosts/types';
import { type ObproxyAdmin, type ObproxyTarget, openObproxyAdmin } from '../oceanbase/obproxyAdmin';
import { addressText } from '../runtime/addressText';
import { PermanentError } from '../runtime/errors';

export type HowToLogIn = Omit<ObproxyTarget, 'where' | 'open' | 'password'> & {
  /**
   * Those that the proxy may have, tried in turn: OBProxy has no second slot for root@proxysys (only proxyro has one:
   * observer_sys_password1, ob_proxy_config.h), so while the password is changed nobody knows which of two a proxy takes.
   */
  readonly passwords: readonly string[];
};

/**
 * Logs in to the OBProxy on a port of a host as root@proxysys, through the host's tunnel. Throws as `openObproxyAdmin` does;
 * ObproxyAccessDenied when it takes none of the passwords.
 */
export async function logInToObproxy(
  host: Pick<Host, 'ip' | 'tunnel'>,
  sqlPort: number,
  how: HowToLogIn,
): Promise<ObproxyAdmin> {
  return (await logInWithOneOf(host, sqlPort, how)).admin;
}

/** The same, with the password that it took. */
export async function logInWithOneOf(
  host: Pick<Host, 'ip' | 'tunnel'>,
  sqlPort: number,
  { passwords, ...how }: HowToLogIn,
): Promise<{ readonly admin: ObproxyAdmin; readonly password: string }> {
  const where = addressText(host.ip, sqlPort);
  let denied: unknown;
  for (const password of passwords) {
    try {
      const target = { ...how, where, password, open: () => host.tunnel(sqlPort) };
      return { admin: await openObproxyAdmin(target), password };
    } catch (error) {
      if (!isDeniedByProxy(error)) throw error;
      denied ??= error;
    }
  }
  throw denied ?? new RangeError('no password to log in with');
}

/** Whether the proxy has refused the password (or the address: it says the same). */
export function isDeniedByProxy(error: unknown): boolean {
  return error instanceof PermanentError && error.type === 'ObproxyAccessDenied';
}
