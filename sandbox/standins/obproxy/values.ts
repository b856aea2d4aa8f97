/** Parsing of parameter values as OBProxy does: booleans, sizes with units, times with units, ranges. */
import type { Parameter } from './parameters';

const TRUE = new Set(['true', 'on', 'yes', 't', 'y', '1']);
const FALSE = new Set(['false', 'off', 'no', 'f', 'n', '0']);
const BYTES: Record<string, number> = { B: 0, K: 1, M: 2, G: 3, T: 4, P: 5 };
const MICROSECONDS: Record<string, number> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** Bytes of `2G`, `100MB`, `1T`; a number alone means megabytes. Undefined when it is no size. */
function bytesOf(text: string): number | undefined {
  const match = /^(\d+)\s*([BKMGTP])?B?$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * 1024 ** (BYTES[(match[2] ?? 'M').toUpperCase()] ?? 2);
}

/** Microseconds of `60s`, `100ms`; a number alone means seconds. */
export function microsecondsOf(text: string): number | undefined {
  const match = /^(-?\d+)\s*(us|ms|s|m|h|d)?$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (MICROSECONDS[(match[2] ?? 's').toLowerCase()] ?? 1);
}

/** Texts with a limit of their own; 100 bytes pass and 200 do not (OBProxy 4.3.1, observed). */
const MAX_BYTES: Readonly<Record<string, number>> = { proxy_idc_name: 128 };

export function isTrue(text: string): boolean {
  return TRUE.has(text.toLowerCase());
}

function measure(parameter: Parameter, text: string): number | undefined {
  switch (parameter.kind) {
    case 'int':
      return /^-?\d{1,17}$/.test(text) ? Number(text) : undefined;
    case 'capacity':
      return bytesOf(text);
    case 'time':
      return microsecondsOf(text);
    default:
      return undefined;
  }
}

function inRange(parameter: Parameter, value: number): boolean {
  const match = /^([[(])([^,]*),([^\])]*)([\])])$/.exec(parameter.range);
  if (match === null) return true;
  const [, open, low = '', high = '', close] = match;
  const bounds = [low, high].map((bound) => (bound === '' ? undefined : measure(parameter, bound)));
  const [from, to] = bounds;
  if (from !== undefined && (open === '[' ? value < from : value <= from)) return false;
  return !(to !== undefined && (close === ']' ? value > to : value >= to));
}

/**
 * The text OBProxy keeps for a value: booleans become True/False, everything else keeps its text.
 * Undefined when OBProxy refuses the value (-4147).
 */
export function accepted(parameter: Parameter, text: string): string | undefined {
  switch (parameter.kind) {
    case 'bool': {
      const word = text.toLowerCase();
      if (TRUE.has(word)) return 'True';
      return FALSE.has(word) ? 'False' : undefined;
    }
    case 'text':
      return Buffer.byteLength(text) > (MAX_BYTES[parameter.name] ?? Number.POSITIVE_INFINITY)
        ? undefined
        : text;
    case 'password':
      return text;
    default: {
      const value = measure(parameter, text);
      return value !== undefined && inRange(parameter, value) ? text : undefined;
    }
  }
}
