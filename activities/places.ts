/** Where obflow keeps things on a host. */
import type { Host } from '../hosts/types';
import { PermanentError } from '../runtime/errors';

/** The keeper of the host's OBProxy and what it needs; stays as long as the proxy. */
export const KEEPER_DIR = '/var/lib/obflow/obproxy';

/** Marks and files of one task; removed by the Finish node. */
export function taskDir(taskId: number): string {
  return `/var/lib/obflow/${taskId}`;
}

/** Makes folders that only root may read. The paths hold no character of the shell. */
export async function makeDir(host: Host, ...paths: readonly string[]): Promise<void> {
  const absent = paths.map((path) => `[ -d ${path} ]`).join(' && ');
  await host.sh(`${absent} || { umask 077; exec mkdir -p ${paths.join(' ')}; }`);
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

/** A small JSON document on the host (0600), or undefined when it is absent or unreadable. */
export async function readJson<T>(host: Host, path: string): Promise<Partial<T> | undefined> {
  const text = await host.readFile(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}

export async function writeJson(host: Host, path: string, value: unknown): Promise<void> {
  await host.writeFile(path, `${JSON.stringify(value)}\n`, { mode: '0600' });
}
