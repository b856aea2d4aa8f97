/** The log of a subtask taken apart: one run after the other, lines with time and level. Pure. */

export type Level = 'INFO' | 'WARN' | 'ERROR';

export interface LogLine {
  /** As printed, the server's clock. */
  readonly time: string;
  readonly level: Level | undefined;
  readonly text: string;
}

export interface LogRun {
  /** From 0; the key of a deep link. */
  readonly at: number;
  /** EXECUTE, RETRY, ROLLBACK, … */
  readonly operation: string;
  /** ISO-8601. */
  readonly time: string;
  readonly lines: readonly LogLine[];
}

const SEPARATOR = /^#{12}\{(\w+)\}\{([^}]*)\}#{12}$/;
const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) {1,2}(?: *)(INFO|WARN|ERROR) : (.*)$/s;

export function runsOf(log: string): LogRun[] {
  const runs: (LogRun & { lines: LogLine[] })[] = [];
  for (const line of log.split('\n')) {
    const [, operation, time] = SEPARATOR.exec(line) ?? [];
    if (operation !== undefined && time !== undefined) {
      runs.push({ at: runs.length, operation, time, lines: [] });
      continue;
    }
    const run = runs.at(-1);
    if (run === undefined || line === '') continue;
    const [, at = '', level, text = line] = LINE.exec(line) ?? [];
    run.lines.push({ time: at, level: level as Level | undefined, text });
  }
  return runs;
}

const WEIGHT: Readonly<Record<Level, number>> = { INFO: 0, WARN: 1, ERROR: 2 };

/** Lines of this level and above; what has no level belongs to the line before. */
export function atLeast(lines: readonly LogLine[], level: Level): LogLine[] {
  let shown = true;
  return lines.filter((line) => {
    if (line.level !== undefined) shown = WEIGHT[line.level] >= WEIGHT[level];
    return shown;
  });
}

/** As text for the clipboard. */
export function textOf(run: LogRun): string {
  return run.lines
    .map(({ time, level, text }) => `${time} ${(level ?? '').padStart(5)} : ${text}`)
    .join('\n');
}
