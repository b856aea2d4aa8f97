import type { CookieOptions, Request, Response } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';
import { SESSION_MS } from '../../store/access/sessions';
import type { PasswordUser, Store } from '../../store/types';

/** Where a session begins and ends. */
export const SESSION_PATH = '/api/v2/iam/session';
/** `X-Requested-With` of a page that asks for a login itself. */
const CONSOLE = 'obflow-console';
/** 32 random bytes in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** With the prefix a browser takes the cookie over TLS from this host alone, so that nobody else can plant one. */
function cookieName(request: Request): string {
  return request.secure ? '__Host-obflow' : 'obflow';
}

function cookieOptions(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure: request.secure };
}

/** Gives the client its token. */
export function setSessionCookie(request: Request, response: Response, token: string): void {
  response.cookie(cookieName(request), token, { ...cookieOptions(request), maxAge: SESSION_MS });
}

/** Takes it away again. */
export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(cookieName(request), cookieOptions(request));
}

/** The token that a request carries; undefined when it has none, or something else under its name. */
export function sessionToken(request: Request): string | undefined {
  const name = `${cookieName(request)}=`;
  const cookies = (request.get('cookie') ?? '').split(';').map((cookie) => cookie.trim());
  const [token, ...more] = cookies.filter((cookie) => cookie.startsWith(name));
  // Two of one name: one of them was planted.
  if (token === undefined || more.length > 0) return undefined;
  return TOKEN.test(token.slice(name.length)) ? token.slice(name.length) : undefined;
}

/** Whose session it is. Throws Refusal 401 when it is over. */
export async function sessionUser(
  { sessions }: Pick<Store, 'sessions'>,
  token: string,
): Promise<PasswordUser> {
  const user = await sessions.find(token, Date.now());
  if (user === undefined) throw new Refusal(401, 'IAM10000', say('login.sessionOver'));
  return user;
}

/**
 * Whether a 401 should ask for HTTP Basic: browsers answer that with a window of their own. Not for pages that have a form
 * for it: they name themselves, have a session, or read a stream of events, which cannot have headers.
 */
export function wantsChallenge(request: Request): boolean {
  return (
    request.get('x-requested-with') !== CONSOLE &&
    request.path !== SESSION_PATH &&
    request.get('accept') !== 'text/event-stream' &&
    sessionToken(request) === undefined
  );
}
