import { basename, resolve } from 'node:path/posix';
import type { HostProcess } from '../../hosts/types';
import { INTERPRETER } from './CheckProcessNotExist';

/** The program file of a service: what the kernel runs, or the script of that name when that is an interpreter. */
export function programOf(process: HostProcess, program: string): string {
  const [first = '', ...rest] = process.args;
  if (!INTERPRETER.test(basename(process.exe)) || !INTERPRETER.test(basename(first))) return process.exe;
  return rest.find((argument) => basename(argument) === program) ?? process.exe;
}

/** The same as an absolute path. */
export function programPath(process: HostProcess, program: string): string {
  return resolve(process.cwd, programOf(process, program));
}
