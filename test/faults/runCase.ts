import type { TaskJson } from '../../sandbox/stack/apiClient';
import { CaseFailed } from './aim';
import type { Case } from './cases';
import { comparedWith } from './compare';
import type { Lane } from './lane';
import { describePoint } from './points';
import { type Provoked, type Started, start } from './provoke';
import type { Reference } from './reference';
import { type CaseResult, Clock, type Findings } from './result';
import type { Scene } from './scene';
import { failures, retried, SETTLE_MS } from './settle';
import { runUndone } from './undone';

/** A worker's start, a lock of 5 s and the drain of a stopping worker lie within it. */
const RECOVERY_MS = 30_000;

/** The time at which the subtask is done by itself; undefined when it is not. */
async function doneByItself({ lane, subtaskId, status }: Provoked): Promise<number | undefined> {
  const deadline = Date.now() + SETTLE_MS;
  while (Date.now() < deadline) {
    const now = await status();
    if (now === 'SUCCESSFUL') return Date.now();
    if (now === 'FAILED') return undefined;
    await lane.control.pauseFor(subtaskId);
  }
  return undefined;
}

/** Strikes, and waits until the subtask is done or has failed. */
async function struck(provoked: Provoked): Promise<Findings> {
  const { one, stop } = provoked;
  const seen: Findings = { point: describePoint(stop.point) };
  const began = Date.now();
  const done = doneByItself(provoked);
  await one.fault.strike(provoked);
  const healed = one.fault.kind === 'host' ? Date.now() : began;
  const doneAt = await done;
  if (doneAt !== undefined) seen.recoveryMs = Math.max(doneAt - healed, 0);
  stop.over();
  return seen;
}

interface Run {
  readonly scene: Scene;
  readonly task: TaskJson;
  readonly seen: Map<Case, Findings>;
  readonly problems: readonly string[];
}

/** Strikes wherever the task stops, and does what a person would do, once for each fault of a host. */
async function disturb(scene: Scene, started: Started, first: Provoked, lane: Lane): Promise<Run> {
  const strikes: { readonly provoked: Provoked; readonly seen: Findings }[] = [];
  const problems: string[] = [];
  let next: Provoked | TaskJson = first;
  for (;;) {
    if ('one' in next) {
      strikes.push({ provoked: next, seen: await struck(next) });
    } else if (next.status === 'SUCCESSFUL') {
      return {
        ...{ scene, problems, task: next },
        seen: new Map(strikes.map(({ provoked, seen }) => [provoked.one, seen])),
      };
    } else {
      const failed = next.subtasks.filter(({ status }) => status === 'FAILED').map(({ id }) => id);
      // What a fault leaves may fail a later subtask: then it was the last one.
      const guilty =
        strikes.find(({ provoked }) => failed.includes(provoked.subtaskId)) ?? strikes[strikes.length - 1];
      const said = failures(next);
      if (guilty === undefined || guilty.seen.retried !== undefined) {
        throw new CaseFailed(`FAILED again after one retry: ${said} (first: ${guilty?.seen.retried})`);
      }
      guilty.seen.retried = said;
      const { id, fault } = guilty.provoked.one;
      if (fault.kind === 'obflow') problems.push(`${id}: it did not recover by itself: ${said}`);
      await retried(lane, next);
    }
    next = await started.next();
  }
}

/** What is wrong with one case and no other. */
function ownProblems(one: Case, seen: Findings | undefined): string[] {
  if (seen === undefined) return ['the task ended before the fault'];
  const { recoveryMs = 0 } = seen;
  if (one.fault.kind !== 'obflow' || recoveryMs <= RECOVERY_MS) return [];
  return [`recovered after ${recoveryMs} ms, more than ${RECOVERY_MS}`];
}

/**
 * Runs the operation of the cases once and strikes with the fault of each at its own subtask; none of them undoes, no two
 * are about one subtask. What is wrong at the end is a problem of all of them: whose it is, a run of each alone says. That one
 * was late, or never struck, is its own.
 */
export async function runTogether(
  lane: Lane,
  cases: readonly Case[],
  reference: Reference,
  seed: number,
): Promise<CaseResult[]> {
  const clock = new Clock();
  let seen = new Map<Case, Findings>();
  let own: (one: Case) => string[] = () => [];
  const problems: string[] = [];
  try {
    const [{ operation }] = cases as readonly [Case];
    const scene = await clock.phase('arrange', () => operation.arrange(lane));
    const started = await clock.phase('approach', () => start(lane, cases, scene, reference, seed));
    const first = await clock.phase('approach', () => started.next());
    if (!('one' in first)) {
      throw new CaseFailed(`the task ended before the fault: ${first.status} ${failures(first)}`);
    }
    const run = await clock.phase('recover', () => disturb(scene, started, first, lane));
    seen = run.seen;
    problems.push(...run.problems);
    own = (one) => ownProblems(one, run.seen.get(one));
    const restarts = cases.some(({ fault }) => fault.restarts ?? false);
    const expected = { outcome: reference.outcome, restarts, undone: false };
    problems.push(...(await clock.phase('compare', () => comparedWith(lane, scene, run.task, expected))));
  } catch (error) {
    problems.push(error instanceof CaseFailed ? error.message : String(error));
    await lane.heal();
  } finally {
    lane.control.forget();
    lane.control.letAllPass();
  }
  return cases.map((one) =>
    clock.result(one, seed, seen.get(one) ?? {}, [...problems, ...own(one)], cases.length),
  );
}

/** Runs one case by itself, in a scene made for it. */
export async function runCase(
  lane: Lane,
  one: Case,
  reference: Reference,
  seed: number,
): Promise<CaseResult> {
  if (one.fault.kind === 'undo') return (await runUndone(lane, one, undefined, reference, seed)).result;
  const [result] = await runTogether(lane, [one], reference, seed);
  if (result === undefined) throw new Error('a case without a result');
  return result;
}
