/** Asking a declared cluster what it is made of, and writing that down. Time-outs, log and errors are the caller's. */
import { type ClusterSession, openCluster } from '../oceanbase/clusterSession';
import { type ClusterServer, type ClusterZone, serverStatus } from '../oceanbase/clusterSql';
import { SqlConnectionError, SqlError } from '../oceanbase/sqlSession';
import type { AddressPolicy } from '../runtime/addresses';
import { PermanentError, saidOf } from '../runtime/errors';
import { type Said, say, type Text } from '../runtime/messages/catalogue';
import type { ObClusterRow, OpenCredential, Store } from '../store/types';
import { withWorkingSecret } from './workingSecret';

/** What a cluster says of itself. */
export interface ClusterState {
  readonly servers: readonly ClusterServer[];
  readonly zones: readonly ClusterZone[];
}

export interface ClusterContact {
  readonly addresses: AddressPolicy;
  /** For each server that does not answer, and for each statement. */
  readonly timeoutMs: number;
  /** Instead of it, for each server that does not answer. */
  readonly loginMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * A session of the sys tenant by the cluster's own credential, at the first root server that answers; the caller closes
 * it. Throws as openCluster does.
 */
export function openAsSys(
  store: Pick<Store, 'credentials'>,
  cluster: Pick<ObClusterRow, 'rootServers' | 'sysCredentialId'>,
  contact: ClusterContact,
): Promise<ClusterSession> {
  return withWorkingSecret(store, cluster.sysCredentialId, (sys) => openWith(cluster, sys, contact));
}

/** The same with a credential in clear. */
export function openWith(
  cluster: Pick<ObClusterRow, 'rootServers'>,
  { username, secret }: Pick<OpenCredential, 'username' | 'secret'>,
  contact: ClusterContact,
): Promise<ClusterSession> {
  return openCluster({ servers: cluster.rootServers, user: username, password: secret, ...contact });
}

export async function askCluster(session: ClusterSession): Promise<ClusterState> {
  return { servers: await session.servers(), zones: await session.zones() };
}

/**
 * Why a proxy that is linked to the cluster by the declared name would send every user away (4666): the cluster calls itself
 * otherwise. Undefined when the names agree, or the cluster does not tell. Throws as a session does.
 */
export async function clusterNameFault(session: ClusterSession, declared: string): Promise<Text | undefined> {
  const own = await session.parameter('cluster');
  if (own === undefined || own === '' || own === declared) return undefined;
  return say('cluster.callsItself', { own, declared });
}

/**
 * The same, asked with the cluster's own credential. `unknown`: nobody could be asked, or may not be, which says nothing of the
 * name.
 */
export async function lookAtClusterName(
  store: Pick<Store, 'credentials'>,
  cluster: ObClusterRow,
  contact: ClusterContact,
): Promise<{ readonly fault: Text } | { readonly unknown: Said } | { readonly same: true }> {
  try {
    const session = await openAsSys(store, cluster, contact);
    try {
      const fault = await clusterNameFault(session, cluster.name);
      return fault === undefined ? { same: true } : { fault };
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof SqlError || error instanceof SqlConnectionError || error instanceof PermanentError) {
      return { unknown: saidOf(error) };
    }
    throw error;
  }
}

/** Writes servers and zones to the inventory; those that the cluster lists no more are no more there. */
export function recordState(
  store: Pick<Store, 'obServers'>,
  clusterId: number,
  { servers, zones }: ClusterState,
): Promise<void> {
  return store.obServers.record(clusterId, {
    servers: servers.map((server) => ({ ...server, status: serverStatus(server, zones) })),
    zones,
  });
}
