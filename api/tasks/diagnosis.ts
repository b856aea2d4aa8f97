import type { Writable } from 'node:stream';
import { Zip, ZipDeflate } from 'fflate';
import type { LogLine, Tasks } from '../../store/types';
import { jsonPieces, type LazyList, taken } from '../http/lazyList';
import type { SubtaskInstance, TaskDocument } from './document/types';
import { subtaskLogWriter } from './subtaskLog';

/** What is compressed at once; other requests wait meanwhile. */
const SLICE = 64 * 1024;
/** Operations of a rollback: a log of their own, for a run that is undone keeps its number. */
const UNDOING = new Set(['ROLLBACK', 'ROLLBACK_SKIP']);

/** `34803 FAILED [34801,34802] RETRY 2 Start obproxy`: id, state, upstreams, operation, run, name. */
function infoLine(subtask: SubtaskInstance): string {
  const { id, status, upstreams, operation, runTime, name } = subtask;
  return `${id} ${status} [${upstreams.join(',')}] ${operation} ${runTime} ${name}\n`;
}

/** Documents list subtasks in topological order. */
async function* taskInfo(subtasks: LazyList<SubtaskInstance>): AsyncGenerator<string> {
  for await (const part of subtasks.parts()) yield part.map(infoLine).join('');
}

/** Readable, with a line end. */
async function* taskJson(document: TaskDocument): AsyncGenerator<string> {
  yield* jsonPieces(document, 2);
  yield '\n';
}

/** A run's own log, and that of its undoing. */
interface LogFile {
  readonly subtaskId: number;
  readonly run: number;
  readonly undoing: boolean;
  /** Those that make up this file. */
  readonly operations: readonly string[];
}

function logFiles(runs: readonly Pick<LogLine, 'subtaskId' | 'run' | 'operation'>[]): LogFile[] {
  const files = new Map<string, LogFile>();
  for (const { subtaskId, run, operation } of runs) {
    const undoing = UNDOING.has(operation);
    const key = `${subtaskId}/${run}/${undoing}`;
    const operations = [...(files.get(key)?.operations ?? []), operation];
    files.set(key, { subtaskId, run, undoing, operations });
  }
  return [...files.values()].sort((a, b) => a.subtaskId - b.subtaskId || a.run - b.run);
}

/** Sent piece by piece, each as soon as the connection has taken the one before. */
class ZipStream {
  readonly #output: Writable;
  readonly #zip: Zip;
  #failed: Error | undefined;

  constructor(output: Writable) {
    this.#output = output;
    this.#zip = new Zip((error, chunk, final) => {
      if (error !== null) this.#failed = error;
      else if (final) output.end(chunk);
      else output.write(chunk);
    });
  }

  /** False when the client has gone. */
  async add(name: string, texts: AsyncIterable<string> | Iterable<string>): Promise<boolean> {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = new Date();
    this.#zip.add(file);
    for await (const text of texts) {
      const content = Buffer.from(text, 'utf8');
      for (let at = 0; at < content.length; at += SLICE) {
        file.push(content.subarray(at, at + SLICE));
        if (this.#failed !== undefined) throw this.#failed;
        if (!(await this.#taken())) return false;
      }
    }
    file.push(new Uint8Array(), true);
    if (this.#failed !== undefined) throw this.#failed;
    return this.#taken();
  }

  end(): void {
    this.#zip.end();
  }

  async #taken(): Promise<boolean> {
    const goesOn = await taken(this.#output);
    // Other requests wait meanwhile.
    if (goesOn) await new Promise<void>((resolve) => setImmediate(resolve));
    return goesOn;
  }
}

async function* written(parts: AsyncIterable<readonly LogLine[]>): AsyncIterable<string> {
  const write = subtaskLogWriter();
  for await (const lines of parts) yield write(lines);
}

/**
 * Writes the ZIP that a person sends to whoever helps: `task_info.txt` (one line a subtask, in topological order),
 * `task.json` (the document) and `subtask_<id>_<run>.log` for every run that said something, that of an undo as
 * `subtask_<id>_<run>_rollback.log` (source: ocp-express; the JSON and the undos are ours). Of the logs no more than
 * 1 000 lines, and of the subtasks no more than a part, stand in memory at a time. It ends early when the client goes.
 */
export async function writeDiagnosis(
  output: Writable,
  document: TaskDocument,
  tasks: Pick<Tasks, 'loggedRuns' | 'readLogParts'>,
): Promise<void> {
  const zip = new ZipStream(output);
  if (!(await zip.add('task_info.txt', taskInfo(document.subtasks)))) return;
  if (!(await zip.add('task.json', taskJson(document)))) return;
  for (const file of logFiles(await tasks.loggedRuns(document.id))) {
    const name = `subtask_${file.subtaskId}_${file.run}${file.undoing ? '_rollback' : ''}.log`;
    if (!(await zip.add(name, written(tasks.readLogParts(document.id, file))))) return;
  }
  zip.end();
}
