/**
 * What OBProxy's parameters are, from what SHOW PROXYCONFIG tells of them: it has no column for the type, which stands in the
 * value and in the bounds of the range. Pure. Source of units and ranges: OBProxy 4.3.1 (observed), ob_config.cpp.
 */
import { say } from '../runtime/messages/catalogue';
import type { Text } from '../workflows/text';
import { milliseconds } from './handOver';
import type { DescribedParameter } from './obproxyAdmin';
import { isOutside, rangeOf } from './parameterRange';
import { isSecretParameter, nameFault, sameValue } from './parameters';

/** Of the documented ones; the others (MOMENT, STRING_LIST) cannot be told from STRING. */
export type ParameterType = 'BOOL' | 'CAPACITY' | 'DOUBLE' | 'INT' | 'STRING' | 'TIME';

const TIME = /^-?\d+\s*(?:us|ms|s|m|h|d)$/;
const CAPACITY = /^\d+\s*(?:[BKMGTP]|[KMGTP]B)$/i;
const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?\d*\.\d+$/;
const BOOLEAN = /^(?:true|false)$/i;
const POWERS = ['B', 'K', 'M', 'G', 'T', 'P'];

/** The type, as far as range and value tell; a number without a range may as well be a text. */
export function typeOf({ value, range }: Pick<DescribedParameter, 'value' | 'range'>): ParameterType {
  const bounds = rangeOf(range);
  if (bounds === undefined) {
    if (BOOLEAN.test(value)) return 'BOOL';
    return INTEGER.test(value) ? 'INT' : 'STRING';
  }
  const samples = [bounds.min?.text, bounds.max?.text, value].filter((text) => text !== undefined);
  if (samples.some((text) => TIME.test(text))) return 'TIME';
  if (samples.some((text) => CAPACITY.test(text))) return 'CAPACITY';
  return samples.some((text) => DECIMAL.test(text)) ? 'DOUBLE' : 'INT';
}

/** Bytes of `2G` or `100MB`; a number alone means megabytes. */
function bytes(text: string): number | undefined {
  const match = /^(\d+)\s*([BKMGTP]?)B?$/i.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * 1024 ** POWERS.indexOf((match[2] || 'M').toUpperCase());
}

/** A value as a number that compares; undefined when it is none of this type. */
function measured(type: ParameterType, text: string): number | undefined {
  switch (type) {
    case 'INT':
      return INTEGER.test(text.trim()) ? Number(text) : undefined;
    case 'DOUBLE':
      return INTEGER.test(text.trim()) || DECIMAL.test(text.trim()) ? Number(text) : undefined;
    case 'TIME':
      return milliseconds(text);
    case 'CAPACITY':
      return bytes(text);
    default:
      return undefined;
  }
}

const NAMES: Readonly<Record<ParameterType, string>> = {
  BOOL: 'True/False',
  CAPACITY: '100MB, 2G',
  DOUBLE: '0.5',
  INT: '42',
  STRING: 'text',
  TIME: '500us, 30s, 1h',
};

/** Why the proxy would refuse this value (4147), as far as it can be known; undefined when nothing is against it. */
export function typeFault(parameter: DescribedParameter, value: string): Text | undefined {
  const type = typeOf(parameter);
  if (type === 'BOOL') {
    const known = sameValue('True', value) || sameValue('False', value);
    return known ? undefined : say('must.beOfType', { type, example: NAMES.BOOL });
  }
  const range = rangeOf(parameter.range);
  if (range === undefined) return undefined;
  const is = measured(type, value);
  if (is === undefined) return say('must.beOfType', { type, example: NAMES[type] });
  return isOutside(range, is, (text) => measured(type, text))
    ? say('must.beInRange', { range: parameter.range })
    : undefined;
}

/** Whether it can be set by nobody, or is a command rather than a setting: it is kept in memory, and never stored. */
export function isReadOnly({
  name,
  visibleLevel,
}: Pick<DescribedParameter, 'name' | 'visibleLevel'>): boolean {
  return (
    /^(?:virtual|memory)$/i.test(visibleLevel) || nameFault(name) !== undefined || isSecretParameter(name)
  );
}

export interface ParameterInfo {
  readonly name: string;
  readonly type: ParameterType;
  readonly allowedStringValues: string;
  readonly minValue: string | null;
  readonly maxValue: string | null;
  /** Null when the proxy has another value and does not tell what it was made with. */
  readonly defaultValue: string | null;
  readonly needRestart: boolean;
  readonly readonly: boolean;
  readonly description: string;
}

/** The documented metadata; `changed` are the names that have another value than their default. */
export function parameterInfo(
  parameter: DescribedParameter,
  changed: ReadonlySet<string> | undefined,
): ParameterInfo {
  const type = typeOf(parameter);
  const range = rangeOf(parameter.range);
  const bool = type === 'BOOL';
  const { name, value, info, needReboot } = parameter;
  const isDefault = changed !== undefined && !changed.has(name) && !isSecretParameter(name);
  return {
    name,
    type,
    allowedStringValues: range === undefined ? '[]' : parameter.range,
    minValue: range?.min?.text ?? (bool ? 'false' : null),
    maxValue: range?.max?.text ?? (bool ? 'true' : null),
    defaultValue: isDefault ? (bool ? value.toLowerCase() : value) : null,
    needRestart: needReboot,
    readonly: isReadOnly(parameter),
    description: info,
  };
}
