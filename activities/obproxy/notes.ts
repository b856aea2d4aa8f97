/**
 * What a task notes on the host about the proxy that it works on, before it changes anything: a retry finds the world as
 * a crash has left it, and a rollback gets declared keys of the context only.
 */
import type { Host, ProcessIdentity } from '../../hosts/types';
import { KEEPER_DIR, readJson, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import type { ObproxyInstance } from './proxy';

/** A process that is being ended, and how. */
export interface EndingNote {
  readonly process: ProcessIdentity;
  /** Milliseconds since 1970: until then it may let its sessions end. */
  readonly until: number;
}

/** What an upgrade has changed and an undo must know. */
export interface UpgradeNote {
  /** rpm lists this package no more: `name-version-release.arch`. */
  readonly unregistered?: string;
  /** rpm lists this one since, */
  readonly installed?: string;
  /** and its folder was there before. */
  readonly homeExisted?: boolean;
  /** etc/proxyconfig_v1.db was written. */
  readonly configured?: boolean;
}

interface WorkNote {
  readonly taskId: number;
  readonly serverId: number;
  /** By the subtask and its run: `4711.1`. */
  readonly endings?: Readonly<Record<string, EndingNote>>;
  /** Runs of subtasks (`4711.1`) after which no process was left, so that a new one is their own. */
  readonly ended?: readonly string[];
  /** Milliseconds since 1970: when the proxy was first told to take no new work. */
  readonly prevented?: number;
  readonly upgrade?: UpgradeNote;
}

const NOTE = `${KEEPER_DIR}/work.json`;

/** What this task has noted; empty when it has noted nothing there. */
export async function workNote(
  scope: SubtaskScope,
  host: Host,
  { server }: Pick<ObproxyInstance, 'server'>,
): Promise<Partial<WorkNote>> {
  const note = await readJson<WorkNote>(host, NOTE);
  return note?.taskId === scope.input.taskId && note.serverId === server.id ? note : {};
}

export async function addToNote(
  scope: SubtaskScope,
  host: Host,
  proxy: Pick<ObproxyInstance, 'server'>,
  more: Omit<Partial<WorkNote>, 'taskId' | 'serverId'>,
): Promise<void> {
  const before = await workNote(scope, host, proxy);
  await writeJson(host, NOTE, {
    ...before,
    ...more,
    taskId: scope.input.taskId,
    serverId: proxy.server.id,
  } satisfies WorkNote);
}

/** Removes what a task has noted, whichever it was: nothing of it counts any more. */
export async function forgetNote(host: Host): Promise<void> {
  await host.sh(`rm -f ${NOTE}; rmdir ${KEEPER_DIR} 2>/dev/null; :`);
}
