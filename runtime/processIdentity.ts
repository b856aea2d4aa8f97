import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process id together with its start time: ids are used again, pairs are not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; empty when no such process exists. */
  readonly started: string;
  readonly command?: string;
}

/** Of /proc where there is one, else of `ps`. */
export function processIdentity(pid: number): ProcessIdentity {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in brackets, may hold blanks: count from its end. Field 3 is the state, 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return { pid, started: '' };
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
    return { pid, started: fields[19] ?? '', command };
  } catch {
    return process.platform === 'linux' ? { pid, started: '' } : identityFromPs(pid);
  }
}

function identityFromPs(pid: number): ProcessIdentity {
  try {
    const ps = (field: string) =>
      execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
    return { pid, started: ps('lstart'), command: ps('command') };
  } catch {
    return { pid, started: '' };
  }
}

/** Whether the process still runs, and is the same one. */
export function isSameProcess(known: ProcessIdentity): boolean {
  return known.started !== '' && processIdentity(known.pid).started === known.started;
}
