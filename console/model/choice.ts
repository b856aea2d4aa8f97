/** Fields whose values are things that obflow knows. Pure. */
import type { JsonSchema } from './schema';

/** What the values of a field are, known by its name: the names of OCP's documents mean one thing everywhere. */
export type ChoiceKind =
  | 'host'
  | 'proxy'
  | 'proxyPackage'
  | 'shortPackage'
  | 'credential'
  | 'idc'
  | 'hostType'
  | 'obCluster'
  | 'obClusterName'
  | 'obServer'
  | 'idcName'
  | 'obproxyCluster'
  | 'obPackage'
  | 'zone';

/** More than one way to say a thing is by rule: `skipOperationHostIds` are hosts as well. */
const KINDS: readonly (readonly [RegExp, ChoiceKind])[] = [
  [/^(obproxyServerIds?|obproxyIds|skipHostOperationServerIds)$/, 'proxy'],
  [/^(host|.*Host)(Ids?|IdList)$|^servers$|^rootServer$/, 'host'],
  [/^(ob)?[sS]erverIds?$/, 'obServer'],
  [/^obproxyClusterIds?$/, 'obproxyCluster'],
  [/^rpmName$/, 'obPackage'],
  [/^version$/, 'proxyPackage'],
  [/^shortRpmName$/, 'shortPackage'],
  [/^(.*[cC])?redentialId$/, 'credential'],
  [/^idcId$/, 'idc'],
  [/^idc(Name)?$/, 'idcName'],
  [/^typeId$/, 'hostType'],
  [/^clusterId$/, 'obCluster'],
  [/^clusterName$/, 'obClusterName'],
  [/^(zone|zoneNames?|zones)$/, 'zone'],
];

export function choiceOf(name: string, schema: JsonSchema): ChoiceKind | undefined {
  const simple = schema.type === 'array' ? schema.items?.type : schema.type;
  if (simple !== 'integer' && simple !== 'string') return undefined;
  return KINDS.find(([pattern]) => pattern.test(name))?.[1];
}
