import { randomUUID } from 'node:crypto';
import { now } from '../database/schema';
import type { Scope } from '../database/scope';
import type { MasterKey } from '../masterKey';
import type { Idempotency, KeyedRequest } from '../types';

const KEPT_MS = 24 * 3_600_000;

/** ISO-8601 UTC, so many milliseconds from now. */
function inMs(milliseconds: number): string {
  return new Date(Date.now() + milliseconds).toISOString();
}

/**
 * Requests under an Idempotency-Key. Answers are sealed, for one may hold a secret that is shown once, and so are
 * digests, by which a password in a body could be guessed.
 */
export function idempotencyRepository(scope: Scope, key: MasterKey): Idempotency {
  const place = (what: 'answer' | 'digest', { userId, key: name }: KeyedRequest) =>
    `${what} of request ${userId}/${name}`;
  const claimed = (db: Scope['db'], request: KeyedRequest) =>
    db
      .updateTable('idempotency_keys')
      .where('user_id', '=', request.userId)
      .where('key', '=', request.key)
      .where('owner', '=', request.owner)
      .returning('request_id');

  async function deleteExpired(db: Scope['db']): Promise<number> {
    const { numDeletedRows } = await db
      .deleteFrom('idempotency_keys')
      .where('create_time', '<', inMs(-KEPT_MS))
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  return {
    deleteExpired: () => deleteExpired(scope.db),

    claim: (request) =>
      scope.write(async (db) => {
        await deleteExpired(db);
        const stored = await db
          .selectFrom('idempotency_keys')
          .selectAll()
          .where('user_id', '=', request.userId)
          .where('key', '=', request.key)
          .executeTakeFirst();
        const lease = { owner: request.owner, until: inMs(request.leaseMs) };
        if (stored === undefined) {
          const requestId = randomUUID();
          await db
            .insertInto('idempotency_keys')
            .values({
              user_id: request.userId,
              key: request.key,
              digest: key.seal(request.digest, place('digest', request)),
              request_id: requestId,
              ...lease,
              answer: null,
              create_time: now(),
            })
            .execute();
          return { kind: 'claimed', requestId };
        }
        const digest = key.open(stored.digest, place('digest', request));
        if (digest !== request.digest) return { kind: 'otherRequest' };
        if (stored.answer !== null) {
          const { data } = JSON.parse(key.open(stored.answer, place('answer', request))) as {
            data?: unknown;
          };
          return { kind: 'answered', data };
        }
        if (stored.owner !== null && stored.until > now()) return { kind: 'underWay' };
        await db
          .updateTable('idempotency_keys')
          .set(lease)
          .where('user_id', '=', request.userId)
          .where('key', '=', request.key)
          .execute();
        return { kind: 'claimed', requestId: stored.request_id };
      }),

    async renew(request, leaseMs) {
      const row = await claimed(scope.db, request)
        .set({ until: inMs(leaseMs) })
        .executeTakeFirst();
      return row !== undefined;
    },

    async complete(request, data) {
      const answer = key.seal(JSON.stringify({ data }), place('answer', request));
      const row = await claimed(scope.db, request).set({ owner: null, answer }).executeTakeFirst();
      return row !== undefined;
    },

    async release(request) {
      await claimed(scope.db, request).set({ owner: null }).execute();
    },

    async forget({ userId, key: name, owner }) {
      await scope.db
        .deleteFrom('idempotency_keys')
        .where('user_id', '=', userId)
        .where('key', '=', name)
        .where('owner', '=', owner)
        .execute();
    },
  };
}
