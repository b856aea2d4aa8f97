import { setTimeout as delay } from 'node:timers/promises';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { fingerprint } from '../../sandbox/standins/startByHand';
import type { Lane } from './lane';
import { differences, leftovers, type Outcome, outcomeOf } from './outcome';
import type { Scene } from './scene';

export interface Expected {
  /** What an undisturbed run left; of an undone task what was there before. */
  readonly outcome: Outcome;
  /** Services were started again by others. */
  readonly restarts: boolean;
  readonly undone: boolean;
  /** The undo records what waits for a restart, or nothing where the subtask had not come so far. */
  readonly staysDue?: boolean;
}

const DRIFT = /"parameter_drift":(null|"(?:[^"\\]|\\.)*")/;

function withoutDrift(outcome: Outcome): Outcome {
  return { ...outcome, rows: outcome.rows.map((row) => row.replace(DRIFT, '"parameter_drift":…')) };
}

/** What the ended task left that it must not leave, and what differs from what is expected; one a line. */
export async function comparedWith(
  lane: Lane,
  scene: Scene,
  task: TaskJson,
  expected: Expected,
): Promise<string[]> {
  const { restarts, undone, staysDue = false } = expected;
  const known = staysDue ? withoutDrift : (one: Outcome) => one;
  const outcome = known(expected.outcome);
  const left = (await leftovers(lane, scene)).map((line) => `left behind: ${line}`);
  const wanted = undone ? { ...outcome, document: [] } : outcome;
  const look = async () => {
    const found = known(await outcomeOf(lane, scene, task));
    const actual = undone ? { ...found, document: [] } : found;
    return differences(scene.looked, wanted, actual, { restarts, effects: !undone });
  };
  let differing = await look();
  // A keeper, a status that follows the cluster: some of it comes a moment later.
  for (let looks = 0; differing.length > 0 && looks < 10; looks += 1) {
    await delay(500);
    differing = await look();
  }
  if (scene.byHand !== undefined && !restarts) {
    const { proxy, before } = scene.byHand;
    const [host] = scene.targets;
    if (host !== undefined && (await fingerprint(host, proxy)) !== before) {
      differing.push('the proxy that was taken over is not as it was');
    }
  }
  return [...left, ...differing];
}
