import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { withDeadline } from './deadline';

const DEFAULT_TIMEOUT_MS = 3_000;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

export interface Asked {
  /** Name and port of the Host header; they decide nothing about where the request goes. */
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole answer; default 3 000. */
  readonly timeoutMs?: number;
  /** Of the body; default 16 MiB. A longer one is an error. */
  readonly maxBytes?: number;
  /** The status is enough: the body is not waited for, and is ''. */
  readonly statusOnly?: true;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/**
 * HTTP GET over a stream that is open already (a socket, an SSH tunnel), and over no other: `agent: false` would make
 * Node dial host and port by itself, from this machine, and no proxy of the environment is asked. The stream is used up.
 * Rejects with the stream's error, with the signal's reason, or when the answer is late or too long.
 */
export function getThrough(stream: Duplex, asked: Asked): Promise<Answered> {
  const timeoutMs = asked.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const maxBytes = asked.maxBytes ?? DEFAULT_MAX_BYTES;
  return withDeadline(timeoutMs, asked.signal, async (signal, passed) => {
    try {
      return await exchange(stream, asked, maxBytes, signal);
    } catch (error) {
      asked.signal?.throwIfAborted();
      if (passed()) throw new Error(`no whole answer within ${timeoutMs} ms`, { cause: error });
      throw error;
    } finally {
      stream.destroy();
    }
  });
}

function exchange(
  stream: Duplex,
  { host, port, path, statusOnly }: Asked,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, signal, createConnection: () => stream }, (answer) => {
      if (statusOnly === true) {
        resolve({ status: answer.statusCode ?? 0, body: '' });
        answer.destroy();
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) answer.destroy(new Error(`its answer is longer than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
