/** Every text that exists in both languages of the OCP documentation. */
import {
  filled,
  isKeyed,
  type Keyed,
  type Pair,
  type Said,
  type Sayer,
  sayer,
  type Text,
} from '../../workflows/text';
import { INTERPRETER_TEXTS } from '../../workflows/texts';
import { CLUSTERS } from './clusters';
import { COMMANDS } from './commands';
import { CONFIGURATION } from './configuration';
import { FAULTS } from './faults';
import { GROWING } from './growing';
import { HOST_LIFE } from './hostLife';
import { HOSTS } from './hosts';
import { HOT_RESTART } from './hotRestart';
import { LIFE } from './life';
import { NEXT } from './next';
import { OB_CREATION } from './obCreation';
import { OB_PARAMETERS } from './obParameters';
import { OBPROXY } from './obproxy';
import { OBSERVERS } from './observers';
import { OB_TAKE_OVER } from './obTakeOver';
import { REFUSALS } from './refusals';
import { SERVER_LIFE } from './serverLife';
import { SERVER_REMOVAL } from './serverRemoval';
import { SSH } from './ssh';
import { STORAGE } from './storage';
import { SUBTASKS } from './subtasks';
import { TAKE_OVER } from './takeOver';
import { TROUBLES } from './troubles';
import { UPGRADE } from './upgrade';

export { inEnglish, type Said, type Text, type Value } from '../../workflows/text';

export const CATALOGUE = {
  ...INTERPRETER_TEXTS,
  ...FAULTS,
  ...CLUSTERS,
  ...GROWING,
  ...CONFIGURATION,
  ...LIFE,
  ...NEXT,
  ...HOSTS,
  ...HOT_RESTART,
  ...HOST_LIFE,
  ...TAKE_OVER,
  ...OBPROXY,
  ...OB_CREATION,
  ...OB_TAKE_OVER,
  ...OBSERVERS,
  ...SERVER_LIFE,
  ...SERVER_REMOVAL,
  ...OB_PARAMETERS,
  ...SSH,
  ...STORAGE,
  ...COMMANDS,
  ...REFUSALS,
  ...SUBTASKS,
  ...TROUBLES,
  ...UPGRADE,
} as const;

/** The same for keys that the compiler does not know: of what is stored. */
const PAIRS: Readonly<Record<string, Pair>> = CATALOGUE;

/** A text of the catalogue with its arguments. */
export const say = sayer(CATALOGUE);

/** One text of several, at least one: `a, b, c`, `a or b`, `a and b`, `a. b`. */
export function joined(
  values: readonly Said[],
  by: 'list.comma' | 'list.or' | 'list.and' | 'list.stop',
): Said {
  return values.reduce((one, other) => say(by, { one, other }));
}

/**
 * The Chinese of a text; undefined when the catalogue does not know it or a text among its arguments (it was stored by
 * another release, say), or an argument is missing.
 */
export function chinese({ key, args }: Keyed): string | undefined {
  const pair = Object.hasOwn(PAIRS, key) ? PAIRS[key] : undefined;
  // What ends with its full stop may stand before another: a trouble that another one quotes.
  return pair === undefined ? undefined : filled(pair[1], args, shown)?.replaceAll('。。', '。');
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
