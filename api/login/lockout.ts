import type { Request } from 'express';
import { Refusal } from '../../operations/refusal';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { LoginAttempt, LoginAttempts, LoginState } from '../../store/types';
import { clientAddress } from '../http/address';

/** Who a request says it is, and where it comes from. Behind trusted proxies that is who they name. */
export function attemptOf(subject: string, request: Request): LoginAttempt {
  return { subject, address: clientAddress(request) };
}

/** The state of an attempt that may go on. Throws Refusal 429 while it may not. */
export async function refuseLockedOut(
  attempts: LoginAttempts,
  attempt: LoginAttempt,
  now: number,
): Promise<LoginState> {
  const state = await attempts.look(attempt, now);
  if (state.blockedUntil <= now) return state;
  throw lockedOut(state, now);
}

/** 429 until the attempt may go on. */
export function lockedOut({ blockedUntil }: LoginState, now: number): Refusal {
  return tooMany(Math.ceil((blockedUntil - now) / 1000), say('login.tooManyFailed'));
}

/** 429 with Retry-After. */
export function tooMany(seconds: number, what: Text): Refusal {
  return new Refusal(429, 'IAM20000', say('login.wait', { what, seconds }), {
    retryAfterSeconds: seconds,
  });
}
