/**
 * Parameters of the cluster: what ALTER SYSTEM SET refuses, and what each server shows afterwards. Sources: verify_config and
 * update_config of oceanbase:src/rootserver/ob_system_admin_util.cpp (4.x), and OceanBase's engine 4.3.5.3 (observed).
 */
import { addressText } from '../../../runtime/addressText';
import { refuse } from './accounts';
import type { AdminStatement } from './adminStatement';
import { PARAMETER_SEEDS, type ParameterSeed } from './parameterSeed';

/** One row of a parameter table; the newest that fits a server is its value (ObSystemConfig::find_newest). */
export interface ParameterSetting {
  readonly name: string;
  readonly value: string;
  readonly zone?: string;
  /** `ip:rpcPort` */
  readonly server?: string;
  readonly tenant?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface ParameterState {
  /** What steers the stand-in itself, and nothing of OceanBase. */
  readonly parameters: Record<string, string>;
  /** Absent in clusters that were made before it. */
  settings?: ParameterSetting[];
}

export interface ParameterServer {
  readonly ip: string;
  readonly rpcPort: number;
  readonly zone: string;
}

export interface ParameterTenant {
  readonly id: number;
  readonly name: string;
}

export interface ParameterRow extends ParameterServer {
  readonly seed: ParameterSeed;
  readonly tenant: ParameterTenant | undefined;
  readonly value: string;
}

const UNKNOWN = [5099, 'System config unknown'] as const;
const INVALID = [4147, 'Invalid config'] as const;
/** Names that the stand-in itself obeys (clusterState.ts), and here: */
const STEERING = /^_standin_/;
/** Milliseconds after which servers but the first have a new value. */
const DELAY = '_standin_parameter_delay';
/** `ip:rpcPort` of a server that takes no new value. */
const STUCK = '_standin_parameter_stuck';
/** Nor has OceanBase a way to name them (engine 4.3.5.3, observed: 4179 and 1064). */
const CLUSTER_ID = 'cluster_id';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  p: 1024 ** 5,
  pb: 1024 ** 5,
};
const MICROSECONDS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1e3,
  '': 1e6,
  s: 1e6,
  m: 6e7,
  h: 3.6e9,
  d: 8.64e10,
};
const BOOLEAN = /^(?:(true|t|1|on|yes|y)|false|f|0|off|no|n)$/i;

/** A number by which values of one type can be compared; undefined for what is none of the type. */
function measure(type: ParameterSeed['type'], value: string): number | undefined {
  const scaled = (form: RegExp, units: Readonly<Record<string, number>>): number | undefined => {
    const [, number, unit = ''] = form.exec(value) ?? [];
    const factor = units[unit.toLowerCase()];
    return number === undefined || factor === undefined ? undefined : Number(number) * factor;
  };
  switch (type) {
    case 'INT':
      return /^-?\d+$/.test(value) ? Number(value) : undefined;
    case 'DOUBLE':
      return /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
    case 'CAPACITY':
      return scaled(/^(\d+)([KMGTP]?B?)$/i, UNITS);
    case 'TIME':
      return scaled(/^(\d+)(us|ms|s|m|h|d)?$/, MICROSECONDS);
    default:
      return undefined;
  }
}

function isValid({ type, info }: ParameterSeed, value: string): boolean {
  if (type === 'BOOL') return BOOLEAN.test(value);
  if (type === 'MOMENT') return /^(?:disable|(?:[01]?\d|2[0-3]):[0-5]\d)$/i.test(value);
  if (type === 'STRING' || type === 'STR_LIST') return true;
  // A capacity without its unit (engine 4.3.5.3, observed: '5' and '1024' are refused, '5gb' and '1B' are not).
  if (type === 'CAPACITY' && /^\d+$/.test(value)) return false;
  const size = measure(type, value);
  if (size === undefined) return false;
  const [, open, low = '', high = '', close] =
    /Range: ?([[(]) *([^,\])]*), *([^,\])]*)([\])])/.exec(info) ?? [];
  const [least, most] = [measure(type, low.trim()), measure(type, high.trim())];
  if (least !== undefined && (open === '(' ? size <= least : size < least)) return false;
  return most === undefined || (close === ')' ? size < most : size <= most);
}

function seedOf(name: string): ParameterSeed | undefined {
  return PARAMETER_SEEDS.find((one) => one.name === name);
}

type SetStatement = Extract<AdminStatement, { kind: 'set' }>;

export interface ParameterCluster {
  readonly state: ParameterState;
  readonly servers: readonly ParameterServer[];
  readonly zones: readonly string[];
  readonly tenants: readonly ParameterTenant[];
}

/** Sets all that the statement names, or nothing of it. Throws SqlRefusal with OceanBase's number. */
export function setParameters(
  { state, servers, zones, tenants }: ParameterCluster,
  statement: SetStatement,
): void {
  const { zone, server, tenant, parameters } = statement;
  const since = Date.now();
  const own = Object.entries(parameters).filter(([name]) => STEERING.test(name));
  const settings = Object.entries(parameters).flatMap(([name, value]): ParameterSetting[] => {
    if (STEERING.test(name)) return [];
    if (name === CLUSTER_ID) refuse(4179, 'alter the parameter cluster_id not allowed');
    const known = seedOf(name);
    // With TENANT only the items of tenants are looked at.
    if (known === undefined || (tenant !== undefined && known.scope === 'CLUSTER')) refuse(...UNKNOWN);
    if (tenant !== undefined && !/^all$/i.test(tenant) && !tenants.some((one) => one.name === tenant)) {
      refuse(5160, 'invalid tenant name specified in connection string');
    }
    if (known.editLevel === 'READONLY' || !isValid(known, value)) refuse(...INVALID);
    if (server !== undefined && !servers.some((one) => addressText(one.ip, one.rpcPort) === server)) {
      refuse(1210, 'Incorrect arguments to server');
    }
    if (zone !== undefined && !zones.includes(zone)) refuse(1210, 'Incorrect arguments to zone');
    const where = { ...(zone === undefined ? {} : { zone }), ...(server === undefined ? {} : { server }) };
    if (known.scope === 'CLUSTER') return [{ name, value, ...where, since }];
    // An item of tenants that names none is set for the sys tenant, ALL for the others (from 4.2.1 on).
    const meant =
      tenant === undefined
        ? ['sys']
        : /^all$/i.test(tenant)
          ? tenants.map((one) => one.name).filter((one) => one !== 'sys')
          : [tenant];
    return meant.map((one) => ({ name, value, ...where, tenant: one, since }));
  });
  Object.assign(state.parameters, Object.fromEntries(own));
  state.settings = [...(state.settings ?? []), ...settings];
}

/** Booleans are shown as True and False whatever was written, all else as it was written (engine 4.3.5.3, observed). */
function shown({ type }: ParameterSeed, value: string): string {
  if (type !== 'BOOL') return value;
  return BOOLEAN.exec(value)?.[1] === undefined ? 'False' : 'True';
}

/** Rows of every server; `own` are values that the cluster or a server has of itself. */
export function parameterRows(
  { state, servers, tenants }: ParameterCluster,
  own: (server: ParameterServer) => Readonly<Record<string, string>>,
): ParameterRow[] {
  const settings = state.settings ?? [];
  const delay = Number(state.parameters[DELAY] ?? 0);
  return servers.flatMap((server, index) => {
    const address = addressText(server.ip, server.rpcPort);
    const values = own(server);
    const arrived = settings.filter(
      ({ since }) => state.parameters[STUCK] !== address && (index === 0 || Date.now() - since >= delay),
    );
    return PARAMETER_SEEDS.flatMap((seed) =>
      (seed.scope === 'CLUSTER' ? [undefined] : tenants).map((tenant): ParameterRow => {
        const newest = arrived.findLast(
          (one) =>
            one.name === seed.name &&
            one.tenant === tenant?.name &&
            (one.zone ?? server.zone) === server.zone &&
            (one.server ?? address) === address,
        );
        const { ip, rpcPort, zone } = server;
        return {
          ip,
          rpcPort,
          zone,
          seed,
          tenant,
          value: shown(seed, newest?.value ?? values[seed.name] ?? seed.value),
        };
      }),
    );
  });
}

/** Whether values may still be on their way, so that rows made a moment ago are old. */
export function parametersMove({ settings, parameters }: ParameterState): boolean {
  const delay = Number(parameters[DELAY] ?? 0);
  const last = settings?.at(-1)?.since ?? 0;
  return delay > 0 && Date.now() - last < delay + 1_000;
}
