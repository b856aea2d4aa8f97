/** When each subtask of a task worked, as shares of the task's whole time. Pure. */

interface Timed {
  readonly id: number;
  readonly name: string;
  readonly startTime?: string | undefined;
  readonly finishTime?: string | undefined;
}

export interface Bar<S extends Timed> {
  readonly subtask: S;
  /** 0 to 1 from the task's start. */
  readonly from: number;
  readonly width: number;
  readonly ms: number;
}

export interface Timeline<S extends Timed> {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly bars: readonly Bar<S>[];
}

const LEAST_WIDTH = 0.004;

/** Of subtasks that have begun, in the order of their beginning; `now` ends what has not. */
export function timelineOf<S extends Timed>(subtasks: readonly S[], now: number): Timeline<S> | undefined {
  const begun = subtasks.flatMap((subtask) =>
    subtask.startTime === undefined ? [] : [{ subtask, start: Date.parse(subtask.startTime) }],
  );
  if (begun.length === 0) return undefined;
  const ends = begun.map(({ subtask, start }) => {
    const end = subtask.finishTime === undefined ? now : Date.parse(subtask.finishTime);
    return Math.max(start, end);
  });
  const from = begun.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const to = Math.max(
    ends.reduce((most, end) => Math.max(most, end), from),
    from + 1,
  );
  const bars = begun
    .map(({ subtask, start }, at) => {
      const ms = (ends[at] ?? start) - start;
      return {
        subtask,
        from: (start - from) / (to - from),
        width: Math.max(ms / (to - from), LEAST_WIDTH),
        ms,
      };
    })
    .sort((one, other) => one.from - other.from || one.subtask.id - other.subtask.id);
  return { from, to, bars };
}

/** Round marks on the axis, at most `most`: milliseconds from the start. */
export function marksOf(wholeMs: number, most = 6): number[] {
  const STEPS = [
    100, 250, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5,
  ];
  const step = STEPS.find((one) => wholeMs / one <= most) ?? Math.ceil(wholeMs / most / 864e5) * 864e5;
  return Array.from({ length: Math.floor(wholeMs / step) + 1 }, (_, at) => at * step);
}
