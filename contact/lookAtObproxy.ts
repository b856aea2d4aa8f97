/** One cheap look at an OBProxy: does it answer, is its process gone, or could nobody be asked? Nothing is changed. */
import type { Duplex } from 'node:stream';
import { lives } from '../hosts/processes';
import type { Host } from '../hosts/types';
import { type AddressPolicy, connectTo } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { unlessAborted, withDeadline } from '../runtime/deadline';
import type { ObproxyToLookAt, Seen, SeenBy } from '../store/types';
import { answersMetrics, greetsAsMysql } from './portProbes';

/** For a log-in and one look at the processes. */
const HOST_MS = 15_000;

export interface Around {
  readonly addresses: AddressPolicy;
  readonly openHost: (signal: AbortSignal) => Promise<Host>;
  /** What has answered last, which is asked first. */
  readonly first?: SeenBy | undefined;
  readonly signal?: AbortSignal;
}

type Target = Pick<ObproxyToLookAt, 'ip' | 'sqlPort' | 'exporterPort' | 'home'>;

/**
 * Asks the metrics port, else the SQL port for its greeting, else the host for the process. The ports alone decide only for
 * ALIVE: a port that is refused may be a firewall's word.
 */
export async function lookAtObproxy(proxy: Target, around: Around): Promise<Seen> {
  const { ip, exporterPort, sqlPort } = proxy;
  const { addresses, signal, first } = around;
  const metrics = {
    by: 'METRICS',
    port: exporterPort,
    ask: (stream: Duplex) =>
      answersMetrics(stream, { host: ip, port: exporterPort, ...(signal === undefined ? {} : { signal }) }),
  } as const;
  const sql = { by: 'SQL', port: sqlPort, ask: (stream: Duplex) => greetsAsMysql(stream, signal) } as const;
  const ports = (first === 'SQL' ? [sql, metrics] : [metrics, sql]).filter(({ port }) => port !== 0);
  const tried = async ({ by, port, ask }: (typeof ports)[number]): Promise<Seen | string> => {
    try {
      await ask(connectTo({ ip, port, addresses }));
      return { state: 'ALIVE', by, reason: null };
    } catch (error) {
      signal?.throwIfAborted();
      return `${addressText(ip, port)}: ${words(error)}`;
    }
  };
  const silent: string[] = [];
  // Where only the host has answered before, the ports are closed to this machine: they are not waited for in turn.
  const groups = first === 'SSH' ? [ports] : ports.map((port) => [port]);
  for (const group of groups) {
    for (const answer of await Promise.all(group.map(tried))) {
      if (typeof answer !== 'string') return answer;
      silent.push(answer);
    }
  }
  return askHost(proxy, around, silent.join('; '));
}

/** What the host says of the process, for a proxy that answers on no port. */
async function askHost(proxy: Target, { openHost, signal }: Around, silent: string): Promise<Seen> {
  try {
    return await withDeadline(HOST_MS, signal, (within) =>
      unlessAborted(askOn(proxy, openHost, silent, within), within),
    );
  } catch (error) {
    signal?.throwIfAborted();
    return {
      state: 'UNKNOWN',
      by: null,
      reason: `${silent}; and its host could not be asked for the process: ${words(error)}`,
    };
  }
}

async function askOn(
  { home, sqlPort }: Target,
  openHost: Around['openHost'],
  silent: string,
  signal: AbortSignal,
): Promise<Seen> {
  const host = await openHost(signal);
  const { processes, listeners, resolved } = await host.observe(home ?? '/');
  const proxies = processes.filter((process) => process.comm === 'obproxy' && lives(process));
  const own = proxies.find(
    ({ pid, cwd }) =>
      (home !== undefined && cwd === (resolved === '' ? home : resolved)) ||
      listeners.some((listener) => listener.port === sqlPort && listener.pid === pid),
  );
  if (own === undefined) {
    const hidden = proxies.find(({ cwd }) => cwd === '');
    if (hidden === undefined) return { state: 'GONE', by: 'SSH', reason: 'its process is gone' };
    const reason = `an obproxy runs (pid ${hidden.pid}), but /proc/${hidden.pid}/cwd cannot be read, so nobody can tell whose it is`;
    return { state: 'UNKNOWN', by: null, reason };
  }
  try {
    await greetsAsMysql(await host.tunnel(sqlPort), signal);
  } catch (error) {
    signal.throwIfAborted();
    const reason = `its process runs (pid ${own.pid}) and does not answer on the host either: ${words(error)}`;
    return { state: 'SILENT', by: 'SSH', reason };
  }
  return { state: 'ALIVE', by: 'SSH', reason: `it answers on its host alone, not from here (${silent})` };
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
