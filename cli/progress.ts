import cliTruncate from 'cli-truncate';
import logUpdate from 'log-update';
import { shown as printed } from './output';

const BAR_WIDTH = 24;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** One line of a drawing: so much of something is done, and what is to be said of it. */
export interface ProgressRow {
  /** Tells it from the others of the drawing. */
  readonly key: string | number;
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** A drawing: a title, a bar for each row, and lines below. */
export interface ProgressPicture {
  readonly title?: string;
  readonly rows: readonly ProgressRow[];
  readonly below?: readonly string[];
}

/** Shows how something advances: drawn anew in place on a terminal, one plain line a change elsewhere. */
export interface Progress {
  show(picture: ProgressPicture): void;
  /** Leaves the last picture standing and gives the cursor back; what is shown next begins below. */
  stop(): void;
}

export function createProgress(
  terminal = process.stdout.isTTY,
  stream: NodeJS.WriteStream = process.stdout,
): Progress {
  return terminal ? drawn(stream) : told((line) => stream.write(`${printed(line)}\n`));
}

function drawn(stream: NodeJS.WriteStream): Progress {
  const draw = logUpdate.create(stream);
  return {
    show(picture) {
      const size = { columns: stream.columns || DEFAULT_COLUMNS, rows: stream.rows || DEFAULT_ROWS };
      draw(pictureLines(picture, size).join('\n'));
    },
    stop: () => draw.done(),
  };
}

/** Says each row and each line below when it changes, and a title never: it changes all the time. */
function told(say: (line: string) => void): Progress {
  const last = new Map<string | number, string>();
  const said = new Set<string>();
  return {
    show({ rows, below = [] }) {
      for (const { key, label, done, total, note } of rows) {
        const line = `  ${label} ${count(done, total)} ${note}`.trimEnd();
        const before = last.get(key);
        last.set(key, line);
        // A row is told of once something happens to it.
        if (before !== line && (before !== undefined || done > 0 || note !== '')) say(line);
      }
      for (const line of below) {
        if (said.has(line)) continue;
        said.add(line);
        say(line);
      }
    },
    stop: () => undefined,
  };
}

/**
 * The lines of a picture, none wider than the terminal and together less than its height: rows that are done go
 * first, then those that have not begun, and a line says how many of them there are.
 */
export function pictureLines(
  { title, rows, below = [] }: ProgressPicture,
  size: { readonly columns: number; readonly rows: number },
): string[] {
  const room = Math.max(6, size.rows - 1);
  const head = title === undefined ? [] : [title];
  const tail = below.slice(0, Math.max(1, Math.floor(room / 2)));
  const places = Math.max(1, room - head.length - tail.length);
  const width = Math.min(44, Math.max(0, ...rows.map(({ label }) => label.length)));
  const digits = Math.max(1, ...rows.map(({ total }) => String(total).length));
  const { above, shown, under } = chosen(rows, places);
  const lines = shown.map(({ label, done, total, note }) => {
    const filled = total === 0 ? BAR_WIDTH : Math.floor((done / total) * BAR_WIDTH);
    const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
    return `  ${cut(label, width).padEnd(width)} |${bar}| ${count(done, total, digits)} ${note}`;
  });
  return [
    ...head,
    ...(above > 0 ? [`  … ${above} above are done`] : []),
    ...lines,
    ...(under > 0 ? [`  … ${under} more`] : []),
    ...tail,
  ].map((line) => cut(printed(line), size.columns));
}

/** cliTruncate cuts one column to "…", also where one is enough. */
function cut(text: string, columns: number): string {
  return text.length <= 1 ? text : cliTruncate(text, Math.max(1, columns));
}

function count(done: number, total: number, digits = String(total).length): string {
  return `${String(done).padStart(digits)}/${total}`;
}

/** The rows to be shown when there are places for so many only; two lines are kept to say what is left out. */
function chosen(rows: readonly ProgressRow[], places: number) {
  if (rows.length <= places) return { above: 0, shown: rows, under: 0 };
  const kept = Math.max(1, places - 2);
  const firstOpen = rows.findIndex(({ done, total }) => done < total);
  const from = firstOpen === -1 ? rows.length - kept : Math.min(firstOpen, rows.length - kept);
  return { above: from, shown: rows.slice(from, from + kept), under: rows.length - from - kept };
}
