import type { ClusterServer } from '../../oceanbase/clusterSql';
import { replicaGroups } from '../../oceanbase/replicas';
import { type StopState, stopVerdict } from '../../oceanbase/stopVerdict';

const at = (zone: number, more: Partial<ClusterServer> = {}): ClusterServer => ({
  ...{ zone: `z${zone}`, ip: `10.0.0.${zone}`, rpcPort: 2882, sqlPort: 2881, innerStatus: 'ACTIVE' },
  ...{ withRootserver: zone === 1, startTime: '2026-01-01T00:00:00.000Z', stopTime: null, buildVersion: '4' },
  ...more,
});
const zone = (number: number, innerStatus = 'ACTIVE') => ({
  ...{ name: `z${number}`, region: 'r', idc: 'i', innerStatus },
});
const MEMBERS = '10.0.0.1:2882:1,10.0.0.2:2882:1,10.0.0.3:2882:1';
type Row = Record<string, string>;
const TENANTS: Row[] = [
  { tenant_id: '1', tenant_name: 'sys' },
  { tenant_id: '1002', tenant_name: 'shop' },
];

/** Three replicas of a log stream; `roles` and `sync` by zone. */
function stream(
  tenantId: string,
  lsId: string,
  more: { roles?: string; sync?: string; members?: string } = {},
): Row[] {
  const { roles = 'LFF', sync = 'YYY', members = MEMBERS } = more;
  return [...roles].flatMap((role, index) =>
    role === '-'
      ? []
      : [
          {
            ...{ tenant_id: tenantId, ls_id: lsId, ip: `10.0.0.${index + 1}`, rpc_port: '2882' },
            ...{ role: role === 'L' ? 'LEADER' : 'FOLLOWER', in_sync: sync[index] === 'Y' ? 'YES' : 'NO' },
            ...{ members, replicas: '3' },
          },
        ],
  );
}

function state(rows: readonly Row[], more: Partial<StopState> = {}): StopState {
  return {
    servers: [at(1), at(2), at(3)],
    zones: [zone(1), zone(2), zone(3)],
    groups: replicaGroups('4.2.1.2', [TENANTS, rows]),
    ...more,
  };
}
const SECOND = { zone: 'z2', servers: ['10.0.0.2:2882'] };
const texts = (of: StopState, target: Parameters<typeof stopVerdict>[1] = SECOND) =>
  stopVerdict(of, target).refusals.map(({ code, text }) => `${code} ${text.en}`);
const healthy = [...stream('1', '1'), ...stream('1002', '1'), ...stream('1002', '1001')];

describe('A server may be stopped', () => {
  test('when every log stream of every tenant keeps more than half of its replicas in sync, and the weakest is told', () => {
    const verdict = stopVerdict(state(healthy), SECOND);
    expect(verdict.refusals).toEqual([]);
    expect(verdict.leaves?.en).toContain('keeps 2 of 3 replicas in sync');
  });

  test.each([
    ['a replica that stays is behind', { sync: 'NYY' }],
    ['a replica that stays says nothing', { roles: '-LF' }],
    ['a member is missing from the list', { members: '10.0.0.2:2882:1,10.0.0.3:2882:1' }],
  ] as const)('not when of one stream of one tenant %s', (_what, how) => {
    expect(
      texts(state([...stream('1', '1'), ...stream('1002', '1'), ...stream('1002', '1001', how)])),
    ).toEqual([expect.stringMatching(/^OBE11070 tenant shop, LS 1001: 1 of 3 replicas would stay in sync/)]);
  });

  test('not while a stream has no leader, or nothing is told of a tenant at all', () => {
    expect(texts(state([...stream('1', '1'), ...stream('1002', '1', { roles: 'FFF' })]))).toEqual([
      expect.stringContaining('tenant shop, LS 1 has no leader'),
    ]);
    expect(texts(state(stream('1', '1')))).toEqual([expect.stringContaining('tenant shop has no leader')]);
  });

  test('not beside a stopped server, a server that does not serve yet, or a stopped zone, whatever the logs say', () => {
    const stopTime = '2026-01-01T00:00:00.000Z';
    const servers = (third: Partial<ClusterServer>) => ({ servers: [at(1), at(2), at(3, third)] });
    expect(texts(state(healthy, servers({ stopTime })))[0]).toMatch(/^OBE19003 10\.0\.0\.3:2882 of zone z3/);
    expect(texts(state(healthy, servers({ startTime: null })))[0]).toMatch(
      /^OBE11070 tenant sys, LS 1: 1 of 3/,
    );
    const stopped = state(healthy, { zones: [zone(1), zone(2), zone(3, 'INACTIVE')] });
    expect(texts(stopped)[0]).toBe('OBE18004 zone z3 is INACTIVE already');
    expect(texts(stopped)).toHaveLength(4);
    // A zone without servers is out of nobody's way.
    expect(texts(state(healthy, { zones: [zone(1), zone(2), zone(3), zone(4, 'INACTIVE')] }))).toEqual([]);
  });

  test('of a zone all servers at once, and never the last zone', () => {
    const of = { zone: 'z2' };
    expect(texts(state(healthy), of)).toEqual([]);
    const alone = state(healthy, { zones: [zone(2)], servers: [at(2)] });
    expect(texts(alone, of)[0]).toBe('OBE18010 z2 is the last zone that is ACTIVE');
  });
});

describe('Replicas of 2.x and 3.x', () => {
  const tenants = [
    { tenant_id: '1', tenant_name: 'sys', locality: 'FULL{1}@z1, FULL{1}@z2, FULL{1}@z3' },
    { tenant_id: '1001', tenant_name: 'shop', locality: 'FULL{1}@z1, FULL{1}@z2, READONLY{1}@z3' },
  ];
  const units = ['1', '1001'].flatMap((tenant_id) =>
    [1, 2, 3].map((number) => ({ tenant_id, zone: `z${number}`, ip: `10.0.0.${number}`, rpc_port: '2882' })),
  );

  test('vote by zone; what only reads does not vote, and a zone whose log lags does not count', () => {
    const groups = (lagging: Row[]) => ({ groups: replicaGroups('3.1.4', [tenants, units, lagging]) });
    expect(texts(state([], groups([])), { zone: 'z2' })).toEqual([
      expect.stringMatching(/^OBE11070 tenant shop: 1 of 2 replicas/),
    ]);
    expect(texts(state([], groups([])), { zone: 'z3' })).toEqual([]);
    expect(texts(state([], groups([{ ip: '10.0.0.1', rpc_port: '2882' }])), { zone: 'z3' })).toEqual([
      expect.stringMatching(/^OBE11070 tenant sys: 1 of 3/),
      expect.stringMatching(/^OBE11070 tenant shop: 1 of 2/),
    ]);
  });
});

test('members with an IPv6 address are read as well', () => {
  const [group] = replicaGroups('4.2.1.2', [
    [{ tenant_id: '1', tenant_name: 'sys' }],
    [
      {
        ...{
          tenant_id: '1',
          ls_id: '1',
          ip: '2001:db8::1',
          rpc_port: '2882',
          role: 'LEADER',
          in_sync: 'YES',
        },
        ...{ members: '[2001:db8::1]:2882:1', replicas: '1' },
      },
    ],
  ]);
  expect(group?.voters).toEqual([{ servers: ['[2001:db8::1]:2882'], inSync: true }]);
});
