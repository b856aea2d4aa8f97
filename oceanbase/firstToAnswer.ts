import { AddressDenied } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { saidOf } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { SqlConnectionError, SqlError } from './sqlSession';

interface Server {
  readonly ip: string;
  readonly sqlPort: number;
}

/**
 * What a server says that boots, and serves a moment later: 8001 "Server is initializing", then 5150 "Tenant not in this
 * server" (both seen on OceanBase's engine 4.3.5.3; 5150 also comes from a server that never holds the sys tenant).
 */
const NOT_YET: ReadonlySet<number> = new Set([8001, 5150]);

/** Whether this server may answer later, and another may answer now. */
function isAway(error: unknown): error is SqlConnectionError | SqlError {
  return error instanceof SqlConnectionError || (error instanceof SqlError && NOT_YET.has(error.errno));
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
  const silent: Text[] = [];
  let nobodyListens = servers.length > 0;
  let denied: AddressDenied | undefined;
  for (const server of servers) {
    try {
      return await open(server);
    } catch (error) {
      if (error instanceof AddressDenied) {
        denied ??= error;
        nobodyListens = false;
        continue;
      }
      if (!isAway(error)) throw error;
      signal?.throwIfAborted();
      nobodyListens &&= error instanceof SqlConnectionError && error.nobodyListens;
      const at = addressText(server.ip, server.sqlPort);
      silent.push(say('sql.silent', { at, said: saidOf(error) }));
    }
  }
  if (denied !== undefined && silent.length === 0) throw denied;
  throw new SqlConnectionError(
    silent.length === 0 ? say('sql.noServer') : say('sql.allSilent', { servers: silent }),
    { nobodyListens },
  );
}
