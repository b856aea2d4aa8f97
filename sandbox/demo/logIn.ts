import { columnText } from '../../oceanbase/sqlSession';
import { CLIENT_STATEMENT, type ClusterLogin, openClient } from '../stack/client';
import type { Stack } from '../stack/stack';

/**
 * Logs in through an OBProxy as its users do, and asks who answers; resolves to the version of the OceanBase cluster (a
 * stand-in). Throws when nobody answers, or refuses.
 */
export async function logInThrough(
  stack: Stack,
  proxy: { readonly ip: string; readonly sqlPort: number },
  login?: ClusterLogin,
): Promise<string> {
  const session = await openClient(stack, proxy, login);
  try {
    const [row] = await session.query(CLIENT_STATEMENT);
    return row === undefined ? '' : columnText(row, 'version');
  } finally {
    session.close();
  }
}
