import { setTimeout as delay } from 'node:timers/promises';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { fingerprint } from '../../sandbox/standins/startByHand';
import type { Case } from './cases';
import type { Fault } from './faults';
import type { Lane } from './lane';
import type { Operation, Scene } from './operations';
import { differences, leftovers, type Outcome, outcomeOf } from './outcome';
import { describePoint, type Point } from './points';
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

export class CaseFailed extends Error {}

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

interface Target {
  readonly index: number;
  readonly subtask: TaskJson['subtasks'][number];
}

/** The subtask of the node; of a fan-out the one that the seed picks. */
function targetOf(task: TaskJson, { node, operation }: Case, random: () => number): Target {
  const groups = new Map<string, Target[]>();
  let occurrence = 0;
  let last = '';
  task.subtasks.forEach((subtask, index) => {
    const { className, parallelIdx } = subtask as unknown as { className: string; parallelIdx: number };
    const activity = className.split('.').at(-1)?.replace(/Task$/, '') ?? '';
    const fits = activity === ACTIVITY_CLASS[node.activity] || activity === node.activity;
    if (!fits) {
      last = activity;
      return;
    }
    if (parallelIdx <= 0 || last !== activity) occurrence += 1;
    last = activity;
    const key = String(occurrence);
    groups.set(key, [...(groups.get(key) ?? []), { index, subtask }]);
  });
  const group = groups.get(String(node.occurrence)) ?? [];
  const target = group[Math.floor(random() * group.length)];
  if (target === undefined) throw new CaseFailed(`${operation.name} has no subtask ${node.key}`);
  return target;
}

/** Classes that are spelled otherwise than their activities. */
const ACTIVITY_CLASS: Readonly<Record<string, string>> = {
  PrepareAddObserver: 'PrepareAddObServer',
  PreCheckForInstallOb: 'PreCheckForInstallOb',
  StartObserverWithParam: 'StartObServerProcessWithParam',
  AddObserver: 'AddObServer',
  WaitObserverActive: 'WaitObServerActive',
  RestartObserverProcess: 'RestartObServerProcess',
  UpdateObserverStatus: 'UpdateObServerStatus',
  UpdateZoneStatus: 'UpdateObZoneStatus',
};

/** The point to stop at, of `count` points 0 … count − 1. */
function aimedIndex({ at }: Fault, count: number, random: () => number): number | 'after' {
  const place = random();
  if (at === 'before') return 0;
  if (at === 'after') return 'after';
  if (at === 'inside') return 1 + Math.floor(place * Math.max(count - 2, 0));
  const index = Math.floor(place * count);
  return index >= count - 1 ? 'after' : index;
}

export async function runCase(
  lane: Lane,
  one: Case,
  reference: Reference,
  seed: number,
): Promise<CaseResult> {
  const started = Date.now();
  const random = seeded(seed, one.id);
  const problems: string[] = [];
  let point: Point | undefined;
  let recoveryMs: number | undefined;
  let retried: string | undefined;
  let undone = false;
  try {
    const { fault, operation } = one;
    const scene = await operation.arrange(lane);
    const before = fault.kind === 'undo' ? await outcomeOf(lane, scene, undefined) : undefined;
    if (fault.timeout !== undefined) lane.cutTimeouts({ [one.node.activity]: fault.timeout });
    lane.control.holdAll();
    const task = await operation.request(lane);
    const { subtask, index } = targetOf(task, one, random);
    const aim = { subtaskId: subtask.id, index: aimedIndex(fault, reference.points.get(index) ?? 2, random) };
    const reached = lane.control.stopAt(aim);
    lane.control.letAllPass();
    const stop = await Promise.race([
      reached,
      settled(lane, task.id, ['FAILED', 'SUCCESSFUL']).then((early) => {
        throw new CaseFailed(`the task ended before the fault: ${early.status} ${failures(early)}`);
      }),
    ]);
    point = stop.point;
    const status = async () => {
      const now = await lane.document(task.id);
      return now?.subtasks.find(({ id }) => id === subtask.id)?.status;
    };
    const place = (subtask as unknown as { parallelIdx: number }).parallelIdx;
    const host = scene.targets[Math.max(place, 0)] ?? lane.host(1);
    const struck = Date.now();
    const recovered = (async () => {
      while (Date.now() - struck < SETTLE_MS) {
        const now = await status();
        if (now === 'SUCCESSFUL') return Date.now();
        if (now === 'FAILED') return undefined;
        await delay(100);
      }
      return undefined;
    })();
    await fault.strike({ lane, scene, stop, host, random, status });
    const healed = fault.kind === 'host' ? Date.now() : struck;
    let ended = await settled(lane, task.id, ['FAILED', 'SUCCESSFUL']);
    const recoveredAt = await recovered;
    if (recoveredAt !== undefined) recoveryMs = Math.max(recoveredAt - healed, 0);
    if (fault.kind === 'undo') {
      // A subtask may bear the failure of a part of its work; then there is nothing to undo.
      undone = ended.status === 'FAILED';
      if (undone) ended = await rolledBack(lane, ended);
      else if (fault.at !== 'inside') throw new CaseFailed('the task did not fail');
    } else if (ended.status === 'FAILED') {
      if (fault.kind === 'obflow') problems.push(`it did not recover by itself: ${failures(ended)}`);
      retried = failures(ended);
      await lane.stack.api.call('POST', `/api/v2/tasks/instances/${task.id}/retry`);
      await retryBegins(lane, task.id, ended);
      ended = await settled(lane, task.id, ['FAILED', 'SUCCESSFUL']);
      if (ended.status === 'FAILED') {
        throw new CaseFailed(`FAILED again after one retry: ${failures(ended)} (first: ${retried})`);
      }
    }
    if (fault.kind === 'obflow' && (recoveryMs ?? 0) > RECOVERY_MS) {
      problems.push(`recovered after ${recoveryMs} ms, more than ${RECOVERY_MS}`);
    }
    if (fault.kind === 'undo' && !undone) return result();
    problems.push(...(await leftovers(lane, scene)).map((left) => `left behind: ${left}`));
    problems.push(
      ...(await compared(
        lane,
        one,
        scene,
        ended,
        undone && before !== undefined ? before : reference.outcome,
        undone,
      )),
    );
  } catch (error) {
    problems.push(error instanceof CaseFailed ? error.message : String(error));
    await lane.heal();
  } finally {
    lane.control.forget();
    lane.control.letAllPass();
  }
  return result();

  function result(): CaseResult {
    return {
      id: one.id,
      seed,
      passed: problems.length === 0,
      point: point === undefined ? 'not reached' : describePoint(point),
      ...(recoveryMs === undefined ? {} : { recoveryMs }),
      ...(retried === undefined ? {} : { retried }),
      ms: Date.now() - started,
      problems,
    };
  }
}

async function compared(
  lane: Lane,
  { fault }: Case,
  scene: Scene,
  task: TaskJson,
  expected: Outcome,
  undone: boolean,
): Promise<string[]> {
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

async function rolledBack(lane: Lane, { id }: TaskJson): Promise<TaskJson> {
  await lane.rollback(id);
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const task = (await settled(lane, id, ['FAILED', 'SUCCESSFUL'])) as TaskJson & { operation: string };
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
