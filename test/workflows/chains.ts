import fc from 'fast-check';
import type { PlanItem } from '../../workflows/plan';
import { nodeOf } from '../support/plans';

const ZONE_SERVERS = '21.{zone_names}.server_ids';

/** The lists that `anyChain` splits by. */
export const ANY_LISTS: Readonly<Record<string, readonly string[]>> = {
  host_ids: ['7', '9', '12'],
  '21.host_ids': ['7', '9', '12'],
  server_ids: ['7', '9', '12'],
  two_hosts: ['7', '9'],
  zone_names: ['z1', 'z2'],
  '21.z1.server_ids': ['4', '5'],
  '21.z2.server_ids': ['6'],
  // Where no zone is meant.
  [ZONE_SERVERS]: ['4', '6'],
};

/** Chains of nodes and groups, at least two levels deep, over lists that belong together and lists that do not. */
export const anyChain: fc.Arbitrary<readonly PlanItem[]> = fc.letrec<{ chain: PlanItem[]; item: PlanItem }>(
  (tie) => {
    const serial = fc.boolean().map((yes) => (yes ? { serial: true as const } : {}));
    const keys = ['host_ids', 'host_ids', '21.host_ids', 'server_ids', 'two_hosts', 'zone_names'];
    const by = fc.constantFrom(...keys, ZONE_SERVERS);
    const before = fc.option(fc.array(fc.nat(4), { maxLength: 2 }), { nil: undefined });
    const leaf = fc
      .record({ by: fc.option(by, { nil: undefined }), serial })
      .map((how) => nodeOf('n', how.by === undefined ? {} : { split: { by: how.by, ...how.serial } }));
    const nested = fc
      .record({ by: fc.constantFrom('zone_names', 'zone_names', 'host_ids'), serial, nodes: tie('chain') })
      .map((how): PlanItem => ({ repeat: { by: how.by, ...how.serial }, nodes: how.nodes }));
    return {
      item: fc.oneof(
        { maxDepth: 2, depthIdentifier: 'groups' },
        { weight: 3, arbitrary: leaf },
        { weight: 1, arbitrary: nested },
      ),
      chain: fc
        .array(fc.record({ item: tie('item'), before }), {
          minLength: 1,
          maxLength: 4,
          depthIdentifier: 'groups',
        })
        .map((items) =>
          items.map(({ item, before: after }, index) =>
            after === undefined ? item : { ...item, after: after.filter((at) => at < index) },
          ),
        ),
    };
  },
).chain;
