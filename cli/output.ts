/** What a command answers goes to stdout, one line each; logs go to stderr. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What went wrong, for the person at the terminal. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An error's own text without a stack: ours say what to do, and a stack would hide it. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
