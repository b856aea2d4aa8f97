/** Giving the present config URL to OBProxies that run: they ask it from their next poll on, without a restart (4.3.1, observed). */

import { lookAtConfigUrl } from '../../contact/configUrl';
import { addressOf } from '../../contact/hostAddress';
import { logInToObproxy } from '../../contact/obproxyLogin';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { hostProxyLock } from '../../operations/locks';
import { unlessAborted, withDeadline } from '../../runtime/deadline';
import { PermanentError, TransientError } from '../../runtime/errors';
import { inEnglish } from '../../runtime/messages/catalogue';
import { someAtATime } from '../../runtime/someAtATime';
import type { ObproxyClusterRow, ObproxyServerRow } from '../../store/types';
import type { ApiServices } from '../route';

const PARALLEL = 16;
const PUSH_MS = 30_000;
const URL_PARAMETER = 'obproxy_config_server_url';

/** `PUSHED`: set and read back. `UNCHANGED`: it had it. `SKIPPED`: a task works on it. `FAILED`: it asks what it asked. */
export const PUSH_OUTCOMES = ['PUSHED', 'UNCHANGED', 'SKIPPED', 'FAILED'] as const;

export interface Pushed {
  readonly server: ObproxyServerRow;
  readonly outcome: (typeof PUSH_OUTCOMES)[number];
  readonly message: string;
}

type Pushing = Pick<ApiServices, 'store' | 'hosts' | 'config'>;

/**
 * Sets the config URL of these proxies of a CONFIG_URL cluster and reads it back, 16 at a time. The URL is asked for from each
 * host before: a proxy is not sent where nobody answers. What cannot be reached is named.
 */
export function pushConfigUrl(
  services: Pushing,
  cluster: ObproxyClusterRow,
  servers: readonly ObproxyServerRow[],
): Promise<Pushed[]> {
  return someAtATime(servers, PARALLEL, (server) => pushOne(services, cluster, server));
}

async function pushOne(
  services: Pushing,
  cluster: ObproxyClusterRow,
  server: ObproxyServerRow,
): Promise<Pushed> {
  const held = await services.store.locks.firstHeld([hostProxyLock(server.hostId)]);
  if (held !== undefined) {
    return {
      server,
      outcome: 'SKIPPED',
      message: `task ${held.taskId} works on it; push again when it has ended`,
    };
  }
  return withDeadline(PUSH_MS, undefined, async (signal, passed) => {
    try {
      return await unlessAborted(reached(services, cluster, server, signal), signal);
    } catch (error) {
      const failed = (message: string): Pushed => ({ server, outcome: 'FAILED', message });
      if (passed()) return failed(`no end within ${PUSH_MS / 1000} s: look at the host, then push again`);
      if (error instanceof PermanentError || error instanceof TransientError) return failed(error.message);
      throw error;
    }
  });
}

async function reached(
  { store, hosts, config }: Pushing,
  cluster: ObproxyClusterRow,
  server: ObproxyServerRow,
  signal: AbortSignal,
): Promise<Pushed> {
  const row = await store.hosts.find(server.hostId);
  if (row === undefined) throw new RangeError(`There is no host ${server.hostId}.`);
  const host = await hosts.open(await addressOf(store, row), { signal });
  const asked = {
    publicUrl: config.publicUrl,
    obproxyCluster: cluster.name,
    clusterNames: cluster.obLinks.map(({ clusterName }) => clusterName),
  };
  const look = await lookAtConfigUrl(host, asked, signal);
  if (look.verdict === 'fails') {
    return {
      server,
      outcome: 'FAILED',
      message: `${look.text.en}. ${inEnglish(look.next)} The proxy keeps what it has`,
    };
  }
  const password = await store.obproxy.proxysysPassword(cluster.id);
  const admin = await logInToObproxy(host, server.sqlPort, { password, signal });
  try {
    const url = obproxyConfigUrl(config.publicUrl, cluster.name);
    const had = (await admin.showConfig(URL_PARAMETER))?.value ?? '';
    if (had !== url) await admin.alter(URL_PARAMETER, url);
    await store.obproxy.recordConfigUrl(server.id, url);
    const note = look.verdict === 'unknown' ? `; ${look.text.en}` : '';
    return had === url
      ? { server, outcome: 'UNCHANGED', message: `it asks ${url}${note}` }
      : {
          server,
          outcome: 'PUSHED',
          message: `it asked ${had === '' ? 'nobody' : had}, and shows ${url} now${note}`,
        };
  } finally {
    admin.close();
  }
}
