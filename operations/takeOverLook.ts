/** What cluster and hosts say before a take-over: for its precheck, its dry run, and the request itself. Changes nothing. */
import { observerOnPorts } from '../activities/observer/found';
import { type ForeignCluster, lookAtForeignCluster, PROXYRO } from '../contact/foreignCluster';
import type { ClusterServer } from '../oceanbase/clusterSql';
import type { Finding } from '../oceanbase/obproxyRunning';
import { ACCESS_DENIED } from '../oceanbase/observerSql';
import { valueFault } from '../oceanbase/parameters';
import { couldNotAsk, SqlError } from '../oceanbase/sqlSession';
import { clusterFindings, isKnownVersion, serverFindings } from '../oceanbase/takeOverFit';
import { addressText } from '../runtime/addressText';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import { PermanentError, saidOf, TransientError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import { someAtATime } from '../runtime/someAtATime';
import type { Store } from '../store/types';
import { Refusal } from './refusal';
import type { InspectScope, NewClusterLook, TakeOverLook, TakeOverServer } from './types';

/** For the login and for each statement. */
const ANSWER_MS = 3_000;
/** So many hosts are looked at side by side, each for so long. */
const HOSTS_TOGETHER = 8;
const HOST_MS = 20_000;

/**
 * Asks the cluster and, where the inventory knows the hosts, for the processes there. All that is found is answered; only
 * where nothing could be found it throws: Refusal OBE11101 (login refused), OBE11028 (could not be asked), OBE17004 (a
 * version that obflow does not know).
 */
export async function lookAtTakeOver(scope: InspectScope, wish: NewClusterLook): Promise<TakeOverLook> {
  const cluster = await askedCluster(scope, wish);
  if (!isKnownVersion(cluster.version)) {
    throw new Refusal(409, 'OBE17004', say('obTakeOver.unknownVersion', { version: cluster.version }), {
      target: 'address',
    });
  }
  const servers = await someAtATime(
    cluster.servers.map((server, index) => ({ server, dataDir: cluster.dataDirs[index] ?? '' })),
    HOSTS_TOGETHER,
    (one) => lookAtServer(scope, cluster, one),
  );
  return {
    cluster,
    servers,
    findings: [...clusterFindings(cluster, wish), ...proxyroFindings(cluster, wish.proxyroPassword)],
  };
}

async function askedCluster({ addresses }: InspectScope, wish: NewClusterLook): Promise<ForeignCluster> {
  const { address: ip, port: sqlPort, rootSysPassword: password, clusterName, connectionMode } = wish;
  const at = addressText(ip, sqlPort);
  const proxied = connectionMode === 'proxy' && clusterName !== undefined ? { cluster: clusterName } : {};
  try {
    return await lookAtForeignCluster({ ip, sqlPort, password, ...proxied }, wish.proxyroPassword, {
      addresses,
      timeoutMs: ANSWER_MS,
    });
  } catch (error) {
    if (couldNotAsk(error)) {
      throw new Refusal(409, 'OBE11028', say('obTakeOver.silent', { at, said: saidOf(error) }), {
        target: 'address',
      });
    }
    if (error instanceof SqlError) {
      const said = say('sql.error', { errno: error.errno, text: error.message });
      throw error.errno === ACCESS_DENIED
        ? new Refusal(400, 'OBE11101', say('obTakeOver.loginRefused', { at, said }), {
            target: 'rootSysPassword',
          })
        : new Refusal(409, 'OBE11028', say('obTakeOver.cannotAsk', { at, said }), { target: 'address' });
    }
    if (!(error instanceof PermanentError)) throw error;
    throw new Refusal(409, error.code ?? 'OBE11028', error.said, { target: 'address' });
  }
}

/** What the inventory has already; asked again inside of the transaction that would add to it. */
export async function knownFindings(store: Store, cluster: ForeignCluster): Promise<Finding[]> {
  const named = await store.obClusters.findByName(cluster.name);
  const known = named.find(({ obClusterId }) => obClusterId === cluster.obClusterId);
  const found: Finding[] = [];
  if (known !== undefined) {
    found.push({
      level: 'ERROR',
      code: 'OBE11033',
      text: say('obTakeOver.known', {
        ...{ name: known.name, obClusterId: known.obClusterId, id: known.id },
        status: known.status,
      }),
      next: say('obTakeOver.nextKnown', { id: known.id }),
    });
  }
  if (cluster.type === 'STANDBY' && !named.some(({ type }) => type === 'PRIMARY')) {
    const text = say('obTakeOver.standby', { name: cluster.name });
    found.push({ level: 'ERROR', code: 'OBE11032', text, next: say('obTakeOver.nextPrimary') });
  }
  return found;
}

function proxyroFindings({ proxyro }: ForeignCluster, password: string | undefined): Finding[] {
  switch (proxyro) {
    case 'fits':
      return [{ level: 'INFO', text: say('obTakeOver.proxyroFits', { user: PROXYRO }) }];
    case 'differs': {
      const text = say('obTakeOver.proxyroDiffers', { user: PROXYRO });
      return [
        { level: 'ERROR', code: 'ODP21006', text, next: say('obTakeOver.nextProxyro', { user: PROXYRO }) },
      ];
    }
    case 'unproven':
      return [{ level: 'WARN', text: say('obTakeOver.proxyroUnproven', { user: PROXYRO }) }];
    case 'absent': {
      const fault = password === undefined ? undefined : valueFault(password);
      if (fault === undefined)
        return [{ level: 'INFO', text: say('obTakeOver.proxyroAbsent', { user: PROXYRO }) }];
      const text = say('obTakeOver.proxyroUnfit', { user: PROXYRO, fault });
      return [
        { level: 'ERROR', code: 'ODP21106', text, next: say('obTakeOver.nextProxyro', { user: PROXYRO }) },
      ];
    }
  }
}

async function lookAtServer(
  { store, openHost }: InspectScope,
  cluster: ForeignCluster,
  { server, dataDir }: { readonly server: ClusterServer; readonly dataDir: string },
): Promise<TakeOverServer> {
  const { ip, rpcPort } = server;
  const found = [...serverFindings(server)];
  const known = await store.obServers.findAt(ip, rpcPort);
  const owner = known === undefined ? undefined : await store.obClusters.find(known.clusterId);
  if (owner !== undefined && (owner.name !== cluster.name || owner.obClusterId !== cluster.obClusterId)) {
    found.push({
      level: 'ERROR',
      code: 'OBE11034',
      text: say('obTakeOver.serverKnown', { address: addressText(ip, rpcPort), cluster: owner.name }),
      next: say('obTakeOver.nextKnown', { id: owner.id }),
    });
  }
  const [host] = await store.hosts.findByIp(ip);
  if (host === undefined) return { server, dataDir, host, process: undefined, findings: found };
  const look = await withDeadline(HOST_MS, undefined, async (signal) => {
    try {
      return await unlessAborted(
        openHost(host.id).then((opened) => observerOnPorts(opened, server)),
        signal,
      );
    } catch (error) {
      if (signal.aborted) {
        const text = say('contact.noEnd', { seconds: HOST_MS / 1000 });
        return { finding: { level: 'ERROR', code: 'CMP07002', text } as const };
      }
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      return {
        finding: { level: 'ERROR', code: error.code ?? 'CMP07002', text: error.said } as const,
      };
    }
  });
  if ('finding' in look) {
    return { server, dataDir, host, process: undefined, findings: [...found, look.finding] };
  }
  return { server, dataDir, host, process: look.process, findings: found };
}
