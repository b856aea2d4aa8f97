import type { Available } from '../../../workflows/availableOperations';
import type { SubtaskCommand, TaskCommand } from '../../../workflows/plan';
import type { Said } from '../../../workflows/text';

/** `retry` of retryTask and retrySubtask: as the paths have it. */
type WordOf<Command extends string> = Command extends `${infer Word}Task`
  ? Word
  : Command extends `${infer Word}Subtask`
    ? Word
    : never;

/** What may be done, as documents have it. */
export function availableOf<C extends TaskCommand | SubtaskCommand>(
  operations: readonly Available<C>[],
): { availableOperations?: { operation: WordOf<C>; meaning: Said }[] } {
  if (operations.length === 0) return {};
  return {
    availableOperations: operations.map(({ command, meaning }) => ({
      operation: command.replace(/(Task|Subtask)$/, '') as WordOf<C>,
      meaning,
    })),
  };
}
