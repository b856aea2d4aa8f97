/** Lines of a subtask's log that its worker writes, or the API where no worker had it. */
import type { SubtaskInput } from './plan';
import type { Text } from './text';
import { say } from './texts';

/** What is said of an operator's cancel when it has come true. */
export const CANCELLED = say('subtask.cancelled');

/** The last line of an execution, as OCP's logs have it. */
export function finalLine(
  { subtaskId, operation }: Pick<SubtaskInput, 'subtaskId' | 'operation'>,
  state: 'SUCCESSFUL' | 'FAILED',
): Text {
  return say('subtask.state', { subtask: subtaskId, operation, state });
}
