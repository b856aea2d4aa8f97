import { z } from 'zod';
import { isTenantName, obParameterNameFault, obParameterTextFault } from '../../oceanbase/clusterParameters';
import { isZoneName } from '../../oceanbase/clusterSql';
import { text } from '../../operations/schemas';
import { parseAddress } from '../../runtime/addressText';
import { asFault, fault } from '../../runtime/messages/catalogue';
import { listOf, Whole } from '../http/answers';

/** The documented types; others are OceanBase's own words for new kinds. */
const PARAMETER_TYPES = 'BOOL, CAPACITY, DOUBLE, INT, MOMENT, STRING, STRING_LIST or TIME.';

export const ParameterInfoDocument = z
  .object({
    id: Whole.describe('Of the name: the same everywhere.'),
    name: z.string(),
    version: z.string().describe('Version of the OceanBase cluster that says so.'),
    type: z.string().describe(PARAMETER_TYPES),
    allowedStringValues: z.string().nullable(),
    maxValue: z.string().nullable(),
    minValue: z.string().nullable(),
    defaultValue: z.string().nullable().describe('null where the version does not tell.'),
    needRestart: z.boolean(),
    readonly: z.boolean(),
    description: z.string().describe("OceanBase's own words."),
    explanation: z.null(),
  })
  .meta({ id: 'ObParameterInfo' });

export const ObClusterParameterDocument = z
  .object({
    name: z.string(),
    description: z.string(),
    defaultValue: z.string(),
    needRestart: z.boolean(),
    readonly: z.boolean(),
    section: z.string(),
    scope: z
      .literal('TENANT')
      .exactOptional()
      .describe('Each tenant has its own value, and what is shown is that of sys; absent: of the cluster.'),
    valueRange: z.object({
      type: z
        .string()
        .describe('As of parameterInfo, but ENUM with its allowedValues for what is TRUE or FALSE.'),
      allowedValues: z.string().nullable(),
      minValue: z.string().nullable(),
      maxValue: z.string().nullable(),
    }),
    currentValue: z.object({
      values: listOf(z.string()).describe('Each once.'),
      singleValueInCluster: z.boolean(),
      valueToServers: z
        .record(z.string(), listOf(z.string()))
        .describe('ip:rpcPort of the servers, by value.'),
      obParameters: listOf(
        z.object({
          zone: z.string(),
          svrType: z.string(),
          svrIp: z.string(),
          svrPort: Whole.describe('RPC port.'),
          name: z.string(),
          value: z.string(),
        }),
      ),
    }),
  })
  .meta({ id: 'ObClusterParameter' });

/** Elements of one request. */
const MOST = 100;
const MOST_PLACES = 200;

function placeList(isOne: (value: string) => boolean, said: string) {
  return z
    .array(z.string(fault('must.string')).refine(isOne, said))
    .min(1, fault('must.entriesAtLeast', { limit: 1 }))
    .max(MOST_PLACES, fault('must.entriesAtMost', { limit: MOST_PLACES }))
    .transform((values) => [...new Set(values)])
    .optional();
}

const Value = z
  .union([z.string(), z.number(), z.boolean()], fault('must.parameterValue'))
  .transform(String)
  .superRefine((value, context) => {
    const said = obParameterTextFault(value);
    if (said !== undefined) context.addIssue({ code: 'custom', message: asFault(said), input: value });
  })
  .meta({ wire: { type: ['string', 'number', 'boolean'] } });

const Wish = z
  .object({
    name: text(obParameterNameFault),
    value: Value,
    zones: placeList(isZoneName, fault('must.zoneName')).describe('Ours: only there. Without servers.'),
    servers: placeList((value) => parseAddress(value) !== undefined, fault('must.serverAddress')).describe(
      'Ours: only there; ip:rpcPort.',
    ),
    tenants: placeList(isTenantName, fault('must.tenantName')).describe(
      'Ours: of parameters that belong to tenants.',
    ),
    allTenants: z.boolean(fault('must.boolean')).optional().describe('Ours: of every tenant of users.'),
  })
  .superRefine(({ zones, servers, tenants, allTenants }, context) => {
    const both = (one: string, other: string) =>
      context.addIssue({ code: 'custom', path: [one], message: fault('must.nameOneScope', { other }) });
    if (zones !== undefined && servers !== undefined) both('zones', 'servers');
    if (tenants !== undefined && allTenants === true) both('tenants', 'allTenants');
  });

type Wish = z.output<typeof Wish>;

/** Whether one value would take the place of the other somewhere; what lies in which zone is not known here. */
function meet(one: Wish, other: Wish): boolean {
  if (one.name !== other.name) return false;
  const share = (mine: readonly string[] | undefined, yours: readonly string[] | undefined) =>
    mine === undefined || yours === undefined || mine.some((value) => yours.includes(value));
  return (
    share(one.zones, other.zones) && share(one.servers, other.servers) && share(one.tenants, other.tenants)
  );
}

/** SetClusterParameterParam as documented, with the scopes that OCP's console knows. */
export const SetParametersBody = z
  .array(Wish)
  .min(1, fault('must.entriesAtLeast', { limit: 1 }))
  .max(MOST, fault('must.entriesAtMost', { limit: MOST }))
  .superRefine((wishes, context) => {
    wishes.forEach((wish, index) => {
      if (wishes.slice(0, index).some((other) => meet(other, wish))) {
        context.addIssue({ code: 'custom', path: [index, 'name'], message: fault('names.parameterTwice') });
      }
    });
  });
