/**
 * What a test lets go wrong in the process that a hot restart starts: words in <home>/.standin/inherited, or in the
 * program itself (a bad package). `exit`; `hang`; `delay <ms>` before it serves; `crash <ms>` after it has begun to serve.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identity } from './identity';

function wordsOf(home: string): [what: string, milliseconds: number] {
  const file = path.join(home, '.standin/inherited');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : (identity().whenInherited ?? '');
  const [what = '', milliseconds = '0'] = text.trim().split(/\s+/);
  return [what, Number(milliseconds)];
}

/** Before an inherited process starts. Resolves when it may go on; false: it ends instead. */
export async function mayStart(home: string): Promise<boolean> {
  const [what, milliseconds] = wordsOf(home);
  if (what === 'exit') return false;
  if (what === 'delay') await delay(milliseconds);
  // A timer keeps the process; days are as good as ever.
  if (what === 'hang') await delay(2 ** 31 - 1);
  return true;
}

/** When an inherited process serves. */
export function crashIfTold(home: string): void {
  const [what, milliseconds] = wordsOf(home);
  if (what === 'crash') setTimeout(() => process.kill(process.pid, 'SIGKILL'), milliseconds);
}

/** The dynamic linker's words when it does not find a library, as for any program of glibc; undefined when all is there. */
export function missingLibrary(program: string): string | undefined {
  const { library } = identity();
  if (library === undefined) return undefined;
  const folders = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== '');
  if (folders.some((folder) => existsSync(path.join(folder, library)))) return undefined;
  return `${program}: error while loading shared libraries: ${library}: cannot open shared object file: No such file or directory\n`;
}
