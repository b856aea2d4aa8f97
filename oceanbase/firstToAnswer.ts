import { AddressDenied } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { SqlConnectionError, SqlError } from './sqlSession';

interface Server {
  readonly ip: string;
  readonly sqlPort: number;
}

/** "Server is initializing": a server that boots, which serves a moment later (OceanBase, OB_SERVER_IS_INIT). */
const INITIALIZING = 8001;

/** Whether this server may answer later, and another may answer now. */
function isAway(error: unknown): error is SqlConnectionError | SqlError {
  return error instanceof SqlConnectionError || (error instanceof SqlError && error.errno === INITIALIZING);
}

/**
 * What `open` makes of the first of a cluster's servers that answers.
 *
 * @throws what `open` throws beside SqlConnectionError and AddressDenied at once (a refused login is the same on every
 * server), the signal's reason, SqlConnectionError naming every server when none answers or all of them boot, and AddressDenied when obflow
 * may connect to none of them.
 */
export async function firstToAnswer<T>(
  servers: readonly Server[],
  signal: AbortSignal | undefined,
  open: (server: Server) => Promise<T>,
): Promise<T> {
  const silent: string[] = [];
  let denied: AddressDenied | undefined;
  for (const server of servers) {
    try {
      return await open(server);
    } catch (error) {
      if (error instanceof AddressDenied) {
        denied ??= error;
        continue;
      }
      if (!isAway(error)) throw error;
      signal?.throwIfAborted();
      silent.push(`${addressText(server.ip, server.sqlPort)}: ${error.message}`);
    }
  }
  if (denied !== undefined && silent.length === 0) throw denied;
  throw new SqlConnectionError(silent.join('; ') || 'no server of the cluster is known');
}
