import type { Request, Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from '../../operations/refusal';
import type { HttpSettings, Rate } from '../../runtime/httpSettings';
import { say } from '../../runtime/messages/catalogue';
import { addressBlock } from '../../store/access/loginAttempts';
import type { User } from '../../store/types';
import { clientAddress } from './address';
import { THROTTLED } from './envelope';

/**
 * Counts requests per window in this process. Everybody's requests count for their address until the login has
 * proved who it is; from then on for the user alone, so that many clients behind one address do not stand in
 * each other's way. Each API process counts for itself.
 */
export interface Throttle {
  /** Every request, before its login. Throws Refusal 429. */
  arrived(request: Request, response: Response): Promise<void>;
  /** After a successful login. Throws Refusal 429. */
  loggedIn(request: Request, response: Response, user: User): Promise<void>;
}

interface Count {
  readonly limit: number;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetSeconds: number;
  readonly exceeded: boolean;
}

class Windows {
  readonly #limiters: readonly RateLimiterMemory[];

  constructor(rates: readonly Rate[]) {
    this.#limiters = rates.map(
      ({ limit, seconds }) => new RateLimiterMemory({ points: limit, duration: seconds }),
    );
  }

  /** Counts one request; the window that is nearest to its limit, undefined when there is none. */
  async count(key: string): Promise<Count | undefined> {
    const counts = await Promise.all(this.#limiters.map((limiter) => count(limiter, key)));
    return counts.sort(byTightness)[0];
  }

  /** Takes one request back. */
  async uncount(key: string): Promise<void> {
    await Promise.all(this.#limiters.map((limiter) => limiter.reward(key)));
  }
}

async function count(limiter: RateLimiterMemory, key: string): Promise<Count> {
  const shown = ({ remainingPoints, msBeforeNext }: RateLimiterRes, exceeded: boolean): Count => ({
    limit: limiter.points,
    remaining: remainingPoints,
    resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    exceeded,
  });
  try {
    return shown(await limiter.consume(key), false);
  } catch (error) {
    if (error instanceof RateLimiterRes) return shown(error, true);
    throw error;
  }
}

/** An exceeded window before others, among those the one that ends last; else the one with the least left. */
function byTightness(a: Count, b: Count): number {
  if (a.exceeded !== b.exceeded) return a.exceeded ? -1 : 1;
  return a.exceeded ? b.resetSeconds - a.resetSeconds : a.remaining - b.remaining;
}

/** The documented headers, and the refusal when the window is used up. */
function show(response: Response, counted: Count | undefined): void {
  if (counted === undefined) return;
  response.set({
    'RateLimit-Limit': String(counted.limit),
    'RateLimit-Remaining': String(counted.remaining),
    'RateLimit-Reset': String(counted.resetSeconds),
  });
  if (!counted.exceeded) return;
  response.set('Retry-After', String(counted.resetSeconds));
  throw new Refusal(429, THROTTLED, say('http.throttled'));
}

/** An IPv6 client has a whole /64 of addresses. */
function addressKey(request: Request): string {
  return addressBlock(clientAddress(request));
}

/** Probes of load balancers and monitoring must not be refused because of the clients behind the same address. */
const PROBES: readonly string[] = ['/api/status', '/api/v2/time', '/healthz', '/readyz', '/metrics'];

export function createThrottle({ rateLimit, addressRateLimit }: HttpSettings): Throttle {
  const addresses = new Windows(addressRateLimit);
  const probes = new Windows(addressRateLimit);
  const users = new Windows(rateLimit);
  return {
    async arrived(request, response) {
      const windows = PROBES.includes(request.path) ? probes : addresses;
      show(response, await windows.count(addressKey(request)));
    },
    async loggedIn(request, response, user) {
      await addresses.uncount(addressKey(request));
      for (const name of ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'])
        response.removeHeader(name);
      show(response, await users.count(String(user.id)));
    },
  };
}
