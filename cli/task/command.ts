import { type Command, InvalidArgumentError, Option } from 'commander';
import { ACCESS_HELP, ApiClient, RefusedError } from '../apiClient';
import { complain, textOf } from '../output';
import type { Verb } from './act';
import { WATCHED } from './exitCodes';

export type OutputFormat = 'table' | 'json';

interface CommonOptions {
  readonly output: OutputFormat;
}
interface ActOptions extends CommonOptions {
  readonly why?: string;
}

const EXIT_HELP = '\nExit codes: 0 done; 1 refused, failed or no answer; 2 wrong usage.';
const WATCH_EXIT_HELP =
  '\nExit codes: 0 the task is SUCCESSFUL; 1 it is FAILED, or cannot be read; 2 wrong usage; 3 it was rolled back; 130 Ctrl-C.';

const ACTS: readonly { readonly verb: Verb; readonly subtask: string; readonly description: string }[] = [
  {
    verb: 'retry',
    subtask: '[subtask]',
    description: 'run a FAILED subtask again, or every FAILED one of the task',
  },
  {
    verb: 'skip',
    subtask: '[subtask]',
    description: 'count a FAILED subtask as done without running it (left out: the one that failed)',
  },
  { verb: 'cancel', subtask: '<subtask>', description: 'stop a RUNNING subtask; it is FAILED then' },
  {
    verb: 'rollback',
    subtask: '',
    description: 'undo everything that a FAILED task has done, the last first; again: go on undoing',
  },
  {
    verb: 'abandon',
    subtask: '',
    description: 'end a FAILED task for good as it is, release its locks, list what it leaves behind',
  },
];

/** Adds `obflow task …` to the program. */
export function addTaskCommands(program: Command): void {
  const task = program
    .command('task')
    .description('see, follow and repair tasks, through the API')
    .showHelpAfterError('(obflow task --help lists the commands)')
    .addHelpText('after', `${ACCESS_HELP}\ndocs/operating.md says what to do when a task has failed.`);

  declare(task, 'ls')
    .alias('list')
    .description('list tasks, the newest first')
    .option('--status <status>', 'RUNNING, FAILED or SUCCESSFUL; several separated by commas')
    .option('--name <text>', 'part of the name of the task')
    .option('--waiting', 'only those that are FAILED and wait for a person')
    .option('--cluster <text>', 'part of the name of the OceanBase or the OBProxy cluster')
    .option('--host <host>', 'address, name or id of a host')
    .option('--page <number>', 'which page', positive, 1)
    .option('--size <number>', 'tasks on a page', positive, 20)
    .addHelpText('after', EXIT_HELP)
    .action((options) =>
      run('obflow task ls --help shows what can be asked.', async (api) =>
        (await import('./list')).listTasks(api, options),
      ),
    );
  declare(task, 'show')
    .description('show a task: why it failed, what can be done, and its graph')
    .argument('<task>', 'id of the task', taskId)
    .addHelpText('after', EXIT_HELP)
    .action((id: number, options: CommonOptions) =>
      run(LIST_HINT, async (api) => (await import('./show')).showTask(api, id, options)),
    );
  declare(task, 'log')
    .description('print the log of a subtask, or of every subtask that has begun')
    .argument('<task>', 'id of the task', taskId)
    .argument('[subtask]', 'id of the subtask', positive)
    .option('-f, --follow', 'go on as the log grows, until nothing runs any more', false)
    .addHelpText('after', EXIT_HELP)
    .action((id: number, subtaskId: number | undefined, options: CommonOptions & { follow: boolean }) =>
      runUntilInterrupted(async (api, signal) => {
        const chosen = subtaskId === undefined ? {} : { subtaskId };
        await (await import('./log')).showLog(api, id, { ...options, ...chosen, signal });
      }),
    );
  declare(task, 'watch')
    .description('draw how a task goes, until it has ended or needs a person')
    .argument('<task>', 'id of the task', taskId)
    .option('--stay', 'go on when the task has FAILED and waits for a person, until it has ended', false)
    .addHelpText('after', WATCH_EXIT_HELP)
    .action((id: number, options: CommonOptions & { stay: boolean }) =>
      runUntilInterrupted(async (api, signal) => {
        process.exitCode = await (await import('./watch')).watchTask(api, id, { ...options, signal });
      }),
    );
  for (const { verb, subtask, description } of ACTS) {
    const command = declare(task, verb).description(description).argument('<task>', 'id of the task', taskId);
    if (subtask !== '') command.argument(subtask, 'id of the subtask', positive);
    command
      .option('--why <text>', 'the reason, kept with your name in the audit and the history of the task')
      .addHelpText('after', EXIT_HELP)
      .action((id: number, ...rest: unknown[]) => {
        const [subtaskId] = subtask === '' ? [] : (rest as [number | undefined]);
        const { why, output } = command.opts<ActOptions>();
        return run(`Look at it: obflow task show ${id}`, async (api) =>
          (await import('./act')).act(api, {
            verb,
            taskId: id,
            output,
            ...(subtaskId === undefined ? {} : { subtaskId }),
            ...(why === undefined ? {} : { why }),
          }),
        );
      });
  }
}

const LIST_HINT = 'obflow task ls lists the tasks.';

function declare(task: Command, name: string): Command {
  return task
    .command(name)
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
    )
    .showHelpAfterError(`(obflow task ${name} --help shows how)`);
}

/** A whole number from 1, as an option or argument. */
export function positive(value: string): number {
  if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a number, from 1.');
}

/** The id of a task, also as its workflow is called in the Temporal Web UI. */
function taskId(value: string): number {
  return positive(value.replace(/^task-/, ''));
}

/** Whoever reads (head, a pager) may have seen enough. */
function onWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

/** Runs one command: errors become one text that ends with the next thing to try, and exit code 1. */
async function run(hint: string, work: (api: ApiClient) => Promise<void>): Promise<void> {
  // Taken away first: one process may run several commands.
  process.stdout.off('error', onWriteError).on('error', onWriteError);
  try {
    await work(new ApiClient(process.env));
  } catch (error) {
    complain([textOf(error), ...hintFor(error, hint)].join('\n'));
    process.exitCode = 1;
  }
}

function hintFor(error: unknown, hint: string): string[] {
  if (!(error instanceof RefusedError) || error.status >= 500 || error.status === 401) return [];
  return [error.status === 404 ? LIST_HINT : hint];
}

/** As `run`, for what goes on until it is interrupted: Ctrl-C ends it with exit code 130, a second one at once. */
export function runUntilInterrupted(
  work: (api: ApiClient, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  return run(LIST_HINT, async (api) => {
    // Not `once`: a library that restores the cursor ends the process when it finds no other listener.
    const interrupt = () => (signal.aborted ? process.exit(WATCHED.interrupted) : interrupted.abort());
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
    try {
      await work(api, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
    if (signal.aborted) process.exitCode = WATCHED.interrupted;
  });
}
