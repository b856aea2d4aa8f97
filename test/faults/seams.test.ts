import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf, longRunOnly } from '../support/skip';
import { allCases, matching } from './cases';
import { aloneLine } from './report';
import { runSuite } from './suite';

/** Of each operation: the worker dies, a subtask fails and is retried, and all is undone, early and late in its chain. */
const CASES = [
  'addObproxy/CheckCommand/worker-kill',
  'addObproxy/UpdateObproxyStatus/rollback-after',
  'createObproxyCluster/InstallRpmByPackageAndVersion/worker-kill',
  'createObproxyCluster/SyncObproxyParameter/temporal-kill',
  'createObproxyCluster/UpdateObproxyStatus/rollback-after',
  'takeOverObproxy/SyncObproxyParameter/worker-kill',
  'takeOverObproxy/UpdateObproxyStatus/rollback-after',
  'addObserver/MakeDirForOb/worker-kill',
  'addObserver/UpdateObServerStatus/worker-kill',
  'addObserver/UpdateObServerStatus/rollback-after',
];
const MINUTE = 60_000;

describeIf(fleetUnavailable() ?? longRunOnly(), 'tasks that go on in another run every 50 events', () => {
  it(
    'survive a dead worker and a dead Temporal, and are undone, like those of one run',
    async () => {
      const cases = matching(allCases(), CASES, []);
      expect(cases).toHaveLength(CASES.length);
      const results = await runSuite({ cases, seed: 1, lanes: 2, historyEvents: 50 });
      const failed = results.filter(({ passed }) => !passed);
      expect(failed.map((one) => [one.point, ...one.problems, aloneLine(one)])).toEqual([]);
    },
    20 * MINUTE,
  );
});
