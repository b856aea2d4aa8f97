import { fleetUnavailable } from '../../sandbox/hosts/fleet';
import { describeIf, longRunOnly } from '../support/skip';
import { allCases, type Case, matching } from './cases';
import type { Fault } from './faults';
import { runSuite } from './suite';

const harmless: Fault = { name: 'harmless', kind: 'host', strike: async ({ stop }) => stop.release() };
/** What a defect of a subtask would leave. */
const leaves: Fault = {
  ...harmless,
  name: 'leaves',
  async strike({ host, stop }) {
    await host.sh('echo left >/etc/left');
    stop.release();
  },
};
const undone: Fault = {
  name: 'undone',
  kind: 'undo',
  at: 'after',
  strike: async ({ stop }) => stop.release('fail'),
};
const undoneLeaves: Fault = {
  ...undone,
  name: 'undone-leaves',
  async strike({ host, stop }) {
    await host.sh('echo left >/etc/left');
    stop.release('fail');
  },
};

/** The case of that subtask of "Add OBProxy", with this fault. */
function caseOf(key: string, fault: Fault): Case {
  const [one] = matching(allCases(), [`addObproxy/${key}/worker-kill`], []);
  if (one === undefined) throw new Error(`there is no subtask ${key}`);
  return { ...one, fault, id: `addObproxy/${key}/${fault.name}` };
}

const MINUTE = 60_000;

describeIf(fleetUnavailable() ?? longRunOnly(), 'a case that leaves something', () => {
  it.each([
    ['faults of one run', [harmless, leaves, harmless]],
    ['tasks undone in one scene', [undone, undoneLeaves, undone]],
  ])(
    'is named among %s, and the others pass',
    async (_, [first = harmless, guilty = harmless, last = harmless]) => {
      const cases = [
        caseOf('CheckCommand', first),
        caseOf('InstallRpmByPackageAndVersion', guilty),
        caseOf('StartObproxy', last),
      ];
      const results = await runSuite({ cases, seed: 1, lanes: 1 });
      expect(results.map(({ id, passed }) => [id, passed])).toEqual(
        cases.map(({ id, fault }) => [id, fault !== guilty]),
      );
      expect(results[1]?.problems.join('\n')).toContain('/etc/left');
    },
    10 * MINUTE,
  );
});
