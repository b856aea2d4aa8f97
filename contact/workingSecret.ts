/** Logins by a credential whose password is being changed: either of two may be the one that works. */
import { ACCESS_DENIED } from '../oceanbase/observerSql';
import { SqlError } from '../oceanbase/sqlSession';
import type { OpenCredential, Store } from '../store/types';

/**
 * Servers of a cluster take a new password one after the other (each refreshes its schema): until all of them do, the former one
 * is needed as well. Whoever changes it waits for them and says so; this is for a change that was cut off.
 */
export const SPREADING_MS = 60_000;

export function isDenied(error: unknown): error is SqlError {
  return error instanceof SqlError && error.errno === ACCESS_DENIED;
}

/**
 * What `login` makes of the credential's secret, or of the pending one when the server refuses the first. One that works a
 * minute after its change began is the only one from then on. Throws what `login` throws of the first when both are refused.
 */
export async function withWorkingSecret<T>(
  { credentials }: Pick<Store, 'credentials'>,
  id: number,
  login: (credential: OpenCredential) => Promise<T>,
): Promise<T> {
  const { pending, ...credential } = await credentials.open(id);
  try {
    return await login(credential);
  } catch (error) {
    if (pending === undefined || !isDenied(error)) throw error;
    const result = await login({ ...credential, secret: pending.secret }).catch((other: unknown) => {
      throw isDenied(other) ? error : other;
    });
    if (Date.now() - Date.parse(pending.since) > SPREADING_MS) await credentials.settle(id, pending.secret);
    return result;
  }
}
