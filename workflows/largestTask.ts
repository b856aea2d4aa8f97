/**
 * The largest task that is supported: docs/scaling.md says what was run. A plan is one payload of Temporal, which takes
 * 2 MB; the edges are those of the document.
 */
export const LARGEST_TASK = { subtasks: 50_000, edges: 500_000, bytes: 1_500_000 } as const;

export type TaskSize = Readonly<Record<keyof typeof LARGEST_TASK, number>>;

/** What a task has too much of; undefined when it is supported. Of what is not known yet nothing is said. */
export function beyondLargest(
  size: Partial<TaskSize>,
): { readonly what: keyof TaskSize; readonly asked: number; readonly most: number } | undefined {
  for (const what of ['subtasks', 'edges', 'bytes'] as const) {
    const asked = size[what];
    const most = LARGEST_TASK[what];
    if (asked !== undefined && asked > most) return { what, asked, most };
  }
  return undefined;
}
