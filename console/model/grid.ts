/** The grid of a task: places down, steps across. Pure. */
import { chainNodes } from '../../cli/task/chain';

interface GridSubtask {
  readonly id: number;
  readonly name: string;
  readonly parallelIdx: number;
  readonly upstreams: readonly number[];
  readonly target?: string | undefined;
}

export interface GridRow<S> {
  /** An address, the name of a cluster; '' for what works nowhere in particular. */
  readonly place: string;
  /** One for each step; undefined where the step does not work on this place. */
  readonly cells: readonly (S | undefined)[];
}

export interface Grid<S> {
  readonly steps: readonly string[];
  readonly rows: readonly GridRow<S>[];
}

const bySize = new Intl.Collator('en', { numeric: true }).compare;

/** Steps in the order of the chain; steps of one name and another place share a column. */
export function gridOf<S extends GridSubtask>(task: { readonly subtasks: readonly S[] }): Grid<S> {
  const steps: { readonly name: string; readonly at: Map<string, S> }[] = [];
  const places = new Set<string>();
  for (const { subtasks } of chainNodes(task)) {
    const placed = subtasks.map((subtask) => [placeOf(subtask), subtask] as const);
    const [first] = subtasks;
    // A step of one name that several places have after one another is one column.
    let column = steps.find(
      ({ name, at }) => name === first?.name && placed.every(([place]) => !at.has(place)),
    );
    if (column === undefined) {
      column = { name: first?.name ?? '', at: new Map() };
      steps.push(column);
    }
    for (const [place, subtask] of placed) {
      column.at.set(place, subtask);
      places.add(place);
    }
  }
  const rows = [...places].sort(bySize).map((place) => ({
    place,
    cells: steps.map(({ at }) => at.get(place)),
  }));
  return { steps: steps.map(({ name }) => name), rows };
}

function placeOf({ target, parallelIdx }: GridSubtask): string {
  return target ?? (parallelIdx < 0 ? '' : `#${parallelIdx}`);
}
