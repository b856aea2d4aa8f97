import { readFileSync } from 'node:fs';

export type FileContents = { readonly content: string | undefined } | { readonly problem: string };

/**
 * A setting that stands in a file, as Docker, Kubernetes and systemd hand out secrets; one line break at its end is no part
 * of it. `problem` says what is wrong with the file, and never repeats what is in it.
 */
export function readSecretFile(variable: string, file: string): FileContents {
  try {
    const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return content === '' ? { problem: `${variable} names ${file}, which is empty.` } : { content };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return { problem: `${variable} names ${file}, which cannot be read (${code}).` };
  }
}
