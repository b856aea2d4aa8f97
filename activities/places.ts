/** Where obflow keeps things on a host. */
import type { Host } from '../hosts/types';
import { PermanentError } from '../runtime/errors';

/** The keeper of the host's OBProxy and what it needs; stays as long as the proxy. */
export const KEEPER_DIR = '/var/lib/obflow/obproxy';

/** Marks and files of one task; removed by the Finish node. */
export function taskDir(taskId: number): string {
  return `/var/lib/obflow/${taskId}`;
}

/** Makes a folder that only root may read. `path` holds no character of the shell. */
export async function makeDir(host: Host, path: string): Promise<void> {
  await host.sh(`[ -d ${path} ] || { mkdir -p -m 700 /var/lib/obflow && mkdir -p -m 700 ${path}; }`);
}

/** Takes things away for an undo, which must not say that they are gone when they are not. PermanentError NotRemoved. */
export async function removeBy(host: Host, script: string, what: string): Promise<void> {
  const { exitCode, stderr } = await host.sh(script);
  if (exitCode === 0) return;
  throw new PermanentError({
    type: 'NotRemoved',
    tried: `remove ${what}`,
    where: host.ip,
    cameBack: stderr.trim().slice(0, 500) || `exit code ${exitCode}`,
    next: 'Repair the cause (a file system that is read-only, a mount that is busy) and roll back again.',
  });
}

/**
 * A small JSON document on the host (0600), or undefined when it is absent. PermanentError MarkUnreadable when it is none: an
 * undo that took it for absent would say that there is nothing to undo.
 */
export async function readJson<T>(host: Host, path: string): Promise<Partial<T> | undefined> {
  const text = await host.readFile(path);
  if (text === undefined) return undefined;
  const value = parsed(text);
  if (typeof value === 'object' && value !== null) return value as Partial<T>;
  throw new PermanentError({
    type: 'MarkUnreadable',
    tried: `read what obflow has noted in ${path}`,
    where: host.ip,
    cameBack: text.trim() === '' ? 'the file is empty' : `it is no JSON: ${text.trim().slice(0, 100)}`,
    next: 'Look what has damaged it (a full or broken disk), restore it, or delete it and undo by hand what obflow did there.',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function writeJson(host: Host, path: string, value: unknown): Promise<void> {
  await host.writeFile(path, `${JSON.stringify(value)}\n`, { mode: '0600' });
}
