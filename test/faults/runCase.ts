import { setTimeout as delay } from 'node:timers/promises';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { fingerprint } from '../../sandbox/standins/startByHand';
import { aimedIndex, CaseFailed, targetOf } from './aim';
import type { Case } from './cases';
import type { Fault, Strike } from './faults';
import type { Lane } from './lane';
import type { Operation, Scene } from './operations';
import { differences, leftovers, type Outcome, outcomeOf } from './outcome';
import { describePoint } from './points';
import { seeded } from './random';

export interface CaseResult {
  readonly id: string;
  readonly seed: number;
  readonly passed: boolean;
  /** Where the fault struck. */
  readonly point: string;
  /** From the fault (of a host: from its end) until the subtask was done, without a person. */
  readonly recoveryMs?: number;
  /** What a person read before the one retry; undefined when none was needed. */
  readonly retried?: string;
  readonly ms: number;
  readonly problems: readonly string[];
}

/** The undisturbed run of an operation on one lane. */
export interface Reference {
  readonly outcome: Outcome;
  /** Number of points of a subtask's execution, by its place in the plan. */
  readonly points: ReadonlyMap<number, number>;
}

/** A worker's start, a lock of 5 s and the drain of a stopping worker lie within it. */
const RECOVERY_MS = 30_000;
const SETTLE_MS = 150_000;
/** An undo has few points; a later one than its last means its end. */
const UNDO_POINTS = 8;

async function settled(lane: Lane, taskId: number, statuses: readonly string[]): Promise<TaskJson> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const task = await lane.document(taskId);
    if (task !== undefined && statuses.includes(task.status)) return task;
    if (Date.now() > deadline) {
      const open = task?.subtasks.filter(({ status }) => status !== 'PENDING' && status !== 'SUCCESSFUL');
      const text = open?.map((subtask) => `${subtask.name} ${subtask.status}`).join(', ');
      throw new CaseFailed(`task ${taskId} is ${task?.status ?? 'not to be read'}: ${text}`);
    }
    await delay(100);
  }
}

function failures(task: TaskJson): string {
  return task.subtasks
    .filter(({ status }) => status === 'FAILED')
    .map(({ name, failureMessage }) => `${name}: ${failureMessage ?? ''}`)
    .join('; ');
}

/** Runs the operation without any fault. */
export async function referenceRun(lane: Lane, operation: Operation): Promise<Reference> {
  const scene = await operation.arrange(lane);
  const { id } = await operation.request(lane);
  const task = await settled(lane, id, ['SUCCESSFUL', 'FAILED']);
  if (task.status !== 'SUCCESSFUL')
    throw new CaseFailed(`${operation.name} fails undisturbed: ${failures(task)}`);
  const left = await leftovers(lane, scene);
  if (left.length > 0) throw new CaseFailed(`${operation.name} leaves undisturbed: ${left.join('; ')}`);
  const points = new Map<number, number>();
  task.subtasks.forEach((subtask, index) => {
    points.set(index, lane.control.points.filter(({ subtaskId }) => subtaskId === subtask.id).length);
  });
  return { outcome: await outcomeOf(lane, scene, task), points };
}

/** An execution of the aimed subtask that has stopped where the fault is to strike. */
interface Provoked extends Strike {
  readonly taskId: number;
  readonly subtaskId: number;
}

/** Sends the request and lets the task run up to the point that the seed chooses. */
async function provoke(
  lane: Lane,
  one: Case,
  scene: Scene,
  reference: Reference,
  random: () => number,
): Promise<Provoked> {
  const { fault } = one;
  if (fault.timeout !== undefined) lane.cutTimeouts({ [one.node.activity]: fault.timeout });
  // Nothing may pass before it is known which subtask is meant.
  lane.control.holdAll();
  const task = await one.operation.request(lane);
  const { subtask, index } = targetOf(task, one, random);
  const reached = lane.control.stopAt({
    subtaskId: subtask.id,
    index: aimedIndex(fault, reference.points.get(index) ?? 2, random),
  });
  lane.control.letAllPass();
  const stop = await Promise.race([
    reached,
    settled(lane, task.id, ['FAILED', 'SUCCESSFUL']).then((early) => {
      throw new CaseFailed(`the task ended before the fault: ${early.status} ${failures(early)}`);
    }),
  ]);
  const place = (subtask as unknown as { parallelIdx: number }).parallelIdx;
  return {
    lane,
    scene,
    stop,
    random,
    host: scene.targets[Math.max(place, 0)] ?? lane.host(1),
    taskId: task.id,
    subtaskId: subtask.id,
    status: async () => (await lane.document(task.id))?.subtasks.find(({ id }) => id === subtask.id)?.status,
  };
}

/** The time at which the subtask is done by itself; undefined when it is not. */
async function doneByItself({ status }: Provoked): Promise<number | undefined> {
  const deadline = Date.now() + SETTLE_MS;
  while (Date.now() < deadline) {
    const now = await status();
    if (now === 'SUCCESSFUL') return Date.now();
    if (now === 'FAILED') return undefined;
    await delay(100);
  }
  return undefined;
}

/** What a person does once. */
async function retryOnce(lane: Lane, failed: TaskJson): Promise<TaskJson> {
  await lane.stack.api.call('POST', `/api/v2/tasks/instances/${failed.id}/retry`);
  await retryBegins(lane, failed.id, failed);
  const ended = await settled(lane, failed.id, ['FAILED', 'SUCCESSFUL']);
  if (ended.status === 'FAILED') {
    throw new CaseFailed(`FAILED again after one retry: ${failures(ended)} (first: ${failures(failed)})`);
  }
  return ended;
}

type Findings = { -readonly [Key in 'point' | 'recoveryMs' | 'retried']?: CaseResult[Key] };

/** Runs a case and answers its problems; what it saw on the way goes to `seen`. */
async function problemsOf(
  lane: Lane,
  one: Case,
  reference: Reference,
  seed: number,
  seen: Findings,
): Promise<string[]> {
  const { fault, operation } = one;
  const random = seeded(seed, one.id);
  const problems: string[] = [];
  const scene = await operation.arrange(lane);
  const before = fault.kind === 'undo' ? await outcomeOf(lane, scene, undefined) : undefined;
  const provoked = await provoke(lane, one, scene, reference, random);
  seen.point = describePoint(provoked.stop.point);
  const struck = Date.now();
  const done = doneByItself(provoked);
  await fault.strike(provoked);
  const healed = fault.kind === 'host' ? Date.now() : struck;
  let ended = await settled(lane, provoked.taskId, ['FAILED', 'SUCCESSFUL']);
  const doneAt = await done;
  if (doneAt !== undefined) seen.recoveryMs = Math.max(doneAt - healed, 0);

  if (before !== undefined) {
    if (ended.status !== 'FAILED') {
      // A subtask may bear the failure of a part of its work; then there is nothing to undo.
      return fault.at === 'inside' ? [] : ['the task did not fail'];
    }
    ended = await rolledBack(provoked, fault);
  } else if (ended.status === 'FAILED') {
    seen.retried = failures(ended);
    if (fault.kind === 'obflow') problems.push(`it did not recover by itself: ${seen.retried}`);
    ended = await retryOnce(lane, ended);
  }
  if (fault.kind === 'obflow' && (seen.recoveryMs ?? 0) > RECOVERY_MS) {
    problems.push(`recovered after ${seen.recoveryMs} ms, more than ${RECOVERY_MS}`);
  }
  problems.push(...(await leftovers(lane, scene)).map((left) => `left behind: ${left}`));
  problems.push(...(await compared(lane, one, scene, ended, before ?? reference.outcome)));
  return problems;
}

export async function runCase(
  lane: Lane,
  one: Case,
  reference: Reference,
  seed: number,
): Promise<CaseResult> {
  const started = Date.now();
  const seen: Findings = {};
  let problems: string[];
  try {
    problems = await problemsOf(lane, one, reference, seed, seen);
  } catch (error) {
    problems = [error instanceof CaseFailed ? error.message : String(error)];
    await lane.heal();
  } finally {
    lane.control.forget();
    lane.control.letAllPass();
  }
  return {
    id: one.id,
    seed,
    passed: problems.length === 0,
    point: 'not reached',
    ...seen,
    ms: Date.now() - started,
    problems,
  };
}

async function compared(
  lane: Lane,
  { fault }: Case,
  scene: Scene,
  task: TaskJson,
  expected: Outcome,
): Promise<string[]> {
  const undone = fault.kind === 'undo';
  const restarts = fault.restarts ?? false;
  const wanted = undone ? { ...expected, document: [] } : expected;
  const look = async () => {
    const outcome = await outcomeOf(lane, scene, task);
    const actual = undone ? { ...outcome, document: [] } : outcome;
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
  return differing;
}

/** Undoes a failed task; with `duringUndo`, the undo of the subtask is struck too. */
async function rolledBack(provoked: Provoked, { duringUndo }: Fault): Promise<TaskJson> {
  const { lane, taskId, subtaskId, random } = provoked;
  const struck = lane.control.stopAt({
    subtaskId,
    index: Math.floor(random() * UNDO_POINTS),
    rollback: true,
  });
  if (duringUndo === undefined) lane.control.forget();
  await lane.rollback(taskId);
  const ended = rollbackEnds(lane, taskId);
  if (duringUndo === undefined) return ended;
  const stop = await Promise.race([struck, ended.then(() => undefined)]);
  if (stop === undefined) throw new CaseFailed('the undo of the subtask did not run');
  await duringUndo({ ...provoked, stop });
  return ended;
}

async function rollbackEnds(lane: Lane, taskId: number): Promise<TaskJson> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const task = (await settled(lane, taskId, ['FAILED', 'SUCCESSFUL'])) as TaskJson & { operation: string };
    if (task.operation === 'ROLLBACK') {
      if (task.status === 'SUCCESSFUL') return task;
      throw new CaseFailed(`the rollback failed: ${failures(task)}`);
    }
    if (Date.now() > deadline) throw new CaseFailed('the rollback does not begin');
    await delay(100);
  }
}

/** The answer to retry may be read before its effect: waits until a run is newer than those of `before`. */
async function retryBegins(lane: Lane, taskId: number, before: TaskJson): Promise<void> {
  const runs = (task: TaskJson) =>
    task.subtasks.reduce((sum, subtask) => sum + Number((subtask as { runTime?: number }).runTime ?? 0), 0);
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const task = await lane.document(taskId);
    if (task !== undefined && runs(task) > runs(before)) return;
    await delay(50);
  }
  throw new CaseFailed('the retry had no effect within 30 s');
}
