import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { KnownUser, LoginAttempt, LoginState, SigningKey, Store } from '../../store/types';
import { attemptOf, lockedOut, tooMany } from './lockout';
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
 *
 * Wrong signatures lock out wrong signatures, never a right one: whoever knows the id of a key, which is no secret, and
 * shares its address could else keep it out. Nothing is lost by checking: no secret of a key can be guessed.
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
    throw new Refusal(401, 'IAM10000', say('signature.used'));
  }

  async function provenUse(key: SigningKey): Promise<void> {
    const lastUsed = key.lastUsedTime === null ? 0 : Date.parse(key.lastUsedTime);
    if (now() - lastUsed > USE_NOTED_MS) await accessKeys.used(key.id);
  }

  /** Counts what is wrong, or once too much was, refuses it without a word about what is wrong. */
  async function refuseWrong(attempt: LoginAttempt, before: LoginState, refusal: Refusal): Promise<never> {
    if (before.blockedUntil > now()) throw lockedOut(before, now());
    await loginAttempts.failed(attempt, now());
    throw refusal;
  }

  return async (claim, request, response) => {
    const attempt = attemptOf(`access key ${claim.accessKeyId}`, request);
    const before = await loginAttempts.look(attempt, now());
    const time = freshTime(request, now());
    const key = await accessKeys.forSigning(claim.accessKeyId);
    if (key === undefined) {
      const refusal = new Refusal(401, 'IAM10004', say('login.noKey', { id: claim.accessKeyId }));
      return refuseWrong(attempt, before, refusal);
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
        await refuseWrong(attempt, before, wrongSignature(text));
      }
      if (!READS.includes(request.method)) await claimOnce(claim.accessKeyId, text, time);
      if (!before.settled) await loginAttempts.succeeded(attempt, now());
      await provenUse(key);
    };
    if (!request.is('multipart/form-data')) {
      return { user: key.user, body: await readAndProve(request, response, prove) };
    }
    if (unproven >= UNPROVEN_UPLOADS) throw tooMany(5, say('login.tooManyUploads'));
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
    time === undefined ? say('signature.date', { here }) : say('signature.clock', { here }),
    { target: 'Date' },
  );
}

/** Shows what had to be signed: nothing in it is secret, and nothing else helps to find the difference. */
function wrongSignature(text: string): Refusal {
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN));
  return new Refusal(401, 'IAM10004', say('signature.wrong', { shown }));
}
