import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parse } from 'node:querystring';

/** The one algorithm that OCP documents. */
export const SIGNATURE_SCHEME = 'OCP-ACCESS-KEY-HMACSHA1';
const SIGNED_HEADER = /^x-ocp-/i;
/** RFC 1123, always in GMT: `Tue, 17 Jan 2023 09:13:57 GMT`. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The parts of a request that its signature covers, as they came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** '' where the request has no such header, here and below. */
  readonly contentType: string;
  readonly date: string;
  /** With the port. */
  readonly host: string;
  /** Name and value in turn, as Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
  /** See `bodyDigest`. */
  readonly bodyMd5: string;
}

/** What the Authorization header claims. */
export interface ClaimedSignature {
  readonly accessKeyId: string;
  /** Base64. */
  readonly signature: string;
}

/** The claim of a header `OCP-ACCESS-KEY-HMACSHA1 {access key id}:{signature}`; undefined for any other header. */
export function claimedSignature(authorization: string | undefined): ClaimedSignature | undefined {
  const [scheme, claim, ...rest] = (authorization ?? '').split(/ +/);
  if (scheme !== SIGNATURE_SCHEME || rest.length > 0) return undefined;
  const match = /^([A-Za-z0-9]{1,64}):([A-Za-z0-9+/]{27}=)$/.exec(claim ?? '');
  const [, accessKeyId, signature] = match ?? [];
  return accessKeyId === undefined || signature === undefined ? undefined : { accessKeyId, signature };
}

/** MD5 of a body in upper-case hex, '' for an empty one. */
export function bodyDigest(body: Uint8Array): string {
  return body.length === 0 ? '' : createHash('md5').update(body).digest('hex').toUpperCase();
}

/** Milliseconds since 1970 of a Date header; undefined when it is no RFC 1123 date. */
export function signedTime(date: string): number | undefined {
  const time = DATE.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/**
 * The text to be signed, as the OCP documentation builds it: method, digest of the body, Content-Type, Date, Host,
 * x-ocp- headers, path with the sorted query, each on its line. Values of a repeated header stay in their order (the
 * page says sorted, its sample is not); those of a repeated parameter are joined by commas before they are encoded,
 * as public clients do it.
 */
export function stringToSign(request: SignedRequest): string {
  return [
    request.method.toUpperCase(),
    request.bodyMd5,
    request.contentType,
    request.date,
    request.host,
    ocpHeaders(request.rawHeaders),
    pathAndQuery(request.target),
  ].join('\n');
}

/** Base64 of HMAC-SHA1. */
export function signatureOf(secret: string, text: string): string {
  return createHmac('sha1', secret).update(text).digest('base64');
}

/** Compares in a time that does not tell how much of the signature is right. */
export function signatureFits(claimed: string, secret: string, text: string): boolean {
  const expected = Buffer.from(signatureOf(secret, text), 'base64');
  const given = Buffer.from(claimed, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function ocpHeaders(rawHeaders: readonly string[]): string {
  const values = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!SIGNED_HEADER.test(name)) continue;
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value.trim()]);
  }
  return sorted(values.keys())
    .map((name) => `${name}:${values.get(name)?.join(',')}`)
    .join('\n');
}

function pathAndQuery(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  // The parser of the routes: what is signed is what is understood.
  const parameters = parse(target.slice(mark + 1), '&', '=', { maxKeys: 0 });
  const query = sorted(Object.keys(parameters))
    .map((name) => `${encoded(name)}=${encoded([parameters[name] ?? ''].flat().join(','))}`)
    .join('&');
  return query === '' ? target.slice(0, mark) : `${target.slice(0, mark)}?${query}`;
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

/** RFC 3986: everything but letters, digits and -._~ is encoded. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
