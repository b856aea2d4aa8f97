/** Every text that exists in both languages of the OCP documentation. */
import { filled, isKeyed, type Keyed, type Said, type Sayer, sayer, type Text } from '../../workflows/text';
import { INTERPRETER_TEXTS } from '../../workflows/texts';
import { FAULTS } from './faults';
import { REFUSALS } from './refusals';
import { SUBTASKS } from './subtasks';
import { TROUBLES } from './troubles';

export { inEnglish, type Said, type Text } from '../../workflows/text';

export const CATALOGUE = { ...INTERPRETER_TEXTS, ...FAULTS, ...REFUSALS, ...SUBTASKS, ...TROUBLES } as const;

/** A text of the catalogue with its arguments. */
export const say = sayer(CATALOGUE);

/**
 * The Chinese of a text; undefined when the catalogue does not know it or a text among its arguments (it was stored by
 * another release, say), or an argument is missing.
 */
export function chinese({ key, args }: Keyed): string | undefined {
  const pair: readonly [string, string] | undefined = Object.hasOwn(CATALOGUE, key)
    ? CATALOGUE[key as keyof typeof CATALOGUE]
    : undefined;
  return pair === undefined ? undefined : filled(pair[1], args, shown);
}

function shown(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (isKeyed(value)) return chinese(value);
  if (!Array.isArray(value)) return undefined;
  const parts = value.map(shown);
  return parts.includes(undefined) ? undefined : parts.join('；');
}

/** Zod takes a string as the text of a fault: what follows this mark is a Text. */
const MARK = '\u0001';

/** A text as the message of a check by zod; `faultOf` reads it back. */
export function asFault(text: Text): string {
  return `${MARK}${JSON.stringify(text)}`;
}

/** A text of the catalogue as the message of a check by zod. */
export const fault: Sayer<typeof CATALOGUE, string> = (key, ...args) => asFault(say(key, ...args));

/** What a check by zod says, in English only where the check has no text of the catalogue. */
export function faultOf(message: string): Said {
  return message.startsWith(MARK) ? (JSON.parse(message.slice(MARK.length)) as Text) : message;
}
