import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { allCases, matching } from './cases';
import { Lane } from './lane';
import { aloneLine } from './report';
import { type Reference, referenceRun, runCase } from './runCase';

/** The seams: after each of them servers are in a state that only this task knows how to leave. */
const SEAMS = [
  [
    'an OBServer is restarted',
    [
      'restartObserver/StopObServer/worker-kill',
      'restartObserver/StopObServerProcess/worker-kill',
      'restartObserver/StartObServerProcess/worker-kill',
      'restartObserver/StartObServerProcess/rollback-after',
    ],
  ],
  [
    'a cluster restarts zone after zone',
    [
      'restartObCluster/StopObZone/worker-kill',
      'restartObCluster/StopObServerProcess/worker-kill',
      'restartObCluster/StartObServerProcess/worker-kill',
      'restartObCluster/StopObServerProcess/rollback-after',
    ],
  ],
  ['a cluster stops', ['stopObCluster/StopObServerProcess/rollback-after']],
  ['a cluster starts', ['startObCluster/StartObServerProcess/rollback-after']],
] as const;

const SEED = 1;

describeIf(fleetUnavailable(), 'faults', () => {
  let lane: Lane;
  beforeAll(async () => {
    lane = await Lane.start();
  }, 120_000);
  afterAll(() => lane?.stop(), 60_000);

  describe.each(SEAMS)('while %s', (_what, ids) => {
    let reference: Reference;
    const cases = matching(allCases(), ids, []);

    beforeAll(async () => {
      const [first] = cases;
      if (first === undefined) throw new Error('there are no cases');
      reference = await referenceRun(lane, first.operation);
    }, 240_000);

    it.each(ids)(
      '%s: everything serves or is stopped as it would be, and every statement was sent once',
      async (id) => {
        const one = cases.find((candidate) => candidate.id === id);
        if (one === undefined) throw new Error(`there is no case ${id}`);
        const result = await runCase(lane, one, reference, SEED);
        const problems =
          result.problems.length === 0 ? [] : [result.point, ...result.problems, aloneLine(result)];
        expect(problems).toEqual([]);
      },
      240_000,
    );
  });
});
