import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { now } from './schema';
import type { Scope } from './scope';
import type { Users } from './types';

/** Id of `admin` in the documented samples. */
const ADMIN_ID = 100;
const HASH_BYTES = 32;
/** 16 MiB and about 0.15 s a guess; of the strengths OWASP lists as equal, the one that takes least memory. */
const COST = { N: 2 ** 14, r: 8, p: 5 };

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

async function fits(password: string, stored: string): Promise<boolean> {
  const [scheme, n, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return false;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const derived = await derive(password, Buffer.from(salt, 'base64url'), cost);
  const expected = Buffer.from(hash, 'base64url');
  return derived.length === expected.length && timingSafeEqual(derived, expected);
}

function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { ...cost, maxmem: 128 * 1024 * 1024 }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    );
  });
}

/**
 * Passwords this process has seen fit, as HMACs under a key that lives as long as it: HTTP Basic sends the password
 * with every request, and scrypt each time would cost more than the request itself. Bound to the stored hash, so a
 * changed password counts at once. A wrong password always costs a full scrypt.
 */
export class KnownPasswords {
  readonly #key = randomBytes(32);
  readonly #known = new Map<number, Buffer>();

  #mac(password: string, stored: string): Buffer {
    return createHmac('sha256', this.#key).update(`${stored}\0${password}`).digest();
  }

  has(userId: number, password: string, stored: string): boolean {
    const known = this.#known.get(userId);
    return known !== undefined && timingSafeEqual(known, this.#mac(password, stored));
  }

  add(userId: number, password: string, stored: string): void {
    this.#known.set(userId, this.#mac(password, stored));
  }
}

export function usersRepository(scope: Scope, known: KnownPasswords): Users {
  return {
    async ensureAdmin(password) {
      const anyUser = scope.db.selectFrom('users').select('id').limit(1);
      if ((await anyUser.executeTakeFirst()) !== undefined) return false;
      const row = {
        id: ADMIN_ID,
        name: 'admin',
        password_hash: await hashPassword(password),
        create_time: now(),
      };
      const made = await scope.db
        .insertInto('users')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      return made !== undefined;
    },

    async verify(name, password) {
      const user = await scope.db
        .selectFrom('users')
        .select(['id', 'name', 'password_hash'])
        .where('name', '=', name)
        .executeTakeFirst();
      if (user === undefined) {
        // As much work as for a known user: the time of an answer must not tell which names exist.
        await derive(password, randomBytes(16), COST);
        return undefined;
      }
      if (!known.has(user.id, password, user.password_hash)) {
        if (!(await fits(password, user.password_hash))) return undefined;
        known.add(user.id, password, user.password_hash);
      }
      return { id: user.id, name: user.name };
    },
  };
}
