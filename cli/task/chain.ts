/** What a task's document says once it is read by a person: pure, and shared by the command line and the console. */

/** Of a subtask, what places it in its chain. */
interface Placed {
  readonly id: number;
  readonly name: string;
  readonly parallelIdx: number;
  readonly upstreams: readonly number[];
}

/** One node of the chain with its fan-out. */
export interface ChainNode<S extends Placed = Placed> {
  /** Where it begins, from 1: length of the longest way from a root. */
  readonly level: number;
  readonly subtasks: readonly (S & { readonly level: number })[];
}

interface Ending {
  readonly status: string;
  readonly closed?: boolean | undefined;
}

/** True when nothing changes any more, whatever anybody does. */
export function isClosed({ closed, status }: Ending): boolean {
  return closed === true || status === 'SUCCESSFUL';
}

/** True when the task stands still until a person decides. */
export function needsPerson(task: Ending): boolean {
  return task.status === 'FAILED' && !isClosed(task);
}

export function failedOf<S extends { readonly status: string }>({
  subtasks,
}: {
  readonly subtasks: readonly S[];
}): S[] {
  return subtasks.filter(({ status }) => status === 'FAILED');
}

export function doneCount(subtasks: readonly { readonly status: string }[]): number {
  return subtasks.filter(({ status }) => status === 'SUCCESSFUL').length;
}

/**
 * The nodes of the chain, from the roots down. The document names no nodes: subtasks of one name that follow each other
 * and count up are the fan-out of one, whether they wait for all of the node before or only for its same element.
 */
export function chainNodes<S extends Placed>({
  subtasks,
}: {
  readonly subtasks: readonly S[];
}): ChainNode<S>[] {
  const byId = new Map(subtasks.map((subtask) => [subtask.id, subtask]));
  const levels = new Map<number, number>();
  // Not by recursion: a chain may be longer than a stack is deep.
  const open = subtasks.map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (levels.has(id)) continue;
    const upstreams = (byId.get(id)?.upstreams ?? []).filter((upstream) => byId.has(upstream));
    const unknown = upstreams.filter((upstream) => !levels.has(upstream));
    if (unknown.length === 0) levels.set(id, 1 + Math.max(0, ...upstreams.map((up) => levels.get(up) ?? 0)));
    else open.push(id, ...unknown);
  }
  const nodes: { level: number; subtasks: (S & { level: number })[] }[] = [];
  for (const subtask of subtasks) {
    const level = levels.get(subtask.id) ?? 1;
    const node = nodes.at(-1);
    const before = node?.subtasks.at(-1);
    const same = before?.name === subtask.name && subtask.parallelIdx === before.parallelIdx + 1;
    if (node !== undefined && same && before.parallelIdx >= 0) {
      node.subtasks.push({ ...subtask, level });
      node.level = Math.min(node.level, level);
    } else nodes.push({ level, subtasks: [{ ...subtask, level }] });
  }
  return nodes.sort((one, other) => one.level - other.level);
}

/** `0.4s`, `12s`, `3m12s`, `1h02m`, `2d04h`; '' when it has not begun. Until now when it has not ended. */
export function duration(
  { startTime, finishTime }: { startTime?: string | undefined; finishTime?: string | undefined },
  now = Date.now(),
): string {
  if (startTime === undefined) return '';
  const ms = Math.max(0, (finishTime === undefined ? now : Date.parse(finishTime)) - Date.parse(startTime));
  const seconds = Math.floor(ms / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3_600) % 24)}h`;
}

/** `2026-11-21 15:09:32` as the server's clock shows it. */
export function clock(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}
