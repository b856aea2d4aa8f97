import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Scope } from '../database/scope';
import type { LoginAttempt, LoginAttempts, LoginState } from '../types';

/** How a bucket of failures turns into refusals: each failure from the `free`th on doubles the time. */
interface Limit {
  readonly free: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** One failure is forgotten for each such pause, so that a job with an old password does not add up for ever. */
  readonly forgetMs: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** One user from one address. OCP allows 5 attempts, too (`ocp.iam.login.max-attempts`). */
const PAIR: Limit = { free: 5, firstMs: 30_000, mostMs: 15 * MINUTE, forgetMs: 10 * MINUTE };
/** One address, whoever it tries to be. Larger, for an office may share one address. */
const ADDRESS: Limit = { free: 50, firstMs: 30_000, mostMs: 15 * MINUTE, forgetMs: 2 * MINUTE };
/** One user from anywhere: never refused, only slowed down, or anybody could lock out anybody. */
const SUBJECT: Limit = { free: 50, firstMs: 0, mostMs: 0, forgetMs: 2 * MINUTE };
/** An address from which a user has logged in is not refused for what others do there. */
const BELONGS_MS = 30 * DAY;
const BELONGS_NOTED_MS = 60 * MINUTE;
/** Attempts from ever new addresses cannot fill the disk. */
const MOST_ROWS = 100_000;
const PRUNE_MS = 10 * MINUTE;

interface Bucket {
  readonly bucket: string;
  readonly failures: number;
  readonly last_failure_time: string | null;
  readonly blocked_until: string | null;
  readonly last_success_time: string | null;
}

/** The part of an address that counts: who has one IPv6 address mostly has its whole /64. */
export function addressBlock(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined || isIPv4(plain) || !isIPv6(plain)) return mapped ?? plain;
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Hashed: names are what strangers send, passwords typed into the wrong field included. */
function nameOf(kind: string, ...parts: string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, ...parts]))
    .digest('base64url');
}

function bucketsOf({ subject, address }: LoginAttempt): { pair: string; address: string; subject: string } {
  const block = addressBlock(address);
  return {
    pair: nameOf('pair', subject, block),
    address: nameOf('address', block),
    subject: nameOf('subject', subject),
  };
}

const iso = (time: number): string => new Date(time).toISOString();
const msOf = (time: string | null | undefined): number => (time == null ? 0 : Date.parse(time));

/** Failures that still count. */
function failuresOf(bucket: Bucket | undefined, limit: Limit, now: number): number {
  if (bucket === undefined) return 0;
  const forgotten = Math.floor((now - msOf(bucket.last_failure_time)) / limit.forgetMs);
  return Math.max(0, bucket.failures - Math.max(0, forgotten));
}

function blockedUntil(failures: number, limit: Limit, now: number): string | null {
  if (failures < limit.free || limit.mostMs === 0) return null;
  // 2 ** 20 is beyond every `mostMs`; more would only overflow.
  const doublings = Math.min(failures - limit.free, 20);
  return iso(now + Math.min(limit.mostMs, limit.firstMs * 2 ** doublings));
}

export function loginAttemptsRepository(scope: Scope): LoginAttempts {
  let prunedAt = 0;

  async function read(db: Scope['db'], attempt: LoginAttempt) {
    const names = bucketsOf(attempt);
    const rows: Bucket[] = await db
      .selectFrom('login_attempts')
      .select(['bucket', 'failures', 'last_failure_time', 'blocked_until', 'last_success_time'])
      .where('bucket', 'in', Object.values(names))
      .execute();
    const row = (name: string) => rows.find(({ bucket }) => bucket === name);
    return { names, pair: row(names.pair), address: row(names.address), subject: row(names.subject) };
  }

  function stateOf(found: Omit<Awaited<ReturnType<typeof read>>, 'names'>, now: number): LoginState {
    const belongs = now - msOf(found.pair?.last_success_time) < BELONGS_MS;
    const until = Math.max(msOf(found.pair?.blocked_until), belongs ? 0 : msOf(found.address?.blocked_until));
    return {
      blockedUntil: until > now ? until : 0,
      slow: !belongs && failuresOf(found.subject, SUBJECT, now) >= SUBJECT.free,
      settled: found.pair?.failures === 0 && now - msOf(found.pair.last_success_time) < BELONGS_NOTED_MS,
    };
  }

  async function store(db: Scope['db'], bucket: Bucket, now: number): Promise<void> {
    const values = { ...bucket, update_time: iso(now) };
    await db
      .insertInto('login_attempts')
      .values(values)
      .onConflict((conflict) => conflict.column('bucket').doUpdateSet(values))
      .execute();
  }

  /** What nobody needs any more, and the oldest when there are too many. */
  async function prune(db: Scope['db'], now: number): Promise<number> {
    prunedAt = now;
    const forgotten = await db
      .deleteFrom('login_attempts')
      .where('update_time', '<', iso(now - DAY))
      .where((eb) =>
        eb.or([eb('last_success_time', 'is', null), eb('last_success_time', '<', iso(now - BELONGS_MS))]),
      )
      .executeTakeFirstOrThrow();
    const newestTooMany = await db
      .selectFrom('login_attempts')
      .select('update_time')
      .orderBy('update_time', 'desc')
      .offset(MOST_ROWS)
      .limit(1)
      .executeTakeFirst();
    if (newestTooMany === undefined) return Number(forgotten.numDeletedRows);
    const surplus = await db
      .deleteFrom('login_attempts')
      .where('update_time', '<=', newestTooMany.update_time)
      .where('last_success_time', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(forgotten.numDeletedRows + surplus.numDeletedRows);
  }

  return {
    async look(attempt, now) {
      return stateOf(await read(scope.db, attempt), now);
    },

    failed: (attempt, now, sameAgain = false) =>
      scope.write(async (db) => {
        if (now - prunedAt >= PRUNE_MS) await prune(db, now);
        const { names, ...found } = await read(db, attempt);
        const next = (name: string, before: Bucket | undefined, limit: Limit): Bucket => {
          const failures = failuresOf(before, limit, now) + 1;
          return {
            bucket: name,
            failures,
            last_failure_time: iso(now),
            blocked_until: blockedUntil(failures, limit, now),
            last_success_time: before?.last_success_time ?? null,
          };
        };
        const after = {
          pair: sameAgain ? found.pair : next(names.pair, found.pair, PAIR),
          address: next(names.address, found.address, ADDRESS),
          subject: sameAgain ? found.subject : next(names.subject, found.subject, SUBJECT),
        };
        // In one order everywhere, so that two transactions never wait for each other.
        for (const bucket of [after.pair, after.address, after.subject]) {
          if (bucket !== undefined) await store(db, bucket, now);
        }
        return stateOf(after, now);
      }),

    deleteExpired: (now) => scope.write((db) => prune(db, now)),

    succeeded: async (attempt, now) => {
      const names = bucketsOf(attempt);
      await store(
        scope.db,
        {
          bucket: names.pair,
          failures: 0,
          last_failure_time: null,
          blocked_until: null,
          last_success_time: iso(now),
        },
        now,
      );
    },
  };
}
