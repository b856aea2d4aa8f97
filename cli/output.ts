import type { Logger } from '../runtime/logger';
import { printable } from '../runtime/printable';

/** Who is told instead of the terminal. */
let listeners: { said?: Logger; complained?: Logger } = {};

/** The colours of cli/task/colours.ts. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what this looks for
const OWN_COLOUR = /(\x1b\[(?:2|22|3[1239])m)/;

/** What other machines say goes to a terminal: nothing of it but our own colours may be obeyed there. */
export function shown(text: string): string {
  return text
    .split(OWN_COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : printable(part)))
    .join('');
}

/** What a command answers goes to stdout, one line each; logs go to stderr. */
export function say(line: string): void {
  if (listeners.said === undefined) process.stdout.write(`${shown(line)}\n`);
  else listeners.said.info(line);
}

/** What went wrong, for the person at the terminal. */
export function complain(line: string): void {
  if (listeners.complained === undefined) process.stderr.write(`${shown(line)}\n`);
  else listeners.complained[/^Warning: /.test(line) ? 'warn' : 'error'](line);
}

/**
 * From now on complaints are events of the log, and with `everything` what is said too. So are the warnings of Node
 * and errors that nobody caught, which end the process.
 */
export function tellLog(logger: Logger, { everything }: { everything: boolean }): void {
  listeners = everything ? { said: logger, complained: logger } : { complained: logger };
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ err: warning }, 'Node warns'));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'an error that nobody caught ends this process');
      process.exit(1);
    });
  }
}

/** An error's own text without a stack: ours say what to do, and a stack would hide it. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
