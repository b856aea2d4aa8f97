import { AddressDenied } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { SqlConnectionError } from './sqlSession';

interface Server {
  readonly ip: string;
  readonly sqlPort: number;
}

/**
 * What `open` makes of the first of a cluster's servers that answers.
 *
 * @throws what `open` throws beside SqlConnectionError and AddressDenied at once (a refused login is the same on every
 * server), the signal's reason, SqlConnectionError naming every server when none answers, and AddressDenied when obflow
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
      if (!(error instanceof SqlConnectionError)) throw error;
      signal?.throwIfAborted();
      silent.push(`${addressText(server.ip, server.sqlPort)}: ${error.message}`);
    }
  }
  if (denied !== undefined && silent.length === 0) throw denied;
  throw new SqlConnectionError(silent.join('; ') || 'no server of the cluster is known');
}
