import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

/** Where a password comes from; never the command line, which everybody on the machine can read. */
export interface PasswordSource {
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
}

/**
 * A new password: from the file, from standard input, or asked for twice at the terminal. One line break at the end is
 * not part of it. Throws Error when there is nothing to read, or the two differ.
 */
export async function newPassword(
  { passwordFile, passwordStdin }: PasswordSource,
  whose: string,
): Promise<string> {
  const file = passwordFile ?? (passwordStdin === true ? '-' : undefined);
  if (file !== undefined) return secretIn(file);
  const [first, second] = await ask(`New password of ${whose}: `, 'Once more: ');
  if (first === undefined || first === '') throw new Error('The password is empty; nothing was changed.');
  if (second === first) return first;
  throw new Error('The two passwords differ; nothing was changed.');
}

/** The secret in a file, `-` standard input, as `newPassword` reads it. Throws Error when there is none. */
export async function secretIn(file: string): Promise<string> {
  return file === '-' ? lineOf(await standardInput(), 'standard input') : lineOf(readText(file), file);
}

/** Asks at the terminal, showing nothing of the answers. Throws Error without a terminal. */
export async function ask(...questions: string[]): Promise<string[]> {
  if (!process.stdin.isTTY) {
    throw new Error('There is no terminal to ask at. Give --password-file <file> or --password-stdin.');
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // From here on the terminal shows nothing: before the first question, for people type fast.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const ended = new Promise<never>((_resolve, reject) => {
    lines.once('SIGINT', () => reject(new Error('Interrupted; nothing was changed.')));
    lines.once('close', () => reject(new Error('Nothing was entered; nothing was changed.')));
  });
  ended.catch(() => undefined);
  try {
    const answers: string[] = [];
    for (const question of questions) {
      process.stderr.write(question);
      answers.push(await Promise.race([answer(lines), ended]));
      process.stderr.write('\n');
    }
    return answers;
  } finally {
    lines.close();
  }
}

function answer(lines: Interface): Promise<string> {
  return new Promise((resolve) => lines.question('', resolve));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function lineOf(text: string, where: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw new Error(`There is no password in ${where}.`);
  return line;
}
