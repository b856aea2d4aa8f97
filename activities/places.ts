/** Where obflow keeps things on a host. */
import type { Host } from '../hosts/types';
import { PermanentError } from '../runtime/errors';
import { say, type Value } from '../runtime/messages/catalogue';

/** The keeper of the host's OBProxy and what it needs; stays as long as the proxy. */
export const KEEPER_DIR = '/var/lib/obflow/obproxy';

/** Marks and files of one task; removed by the Finish node. */
export function taskDir(taskId: number): string {
  return `/var/lib/obflow/${taskId}`;
}

/**
 * Makes folders that only root may read. The paths hold no character of the shell. PermanentError FileOperationFailed, as of a
 * file that cannot be written.
 */
export async function makeDir(host: Host, ...paths: readonly string[]): Promise<void> {
  const there = paths.map((path) => `[ -d ${path} ]`).join(' && ');
  const { exitCode, stderr } = await host.sh(`${there} || { umask 077; exec mkdir -p ${paths.join(' ')}; }`);
  if (exitCode === 0) return;
  throw new PermanentError({
    type: 'FileOperationFailed',
    tried: say('host.makeFolders', { paths: paths.join(', ') }),
    where: host.ip,
    cameBack: stderr.trim().slice(0, 500) || say('host.exitCode', { code: exitCode }),
    next: say('next.checkSpaceAndOwner'),
  });
}

/** Takes things away for an undo, which must not say that they are gone when they are not. PermanentError NotRemoved. */
export async function removeBy(host: Host, script: string, what: Value): Promise<void> {
  const { exitCode, stderr } = await host.sh(script);
  if (exitCode === 0) return;
  throw new PermanentError({
    type: 'NotRemoved',
    tried: say('host.remove', { what }),
    where: host.ip,
    cameBack: stderr.trim().slice(0, 500) || say('host.exitCode', { code: exitCode }),
    next: say('next.repairMount'),
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
    tried: say('host.readNote', { path }),
    where: host.ip,
    cameBack:
      text.trim() === ''
        ? say('host.noteEmpty')
        : say('host.noteDamaged', { text: text.trim().slice(0, 100) }),
    next: say('next.restoreNote'),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes it, and makes its folder, which only root may read, when it is missing. */
export async function writeJson(host: Host, path: string, value: unknown): Promise<void> {
  await host.writeFile(path, `${JSON.stringify(value)}\n`, { mode: '0600' });
}
