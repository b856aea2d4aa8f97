/**
 * Parameters of OceanBase clusters: how they are asked for and set, and which values may be sent at all. Facts: SHOW PARAMETERS
 * and ALTER SYSTEM SET of OceanBase's documentation; verify_config of oceanbase:src/rootserver/ob_system_admin_util.cpp (4.x); and
 * the engine 4.3.5.3 (observed), which stores a value as it was written and shows booleans as True and False.
 */
import { addressText, canonicalHost } from '../runtime/addressText';
import { say, type Text } from '../runtime/messages/catalogue';
import { isZoneName, serverAddress } from './clusterSql';
import { isOutside, type Range, rangeOf } from './parameterRange';
import { booleanOf } from './parameters';
import { columnText, type SqlRow } from './sqlSession';
import { sqlText } from './sqlText';

/** What OceanBase calls a number for an item that it does not have, and for a value that it does not take. */
export const CONFIG_ERRNO = { unknown: 5099, invalid: 4147, notAllowed: 4179 } as const;

export interface ObParameter {
  readonly name: string;
  readonly zone: string;
  readonly ip: string;
  readonly rpcPort: number;
  readonly svrType: string;
  readonly value: string;
  readonly facts: ObParameterFacts;
}

/** What a parameter is like; '' where the version does not tell. */
export interface ObParameterFacts {
  /** BOOL, INT, DOUBLE, CAPACITY, TIME, MOMENT, STRING, …: told by 4.x, else read off the value. */
  readonly type: string;
  readonly typeTold: boolean;
  readonly defaultValue: string;
  /** OceanBase's own words, without the range in them. */
  readonly description: string;
  readonly section: string;
  readonly scope: 'CLUSTER' | 'TENANT';
  readonly needRestart: boolean;
  readonly readonly: boolean;
  /** As OceanBase's words give it. */
  readonly range: Range | undefined;
}

/** Where and for whom one statement sets a value. */
export interface ParameterSetting {
  readonly name: string;
  readonly value: string;
  readonly at?:
    | { readonly zone: string }
    | { readonly server: { readonly ip: string; readonly rpcPort: number } };
  readonly tenant?: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** The names of tenants that OCP makes, and those of OceanBase's own. */
const TENANT = /^[A-Za-z_][A-Za-z0-9_$-]{0,127}$/;
/** OB_MAX_CONFIG_VALUE_LEN of 4.x is 64 KiB; the whole statement goes through one packet. */
const LONGEST_VALUE = 65_536;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** What must not be changed although OceanBase would (OCP Express has the same list; with it, what says READONLY). */
const FIXED: ReadonlySet<string> = new Set([
  'cluster',
  'cluster_id',
  'data_dir',
  'devname',
  'mysql_port',
  'rpc_port',
]);

/** A parameter of which OCP says "hidden" (OBE31001). */
export function isHidden(name: string): boolean {
  return name.startsWith('_');
}

/** Why this cannot be the name of a parameter, or undefined. */
export function obParameterNameFault(name: string): Text | undefined {
  return NAME.test(name) ? undefined : say('must.parameterName');
}

/** Why this value cannot stand in a statement, or undefined. */
export function obParameterTextFault(value: string): Text | undefined {
  if (CONTROL.test(value)) return say('must.notHoldLineBreaks');
  if (value.includes('\\')) return say('must.notHoldBackslashes');
  return Buffer.byteLength(value) > LONGEST_VALUE
    ? say('must.bytesAtMost', { limit: LONGEST_VALUE })
    : undefined;
}

/** Every item of the cluster, and of the sys tenant; a row a server. */
export function showParametersSql(): string {
  return 'SHOW PARAMETERS';
}

/** One item, and those that its `_` stand for, too; of a tenant, or of the cluster and the sys tenant. */
export function showParameterSql(parameter: string, tenant: string | undefined): string {
  const like = `SHOW PARAMETERS LIKE ${sqlText(checkedName(parameter))}`;
  return tenant === undefined ? like : `${like} TENANT = ${sqlText(checkedTenant(tenant))}`;
}

/** The scope of servers stands before that of tenants (engine 4.3.5.3, observed: 1064 the other way round). */
export function setParameterSql(setting: ParameterSetting): string {
  const { name, value, at, tenant } = setting;
  const where =
    at === undefined
      ? ''
      : 'zone' in at
        ? ` ZONE = ${zone(at.zone)}`
        : ` SERVER = ${serverAddress(at.server)}`;
  const whose = tenant === undefined ? '' : ` TENANT = ${sqlText(checkedTenant(tenant))}`;
  return `ALTER SYSTEM SET ${checkedName(name)} = ${sqlText(value)}${where}${whose}`;
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new RangeError('not the name of a parameter');
  return name;
}

function checkedTenant(name: string): string {
  if (!isTenantName(name)) throw new RangeError('not the name of a tenant');
  return name;
}

export function isTenantName(name: string): boolean {
  return TENANT.test(name);
}

function zone(name: string): string {
  if (!isZoneName(name)) throw new RangeError('not the name of a zone');
  return sqlText(name);
}

/** `ip:rpcPort`, as parameters and requests name servers. */
export function parameterServer({ ip, rpcPort }: Pick<ObParameter, 'ip' | 'rpcPort'>): string {
  return addressText(ip, rpcPort);
}

/** A row of SHOW PARAMETERS. */
export function obParameterOf(row: SqlRow): ObParameter {
  const text = (name: string) => columnText(row, name);
  const name = text('name');
  const value = text('value');
  return {
    name,
    zone: text('zone'),
    ip: canonicalHost(text('svr_ip')),
    rpcPort: Number(text('svr_port')),
    svrType: text('svr_type') || 'observer',
    value,
    facts: factsOf(name, value, text),
  };
}

function factsOf(name: string, value: string, text: (column: string) => string): ObParameterFacts {
  const type = text('data_type').toUpperCase();
  const level = text('edit_level').toUpperCase();
  // 2.x and 3.x say NULL, and versions before 4.2 `varchar` of everything.
  const typeTold = type !== '' && type !== 'VARCHAR';
  const { description, range } = rangeIn(text('info'));
  return {
    type: typeTold ? type : typeOf(value),
    typeTold,
    defaultValue: text('default_value'),
    description,
    section: text('section'),
    scope: text('scope').toUpperCase() === 'TENANT' ? 'TENANT' : 'CLUSTER',
    needRestart: level === 'STATIC_EFFECTIVE' || /^(1|yes|true)$/i.test(text('need_reboot')),
    readonly: level === 'READONLY' || FIXED.has(name),
    range,
  };
}

/** Units of capacities are shown in upper case, those of times in lower. */
function typeOf(value: string): string {
  if (/^(true|false)$/i.test(value)) return 'BOOL';
  if (/^\d+(B|[KMGTP]B?)$/.test(value)) return 'CAPACITY';
  if (/^\d+(us|ms|s|m|h|d)$/.test(value)) return 'TIME';
  return /^-?\d+$/.test(value) ? 'INT' : 'STRING';
}

/** `… Range: [1, 99] in integer`: the words without it, and the bounds. Nothing is read out of words that say more than one. */
function rangeIn(info: string): { description: string; range: Range | undefined } {
  const found = [...info.matchAll(/Range:? ?([[(][^,\][()]*,[^,\][()]*[\])])(?: in \w+)?\.?/g)];
  const [match] = found;
  if (match === undefined || found.length > 1) return { description: info, range: undefined };
  return { description: info.replace(match[0], '').trim(), range: rangeOf(match[1] ?? '') };
}

const CAPACITY = /^(\d+)([KMGTP]?B?)$/i;
const TIME = /^(\d+)(us|ms|s|m|h|d)?$/;
const SCALE = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4, P: 1024 ** 5 } as const;
const MICROSECONDS = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 } as const;

function scaled(
  form: RegExp,
  value: string,
  factor: (unit: string) => number | undefined,
): number | undefined {
  const [, number, unit = ''] = form.exec(value) ?? [];
  const times = factor(unit);
  return number === undefined || times === undefined ? undefined : Number(number) * times;
}

/** A number by which two values of a type can be compared; undefined for what is none. */
function sizeOf(type: string, value: string): number | undefined {
  switch (type) {
    case 'INT':
      return /^-?\d+$/.test(value) ? Number(value) : undefined;
    case 'DOUBLE':
      return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
    case 'CAPACITY':
      return scaled(
        CAPACITY,
        value,
        (unit) => SCALE[(unit.charAt(0).toUpperCase() || 'B') as keyof typeof SCALE],
      );
    case 'TIME':
      return scaled(TIME, value, (unit) => MICROSECONDS[(unit || 's') as keyof typeof MICROSECONDS]);
    default:
      return undefined;
  }
}

/** Bytes of a capacity such as `8G`; without a unit it is MiB, as OceanBase reads it. Undefined for what is none. */
export function capacityBytes(value: string): number | undefined {
  return sizeOf('CAPACITY', /^\d+$/.test(value) ? `${value}M` : value);
}

/** Why OceanBase would not take a value: `unit` when a capacity has none (OBE31002), else its form (OBE31202). */
export function obValueFault(
  { type, typeTold, range }: ObParameterFacts,
  value: string,
): { readonly of: 'unit' | 'form'; readonly fault: Text } | undefined {
  if (type === 'CAPACITY' && /^\d+$/.test(value)) return { of: 'unit', fault: say('must.capacityUnit') };
  // A type that was only read off a value forbids nothing else.
  if (!typeTold) return undefined;
  const fault = formFault(type, value) ?? rangeFault(type, range, value);
  return fault === undefined ? undefined : { of: 'form', fault };
}

function formFault(type: string, value: string): Text | undefined {
  switch (type) {
    case 'BOOL':
      return booleanOf(value) === undefined ? say('must.boolean') : undefined;
    case 'INT':
      return sizeOf(type, value) === undefined ? say('must.whole') : undefined;
    case 'DOUBLE':
      return sizeOf(type, value) === undefined ? say('must.number') : undefined;
    case 'CAPACITY':
      return sizeOf(type, value) === undefined ? say('must.capacity') : undefined;
    case 'TIME':
      return sizeOf(type, value) === undefined ? say('must.duration') : undefined;
    case 'MOMENT':
      return /^(disable|([01]?\d|2[0-3]):[0-5]\d)$/i.test(value) ? undefined : say('must.moment');
    default:
      return undefined;
  }
}

function rangeFault(type: string, range: Range | undefined, value: string): Text | undefined {
  const size = sizeOf(type, value);
  if (range === undefined || size === undefined || !isOutside(range, size, (text) => sizeOf(type, text))) {
    return undefined;
  }
  const { min, max } = range;
  const from = min === undefined ? '(' : `${min.included ? '[' : '('}${min.text}`;
  const to = max === undefined ? ')' : `${max.text}${max.included ? ']' : ')'}`;
  return say('must.beInRange', { range: `${from}, ${to}` });
}

/** Whether a value that a server shows is the one that was set: written as it was, but for booleans and equal sizes. */
export function isShownAs({ type }: ObParameterFacts, shown: string, wished: string): boolean {
  if (shown === wished) return true;
  if (type === 'BOOL') return booleanOf(shown) !== undefined && booleanOf(shown) === booleanOf(wished);
  const size = sizeOf(type, wished);
  return size !== undefined && size === sizeOf(type, shown);
}

const SECRET_PART =
  /((?:access_key|access_id|secret[a-z_]*|token|password|passwd|credential|x-amz-[a-z-]+|encrypt_key)=)[^&;,\s]*/gi;

/** A value fit to be shown: keys of storage and tokens of URLs stand in some, e.g. backup_dest and obconfig_url. */
export function shownValue(name: string, value: string): string {
  if (value !== '' && /password|secret|private_key|kms_info/i.test(name)) return '***';
  return value.replace(SECRET_PART, '$1***');
}
