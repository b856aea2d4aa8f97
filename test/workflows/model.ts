import { expandPlan } from '../../workflows/interpreter/expansion';
import type { Plan, SubtaskCommand, TaskCommand } from '../../workflows/plan';

interface Node {
  readonly upstreams: readonly number[];
  readonly prohibitSkip: boolean;
  readonly prohibitRollback: boolean;
  /** `waiting` also of what has been undone, `standing` of what a rollback has still to undo. */
  state: 'waiting' | 'asked' | 'running' | 'cancelling' | 'failed' | 'done' | 'standing';
  run: number;
}

/**
 * The rules of a task once more, as slowly and plainly as possible: nothing is kept but one word per subtask, and
 * everything else is looked up afresh each time.
 */
export class Model {
  readonly nodes = new Map<number, Node>();
  readonly #limit: number;
  operation: 'EXECUTE' | 'RETRY' | 'ROLLBACK' = 'EXECUTE';
  abandoned = false;

  constructor(plan: Plan) {
    this.#limit = plan.concurrency === 0 ? Number.MAX_SAFE_INTEGER : plan.concurrency;
    for (const { id, upstreams, node } of expandPlan(plan)) {
      const { prohibitSkip = false, prohibitRollback = false } = node;
      this.nodes.set(id, { upstreams, prohibitSkip, prohibitRollback, state: 'waiting', run: 1 });
    }
  }

  in(...states: Node['state'][]): number[] {
    return [...this.nodes].filter(([, node]) => states.includes(node.state)).map(([id]) => id);
  }

  get undoing(): boolean {
    return this.operation === 'ROLLBACK';
  }

  get closed(): boolean {
    return this.abandoned || this.status === 'SUCCESSFUL';
  }

  /** Everything that might start if there were places. */
  mayStart(): number[] {
    if (this.closed) return [];
    if (this.in('failed').length > 0) return this.in('asked');
    const is = (id: number, state: Node['state']) => this.nodes.get(id)?.state === state;
    const free = (id: number, node: Node) =>
      this.undoing
        ? is(id, 'standing') &&
          [...this.nodes].every(([below, { upstreams }]) => !upstreams.includes(id) || is(below, 'waiting'))
        : is(id, 'waiting') && node.upstreams.every((above) => is(above, 'done'));
    return [...this.nodes].filter(([id, node]) => node.state === 'asked' || free(id, node)).map(([id]) => id);
  }

  places(): number {
    return this.#limit - this.in('running', 'cancelling').length;
  }

  get status(): 'RUNNING' | 'FAILED' | 'SUCCESSFUL' {
    if (this.abandoned) return 'FAILED';
    if (this.in(this.undoing ? 'waiting' : 'done').length === this.nodes.size) return 'SUCCESSFUL';
    const stopped = this.in('running', 'cancelling', 'asked').length === 0;
    return this.in('failed').length > 0 && stopped ? 'FAILED' : 'RUNNING';
  }

  /** @param more by how much its run grows */
  set(id: number, state: Node['state'], more = state === 'asked' ? 1 : 0): void {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    node.state = state;
    node.run += more;
  }

  /** What ran was broken off at a seam: it goes on as the same run, whatever fails elsewhere. */
  putBack(id: number): void {
    this.set(id, 'asked', 0);
  }

  /** What ran has ended well. */
  succeed(id: number): void {
    this.set(id, this.undoing ? 'waiting' : 'done');
  }

  /** Whether it was allowed. */
  commandTask(command: TaskCommand): boolean {
    if (this.closed || this.status !== 'FAILED') return false;
    const flagged = [...this.nodes.values()].some(
      (node) => node.prohibitRollback && node.state !== 'waiting',
    );
    if (command === 'abandonTask') this.abandoned = true;
    else if (command === 'retryTask') {
      if (this.undoing) return false;
      for (const id of this.in('failed')) this.set(id, 'asked');
      this.operation = 'RETRY';
    } else if (this.undoing) for (const id of this.in('failed')) this.set(id, 'asked');
    else if (flagged) return false;
    else {
      for (const id of this.in('failed', 'done')) this.set(id, 'standing');
      this.operation = 'ROLLBACK';
    }
    return true;
  }

  commandSubtask(command: SubtaskCommand, id: number): boolean {
    const node = this.nodes.get(id);
    if (node === undefined || this.closed) return false;
    if (command === 'cancelSubtask') {
      if (node.state !== 'running') return false;
      this.set(id, 'cancelling');
      return true;
    }
    if (node.state !== 'failed') return false;
    if (command === 'skipSubtask') {
      if (!this.undoing && node.prohibitSkip) return false;
      this.succeed(id);
      return true;
    }
    if (this.undoing) return false;
    this.set(id, 'asked');
    return true;
  }
}
