import type { Plan } from '../../workflows/plan';

interface Node {
  readonly upstreams: readonly number[];
  state: 'waiting' | 'asked' | 'running' | 'failed' | 'done';
  run: number;
}

/**
 * The rules of a task once more, as slowly and plainly as possible: nothing is kept but one word per subtask, and
 * everything else is looked up afresh each time.
 */
export class Model {
  readonly nodes = new Map<number, Node>();
  readonly #limit: number;
  operation: 'EXECUTE' | 'RETRY' = 'EXECUTE';

  constructor(plan: Plan) {
    this.#limit = plan.concurrency === 0 ? Number.MAX_SAFE_INTEGER : plan.concurrency;
    for (const { id, upstreams } of plan.subtasks)
      this.nodes.set(id, { upstreams, state: 'waiting', run: 1 });
  }

  in(state: Node['state']): number[] {
    return [...this.nodes].filter(([, node]) => node.state === state).map(([id]) => id);
  }

  /** Everything that might start if there were places. */
  mayStart(): number[] {
    if (this.in('failed').length > 0) return this.in('asked');
    const ready = (node: Node) => node.upstreams.every((id) => this.nodes.get(id)?.state === 'done');
    return [...this.nodes]
      .filter(([, node]) => node.state === 'asked' || (node.state === 'waiting' && ready(node)))
      .map(([id]) => id);
  }

  places(): number {
    return this.#limit - this.in('running').length;
  }

  get status(): 'RUNNING' | 'FAILED' | 'SUCCESSFUL' {
    if (this.in('done').length === this.nodes.size) return 'SUCCESSFUL';
    const stopped = this.in('running').length === 0 && this.in('asked').length === 0;
    return this.in('failed').length > 0 && stopped ? 'FAILED' : 'RUNNING';
  }

  set(id: number, state: Node['state']): void {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    node.state = state;
    if (state === 'asked') node.run += 1;
  }

  /** Whether it was allowed. */
  retryTask(): boolean {
    if (this.status !== 'FAILED') return false;
    for (const id of this.in('failed')) this.set(id, 'asked');
    this.operation = 'RETRY';
    return true;
  }

  retrySubtask(id: number): boolean {
    if (this.nodes.get(id)?.state !== 'failed') return false;
    this.set(id, 'asked');
    return true;
  }
}
