/** Texts on their way out of an activity: without secrets, without control characters, and small enough to be kept. */

import { printable } from '../runtime/printable';
import { inEnglish, isKeyed, type Keyed, keyed, type Said } from '../workflows/text';

/** Arguments are cut to the first of these lengths that makes all of them fit. */
const ARGUMENT_LENGTHS = [4_000, 500, 150, 50];

/** What is kept of a text: its English, and key and arguments as far as there is room for them. */
export interface Kept {
  readonly en: string;
  readonly text?: Keyed;
}

/**
 * @param mask takes secrets out of a text; each argument goes through it as the English does
 * @param room bytes that key and arguments may have as JSON; without them only the English can be shown
 */
export function kept(said: Said, mask: (text: string) => string, room: number): Kept {
  const safe = (text: string): string => printable(mask(text).replace(/\r\n?/g, '\n'));
  const en = safe(inEnglish(said));
  if (typeof said === 'string') return { en };
  for (const length of ARGUMENT_LENGTHS) {
    const text = changed(keyed(said), (argument) => cut(safe(argument), length));
    if (Buffer.byteLength(JSON.stringify(text)) <= room) return { en, text };
  }
  return { en };
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function changed({ key, args }: Keyed, change: (text: string) => string): Keyed {
  const value = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(value);
    if (isKeyed(one)) return changed(one, change);
    if (typeof one !== 'number') return change(String(one));
    const text = change(String(one));
    return text === String(one) ? one : text;
  };
  return { key, args: Object.fromEntries(Object.entries(args).map(([name, one]) => [name, value(one)])) };
}
