/** How the stand-ins' executables go into the background: the launcher starts itself again, detached, and ends. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The words of the command line from the program's name on, as they were typed. */
export function typedWords(): string[] {
  const words = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  return words.slice(words.length - process.argv.length + 1);
}

/** Starts this command line once more, in a process of its own that finds `flag` in its environment. */
export function detach(flag: string): void {
  const child = spawn(process.execPath, typedWords(), {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, [flag]: 'yes' },
  });
  child.unref();
}

/** Whether this is the process that detach(flag) started; the flag is taken away, so that nobody inherits it. */
export function isDetached(flag: string): boolean {
  const detached = process.env[flag] === 'yes';
  delete process.env[flag];
  return detached;
}
