/** Passwords of root@proxysys and proxyro: format, random ones, and the form OBProxy stores. */

import { createHash, randomInt } from 'node:crypto';
import { say } from '../runtime/messages/catalogue';
import type { Text } from '../workflows/text';

const LOWER = 'abcdefghijkmnopqrstuvwxyz';
const UPPER = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const DIGITS = '23456789';
const SPECIAL = '._+@#$%';
const ALLOWED = /^[A-Za-z0-9._+@#$%]*$/;

/** What OBProxy stores and shows: SHA-1 of the plain text, once, 40 lower-case hex digits. */
export function sha1Hex(plain: string): string {
  return createHash('sha1').update(plain).digest('hex');
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/**
 * Why OCP would refuse this password (ODP21106), or undefined: 8 to 32 characters, at least two digits, two
 * upper-case letters, two lower-case letters and two of `._+@#$%`, and nothing else – quotes and backslashes
 * would be stored cut short by OBProxy, silently.
 */
export function passwordFault(password: string): Text | undefined {
  if (password.length < 8 || password.length > 32) return say('must.characters', { min: 8, max: 32 });
  if (!ALLOWED.test(password)) return say('may.hold', { signs: SPECIAL });
  const enough =
    count(password, /[0-9]/g) >= 2 &&
    count(password, /[A-Z]/g) >= 2 &&
    count(password, /[a-z]/g) >= 2 &&
    count(password, /[._+@#$%]/g) >= 2;
  return enough ? undefined : say('must.obproxyPassword', { signs: SPECIAL });
}

/** What a password of root@sys may hold beside letters and digits (OCP user guide and table of error codes, OBE11029). */
const ROOT_SPECIAL = '~!@#%^&*_-+=|(){}[]:;,.?/';

/**
 * Why OCP would refuse this password of root@sys, or undefined: 8 to 32 characters of at least three of four kinds, and
 * nothing else. What it leaves out, quotes and backslashes above all, other tools that log in could not be given.
 */
export function rootPasswordFault(password: string): Text | undefined {
  const kinds = [/[0-9]/, /[A-Z]/, /[a-z]/, /[^0-9A-Za-z]/].filter((kind) => kind.test(password)).length;
  const allowed = [...password].every((one) => /[0-9A-Za-z]/.test(one) || ROOT_SPECIAL.includes(one));
  const fits = password.length >= 8 && password.length <= 32 && allowed && kinds >= 3;
  return fits ? undefined : say('obPassword.form', { signs: ROOT_SPECIAL });
}

function pick(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}

/** A random password of 20 characters in the documented format. */
export function randomPassword(): string {
  const all = LOWER + UPPER + DIGITS + SPECIAL;
  const characters = [LOWER, LOWER, UPPER, UPPER, DIGITS, DIGITS, SPECIAL, SPECIAL].map(pick);
  while (characters.length < 20) characters.push(pick(all));
  for (let i = characters.length - 1; i > 0; i -= 1) {
    const j = randomInt(i + 1);
    const moved = characters[i] ?? '';
    characters[i] = characters[j] ?? '';
    characters[j] = moved;
  }
  return characters.join('');
}

/** SHA-1 values as OBProxy prints them into its log: replaced before a line is shown to anybody. */
export function maskHashes(text: string): string {
  return text.replace(/\b[0-9a-fA-F]{40}\b/g, '***');
}
