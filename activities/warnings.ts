/** What a subtask warns of outlives its log: it stands in the document of the task, where a person looks first. */
import type { LogLine, Tasks, TaskWarning } from '../store/types';
import type { Plan, SubtaskInput } from '../workflows/plan';

/** Of one subtask; its log has all. */
const MOST = 20;
const LONGEST = 1_000;

/**
 * Keeps the warnings of a run that has succeeded, each text once; those of its earlier runs count no more. Nothing is written
 * for the usual run, which warns of nothing.
 */
export async function keepWarnings(
  tasks: Pick<Tasks, 'find' | 'setWarnings'>,
  input: SubtaskInput,
  attempt: number,
  lines: readonly LogLine[],
): Promise<void> {
  const first = input.run === 1 && attempt === 1 && input.operation === 'EXECUTE';
  if (lines.length === 0 && first) return;
  const plan = (await tasks.find(input.taskId))?.plan;
  if (plan === undefined) return;
  const target = targetOf(plan, input);
  const warnings = new Map<string, TaskWarning>();
  for (const { time, text: whole, said } of lines) {
    const cut = whole.length > LONGEST;
    const text = cut ? `${whole.slice(0, LONGEST)}…` : whole;
    if (warnings.size >= MOST) break;
    if (warnings.has(text)) continue;
    const { subtaskId, name } = input;
    const warning = { subtaskId, name, target, time, text };
    warnings.set(text, cut || said === undefined ? warning : { ...warning, said });
  }
  await tasks.setWarnings(input.taskId, input.subtaskId, [...warnings.values()]);
}

/** Where the subtask works, as its document says it (workflows/interpreter/expansion.ts). */
function targetOf({ place, places }: Plan, { element }: SubtaskInput): string | null {
  if (element === undefined) return place ?? null;
  const kind = element.key.slice(element.key.lastIndexOf('.') + 1);
  return places?.[kind]?.[element.value] ?? element.value;
}
