/** Whether the next zone may go, for every way in which something is not back. */
import type { ClusterServer } from '../../oceanbase/clusterSql';
import { notBack, type RollingState, rollingOrder } from '../../oceanbase/rollingVerdict';
import { schemasOf } from '../../oceanbase/schemas';
import { inEnglish } from '../../workflows/text';

function server(zone: number, more: Partial<ClusterServer> = {}): ClusterServer {
  return {
    ...{ zone: `z${zone}`, ip: `10.0.0.${zone}`, rpcPort: 2882, sqlPort: 2881, innerStatus: 'ACTIVE' },
    ...{
      withRootserver: zone === 1,
      startTime: '2026-01-01T00:00:00.000Z',
      stopTime: null,
      buildVersion: '',
    },
    ...more,
  };
}

const at = (zone: number) => `10.0.0.${zone}:2882`;

/** Three zones of one server each, all well. */
function well(more: Partial<RollingState> = {}): RollingState {
  return {
    servers: [1, 2, 3].map((zone) => server(zone)),
    zones: [1, 2, 3].map((zone) => ({ name: `z${zone}`, region: 'r', idc: 'i', innerStatus: 'ACTIVE' })),
    groups: [
      {
        ...{ tenant: 'sys', stream: 'LS 1', hasLeader: true, replicas: 3 },
        voters: [1, 2, 3].map((zone) => ({ servers: [at(zone)], inSync: true })),
      },
    ],
    schemas: schemas([1, 2, 3]),
    ...more,
  };
}

function schemas(refreshed: readonly number[], tenants = [1, 1002]) {
  const rows = refreshed.flatMap((zone) =>
    tenants.map((tenant) => ({ ip: `10.0.0.${zone}`, rpc_port: 2882, tenant_id: tenant })),
  );
  return schemasOf([tenants.map((tenant) => ({ tenant_id: tenant })), rows]);
}

const said = (state: RollingState, but: { but: string | undefined } = { but: 'z3' }) =>
  notBack(state, but).map(inEnglish).join('');

test('nothing holds the next zone when everything is back', () => {
  expect(notBack(well(), { but: 'z3' })).toEqual([]);
  expect(notBack(well(), { but: undefined })).toEqual([]);
});

test.each<[string, Partial<RollingState>, RegExp]>([
  [
    'a zone that is not ACTIVE',
    { zones: well().zones.map((zone) => (zone.name === 'z2' ? { ...zone, innerStatus: 'INACTIVE' } : zone)) },
    /z2.*INACTIVE/,
  ],
  [
    'a server that does not serve yet',
    { servers: [server(1), server(2, { startTime: null }), server(3)] },
    /10\.0\.0\.2:2882: not serving/,
  ],
  [
    'a server that is stopped',
    { servers: [server(1, { stopTime: '2026-01-01T00:00:01.000Z' }), server(2), server(3)] },
    /10\.0\.0\.1:2882: not serving/,
  ],
  [
    'a log that is not in sync',
    {
      groups: well().groups.map((group) => ({
        ...group,
        voters: group.voters.map((voter, index) => ({ ...voter, inSync: index !== 1 })),
      })),
    },
    /10\.0\.0\.2:2882: tenant sys, LS 1 is not in sync/,
  ],
  [
    'a log stream without a leader',
    { groups: well().groups.map((group) => ({ ...group, hasLeader: false })) },
    /tenant sys, LS 1 has no leader/,
  ],
  ['a schema that is not refreshed', { schemas: schemas([1, 3]) }, /10\.0\.0\.2:2882: schema not refreshed/],
])('%s holds the next zone, and is named', (_what, more, says) => {
  expect(said(well(more))).toMatch(says);
});

test('what the next zone itself lacks holds nobody: its restart may be the cure', () => {
  const lame = well({
    servers: [server(1), server(2), server(3, { innerStatus: 'INACTIVE', startTime: null })],
    schemas: schemas([1, 2]),
    groups: well().groups.map((group) => ({
      ...group,
      voters: group.voters.map((voter, index) => ({ ...voter, inSync: index !== 2 })),
    })),
  });
  expect(said(lame)).toBe('');
  expect(said(lame, { but: undefined })).toMatch(/10\.0\.0\.3:2882: not serving/);
});

test('of some zones alone nothing else is asked', () => {
  const lame = well({ servers: [server(1), server(2, { startTime: null }), server(3)] });
  expect(notBack(lame, { but: 'z3', only: ['z1'] })).toEqual([]);
  expect(notBack(lame, { but: 'z3', only: ['z1', 'z2'] })).toHaveLength(1);
});

test('a version that does not tell schemas is not waited for', () => {
  expect(said(well({ schemas: undefined }))).toBe('');
});

test('the zone of the root service goes last', () => {
  const servers = [server(1), server(3), server(2), server(3)];
  expect(rollingOrder(servers)).toEqual(['z2', 'z3', 'z1']);
  expect(rollingOrder(servers.map((one) => ({ ...one, withRootserver: false })))).toEqual(['z1', 'z2', 'z3']);
});
