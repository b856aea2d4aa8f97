/** Which statements a request for parameters comes to, or why not: asked of the cluster before the first of them is sent. */
import {
  isHidden,
  type ObParameterFacts,
  obValueFault,
  type ParameterSetting,
  parameterServer,
} from '../../oceanbase/clusterParameters';
import type { ClusterSession } from '../../oceanbase/clusterSession';
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { SYS_TENANT } from '../../oceanbase/loginName';
import { Refusal } from '../../operations/refusal';
import { canonicalHost, parseAddress } from '../../runtime/addressText';
import { say, type Text } from '../../runtime/messages/catalogue';
import type { ObClusterRow } from '../../store/types';

/** One element of the request. */
export interface ParameterWish {
  readonly name: string;
  readonly value: string;
  readonly zones?: readonly string[] | undefined;
  /** `ip:rpcPort` */
  readonly servers?: readonly string[] | undefined;
  readonly tenants?: readonly string[] | undefined;
  readonly allTenants?: boolean | undefined;
}

/** What a cluster says of itself, as far as parameters need it. */
export interface Known {
  readonly servers: readonly ClusterServer[];
  readonly zones: readonly string[];
  readonly tenants: readonly string[];
  /** By name. */
  readonly facts: ReadonlyMap<string, ObParameterFacts>;
}

/** One statement, and what its parameter is like. */
export interface Setting extends ParameterSetting {
  readonly facts: ObParameterFacts;
}

export async function askKnown(session: ClusterSession, wishes: readonly ParameterWish[]): Promise<Known> {
  const rows = await session.parameters();
  const needsTenants = wishes.some(({ tenants, allTenants }) => tenants !== undefined || allTenants === true);
  return {
    servers: await session.servers(),
    zones: (await session.zones()).map(({ name }) => name),
    tenants: needsTenants ? await session.tenantNames() : [],
    facts: new Map(rows.map(({ name, facts }) => [name, facts])),
  };
}

/** The statements of one element. Throws Refusal for what the cluster would refuse, and for what it should. */
export function settingsOf(
  cluster: ObClusterRow,
  known: Known,
  wish: ParameterWish,
  index: number,
): Setting[] {
  const { name, value } = wish;
  const refuse = (code: string, text: Text, field = 'name'): never => {
    throw new Refusal(400, code, text, { target: `[${index}].${field}` });
  };
  if (isHidden(name)) refuse('OBE31001', say('obParameter.hidden', { name }));
  const facts = known.facts.get(name);
  if (facts === undefined) {
    const { id, version } = cluster;
    return refuse('OBE31201', say('obParameter.unknown', { cluster: cluster.name, version, name, id }));
  }
  if (facts.readonly) refuse('OBE31204', say('obParameter.readonly', { name, cluster: cluster.name }));
  const wrong = obValueFault(facts, value);
  if (wrong !== undefined) {
    const text = say('obParameter.value', { name, fault: wrong.fault });
    refuse(wrong.of === 'unit' ? 'OBE31002' : 'OBE31202', text, 'value');
  }
  const tenants = tenantsOf(cluster, known, wish, facts, refuse);
  const places = placesOf(cluster, known, wish, refuse);
  return tenants.flatMap((tenant) =>
    places.map((at) => ({
      ...{ name, value, facts },
      ...(at === undefined ? {} : { at }),
      ...(tenant === undefined ? {} : { tenant }),
    })),
  );
}

type Refuse = (code: string, text: Text, field?: string) => never;

/** Whose value it is: `undefined` stands for the cluster. */
function tenantsOf(
  { name: cluster }: ObClusterRow,
  known: Known,
  { name, tenants, allTenants }: ParameterWish,
  { scope }: ObParameterFacts,
  refuse: Refuse,
): readonly (string | undefined)[] {
  const named = tenants !== undefined || allTenants === true;
  if (scope === 'CLUSTER') {
    if (named) refuse('OBE31203', say('obParameter.notOfTenants', { name }), 'tenants');
    return [undefined];
  }
  if (!named) refuse('OBE31203', say('obParameter.needsTenant', { name }), 'tenants');
  const strange = tenants?.find((tenant) => !known.tenants.includes(tenant));
  if (strange !== undefined) {
    refuse('OBE21002', say('obParameter.noTenant', { cluster, tenant: strange }), 'tenants');
  }
  // What TENANT = ALL means differs by version: with sys and meta tenants before 4.2.1, without them from then on.
  const chosen = tenants ?? known.tenants.filter((tenant) => tenant !== SYS_TENANT);
  if (chosen.length === 0) refuse('OBE31203', say('obParameter.noTenants', { cluster }), 'allTenants');
  return chosen;
}

/** Where it is set: `undefined` stands for everywhere. */
function placesOf(
  { name: cluster }: ObClusterRow,
  known: Known,
  { zones, servers }: ParameterWish,
  refuse: Refuse,
): readonly ParameterSetting['at'][] {
  const strange = zones?.find((zone) => !known.zones.includes(zone));
  if (strange !== undefined) {
    const text = say('obParameter.noZone', { cluster, zone: strange, known: known.zones.join(', ') });
    refuse('OBE18002', text, 'zones');
  }
  if (zones !== undefined) return zones.map((zone) => ({ zone }));
  return (
    servers?.map((text) => {
      const address = parseAddress(text);
      const server = known.servers.find(
        ({ ip, rpcPort }) =>
          address !== undefined &&
          canonicalHost(ip) === address.host &&
          address.ports.join() === String(rpcPort),
      );
      if (server !== undefined) return { server };
      const all = known.servers.map(parameterServer).join(', ');
      return refuse(
        'OBE19002',
        say('obParameter.noServer', { cluster, server: text, known: all }),
        'servers',
      );
    }) ?? [undefined]
  );
}
