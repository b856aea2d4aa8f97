/** Lines of a subtask's log that its worker writes, or the API where no worker had it. */
import type { SubtaskInput } from './plan';

/** What is said of an operator's cancel when it has come true. */
export const CANCELLED = 'Cancelled';

/** The last line of an execution, as OCP's logs have it. */
export function finalLine(
  { subtaskId, operation }: Pick<SubtaskInput, 'subtaskId' | 'operation'>,
  state: 'SUCCESSFUL' | 'FAILED',
): string {
  return `Set state for subtask: ${subtaskId}, operation:${operation}, state: ${state}`;
}
