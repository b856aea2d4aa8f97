import {
  createHash,
  createHmac,
  randomBytes,
  type ScryptOptions,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';

const HASH_BYTES = 32;
/** How much work scrypt makes of a password; see RFC 7914. */
export interface PasswordCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 16 MiB and about 0.15 s a guess; of the strengths OWASP lists as equal, the one that takes least memory. */
const COST: PasswordCost = { N: 2 ** 14, r: 8, p: 5 };

/** A fresh hash, as stored: `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashPassword(password: string, cost = COST): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Stands for a stored hash where a login remembers it: another password, another digest. */
export function passwordDigest(hash: string): string {
  return createHash('sha256').update(hash).digest('base64url');
}

/** Whether a password is the one that was hashed. Takes about 0.15 s of a core and 16 MiB. */
export async function passwordFits(password: string, stored: string): Promise<boolean> {
  const [scheme, n, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return false;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const derived = await derive(password, Buffer.from(salt, 'base64url'), cost);
  const expected = Buffer.from(hash, 'base64url');
  return derived.length === expected.length && timingSafeEqual(derived, expected);
}

/** As much work as `passwordFits`, for nothing: the time of an answer must not tell which names exist. */
export async function pretendToCheck(password: string, cost = COST): Promise<false> {
  await derive(password, randomBytes(16), cost);
  return false;
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
