import { createHmac, randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { PasswordUser, RunCheck, Store } from '../../store/types';
import { clientAddress } from '../http/address';
import { attemptOf, refuseLockedOut, tooMany } from './lockout';
import { CheckLanes, LanesFullError } from './passwordQueue';

/** A check is scrypt, 16 MiB and 0.15 s of a core; two leave the others of libuv's four threads to files and DNS. */
const LIMITS = { parallel: 2, perLane: 32, altogether: 256 };
/** Between two guesses at a user who is attacked from many addresses. */
const SLOW_MS = 1_000;

/** Digests of wrong passwords that are remembered, and for how long. */
const WRONG_KEPT = 1_000;
const WRONG_KEPT_MS = 10 * 60_000;

export interface BasicLogin {
  readonly name: string;
  readonly password: string;
}

/** Checks a password that a request gives; throws Refusal 401 or 429. */
export type PasswordLogin = (login: BasicLogin, request: Request) => Promise<PasswordUser>;

/**
 * Passwords against the users of the inventory. Failures are counted for user and address; equal checks under way
 * are shared, so that the many requests of a browser cost one.
 */
export function passwordLogin(
  { users, loginAttempts }: Pick<Store, 'users' | 'loginAttempts'>,
  now: () => number = Date.now,
): PasswordLogin {
  const lanes = new CheckLanes(LIMITS);
  // No password stays in memory, not even as a key of this map.
  const secret = randomBytes(32);
  const underWay = new Map<string, Promise<PasswordUser>>();
  const wrong = new Map<string, number>();

  /** Whether this very password was wrong a moment ago. Notes that it was. */
  function wrongAgain(digest: string): boolean {
    const before = wrong.get(digest);
    wrong.delete(digest);
    wrong.set(digest, now());
    const [oldest] = wrong.keys();
    if (wrong.size > WRONG_KEPT && oldest !== undefined) wrong.delete(oldest);
    return before !== undefined && now() - before < WRONG_KEPT_MS;
  }

  async function check(login: BasicLogin, request: Request, digest: string): Promise<PasswordUser> {
    const attempt = attemptOf(login.name, request);
    const before = await refuseLockedOut(loginAttempts, attempt, now());
    const lane = before.slow ? `user ${login.name}` : `address ${attempt.address}`;
    const inTurn: RunCheck = (scrypt) =>
      lanes.run(lane, before.slow ? SLOW_MS : 0, async () => {
        // While this one waited, others may have failed often enough.
        await refuseLockedOut(loginAttempts, attempt, now());
        const fits = await scrypt();
        // Counted before the next one's turn comes, or a burst would count as one failure.
        if (!fits) await loginAttempts.failed(attempt, now(), wrongAgain(digest));
        return fits;
      });
    const user = await users.verify(login.name, login.password, inTurn).catch((error: unknown) => {
      if (!(error instanceof LanesFullError)) throw error;
      throw tooMany(1, say('login.tooManyChecked'));
    });
    if (user === undefined) throw new Refusal(401, 'IAM10004', say('login.wrong'));
    if (!before.settled) await loginAttempts.succeeded(attempt, now());
    return user;
  }

  return (login, request) => {
    const digest = createHmac('sha256', secret)
      .update(JSON.stringify([login.name, login.password, clientAddress(request)]))
      .digest('base64');
    let checked = underWay.get(digest);
    if (checked === undefined) {
      checked = check(login, request, digest).finally(() => underWay.delete(digest));
      underWay.set(digest, checked);
    }
    return checked;
  };
}

/** Name and password of an Authorization header; undefined when it is not HTTP Basic. */
export function basicLogin(authorization: string | undefined): BasicLogin | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || text.includes('\0')) return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
