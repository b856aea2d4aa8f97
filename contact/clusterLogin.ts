/** Whether a declared cluster lets a login in. */
import { openCluster } from '../oceanbase/clusterSession';
import { SqlError } from '../oceanbase/sqlSession';
import type { ObClusterRow } from '../store/types';
import type { SysLogin } from './clusterState';

/**
 * Logs in and out again at the first server that answers, as whoever the credential names. `refused` has what OceanBase
 * said; when nobody could be asked it throws as openCluster does, which says nothing of the password.
 */
export async function tryLogin(
  cluster: Pick<ObClusterRow, 'rootServers'>,
  { sys: { username, secret }, ...more }: SysLogin,
): Promise<{ readonly at: string; readonly version: string } | { readonly refused: string }> {
  try {
    const session = await openCluster({
      servers: cluster.rootServers,
      user: username,
      password: secret,
      ...more,
    });
    const { at, version } = session;
    session.close();
    return { at, version };
  } catch (error) {
    if (error instanceof SqlError) return { refused: error.message };
    throw error;
  }
}
