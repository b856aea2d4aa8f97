/** Giving the present config URL to OBProxies that run: they ask it from their next poll on, without a restart (4.3.1, observed). */

import { lookAtConfigUrl } from '../../contact/configUrl';
import { addressOf } from '../../contact/hostAddress';
import { logInToObproxy } from '../../contact/obproxyLogin';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import { hostProxyLock } from '../../operations/locks';
import { unlessAborted, withDeadline } from '../../runtime/deadline';
import { PermanentError, TransientError } from '../../runtime/errors';
import { type Said, say } from '../../runtime/messages/catalogue';
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
  readonly message: Said;
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
      message: say('push.workedOn', { task: held.taskId }),
    };
  }
  return withDeadline(PUSH_MS, undefined, async (signal, passed) => {
    try {
      return await unlessAborted(reached(services, cluster, server, signal), signal);
    } catch (error) {
      const failed = (message: Said): Pushed => ({ server, outcome: 'FAILED', message });
      if (passed()) return failed(say('push.noEnd', { seconds: PUSH_MS / 1000 }));
      if (error instanceof PermanentError || error instanceof TransientError) return failed(error.said);
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
  const wanted = {
    publicUrl: config.publicUrl,
    obproxyCluster: cluster.name,
    clusterNames: cluster.obLinks.map(({ clusterName }) => clusterName),
  };
  const look = await lookAtConfigUrl(host, wanted, signal);
  if (look.verdict === 'fails') {
    return {
      server,
      outcome: 'FAILED',
      message: say('push.keeps', { text: look.text, next: look.next }),
    };
  }
  const passwords = await store.obproxy.proxysysPasswords(cluster.id);
  const admin = await logInToObproxy(host, server.sqlPort, { passwords, signal });
  try {
    const url = obproxyConfigUrl(config.publicUrl, cluster.name);
    const had = (await admin.showConfig(URL_PARAMETER))?.value ?? '';
    if (had !== url) await admin.alter(URL_PARAMETER, url);
    await store.obproxy.recordConfigUrl(server.id, url);
    const noted = (message: Said): Said =>
      look.verdict === 'unknown' ? say('push.note', { message, note: look.text }) : message;
    if (had === url) return { server, outcome: 'UNCHANGED', message: noted(say('push.unchanged', { url })) };
    const asked = had === '' ? say('push.nobody') : had;
    return { server, outcome: 'PUSHED', message: noted(say('push.pushed', { had: asked, url })) };
  } finally {
    admin.close();
  }
}
