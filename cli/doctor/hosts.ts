import { allPages } from '../../api/http/paging';
import { addressOf } from '../../contact/hostAddress';
import { createHosts } from '../../hosts';
import { addressText } from '../../runtime/addressText';
import type { RuntimeConfig } from '../../runtime/config';
import { openStore } from '../../store';
import type { HostRow, Store } from '../../store/types';
import { clock } from './database';
import { type Finding, ok, problem, problemOf } from './finding';

const PARALLEL = 16;
const TIMEOUT_MS = 15_000;

/** Which hosts to log in to. */
export type WishedHosts = 'all' | 'none' | readonly number[];

/** `all`, `none`, or ids with commas; undefined for anything else. */
export function wishedHosts(text: string): WishedHosts | undefined {
  if (text === 'all' || text === 'none') return text;
  return /^\d{1,15}(,\d{1,15})*$/.test(text) ? text.split(',').map(Number) : undefined;
}

/** Logs in to hosts of the inventory, 16 at a time. It changes nothing: keys of hosts that are new are not recorded. */
export async function hosts(config: RuntimeConfig, wished: WishedHosts): Promise<readonly Finding[]> {
  if (wished === 'none') return [];
  const store = await openStore(config);
  const connections = createHosts({
    pinHostKey: async (_id, fingerprint) => fingerprint,
    addresses: config.addresses,
  });
  try {
    const rows =
      wished === 'all'
        ? await allPages((page) => store.hosts.list({}, page))
        : await store.hosts.findMany(wished);
    const unknown = wished === 'all' ? [] : wished.filter((id) => !rows.some((row) => row.id === id));
    if (rows.length === 0 && unknown.length === 0) return [ok('hosts', 'none are declared')];
    const findings: Finding[] = unknown.map((id) =>
      problem(`host ${id}`, 'There is no host of this id.', 'GET /api/v2/compute/hosts lists them.'),
    );
    for (let at = 0; at < rows.length; at += PARALLEL) {
      const some = rows.slice(at, at + PARALLEL);
      findings.push(...(await Promise.all(some.map((row) => logIn(store, connections, row)))).flat());
    }
    return findings;
  } finally {
    await connections.close();
    await store.close();
  }
}

async function logIn(
  store: Store,
  connections: ReturnType<typeof createHosts>,
  row: HostRow,
): Promise<Finding[]> {
  const check = `host ${row.id}`;
  const where = `${row.name === null ? '' : `${row.name} `}${addressText(row.ip, row.sshPort)}`;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = TIMEOUT_MS / 1000;
    timer = setTimeout(() => reject(new Error(`${where} does not answer within ${seconds} s.`)), TIMEOUT_MS);
  });
  try {
    const look = async () => {
      const host = await connections.open(await addressOf(store, row));
      const before = Date.now();
      const { stdout } = await host.sh('date +%s');
      return { seconds: Number(stdout.trim()), middle: (before + Date.now()) / 2 };
    };
    const { seconds, middle } = await Promise.race([look(), late]);
    // `date` cuts the second off: half of one is the best guess.
    const skew = clock(check, `${where}: its`, seconds * 1000 + 500 - middle);
    const reached = ok(check, `${where}: log-in works, its clock agrees`);
    return [Number.isFinite(seconds) && seconds > 0 && skew.verdict === 'problem' ? skew : reached];
  } catch (error) {
    return [problemOf(check, error, 'Repair the host or its network, or leave it out with --hosts.')];
  } finally {
    clearTimeout(timer);
  }
}
