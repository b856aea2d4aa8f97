/**
 * Answers as gzip, by Node's own zlib: what the middleware `compression` makes of a response breaks the backpressure that
 * long answers and streams rely on (docs/dependencies.md).
 */
import { promisify } from 'node:util';
import { constants, createGzip, type Gzip, gzip } from 'node:zlib';
import type { Response } from 'express';

const READS: readonly string[] = ['GET', 'HEAD'];
/** Below one packet nothing is won. */
const LEAST_CHARACTERS = 1_400;
/** JSON shrinks to a tenth at the lowest level already, for a third of the time. */
const LEVEL = constants.Z_BEST_SPEED;
/** A stream lives for hours, and a thousand may be open: 80 KB each instead of 256. */
const SMALL = { windowBits: 14, memLevel: 5, flush: constants.Z_SYNC_FLUSH };
const pack = promisify(gzip);

/**
 * Whether this answer is compressed: the client takes gzip, and it is one to a GET. What is answered to changes may hold a
 * secret (a new access key), whose length would then show (BREACH).
 */
export function compresses(response: Response): boolean {
  const { req: request } = response;
  response.vary('accept-encoding');
  return READS.includes(request.method) && request.acceptsEncodings(['gzip', 'identity']) === 'gzip';
}

/**
 * What is written here goes compressed to the response, as fast as its client takes it. Of a stream each write arrives by
 * itself.
 */
export function gzipInto(response: Response, kind: 'body' | 'stream'): Gzip {
  const zip = createGzip({ level: LEVEL, ...(kind === 'stream' ? SMALL : {}) });
  response.set('content-encoding', 'gzip');
  zip.on('error', () => response.destroy());
  response.once('close', () => zip.destroy());
  zip.pipe(response);
  return zip;
}

/** Answers a JSON text. */
export async function sendJsonText(response: Response, text: string): Promise<void> {
  response.type('json');
  if (text.length < LEAST_CHARACTERS || !compresses(response)) {
    response.send(text);
    return;
  }
  const packed = await pack(text, { level: LEVEL });
  response.set('content-encoding', 'gzip').send(packed);
}
