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

/** A login that is refused. */
const DENIED = 1045;

/** Whether this server may answer later, and another may answer now. */
function isAway(error: unknown): error is SqlConnectionError | SqlError {
  return error instanceof SqlConnectionError || (error instanceof SqlError && NOT_YET.has(error.errno));
}

/**
 * What `open` makes of the first of a cluster's servers that answers.
 *
 * A refused login does not end the search: a server that has left its cluster refuses every login, and so does one that has not
 * taken a new password yet, while the others let in.
 *
 * @throws the first refusal of a login when nobody lets in, anything else that `open` throws beside SqlConnectionError and
 * AddressDenied at once, the signal's reason, SqlConnectionError naming every server when none answers or all of them boot, and
 * AddressDenied when obflow may connect to none of them.
 */
export async function firstToAnswer<T>(
  servers: readonly Server[],
  signal: AbortSignal | undefined,
  open: (server: Server) => Promise<T>,
): Promise<T> {
  const silent: Text[] = [];
  let nobodyListens = servers.length > 0;
  let denied: AddressDenied | undefined;
  let refused: SqlError | undefined;
  for (const server of servers) {
    try {
      return await open(server);
    } catch (error) {
      if (error instanceof AddressDenied) {
        denied ??= error;
        nobodyListens = false;
        continue;
      }
      if (error instanceof SqlError && error.errno === DENIED) {
        refused ??= error;
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
  if (refused !== undefined) throw refused;
  if (denied !== undefined && silent.length === 0) throw denied;
  throw new SqlConnectionError(
    silent.length === 0 ? say('sql.noServer') : say('sql.allSilent', { servers: silent }),
    { nobodyListens },
  );
}
