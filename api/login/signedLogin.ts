import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { KnownUser, SigningKey, Store } from '../../store/types';
import { attemptOf, refuseLockedOut, tooMany } from './lockout';
import { type ClaimedSignature, signatureFits, signedTime, stringToSign } from './signature';
import { BodyProof, type Prove, readAndProve } from './signedBody';

/** As documented. */
const WINDOW_MS = 15 * 60_000;
/** Digests are kept for longer than any signature is valid, because clocks of API processes differ, too. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
/** Signed uploads that are received at once: of each, the digest is known only when it is on the disk. */
const UNPROVEN_UPLOADS = 2;
/** A client polls more often than a database should be written. */
const USE_NOTED_MS = 3_600_000;
const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const MAX_SHOWN = 2_000;

/** Who signed. */
export interface SignedUser {
  readonly user: KnownUser;
  /** As it was sent; absent when its handler reads it. */
  readonly body?: Buffer;
  /** What is left to prove of a body that its handler reads. */
  readonly proof?: BodyProof;
}

/** Checks a signature that a request carries; throws Refusal 401 or 429. */
export type SignedLogin = (
  claim: ClaimedSignature,
  request: Request,
  response: Response,
) => Promise<SignedUser>;

/**
 * Access keys of the inventory. The body is read first, because its digest is signed (at most 1 MB); that of an upload
 * is proven while its handler reads it. A signature under which something changes is good once, for all processes on
 * one database.
 */
export function signedLogin(
  { accessKeys, usedSignatures, loginAttempts }: Store,
  now: () => number = Date.now,
): SignedLogin {
  let unproven = 0;

  async function claimOnce(accessKeyId: string, text: string, time: number): Promise<void> {
    const digest = createHash('sha256').update(`${accessKeyId}\n${text}`).digest('base64url');
    const expires = new Date(time + WINDOW_MS + CLOCKS_DIFFER_MS).toISOString();
    if (await usedSignatures.claim(digest, expires)) return;
    throw new Refusal(
      401,
      'IAM10000',
      'This signature was used before, and one under which something changes is good once. Sign again with a new ' +
        'Date; requests of the same second are told apart by a header such as x-ocp-nonce.',
    );
  }

  async function provenUse(key: SigningKey): Promise<void> {
    const lastUsed = key.lastUsedTime === null ? 0 : Date.parse(key.lastUsedTime);
    if (now() - lastUsed > USE_NOTED_MS) await accessKeys.used(key.id);
  }

  return async (claim, request, response) => {
    const attempt = attemptOf(`access key ${claim.accessKeyId}`, request);
    const before = await refuseLockedOut(loginAttempts, attempt, now());
    const time = freshTime(request, now());
    const key = await accessKeys.forSigning(claim.accessKeyId);
    if (key === undefined) {
      await loginAttempts.failed(attempt, now());
      throw new Refusal(401, 'IAM10004', say('login.noKey', { id: claim.accessKeyId }));
    }
    const prove: Prove = async (bodyMd5) => {
      const text = stringToSign({
        method: request.method,
        target: request.originalUrl,
        contentType: request.get('content-type') ?? '',
        date: request.get('date') ?? '',
        host: request.get('host') ?? '',
        rawHeaders: request.rawHeaders,
        bodyMd5,
      });
      if (!signatureFits(claim.signature, key.secret, text)) {
        await loginAttempts.failed(attempt, now());
        throw wrongSignature(text);
      }
      if (!READS.includes(request.method)) await claimOnce(claim.accessKeyId, text, time);
      if (!before.settled) await loginAttempts.succeeded(attempt, now());
      await provenUse(key);
    };
    if (!request.is('multipart/form-data')) {
      return { user: key.user, body: await readAndProve(request, response, prove) };
    }
    if (unproven >= UNPROVEN_UPLOADS) throw tooMany(5, 'Too many signed uploads are being received');
    unproven += 1;
    response.once('close', () => {
      unproven -= 1;
    });
    return { user: key.user, proof: new BodyProof(request, prove) };
  };
}

/** The time of the Date header. Throws Refusal 401 unless it is within 15 minutes. */
function freshTime(request: Request, now: number): number {
  const time = signedTime(request.get('date') ?? '');
  if (time !== undefined && Math.abs(now - time) <= WINDOW_MS) return time;
  const here = new Date(now).toUTCString();
  throw new Refusal(
    401,
    'IAM10000',
    time === undefined
      ? `A signed request needs a Date header in RFC 1123 form, such as "${here}".`
      : `The Date of a signed request may be 15 minutes off at most; here it is ${here}. Check the clock.`,
    { target: 'Date' },
  );
}

/** Shows what had to be signed: nothing in it is secret, and nothing else helps to find the difference. */
function wrongSignature(text: string): Refusal {
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN));
  return new Refusal(401, 'IAM10004', `The signature does not fit. The text to sign is ${shown}.`);
}
