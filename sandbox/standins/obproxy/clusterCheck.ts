/**
 * What a proxy asks a cluster before a user's first login goes there: it logs in as proxyro@sys and compares the name that the
 * cluster gives itself. What comes of it stands in log/obproxy_diagnosis.log only: the client's connection just ends.
 */
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import { addressText, parseAddress } from '../../../runtime/addressText';

const TIMEOUT_MS = 1_000;

/** As LOGIN_TRACE tells it: OceanBase's number, negative for its own errors, and the words. */
export interface Verdict {
  readonly code: number;
  readonly message: string;
}

/** A server of the cluster, `ip:sql_port`, that answered as it should, and all that it lists. */
export interface GoodServer {
  readonly server: string;
  readonly listed: readonly string[];
}

/** No server answers; also a server that is none (OBProxy 4.3.1, observed). */
const NO_ANSWER: Verdict = { code: -10018, message: 'fail to check observer version, empty result' };

const NAME_OF_VERSION: Readonly<Record<'old' | 'new', string>> = {
  new: "SELECT value AS value FROM oceanbase.GV$OB_PARAMETERS WHERE name = 'cluster' LIMIT 1",
  old: "SELECT value AS value FROM oceanbase.__all_virtual_sys_parameter_stat WHERE name = 'cluster' LIMIT 1",
};

const SERVERS: Readonly<Record<'old' | 'new', string>> = {
  new: 'SELECT SVR_IP AS ip, SQL_PORT AS port FROM oceanbase.DBA_OB_SERVERS',
  old: 'SELECT svr_ip AS ip, inner_port AS port FROM oceanbase.__all_server',
};

type Row = Readonly<Record<string, unknown>>;

function ask(connection: Connection, sql: string): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, timeout: TIMEOUT_MS }, (error, rows) =>
      error === null ? resolve(rows as Row[]) : reject(error),
    );
  });
}

async function check(connection: Connection, cluster: string): Promise<Verdict | readonly string[]> {
  const [row] = await ask(connection, 'SELECT ob_version() AS cluster_version');
  const dialect = Number.parseInt(String(row?.cluster_version), 10) >= 4 ? 'new' : 'old';
  const [name] = await ask(connection, NAME_OF_VERSION[dialect]);
  if (name?.value === cluster) {
    const listed = await ask(connection, SERVERS[dialect]).catch(() => []);
    return listed.map(({ ip, port }) => addressText(String(ip), Number(port)));
  }
  return {
    code: -4666,
    message: `cluster name mismatch, expected cluster_name:"${cluster}", got cluster_name:"${String(name?.value)}"`,
  };
}

/**
 * Asks the first of the servers (`ip:sql_port`) that answers, which is answered when the cluster is what it should be. `hashes` are the
 * SHA-1 of proxyro's password, in the order in which they are tried.
 */
export async function checkCluster(
  cluster: string,
  servers: readonly string[],
  hashes: readonly string[],
): Promise<Verdict | GoodServer> {
  for (const server of servers) {
    const address = parseAddress(server);
    if (address === undefined) continue;
    let denied = false;
    for (const hash of hashes) {
      const connection = createConnection({
        host: address.host,
        port: address.ports[0] ?? 0,
        user: 'proxyro@sys',
        connectTimeout: TIMEOUT_MS,
        // The half of a password that a proxy keeps is enough; mysql2 takes it, its types do not tell.
        ...(hash === '' ? {} : { passwordSha1: Buffer.from(hash, 'hex') }),
      } as unknown as ConnectionOptions);
      connection.on('error', () => undefined);
      try {
        const found = await check(connection, cluster);
        return 'code' in found ? found : { server, listed: found };
      } catch (error) {
        const { errno = 0 } = error as { errno?: number };
        if (errno === 1045) denied = true;
        else if (errno > 0 && !denied)
          return { code: errno, message: `fail to check observer version, proxyro@sys error resp` };
        else break;
      } finally {
        connection.destroy();
      }
    }
    if (denied) return { code: 1045, message: 'fail to check observer version, proxyro@sys access denied' };
  }
  return NO_ANSWER;
}
