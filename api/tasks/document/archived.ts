/** Final documents as the store keeps them: small ones whole, the subtasks of large ones in parts. */
import type { TaskRow, Tasks } from '../../../store/types';
import { LazyList } from '../../http/lazyList';
import type { SubtaskInstance, TaskDocument, WrappedTaskInstance } from './types';

/** Documents with more subtasks are stored in parts; lists of tasks read only what is stored whole. */
const WHOLE = 1_000;

/** In place of the subtasks. Each part has `size` of them, but for the last. */
interface InParts {
  readonly inParts: { readonly count: number; readonly size: number };
}
type Stored = WrappedTaskInstance | (Omit<WrappedTaskInstance, 'subtasks'> & InParts);

/** What `Tasks.archive` takes of a final document. */
export async function toArchive(
  document: TaskDocument,
): Promise<{ document: Stored; parts?: AsyncIterable<readonly SubtaskInstance[]> }> {
  const { subtasks, ...task } = document;
  if (subtasks.length <= WHOLE) return { document: { ...task, subtasks: await subtasks.all() } };
  const inParts = { count: subtasks.length, size: subtasks.part };
  return { document: { ...task, inParts }, parts: subtasks.parts() };
}

/** The final document of a row; undefined when it has none yet. */
export function fromArchive(
  { id, closed, document }: TaskRow,
  tasks: Pick<Tasks, 'documentPart'>,
): TaskDocument | undefined {
  if (!closed || document === null) return undefined;
  const stored = document as Stored;
  if (!('inParts' in stored)) return { ...stored, subtasks: LazyList.of(stored.subtasks) };
  const { inParts, ...task } = stored;
  const { count, size } = inParts;
  const slice = async (from: number, to: number) => {
    const found: SubtaskInstance[] = [];
    for (let part = Math.floor(from / size); part * size < to; part += 1) {
      const whole = (await tasks.documentPart(id, part)) as readonly SubtaskInstance[];
      found.push(...whole.slice(Math.max(0, from - part * size), to - part * size));
    }
    return found;
  };
  return { ...task, subtasks: new LazyList(count, slice, size) };
}
