import type { TaskJson } from '../../sandbox/stack/apiClient';
import { CaseFailed } from './aim';
import { type Case, staysDue } from './cases';
import { comparedWith } from './compare';
import type { Lane } from './lane';
import { type Outcome, outcomeOf } from './outcome';
import { describePoint } from './points';
import { onlyStop, type Provoked, start } from './provoke';
import type { Reference } from './reference';
import { type CaseResult, Clock, type Findings } from './result';
import type { Scene } from './scene';
import { failures, rollbackEnds, settled } from './settle';

/** An undo has few points; a later one than its last means its end. */
const UNDO_POINTS = 8;

/** A scene as the undo of a task has left it: proven to be as it was before, so the next task can begin in it. */
export interface Standing {
  readonly operation: Case['operation'];
  readonly scene: Scene;
  readonly before: Outcome;
  /** The cases that were undone in it. */
  readonly undone: readonly string[];
}

export interface Undone {
  readonly result: CaseResult;
  /** Undefined when the scene is not as it was. */
  readonly standing: Standing | undefined;
}

async function arranged(lane: Lane, one: Case, standing: Standing | undefined): Promise<Standing> {
  if (standing?.operation === one.operation) {
    lane.startOver();
    return standing;
  }
  const scene = await one.operation.arrange(lane);
  const before = await outcomeOf(lane, scene, undefined);
  return { operation: one.operation, scene, before, undone: [] };
}

/**
 * Fails the subtask of the case, rolls the task back, and compares with what was there before.
 * @param standing a scene of the same operation to do it in; undefined: one is made
 */
export async function runUndone(
  lane: Lane,
  one: Case,
  standing: Standing | undefined,
  reference: Reference,
  seed: number,
): Promise<Undone> {
  const clock = new Clock();
  const seen: Findings = {};
  let problems: string[];
  let left: Standing | undefined;
  try {
    const world = await clock.phase('arrange', () => arranged(lane, one, standing));
    const started = await clock.phase('approach', () => start(lane, [one], world.scene, reference, seed));
    const provoked = await clock.phase('approach', () => onlyStop(started));
    seen.point = describePoint(provoked.stop.point);
    const task = await clock.phase('recover', () => failAndRollBack(provoked));
    if (task === undefined) {
      problems = [];
    } else {
      const due = staysDue(one);
      const restarts = one.fault.restarts ?? false;
      const expected = { outcome: world.before, restarts, undone: true, staysDue: due };
      problems = await clock.phase('compare', () => comparedWith(lane, world.scene, task, expected));
      if (problems.length === 0 && !due) left = { ...world, undone: [...world.undone, one.id] };
    }
  } catch (error) {
    problems = [error instanceof CaseFailed ? error.message : String(error)];
    await lane.heal();
  } finally {
    lane.control.forget();
    lane.control.letAllPass();
  }
  return { result: clock.result(one, seed, seen, problems), standing: left };
}

/** The task after its undo; undefined when the subtask bore the failure, so that there is nothing to undo. */
async function failAndRollBack(provoked: Provoked): Promise<TaskJson | undefined> {
  const { lane, one, taskId, subtaskId, random, stop } = provoked;
  const { fault } = one;
  await fault.strike(provoked);
  stop.over();
  const failed = await settled(lane, taskId);
  if (failed.status !== 'FAILED') {
    if (fault.at === 'inside') return undefined;
    throw new CaseFailed(`the task did not fail: ${failures(failed)}`);
  }
  if (fault.duringUndo === undefined) {
    await lane.command(taskId, 'rollback');
    return rollbackEnds(lane, taskId);
  }
  const index = Math.floor(random() * UNDO_POINTS);
  const struck = lane.control.stopAt({ subtaskId, index, rollback: true });
  await lane.command(taskId, 'rollback');
  const ended = rollbackEnds(lane, taskId);
  const second = await Promise.race([struck, ended.then(() => undefined)]);
  if (second === undefined) throw new CaseFailed('the undo of the subtask did not run');
  await fault.duringUndo({ ...provoked, stop: second });
  second.over();
  return ended;
}
