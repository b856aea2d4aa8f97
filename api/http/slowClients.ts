import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Rate } from '../../runtime/httpSettings';

/** What moves in one direction of a connection since the last time it moved enough. */
interface Progress {
  since: number;
  bytes: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly sending: Progress;
  readonly taking: Progress;
}

function numberIn(holder: object, name: string): number | undefined {
  const value: unknown = Reflect.get(holder, name);
  return typeof value === 'number' ? value : undefined;
}

/**
 * Bytes the kernel has taken from us. `socket.bytesWritten` counts what still waits in the process, and a large answer
 * is one write, so what libuv has not got rid of is subtracted: the number that Node's own idle timeout of sockets
 * goes by, kept by the TCP handle (of TLS: the one below it). Without it every write counts as taken.
 */
function bytesTaken(socket: Socket): number {
  const below: unknown = Reflect.get(socket, '_parent');
  const handle: unknown = Reflect.get(below instanceof Socket ? below : socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return socket.bytesWritten;
  const written = numberIn(handle, 'bytesWritten');
  const waiting = numberIn(handle, 'writeQueueSize');
  return written === undefined || waiting === undefined ? socket.bytesWritten : written - waiting;
}

/** Whether the direction is too slow; forgets the past when it does not wait for the client or has moved enough. */
function tooSlow(progress: Progress, waits: boolean, bytes: number, minRate: Rate, now: number): boolean {
  if (!waits || bytes - progress.bytes >= minRate.limit) {
    progress.since = now;
    progress.bytes = bytes;
    return false;
  }
  return now - progress.since >= minRate.seconds * 1000;
}

/**
 * Cuts off clients whose body trickles in (`onSlow`) or who hardly take their answer (destroyed). Only time in which
 * the client is the one waited for counts: neither a handler that thinks, nor a disk that is slower than the
 * upload, nor a stream of events that has nothing to tell.
 */
export function guardAgainstSlowClients(
  server: Server,
  minRate: Rate,
  onSlow: (request: IncomingMessage, response: ServerResponse) => void,
): { stop(): void } {
  const exchanges = new Map<Socket, Exchange>();
  const known = new WeakSet<Socket>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const now = Date.now();
    if (!known.has(socket)) socket.once('close', () => exchanges.delete(socket));
    known.add(socket);
    exchanges.set(socket, {
      request,
      response,
      sending: { since: now, bytes: socket.bytesRead },
      taking: { since: now, bytes: bytesTaken(socket) },
    });
  });
  const look = () => {
    const now = Date.now();
    for (const [socket, { request, response, sending, taking }] of exchanges) {
      const awaitsBody = !request.complete && request.readableLength === 0;
      const awaitsReader = socket.writableLength > 0;
      if (request.complete && response.writableFinished && !awaitsReader) {
        // Over: an idle connection must not keep a request's body in memory.
        exchanges.delete(socket);
      } else if (tooSlow(sending, awaitsBody, socket.bytesRead, minRate, now)) {
        exchanges.delete(socket);
        onSlow(request, response);
      } else if (tooSlow(taking, awaitsReader, bytesTaken(socket), minRate, now)) {
        exchanges.delete(socket);
        socket.destroy();
      }
    }
  };
  const timer = setInterval(look, Math.min(1_000, minRate.seconds * 250)).unref();
  return { stop: () => clearInterval(timer) };
}
