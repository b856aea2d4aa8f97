import { type ChildProcess, spawn } from 'node:child_process';
import { TOOL_PATH } from '../setup/packages';

/** What a command of the machine answered; exitCode is 128 + signal number where a signal ended it. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a command, its input on stdin (so that nothing secret stands in an argv). Rejects when it cannot start. */
export function run(command: string, args: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: TOOL_PATH, LC_ALL: 'C' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A command may end without reading its input; that is no error of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0), stdout, stderr });
    });
  });
}

/** As run, and throws unless the command exits 0. */
export async function runChecked(command: string, args: readonly string[], input = ''): Promise<string> {
  const result = await run(command, args, input);
  if (result.exitCode !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-400);
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} exited ${result.exitCode}: ${said}`);
  }
  return result.stdout;
}

/** Several `ip` commands in one process. */
export async function ip(lines: readonly string[]): Promise<void> {
  await runChecked('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
}

/** Resolves when the process has ended. */
export function ended(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Polls until `look` gives something else than undefined; throws `late()` after the deadline (milliseconds). */
export async function until<T>(
  look: () => T | undefined,
  deadlineMs: number,
  late: () => string,
): Promise<T> {
  const start = Date.now();
  for (;;) {
    const seen = look();
    if (seen !== undefined) {
      return seen;
    }
    if (Date.now() - start > deadlineMs) {
      throw new Error(late());
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
