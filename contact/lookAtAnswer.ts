/** Whether one server answers SQL: a login as the sys tenant and SELECT 1, which need none of the views that a cluster tells itself by. */
import { sysLogin } from '../oceanbase/loginName';
import { openSqlSession, SqlConnectionError, SqlError } from '../oceanbase/sqlSession';
import { type Said, say } from '../runtime/messages/catalogue';
import type { ObClusterRow, Store } from '../store/types';
import type { ClusterContact } from './clusterState';
import { isDenied, withWorkingSecret } from './workingSecret';

/** "Tenant not in this server": it serves, and holds no replica of sys (or does not know yet that it does). */
const NOT_ON_THIS_SERVER = 5150;

export type Answer = { readonly answers: true } | { readonly away: Said; readonly denied: boolean };

/** What the server says. Throws AddressDenied, and what the credential's store throws. */
export async function lookAtAnswer(
  store: Pick<Store, 'credentials'>,
  { sysCredentialId }: Pick<ObClusterRow, 'sysCredentialId'>,
  server: { readonly ip: string; readonly sqlPort: number },
  { addresses, timeoutMs, signal }: ClusterContact,
): Promise<Answer> {
  try {
    await withWorkingSecret(store, sysCredentialId, async ({ username, secret }) => {
      const session = await openSqlSession({
        to: { ip: server.ip, port: server.sqlPort, addresses },
        user: sysLogin(username),
        password: secret,
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      });
      try {
        await session.query('SELECT 1');
      } finally {
        session.close();
      }
    });
    return { answers: true };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SqlConnectionError) return { away: error.said, denied: false };
    if (!(error instanceof SqlError)) throw error;
    if (error.errno === NOT_ON_THIS_SERVER) return { answers: true };
    const { errno, message } = error;
    return { away: say('sql.error', { errno, text: message }), denied: isDenied(error) };
  }
}
