import { createHmac, randomBytes } from 'node:crypto';
import type { User, Users } from '../inventory/types';
import { Refusal } from '../operations/refusal';

/** A password that was right is right for this long without asking scrypt again (about 50 ms of CPU a check). */
const REMEMBER_MS = 60_000;
const REMEMBERED = 1_000;

/** Finds out who sends a request; throws Refusal 401. */
export type Authenticate = (authorization: string | undefined) => Promise<User>;

/**
 * HTTP Basic against the users of the inventory. Successful checks are remembered under a keyed hash, so that no
 * password stays in memory and a polling client does not pay scrypt each time; equal checks under way are shared.
 */
export function basicAuthentication(users: Users, now: () => number = Date.now): Authenticate {
  const key = randomBytes(32);
  const known = new Map<string, { user: User; until: number }>();
  const underWay = new Map<string, Promise<User | undefined>>();

  return async (authorization) => {
    const login = basicLogin(authorization);
    if (login === undefined) {
      throw new Refusal(
        401,
        'IAM10000',
        'Log in by HTTP Basic: send an Authorization header with user name and password.',
      );
    }
    const digest = createHmac('sha256', key).update(`${login.name}\0${login.password}`).digest('base64');
    const remembered = known.get(digest);
    if (remembered !== undefined && remembered.until > now()) return remembered.user;

    let check = underWay.get(digest);
    if (check === undefined) {
      check = users.verify(login.name, login.password).finally(() => underWay.delete(digest));
      underWay.set(digest, check);
    }
    const user = await check;
    if (user === undefined) throw new Refusal(401, 'IAM10004', 'User name or password is wrong.');
    known.delete(digest);
    known.set(digest, { user, until: now() + REMEMBER_MS });
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return user;
  };
}

function basicLogin(authorization: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || text.includes('\0')) return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
