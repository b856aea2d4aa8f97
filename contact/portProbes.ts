/** Whether a service answers on a port, at the price of one connection: nobody logs in, nothing is asked. */
import type { Duplex } from 'node:stream';
import { withDeadline } from '../runtime/deadline';
import { getThrough } from '../runtime/httpThrough';

/** A service that is well answers in milliseconds; a network far away in some hundred. */
export const PROBE_MS = 2_000;
/** The length before a packet's number, and the first byte of the packet. */
const MYSQL_HEADER = 5;
/** The first byte of a handshake (protocol 10), and of an error: too many connections, for instance. */
const MYSQL_GREETINGS = new Set([0x0a, 0xff]);
const SSH_GREETING = 'SSH-';

/** GET /metrics answers 200. Rejects with why not; the stream is used up. */
export async function answersMetrics(
  stream: Duplex,
  at: { readonly host: string; readonly port: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { status } = await getThrough(stream, {
    ...at,
    path: '/metrics',
    statusOnly: true,
    timeoutMs: PROBE_MS,
  });
  if (status !== 200) throw new Error(`HTTP ${status}`);
}

/** The server of a MySQL protocol speaks first. Rejects with why it does not; the stream is used up. */
export function greetsAsMysql(stream: Duplex, signal?: AbortSignal): Promise<void> {
  return greets(stream, signal, (said) => {
    if (said.length < MYSQL_HEADER) return undefined;
    return MYSQL_GREETINGS.has(said[MYSQL_HEADER - 1] ?? 0) ? 'right' : 'wrong';
  });
}

/** So does the server of SSH. */
export function greetsAsSsh(stream: Duplex, signal?: AbortSignal): Promise<void> {
  return greets(stream, signal, (said) => {
    const text = said.toString('latin1');
    // It may say other lines first (RFC 4253, 4.2).
    if (text.split(/\r?\n/).some((line) => line.startsWith(SSH_GREETING))) return 'right';
    return said.length > 4_096 ? 'wrong' : undefined;
  });
}

/** @param judge undefined: not enough was said yet */
function greets(
  stream: Duplex,
  outer: AbortSignal | undefined,
  judge: (said: Buffer) => 'right' | 'wrong' | undefined,
): Promise<void> {
  return withDeadline(
    PROBE_MS,
    outer,
    (signal, passed) =>
      new Promise<void>((resolve, reject) => {
        const end = (settle: () => void) => {
          signal.removeEventListener('abort', late);
          stream.destroy();
          settle();
        };
        const fail = (error: unknown) => end(() => reject(error));
        const late = () => fail(passed() ? new Error(`no answer within ${PROBE_MS} ms`) : signal.reason);
        signal.addEventListener('abort', late);
        if (signal.aborted) return late();
        let said = Buffer.alloc(0);
        stream.on('error', fail);
        stream.on('close', () => fail(new Error('the connection was closed without a greeting')));
        stream.on('data', (chunk: Buffer) => {
          said = Buffer.concat([said, chunk]);
          const verdict = judge(said);
          if (verdict === 'right') end(resolve);
          if (verdict === 'wrong') fail(new Error('something else answers there'));
        });
      }),
  );
}
