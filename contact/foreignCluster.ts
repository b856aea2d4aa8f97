/** One look at an OceanBase cluster that the inventory does not have: all that a take-over has to know, by SQL alone. */
import { type ClusterTarget, openCluster } from '../oceanbase/clusterSession';
import { rootServersOf } from '../oceanbase/clusterSql';
import { ACCESS_DENIED } from '../oceanbase/observerSql';
import { rootServersIn } from '../oceanbase/rootServiceList';
import { SqlError } from '../oceanbase/sqlSession';
import type { AddressPolicy } from '../runtime/addresses';
import type { RootServer } from '../store/types';
import { askCluster, type ClusterState } from './clusterState';

/** Where the cluster is asked, and as whom. */
export interface ClusterEntrance {
  readonly ip: string;
  readonly sqlPort: number;
  /** root@sys's. */
  readonly password: string;
  /** Named in the login: an OBProxy listens there. */
  readonly cluster?: string;
}

/** Whether proxyro can be what OBProxies log in as: it lets the given password in, refuses it, is not there, or no password was given. */
export type Proxyro = 'fits' | 'differs' | 'absent' | 'unproven';

/** The user of the sys tenant that OBProxies log in as (OceanBase documentation, "proxyro"). */
export const PROXYRO = 'proxyro';

export interface ForeignCluster extends ClusterState {
  readonly name: string;
  /** As the cluster says it; NaN when it says none. */
  readonly obClusterId: number;
  /** Dotted. */
  readonly version: string;
  readonly type: 'PRIMARY' | 'STANDBY';
  readonly community: boolean;
  readonly rootServers: readonly RootServer[];
  /** obconfig_url; '' when it has none. */
  readonly configUrl: string;
  /** data_dir of each server, in the order of `servers`; '' where it is not told. */
  readonly dataDirs: readonly string[];
  readonly tenantNames: readonly string[];
  readonly proxyro: Proxyro;
}

/**
 * Logs in as root@sys and asks. Throws SqlError for a refused login or question, SqlConnectionError when nobody answers.
 *
 * @param proxyroPassword tried there, too; undefined: none was given
 */
export async function lookAtForeignCluster(
  { ip, sqlPort, password, cluster }: ClusterEntrance,
  proxyroPassword: string | undefined,
  how: { readonly addresses: AddressPolicy; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<ForeignCluster> {
  const login = { servers: [{ ip, sqlPort }], ...how, ...(cluster === undefined ? {} : { cluster }) };
  const session = await openCluster({ ...login, user: 'root', password });
  try {
    const state = await askCluster(session);
    const listed = rootServersIn((await session.parameter('rootservice_list')) ?? '');
    const dataDirs = await session.parameterByServer('data_dir');
    return {
      ...state,
      name: (await session.parameter('cluster')) ?? '',
      obClusterId: Number((await session.parameter('cluster_id')) || Number.NaN),
      version: session.version,
      type: await session.role(),
      community: await session.isCommunity(),
      rootServers: listed.length > 0 ? listed : rootServersOf(state.servers, []),
      configUrl: (await session.parameter('obconfig_url')) ?? '',
      dataDirs: state.servers.map(
        (server) =>
          dataDirs.find((one) => one.ip === server.ip && one.rpcPort === server.rpcPort)?.value ?? '',
      ),
      tenantNames: (await session.tenantNames()).filter((tenant) => tenant !== 'sys'),
      proxyro: (await session.hasUser(PROXYRO)) ? await proxyroAt(login, proxyroPassword) : 'absent',
    };
  } finally {
    session.close();
  }
}

async function proxyroAt(
  login: Omit<ClusterTarget, 'user' | 'password'>,
  password: string | undefined,
): Promise<Proxyro> {
  if (password === undefined) return 'unproven';
  try {
    (await openCluster({ ...login, user: PROXYRO, password })).close();
    return 'fits';
  } catch (error) {
    if (error instanceof SqlError && error.errno === ACCESS_DENIED) return 'differs';
    throw error;
  }
}
