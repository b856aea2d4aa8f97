/** Whether a declared cluster lets a login in. */
import { SqlError } from '../oceanbase/sqlSession';
import type { ObClusterRow, Store } from '../store/types';
import { type ClusterContact, openWith } from './clusterState';
import { withWorkingSecret } from './workingSecret';

/**
 * Logs in and out again at the first server that answers, as whoever the credential names. `refused` has what OceanBase
 * said; when nobody could be asked it throws as openCluster does, which says nothing of the password.
 */
export async function tryLogin(
  store: Pick<Store, 'credentials'>,
  cluster: Pick<ObClusterRow, 'rootServers'>,
  credentialId: number,
  contact: ClusterContact,
): Promise<{ readonly at: string; readonly version: string } | { readonly refused: string }> {
  try {
    const session = await withWorkingSecret(store, credentialId, (sys) => openWith(cluster, sys, contact));
    const { at, version } = session;
    session.close();
    return { at, version };
  } catch (error) {
    if (error instanceof SqlError) return { refused: error.message };
    throw error;
  }
}
