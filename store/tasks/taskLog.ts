import type { Insertable } from 'kysely';
import type { Keyed } from '../../workflows/text';
import type { Schema } from '../database/schema';
import type { Scope } from '../database/scope';
import type { LogLine, Tasks } from '../types';

/** Lines in one statement: nine parameters each, of the 32 766 that SQLite takes. */
const CHUNK = 1000;

type LogRow = Insertable<Schema['task_logs']>;
interface Append {
  readonly rows: readonly LogRow[];
  done(): void;
  failed(error: unknown): void;
}

function logRow(taskId: number, line: LogLine) {
  return {
    task_id: taskId,
    subtask_id: line.subtaskId,
    run: line.run,
    operation: line.operation,
    time: line.time,
    level: line.level,
    text: line.text,
    key: line.said?.key ?? null,
    args: line.said === undefined ? null : JSON.stringify(line.said.args),
  };
}

/** The columns of a line, and the text with key and arguments where it has them. */
const LINE = ['operation', 'time', 'level', 'text', 'key', 'args'] as const;

function lineOf<T extends { readonly key: string | null; readonly args: string | null }>({
  key,
  args,
  ...line
}: T): Omit<T, 'key' | 'args'> & { readonly said?: Keyed } {
  return key === null || args === null ? line : { ...line, said: { key, args: JSON.parse(args) } };
}

/** Those of the lines whose text is not in the log of their run. */
async function untold(
  db: Scope['db'],
  taskId: number,
  lines: readonly LogLine[],
): Promise<readonly LogLine[]> {
  const keyOf = (line: Pick<LogLine, 'subtaskId' | 'run' | 'operation' | 'text'>) =>
    JSON.stringify([line.subtaskId, line.run, line.operation, line.text]);
  const told = new Set<string>();
  for (let at = 0; at < lines.length; at += CHUNK) {
    const part = lines.slice(at, at + CHUNK);
    const rows = await db
      .selectFrom('task_logs')
      .select(['subtask_id as subtaskId', 'run', 'operation', 'text'])
      .where('task_id', '=', taskId)
      .where('subtask_id', 'in', [...new Set(part.map(({ subtaskId }) => subtaskId))])
      .where('text', 'in', [...new Set(part.map(({ text }) => text))])
      .execute();
    for (const row of rows) told.add(keyOf(row));
  }
  return lines.filter((line) => !told.has(keyOf(line)));
}

/** The subtasks' logs; the order of a subtask's lines is the order they were written in. */
export function taskLogRepository(
  scope: Scope,
): Pick<Tasks, 'appendLog' | 'appendLogOnce' | 'loggedRuns' | 'readLog' | 'readLogAfter' | 'readLogParts'> {
  const insert = async (rows: readonly LogRow[]) => {
    if (rows.length <= CHUNK) {
      await scope.db.insertInto('task_logs').values(rows).execute();
      return;
    }
    await scope.write(async (db) => {
      for (let at = 0; at < rows.length; at += CHUNK) {
        await db
          .insertInto('task_logs')
          .values(rows.slice(at, at + CHUNK))
          .execute();
      }
    });
  };

  const readAfter = async (taskId: number, subtaskId: number, offset: number) => {
    const rows = await scope.db
      .selectFrom('task_logs')
      .select(['id', 'subtask_id', 'run', ...LINE])
      .where('task_id', '=', taskId)
      .where('subtask_id', '=', subtaskId)
      .where('id', '>', offset)
      .orderBy('id')
      .execute();
    return {
      lines: rows.map(({ id: _id, subtask_id, ...line }) => ({ ...lineOf(line), subtaskId: subtask_id })),
      last: rows.at(-1)?.id ?? offset,
    };
  };

  /** Every commit waits for the disk, and with SQLite the whole process does: what came up together is one commit. */
  let gathered: Append[] = [];
  const store = async () => {
    const appends = gathered;
    gathered = [];
    if (appends.length > 1) {
      try {
        await insert(appends.flatMap(({ rows }) => rows));
        for (const append of appends) append.done();
        return;
      } catch {
        // One that cannot be stored must not take the others with it.
      }
    }
    for (const append of appends) await insert(append.rows).then(append.done, append.failed);
  };

  return {
    async appendLog(taskId, lines) {
      const rows = lines.map((line) => logRow(taskId, line));
      if (rows.length === 0) return;
      await new Promise<void>((done, failed) => {
        gathered.push({ rows, done, failed });
        if (gathered.length === 1) setImmediate(() => void store());
      });
    },

    async appendLogOnce(taskId, lines) {
      // Told again and again by whoever reads the task: looking comes first, for it needs no lock.
      if ((await untold(scope.db, taskId, lines)).length === 0) return;
      await scope.write(async (db) => {
        const missing = (await untold(db, taskId, lines)).map((line) => logRow(taskId, line));
        for (let at = 0; at < missing.length; at += CHUNK) {
          await db
            .insertInto('task_logs')
            .values(missing.slice(at, at + CHUNK))
            .execute();
        }
      });
    },

    async loggedRuns(taskId) {
      const rows = await scope.db
        .selectFrom('task_logs')
        .select(['subtask_id', 'run', 'operation'])
        .where('task_id', '=', taskId)
        .groupBy(['subtask_id', 'run', 'operation'])
        .orderBy((eb) => eb.fn.min('id'))
        .execute();
      return rows.map(({ subtask_id: subtaskId, run, operation }) => ({ subtaskId, run, operation }));
    },

    async readLog(taskId, subtaskId) {
      return (await readAfter(taskId, subtaskId, 0)).lines;
    },

    async readLogAfter(taskId, subtaskId, offset) {
      const { lines, last } = await readAfter(taskId, subtaskId, offset);
      if (lines.length === 0 || offset === 0) return { lines, last, before: undefined };
      const before = await scope.db
        .selectFrom('task_logs')
        .select(['run', 'operation'])
        .where('task_id', '=', taskId)
        .where('subtask_id', '=', subtaskId)
        .where('id', '<=', offset)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return { lines, last, before };
    },

    async *readLogParts(taskId, { subtaskId, run, operations }) {
      for (let last = 0; ; ) {
        const rows = await scope.db
          .selectFrom('task_logs')
          .select(['id', ...LINE])
          .where('task_id', '=', taskId)
          .where('subtask_id', '=', subtaskId)
          .where('run', '=', run)
          .where('operation', 'in', operations)
          .where('id', '>', last)
          .orderBy('id')
          .limit(CHUNK)
          .execute();
        if (rows.length > 0) yield rows.map(({ id: _id, ...line }) => ({ ...lineOf(line), subtaskId, run }));
        if (rows.length < CHUNK) return;
        last = rows.at(-1)?.id ?? last;
      }
    },
  };
}
