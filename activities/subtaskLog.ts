import { saidOf, TransientError } from '../runtime/errors';
import { say } from '../runtime/messages/catalogue';
import type { LogLine, Tasks } from '../store/types';
import type { SubtaskInput } from '../workflows/plan';
import { inEnglish, type Said } from '../workflows/text';
import { kept } from './said';
import type { SubtaskLog } from './types';

const FLUSH_MS = 200;
const MAX_LINE = 4_000;
/** Bytes of a line's key and arguments; a line that has more is kept in English alone. */
const MAX_TEXT = 6_000;
const MAX_PENDING = 10_000;
const MAX_WARNINGS = 1_000;

export interface BufferedLog extends SubtaskLog {
  /** The text without any of the hidden secrets. */
  mask(text: string): string;
  /** The warnings so far, a line each. */
  readonly warnings: readonly LogLine[];
  /** Stores what is left, in order; throws when the database does not take it. */
  close(): Promise<void>;
}

/**
 * The log of one execution of a subtask: lines are kept in memory and stored in order about five times a second, so that
 * an operator sees them while the subtask runs. What could not be stored is tried again with the next lines.
 */
export function openSubtaskLog(tasks: Tasks, input: SubtaskInput): BufferedLog {
  const secrets = new Set<string>();
  let pending: LogLine[] = [];
  const warnings: LogLine[] = [];
  let flushing: Promise<void> | undefined;

  const mask = (text: string): string => {
    let masked = text;
    for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
      masked = masked.replaceAll(secret, '***');
    }
    return masked;
  };

  const flush = (): Promise<void> => {
    if (flushing !== undefined) return flushing;
    if (pending.length === 0) return Promise.resolve();
    const lines = pending;
    pending = [];
    flushing = tasks
      .appendLog(input.taskId, lines)
      .catch((error: unknown) => {
        pending = [...lines, ...pending];
        throw error;
      })
      .finally(() => {
        flushing = undefined;
      });
    return flushing;
  };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const flushSoon = (): void => {
    if (closed) return;
    // All subtasks of a worker at the same moments, so that their lines become one commit.
    timer ??= setTimeout(
      () => {
        timer = undefined;
        flush().catch(flushSoon); // kept and tried again; close() reports
      },
      FLUSH_MS - (Date.now() % FLUSH_MS),
    ).unref();
  };

  const write = (level: LogLine['level'], said: Said): void => {
    const time = new Date().toISOString();
    // What a host says may hold anything: NUL, which PostgreSQL refuses, or what a reader's terminal would obey.
    const { en, text } = kept(said, mask, MAX_TEXT);
    const whole = text !== undefined && en.length <= MAX_LINE;
    for (const line of whole ? [en] : en.split('\n')) {
      if (pending.length >= MAX_PENDING) return;
      const written: LogLine = {
        subtaskId: input.subtaskId,
        run: input.run,
        operation: input.operation,
        time,
        level,
        text: line.slice(0, MAX_LINE),
        ...(whole ? { said: text } : {}),
      };
      pending.push(written);
      if (level === 'WARN' && warnings.length < MAX_WARNINGS) warnings.push(written);
    }
    flushSoon();
  };

  return {
    info: (line) => write('INFO', line),
    warn: (line) => write('WARN', line),
    error: (line) => write('ERROR', line),
    hide(...added) {
      for (const secret of added) {
        // A key has several lines, each of which may turn up alone. Very short texts would blank out ordinary words.
        for (const part of [secret, ...secret.split(/\r?\n/)]) {
          if (part.length < 4 || part.startsWith('-----')) continue;
          secrets.add(part);
          secrets.add(encodeURIComponent(part));
          secrets.add(JSON.stringify(part).slice(1, -1));
        }
      }
    },
    mask,
    warnings,
    async close() {
      closed = true;
      clearTimeout(timer);
      await flushing?.catch(() => undefined);
      try {
        while (pending.length > 0) await flush();
      } catch (error) {
        throw new TransientError({
          type: 'LogNotStored',
          tried: say('log.store'),
          cameBack: mask(inEnglish(saidOf(error))).slice(0, 500),
          next: say('database.check'),
        });
      }
    },
  };
}
