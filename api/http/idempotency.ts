/**
 * Requests under an `Idempotency-Key` happen once, however often they are sent, to whichever API process:
 *
 * 1. Before anything else the key is claimed in the database; another request under it is refused, the same one waits.
 * 2. Effects in the database are stored in one transaction with the answer (`remember`), so that neither exists alone.
 * 3. Effects elsewhere carry the request id, which stays the same for every attempt: Temporal knows an update by it.
 * 4. A claim is prolonged while its process works and runs out when that dies; the next attempt then finishes the work.
 * 5. A refused request (4xx) has changed nothing and frees its key. After any other error the key stays bound.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import type { KeyedRequest, Store, User } from '../../store/types';
import { failureOf } from './errors';
import { isLazy } from './lazyList';

/** How long a dead process's claim holds up the next attempt. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** Longer than a lease: a request that is sent again right after a crash is answered, not sent away. */
const WAIT_MS = 15_000;
/** Looking takes the database's write lock. */
const LOOK_AGAIN_MS = { first: 50, most: 500 };

/** What a handler knows of being repeated. */
export interface OnceScope {
  /** The same for every attempt of a request under an Idempotency-Key; undefined without one. */
  readonly requestId: string | undefined;
  /**
   * Stores the answer, or what the route's `restore` makes it from, inside the transaction that has the request's
   * effects. Throws Refusal 409, which undoes the transaction, when another process has taken the request over. Without
   * a key it does nothing.
   */
  remember(store: Store, data: unknown): Promise<void>;
}

/** Makes an answer again from what was remembered of it. */
export type Restore = (remembered: unknown, request: Request) => Promise<unknown>;

/** Runs `work` once for all requests that are this one; `bodyDigest` stands for the body. */
export type Once = <T>(
  bodyDigest: string,
  work: (scope: OnceScope) => Promise<T>,
  restore?: Restore,
) => Promise<T>;

/** A request that cannot be recognised when it is sent again. */
export const WITHOUT_KEY: OnceScope = { requestId: undefined, remember: async () => undefined };

/** A request as its key knows it. */
interface KeyedCall {
  readonly userId: number;
  readonly key: string;
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly bodyDigest: string;
}

/** The key as sent: bare, or quoted as a structured field. Throws Refusal 400. */
function keyOf(header: string): string {
  const key = /^(?:"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/.exec(header);
  const text = key?.[1] ?? key?.[2];
  if (text !== undefined) return text;
  throw new Refusal(400, 'COM10001', say('idempotency.key'), { target: 'Idempotency-Key' });
}

/** SHA-256 of a parsed JSON body, in hex. */
export function bodyDigest(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest('hex');
}

/**
 * What runs a request's work once for all requests of this user under its `Idempotency-Key`, and answers them alike
 * for 24 h; `idempotency-replayed: true` tells that an answer is an earlier one. It throws what the work throws;
 * Refusal 400 for a malformed key; 409 when the key belongs to another request, or when the same one is under way for
 * longer than 15 s.
 */
export function onceFor(store: Store, request: Request, response: Response, user: User | undefined): Once {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const sent = reads ? undefined : request.get('idempotency-key');
  const key = sent === undefined ? clientToken(request.body) : keyOf(sent);
  // A dry run changes nothing, and is often the same request as the one after it.
  const dry = request.query.dryRun === 'true';
  if (key === undefined || user === undefined || dry) return (_digest, work) => work(WITHOUT_KEY);
  const { method, originalUrl: url } = request;
  return async <T>(digest: string, work: (scope: OnceScope) => Promise<T>, restore?: Restore): Promise<T> => {
    const call = { userId: user.id, key, method, url, bodyDigest: digest };
    const { data, repeated } = await once(store, call, work);
    if (!repeated) return data;
    const answer = restore === undefined ? data : ((await restore(data, request)) as T);
    response.set('idempotency-replayed', 'true');
    return answer;
  };
}

/** OCP's own way to say it, a field of some bodies; validation has seen to its form. */
function clientToken(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('clientToken' in body)) return undefined;
  return typeof body.clientToken === 'string' ? `clientToken:${bodyDigest(body.clientToken)}` : undefined;
}

async function once<T>(
  store: Store,
  call: KeyedCall,
  work: (scope: OnceScope) => Promise<T>,
): Promise<{ data: T; repeated: boolean }> {
  const request: KeyedRequest = { userId: call.userId, key: call.key, owner: randomUUID() };
  const digest = createHash('sha256').update(`${call.method}\n${call.url}\n${call.bodyDigest}`).digest('hex');
  const claim = await claimed(store, request, digest);
  if (claim.kind === 'answered') return { data: claim.data as T, repeated: true };
  const renewal = setInterval(() => {
    // Trouble here ends the lease, which every effect is proof against.
    store.idempotency.renew(request, LEASE_MS).catch(() => undefined);
  }, RENEW_MS);
  try {
    let remembered = false;
    const data = await work({
      requestId: claim.requestId,
      async remember(transaction, answer) {
        if (!(await transaction.idempotency.complete(request, answer))) throw underWay();
        remembered = true;
      },
    });
    if (!remembered) {
      if (isLazy(data)) throw new Error('An answer with lazy lists is remembered by its handler');
      await store.idempotency.complete(request, data);
    }
    return { data, repeated: false };
  } catch (error) {
    // When these fail, too, the claim runs out by itself.
    if (failureOf(error).status >= 500) await store.idempotency.release(request).catch(() => undefined);
    else {
      // Stopped for longer than its lease, this process may be refused for what another one has done instead of it.
      const now = await store.idempotency
        .claim({ ...request, digest, leaseMs: LEASE_MS })
        .catch(() => undefined);
      if (now?.kind === 'answered') return { data: now.data as T, repeated: true };
      await store.idempotency.forget(request).catch(() => undefined);
    }
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

async function claimed(store: Store, request: KeyedRequest, digest: string) {
  const deadline = Date.now() + WAIT_MS;
  for (let pause = LOOK_AGAIN_MS.first; ; pause = Math.min(pause * 1.5, LOOK_AGAIN_MS.most)) {
    const claim = await store.idempotency.claim({ ...request, digest, leaseMs: LEASE_MS });
    if (claim.kind === 'otherRequest') {
      throw new Refusal(409, 'COM10005', say('idempotency.other'), { target: 'Idempotency-Key' });
    }
    if (claim.kind !== 'underWay') return claim;
    if (Date.now() > deadline) throw underWay();
    await delay(pause);
  }
}

function underWay(): Refusal {
  return new Refusal(409, 'COM10005', say('idempotency.underWay'), { target: 'Idempotency-Key' });
}
