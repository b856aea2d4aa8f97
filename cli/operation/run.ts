import { z } from 'zod';
import type { CatalogueEntry } from '../../operations/types';
import { parsed } from '../access/run';
import type { ApiClient } from '../apiClient';
import { complain, say } from '../output';
import { table } from '../table';
import type { PathField } from './fields';
import { Names } from './names';
import { Name, settled } from './values';

export interface OperationOptions {
  readonly output: 'table' | 'json';
  readonly dryRun: boolean;
  /** Of a dry run: whether hosts are looked at. */
  readonly look: boolean;
  readonly watch: boolean;
  readonly signal?: AbortSignal;
}

const findingsSchema = z.object({
  findings: z
    .array(
      z.object({
        hostId: z.number().optional(),
        level: z.string(),
        code: z.string().optional(),
        message: z.string(),
      }),
    )
    .optional(),
});

const taskSchema = z.object({
  id: z.number(),
  name: z.string(),
  subtasks: z.array(z.object({ name: z.string() })),
});
const tasksSchema = z.object({ contents: z.array(taskSchema) });

/**
 * Sends the request of one operation and says what came of it; resolves to the exit code: 1 when a dry run has found what
 * the task would fail on, else what watching the tasks says.
 *
 * @param path what was typed for each parameter of the path
 * @param sent what is sent beside: the body, with Names and SecretFiles in it (undefined where the operation reads none), and the query
 */
export async function runOperation(
  api: ApiClient,
  operation: CatalogueEntry,
  path: readonly { readonly field: PathField; readonly word: string }[],
  { body, query = {} }: { readonly body: unknown; readonly query?: Readonly<Record<string, unknown>> },
  options: OperationOptions,
): Promise<number> {
  const names = new Names(api);
  let address = operation.path;
  for (const { field, word } of path) {
    const value = field.names === undefined ? word : await names.ask(new Name(field.names, word, true));
    address = address.replace(`{${field.name}}`, encodeURIComponent(String(value)));
  }
  const sent = body === undefined ? undefined : await settled(body, names.ask);
  const { method } = operation;
  const asked = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  if (options.dryRun) asked.set('dryRun', 'true');
  if (options.dryRun && !options.look) asked.set('look', 'false');
  if (asked.size > 0) address += `?${asked}`;
  const answer = options.dryRun
    ? await api.call(method, address, { body: sent })
    : await api.command(address, sent, method);
  const tasks = tasksOf(operation, answer);
  if (options.output === 'json' && !options.watch) say(JSON.stringify(answer ?? {}, null, 2));
  const unfit = tellFindings(answer, options);
  if (options.dryRun) {
    if (options.output === 'table') say(planned(operation, tasks));
    return unfit ? 1 : 0;
  }
  if (options.output === 'table') tell(operation, tasks, answer);
  return options.watch ? watched(api, tasks, options) : 0;
}

function tasksOf({ answer }: CatalogueEntry, data: unknown): z.output<typeof taskSchema>[] {
  if (answer === 'none') return [];
  return answer === 'tasks' ? parsed(tasksSchema, data).contents : [parsed(taskSchema, data)];
}

/** Whether one of them says that the task would fail. */
function tellFindings(answer: unknown, { output }: OperationOptions): boolean {
  const { findings = [] } = findingsSchema.safeParse(answer).data ?? {};
  if (output === 'table') {
    for (const { hostId, level, code, message } of findings) {
      const where = hostId === undefined ? '' : `host ${hostId}: `;
      complain(`${level}  ${where}${message}${code === undefined ? '' : ` (${code})`}`);
    }
  }
  return findings.some(({ level }) => level === 'ERROR');
}

function planned({ summary }: CatalogueEntry, tasks: readonly z.output<typeof taskSchema>[]): string {
  if (tasks.length === 0) return `${summary}: it would be done. Nothing was changed.`;
  const counted = new Map<string, number>();
  for (const { name, subtasks } of tasks) {
    const kind = `${name} (${subtasks.length} subtasks)`;
    counted.set(kind, (counted.get(kind) ?? 0) + 1);
  }
  const list = [...counted].map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`));
  return `It would start: ${list.join(', ')}. Nothing was changed.`;
}

function tell(
  { summary }: CatalogueEntry,
  tasks: readonly z.output<typeof taskSchema>[],
  answer: unknown,
): void {
  for (const { id, name } of tasks) say(`Task ${id} ${name} is started: obflow task watch ${id}`);
  if (tasks.length > 0) return;
  const shown = answer === undefined || answer === null ? '' : shownFields(answer);
  say(shown === '' ? `${summary}: done.` : shown);
}

/** What an operation without a task answers: a table of its list, else a line a field. */
function shownFields(answer: unknown): string {
  const record = z.record(z.string(), z.unknown()).safeParse(answer).data ?? {};
  const rows = z.array(z.record(z.string(), z.unknown())).safeParse(record.contents).data;
  if (rows === undefined) {
    return Object.entries(record)
      .map(([name, value]) => `${name}: ${cell(value)}`)
      .join('\n');
  }
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return table(
    columns,
    rows.map((row) => columns.map((column) => cell(row[column]))),
  );
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Follows the tasks one after the other, for they run all the same; the first that does not end well says the code. */
async function watched(
  api: ApiClient,
  tasks: readonly z.output<typeof taskSchema>[],
  { output, signal = new AbortController().signal }: OperationOptions,
): Promise<number> {
  const { watchTask } = await import('../task/watch');
  let code = 0;
  for (const { id } of tasks) {
    if (signal.aborted) break;
    const ended = await watchTask(api, id, { stay: false, output, signal });
    code = code === 0 ? ended : code;
  }
  return code;
}
