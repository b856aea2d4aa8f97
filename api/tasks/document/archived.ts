/** Final documents as the store keeps them: small ones whole, the subtasks of large ones in parts. */
import type { TaskRow, Tasks } from '../../../store/types';
import { LazyList } from '../../http/lazyList';
import type { SaidSubtask, SaidTask } from './said';

/** Documents with more subtasks are stored in parts; lists of tasks read only what is stored whole. */
const WHOLE = 1_000;

/** In place of the subtasks. Each part has `size` of them, but for the last. */
interface InParts {
  readonly inParts: { readonly count: number; readonly size: number };
}
type Facts = Omit<SaidTask, 'subtasks'>;
type Stored = (Facts & { readonly subtasks: readonly SaidSubtask[] }) | (Facts & InParts);

/** What `Tasks.archive` takes of a final document. */
export async function toArchive(
  document: SaidTask,
): Promise<{ document: Stored; parts?: AsyncIterable<readonly SaidSubtask[]> }> {
  const { subtasks, ...task } = document;
  if (subtasks.length <= WHOLE) return { document: { ...task, subtasks: await subtasks.all() } };
  const inParts = { count: subtasks.length, size: subtasks.part };
  return { document: { ...task, inParts }, parts: subtasks.parts() };
}

/** The final document of a row; undefined when it has none yet. */
export function fromArchive(
  { id, closed, document }: TaskRow,
  tasks: Pick<Tasks, 'documentPart'>,
): SaidTask | undefined {
  if (!closed || document === null) return undefined;
  const stored = document as Stored;
  if (!('inParts' in stored)) return { ...stored, subtasks: LazyList.of(stored.subtasks) };
  const { inParts, ...task } = stored;
  const { count, size } = inParts;
  const slice = async (from: number, to: number) => {
    const found: SaidSubtask[] = [];
    for (let part = Math.floor(from / size); part * size < to; part += 1) {
      const whole = (await tasks.documentPart(id, part)) as readonly SaidSubtask[];
      found.push(...whole.slice(Math.max(0, from - part * size), to - part * size));
    }
    return found;
  };
  return { ...task, subtasks: new LazyList(count, slice, size) };
}
