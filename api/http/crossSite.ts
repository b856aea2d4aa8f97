import type { Request } from 'express';
import { Refusal } from '../../operations/refusal';
import { say } from '../../runtime/messages/catalogue';

const READS: readonly string[] = ['GET', 'HEAD'];

/**
 * Browsers remember a Basic login and send it along with whatever another site's page posts here. They also say so
 * (Sec-Fetch-Site; browsers older than that: Origin), and such requests change nothing. Clients that are no browsers
 * send neither. Throws Refusal 403.
 */
export function refuseOtherSites(request: Request): void {
  if (READS.includes(request.method)) return;
  const site = request.get('sec-fetch-site');
  const own = site === undefined ? fromHere(request) : site === 'same-origin' || site === 'none';
  if (!own) throw otherSite();
}

/**
 * Stricter, for what a cookie logs in: who changes something has to say that it is this site's own page. Every browser
 * does, by Sec-Fetch-Site or Origin. Throws Refusal 403.
 */
export function requireOwnSite(request: Request): void {
  if (READS.includes(request.method)) return;
  const site = request.get('sec-fetch-site');
  const told = site !== undefined || request.get('origin') !== undefined;
  const own = site === undefined ? fromHere(request) : site === 'same-origin';
  if (!told || !own) throw otherSite();
}

function otherSite(): Refusal {
  return new Refusal(403, 'IAM11000', say('http.otherSite'));
}

/** Compares hosts only: behind a proxy that speaks TLS the scheme here is another than the browser's. */
function fromHere(request: Request): boolean {
  const origin = request.get('origin');
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === hostOf(request, origin);
}

/** The Host header as URLs spell it: without the scheme's own port, in lower case. */
function hostOf(request: Request, origin: string): string {
  const url = `${new URL(origin).protocol}//${request.get('host') ?? ''}`;
  return URL.canParse(url) ? new URL(url).host : '';
}
