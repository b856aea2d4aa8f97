import { allPages } from '../../api/http/paging';
import { lookAtConfigUrl, PUBLIC_URL_NEXT } from '../../contact/configUrl';
import { addressOf } from '../../contact/hostAddress';
import { createHosts } from '../../hosts';
import { addressText } from '../../runtime/addressText';
import type { RuntimeConfig } from '../../runtime/config';
import { unlessAborted, withDeadline } from '../../runtime/deadline';
import { someAtATime } from '../../runtime/someAtATime';
import { openStore } from '../../store';
import type { HostRow, Store } from '../../store/types';
import { inEnglish } from '../../workflows/text';
import { type Finding, ok, problem, problemOf, warning } from './finding';

const PARALLEL = 16;
/** For the look, once logged in. */
const LOOK_MS = 30_000;
/** For the question about the config URL: two answers, and the script around them. */
const URL_MS = 30_000;

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
    loginSeconds: config.sshLoginSeconds,
  });
  const waitMs = config.sshLoginSeconds * 1_000 + LOOK_MS;
  try {
    const rows =
      wished === 'all'
        ? await allPages((page) => store.hosts.list({}, page))
        : await store.hosts.findMany(wished);
    const unknown = wished === 'all' ? [] : wished.filter((id) => !rows.some((row) => row.id === id));
    if (rows.length === 0 && unknown.length === 0) return [ok('hosts', 'none are declared')];
    const asking = await askingHosts(store);
    const absent = unknown.map((id) =>
      problem(`host ${id}`, 'There is no host of this id.', 'GET /api/v2/compute/hosts lists them.'),
    );
    const looked = await someAtATime(rows, PARALLEL, async (row) => {
      const found = await logIn(store, connections, row, waitMs);
      // A host that nobody can work on is repaired first.
      if (found.some(({ verdict }) => verdict === 'problem')) return found;
      return [...found, await configUrl(store, connections, row, { config, asking })];
    });
    return [...absent, ...looked.flat()];
  } finally {
    await connections.close();
    await store.close();
  }
}

/** What OBProxies in CONFIG_URL mode ask for, and where they run. */
interface Asking {
  readonly clusterNames: readonly string[];
  readonly hostIds: ReadonlySet<number>;
}

async function askingHosts(store: Store): Promise<Asking> {
  const clusters = await allPages((page) => store.obproxy.listClusters(page));
  const asking = clusters.filter(({ workMode }) => workMode === 'CONFIG_URL');
  return {
    clusterNames: [
      ...new Set(asking.flatMap(({ obLinks }) => obLinks.map(({ clusterName }) => clusterName))),
    ],
    hostIds: new Set(asking.flatMap(({ servers }) => servers.map(({ hostId }) => hostId))),
  };
}

/** Whether an OBProxy on the host learns the servers of its clusters; a problem where one runs. */
async function configUrl(
  store: Store,
  connections: ReturnType<typeof createHosts>,
  row: HostRow,
  { config, asking }: { readonly config: RuntimeConfig; readonly asking: Asking },
): Promise<Finding> {
  const check = 'config URL';
  const { publicUrl } = config;
  try {
    const { verdict, silent, text, next } = await withDeadline(URL_MS, undefined, async (signal) => {
      const ask = async () => {
        const host = await connections.open(await addressOf(store, row), { signal });
        return lookAtConfigUrl(host, { publicUrl, clusterNames: asking.clusterNames }, signal);
      };
      return await unlessAborted(ask(), signal);
    });
    const advice = inEnglish(next);
    if (verdict === 'serves') return ok(check, text.en);
    if (verdict === 'unknown') return warning(check, `${text.en}.`, advice);
    const finding = asking.hostIds.has(row.id) ? problem : warning;
    return finding(check, `${text.en}.`, silent ? `Is the API up? ${advice}` : advice);
  } catch (error) {
    const found = problemOf(check, error, PUBLIC_URL_NEXT.en);
    const message = `Whether ${row.ip} reaches ${publicUrl} is not known: ${found.message}`;
    return warning(check, message, found.next ?? PUBLIC_URL_NEXT.en);
  }
}

/** Everything that a task will need is tried, so that no next task fails for what could be seen. */
async function logIn(
  store: Store,
  connections: ReturnType<typeof createHosts>,
  row: HostRow,
  waitMs: number,
): Promise<Finding[]> {
  const check = `host ${row.id}`;
  const where = `${row.name === null ? '' : `${row.name} `}${addressText(row.ip, row.sshPort)}`;
  try {
    const found = await withDeadline(waitMs, undefined, async (signal) => {
      const look = async () =>
        (await connections.open(await addressOf(store, row), { signal })).firstContact();
      return await unlessAborted(look(), signal);
    });
    const wrong = found
      .filter(({ level }) => level !== 'INFO')
      .map(({ level, text, next }) =>
        (level === 'ERROR' ? problem : warning)(check, `${where}: ${inEnglish(text)}.`, inEnglish(next)),
      );
    if (wrong.some(({ verdict }) => verdict === 'problem')) return wrong;
    const tried = [...new Set(found.map((finding) => finding.check))].join(', ');
    return [ok(check, `${where}: log-in works, its clock agrees (tried: ${tried})`), ...wrong];
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      const message = `${where} does not answer within ${waitMs / 1000} s.`;
      return [problem(check, message, 'Repair the host or its network, or leave it out with --hosts.')];
    }
    return [problemOf(check, error, 'Repair the host or its network, or leave it out with --hosts.')];
  }
}
