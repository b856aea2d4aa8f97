import { AddressDenied } from '../runtime/addresses';
import { addressText } from '../runtime/addressText';
import { saidOf } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import { couldNotAsk, SqlConnectionError, SqlError } from './sqlSession';

interface Server {
  readonly ip: string;
  readonly sqlPort: number;
}

/** A login that is refused. */
const DENIED = 1045;

/**
 * What `open` makes of the first of a cluster's servers that answers.
 *
 * A refused login does not end the search: a server that has left its cluster refuses every login, and so does one that has not
 * taken a new password yet, while the others let in.
 *
 * @throws the first refusal of a login when nobody lets in, anything else that `open` throws beside AddressDenied and what could
 * not be asked at once, the signal's reason, SqlConnectionError naming every server when none could be asked, and AddressDenied
 * when obflow may connect to none of them.
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
      if (!couldNotAsk(error)) throw error;
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
