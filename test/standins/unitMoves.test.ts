/** In which order units arrive while a server of the stand-in is deleted. */
import type { ClusterState, UnitState } from '../../sandbox/standins/observer/clusterState';
import { moveUnits } from '../../sandbox/standins/observer/units';

const FROM = '127.0.0.1:1';
const TO = '127.0.0.1:2';

function cluster(parameters: Record<string, string>, ...jobs: readonly number[]): ClusterState {
  const units = jobs.map(
    (job): UnitState => ({ id: job, tenantId: 1002, zone: 'zone1', server: TO, from: FROM, since: 1, job }),
  );
  return {
    ...{ clusterName: 'obtest', obClusterId: 7, term: 1, version: 1, servers: [], zones: [], accounts: [] },
    ...{ parameters, nextServerId: 1, units },
  };
}

const onTheirWay = ({ units = [] }: ClusterState): number[] =>
  units.flatMap(({ from, job }) => (from === undefined || job === undefined ? [] : [job]));

test('units are on their way together, unless they are told to go one after the other: then each takes its time', () => {
  const together = cluster({}, 2, 1, 3);
  expect(moveUnits(together)).toBe(true);
  expect(onTheirWay(together)).toEqual([]);

  const alone = cluster({ _standin_unit_moves: '1' }, 2, 1, 3);
  expect(moveUnits(alone)).toBe(true);
  expect(onTheirWay(alone)).toEqual([2, 3]);
  expect(moveUnits(alone)).toBe(false);
  alone.parameters._standin_unit_move_delay = '0';
  expect(moveUnits(alone)).toBe(true);
  expect(onTheirWay(alone)).toEqual([3]);
});
