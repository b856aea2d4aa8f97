import type { TaskJson } from '../../sandbox/stack/apiClient';
import { aimedIndex, CaseFailed, targetOf } from './aim';
import type { Case } from './cases';
import { CHAIN_OF, chainNodes } from './chains';
import type { Stop } from './control';
import type { Strike } from './faults';
import type { Lane } from './lane';
import { seeded } from './random';
import type { Reference } from './reference';
import type { Scene } from './scene';
import { failures, settled } from './settle';

/** An execution of the aimed subtask that has stopped where the fault of its case is to strike. */
export interface Provoked extends Strike {
  readonly one: Case;
  readonly taskId: number;
  readonly subtaskId: number;
}

export interface Started {
  readonly taskId: number;
  /** The next execution that stops, or the task when it ends (or fails) before. */
  next(): Promise<Provoked | TaskJson>;
}

interface Expected {
  readonly one: Case;
  readonly stopped: Promise<Provoked>;
}

/**
 * A subtask of 30 s, the wait for a worker included, fails where a worker needs that long to start. Beside much other work it does;
 * then the case is late (RECOVERY_MS), and the others of its run are not lost with it.
 */
const PATIENT_S = 120;

function waitsForWorker({ node, operation, fault }: Case): boolean {
  if (fault.kind !== 'obflow' && fault.duringUndo === undefined) return false;
  const documented = chainNodes(CHAIN_OF[operation.name]).find(({ activity }) => activity === node.activity);
  return (documented?.timeout ?? PATIENT_S) < PATIENT_S;
}

/** Asks for the status of the subtask; who asks while somebody else does has the same answer. */
function statusOf(lane: Lane, taskId: number, subtaskId: number): Strike['status'] {
  let asked: Promise<string | undefined> | undefined;
  const ask = async () => (await lane.document(taskId))?.subtasks.find(({ id }) => id === subtaskId)?.status;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/** Sends the request and aims at the point of every case that its seed chooses. */
export async function start(
  lane: Lane,
  cases: readonly Case[],
  scene: Scene,
  reference: Reference,
  seed: number,
): Promise<Started> {
  const [first] = cases;
  if (first === undefined) throw new Error('a run without cases');
  const timeoutOf = ({ node, fault }: Case) =>
    Math.ceil((fault.timeout ?? 0) + 2 * (reference.seconds.get(node.activity) ?? 0));
  const timeouts = cases.flatMap((one) => {
    const { node, fault } = one;
    if (fault.timeout !== undefined) return [[node.activity, timeoutOf(one)] as const];
    return waitsForWorker(one) ? [[node.activity, PATIENT_S] as const] : [];
  });
  if (timeouts.length > 0) lane.cutTimeouts(Object.fromEntries(timeouts));
  // Nothing may pass before it is known which subtasks are meant.
  lane.control.holdAll();
  const task = await first.operation.request(lane);
  const expected = new Set<Expected>(
    cases.map((one) => {
      const random = seeded(seed, one.id);
      const { subtask, index } = targetOf(task, one, random);
      const aim = aimedIndex(one.fault, reference.points.get(index) ?? 2, random);
      const place = (subtask as unknown as { parallelIdx: number }).parallelIdx;
      const provoked = (stop: Stop): Provoked => ({
        ...{ one, lane, scene, stop, random, taskId: task.id, subtaskId: subtask.id },
        timeout: timeoutOf(one),
        host: scene.targets[Math.max(place, 0)] ?? lane.host(1),
        status: statusOf(lane, task.id, subtask.id),
      });
      return { one, stopped: lane.control.stopAt({ subtaskId: subtask.id, index: aim }).then(provoked) };
    }),
  );
  lane.control.letAllPass();
  return {
    taskId: task.id,
    async next() {
      const look = new AbortController();
      const ends = settled(lane, task.id, look.signal);
      try {
        const next = await Promise.race([...[...expected].map(({ stopped }) => stopped), ends]);
        for (const waiting of expected) {
          if ('one' in next && waiting.one === next.one) expected.delete(waiting);
        }
        return next;
      } finally {
        look.abort();
        ends.catch(() => undefined);
      }
    },
  };
}

/** The stop of the only case. Throws CaseFailed when the task ends before. */
export async function onlyStop(started: Started): Promise<Provoked> {
  const next = await started.next();
  if ('one' in next) return next;
  throw new CaseFailed(`the task ended before the fault: ${next.status} ${failures(next)}`);
}
