import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { raw } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import { bodyDigest } from './signature';

/** What a signature is checked with; throws Refusal 401 when it does not fit a body with this digest. */
export type Prove = (bodyMd5: string) => Promise<void>;

/**
 * Express answers that a body is too long when its last byte has come: whose client sent a little too much can read that
 * then. So much of it is waited for, and no more, since there may be no last byte.
 */
const MAX_IGNORED_BYTES = 16 * 1024 ** 2;

/** Has Express read the body into `request.body`. Throws its errors, and Refusal 413. */
export function readBody(reader: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = () => {
      request.off('data', count);
      if (response.headersSent) return;
      response.set('connection', 'close');
      reject(new Refusal(413, 'COM10003', say('http.tooLarge')));
    };
    let bytes = 0;
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_IGNORED_BYTES) refuse();
    };
    if (Number(request.get('content-length') ?? 0) > MAX_IGNORED_BYTES) {
      refuse();
      return;
    }
    request.on('data', count);
    reader(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}

// As it came over the wire: what a client signs is what it sends.
const readRaw = raw({ limit: '1mb', type: () => true, inflate: false });

/**
 * The proof of a signed request whose body is read by its handler, chunk by chunk: until the last byte has come and
 * the digest fits, nothing of it may be kept and nobody is logged in.
 */
export class BodyProof {
  readonly #hash = createHash('md5');
  #empty = true;
  #ended: Promise<void> | undefined;
  #proven = false;

  constructor(
    private readonly request: Request,
    private readonly prove: Prove,
  ) {}

  get proven(): boolean {
    return this.#proven;
  }

  /** Digests what others read of the request; to be called in the same turn in which they begin. */
  watch(): void {
    this.request.on('data', (chunk: Buffer) => {
      this.#empty = false;
      this.#hash.update(chunk);
    });
    this.#ended = new Promise((resolve, reject) => {
      this.request.once('end', resolve);
      this.request.once('close', () => reject(new Refusal(400, 'COM10003', say('http.endedEarly'))));
    });
    this.#ended.catch(() => undefined);
  }

  /** Waits for the last byte. Throws Refusal 401 when the signature does not fit what came. */
  async settled(): Promise<void> {
    if (this.#ended === undefined) this.watch();
    // A reader that has seen enough stops reading; what follows is signed, too.
    this.request.resume();
    await this.#ended;
    await this.prove(this.#empty ? '' : this.#hash.digest('hex').toUpperCase());
    this.#proven = true;
  }
}

/** Reads a body of at most 1 MB as it was sent, and has it proven. Throws Refusal 401, and errors of Express. */
export async function readAndProve(request: Request, response: Response, prove: Prove): Promise<Buffer> {
  await readBody(readRaw, request, response);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  request.body = undefined;
  await prove(bodyDigest(body));
  return body;
}

/** The JSON object or list in a body that was read before; undefined in an empty one. Throws Refusal 400. */
export function parsedBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, 'COM10003', say('http.noJson'));
  }
  if (typeof value !== 'object' || value === null) throw new Refusal(400, 'COM10003', say('http.noJson'));
  return value;
}
