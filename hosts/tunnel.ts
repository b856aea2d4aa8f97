import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { TransientError } from '../runtime/errors';
import type { Connection } from './connection';

const DIRECT_TIMEOUT_MS = 5_000;
/** RFC 4254 §5.1; OpenSSH's description with it is only "open failed". */
const ADMINISTRATIVELY_PROHIBITED = 1;

/**
 * A stream to a port of the host's own loopback address through SSH, where OBProxy accepts its administrator
 * (OBProxy 4.3.1, observed). An sshd with `AllowTcpForwarding no` prohibits the channel: then directly to
 * the host's address. TransientError PortClosed when nothing listens.
 */
export async function tunnel(connection: Connection, port: number): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new RangeError(`Not a TCP port: ${port}`);
  try {
    return await connection.forward(port);
  } catch (error) {
    if (error instanceof TransientError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if ((error as { reason?: unknown }).reason === ADMINISTRATIVELY_PROHIBITED)
      return direct(connection.address.ip, port);
    throw portClosed(connection.address.ip, port, 'the SSH tunnel', message);
  }
}

function direct(ip: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, noDelay: true, timeout: DIRECT_TIMEOUT_MS });
    const fail = (message: string) => {
      socket.destroy();
      reject(portClosed(ip, port, 'a direct connection (its sshd forbids tunnels)', message));
    };
    const failed = (error: Error) => fail(error.message);
    // Until somebody uses it and after they have: an error that nobody hears would end the process.
    socket.on('error', () => {});
    socket.once('error', failed);
    socket.once('timeout', () => fail(`no answer within ${DIRECT_TIMEOUT_MS} ms`));
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.removeAllListeners('timeout');
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function portClosed(ip: string, port: number, way: string, cameBack: string): TransientError {
  return new TransientError({
    type: 'PortClosed',
    tried: `reach port ${port} by ${way}`,
    where: ip,
    cameBack,
    next: 'Check that the service runs and listens on this port.',
  });
}
