import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf } from '../support/skip';
import { allCases, matching } from './cases';
import { Lane } from './lane';
import { type Reference, referenceRun } from './reference';
import { aloneLine } from './report';
import { runCase } from './runCase';

/** The seams of a restart: after each of them a server is in a state that only this task knows how to leave. */
const CASES = [
  'restartObserver/StopObServer/worker-kill',
  'restartObserver/StopObServerProcess/worker-kill',
  'restartObserver/StartObServerProcess/worker-kill',
  'restartObserver/StartObServerProcess/rollback-after',
] as const;

const SEED = 1;

describeIf(fleetUnavailable(), 'faults while an OBServer is restarted', () => {
  let lane: Lane;
  let reference: Reference;
  const cases = matching(allCases(), CASES, []);

  beforeAll(async () => {
    lane = await Lane.start();
    const [first] = cases;
    if (first === undefined) throw new Error('there are no cases');
    reference = await referenceRun(lane, first.operation);
  }, 120_000);
  afterAll(() => lane?.stop(), 60_000);

  it.each(CASES)(
    '%s: the server serves as before, and every statement was sent once',
    async (id) => {
      const one = cases.find((candidate) => candidate.id === id);
      if (one === undefined) throw new Error(`there is no case ${id}`);
      const result = await runCase(lane, one, reference, SEED);
      const problems =
        result.problems.length === 0 ? [] : [result.point, ...result.problems, aloneLine(result)];
      expect(problems).toEqual([]);
    },
    120_000,
  );
});
