/** What a task notes in its own folder on the host before it ends a server's process; goes with the task. */
import type { Host } from '../../hosts/types';
import { readJson, taskDir, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import type { ClusterMember } from './observer';

export interface StopNote {
  /** Since when the process that is to go has served, as the cluster wrote it: a later start is another. */
  readonly servingSince: string | null;
  /** Of the freeze of its memory (cluster/freeze.ts). */
  readonly frozenAt?: number;
  readonly sent?: boolean;
  /** It is gone: what runs in its home now is another one. */
  readonly stopped?: boolean;
}

function fileOf(scope: SubtaskScope, { server }: Pick<ClusterMember, 'server'>): string {
  return `${taskDir(scope.input.taskId)}/observer-${server.id}.json`;
}

export function readStopNote(
  scope: SubtaskScope,
  host: Host,
  member: ClusterMember,
): Promise<Partial<StopNote> | undefined> {
  return readJson<StopNote>(host, fileOf(scope, member));
}

export async function writeStopNote(
  scope: SubtaskScope,
  host: Host,
  member: ClusterMember,
  note: StopNote,
): Promise<void> {
  await writeJson(host, fileOf(scope, member), note);
}

function startFileOf(scope: SubtaskScope, { server }: Pick<ClusterMember, 'server'>): string {
  return `${taskDir(scope.input.taskId)}/observer-${server.id}-started.json`;
}

/** Whether this task began to start the server's process. */
export async function readStartNote(
  scope: SubtaskScope,
  host: Host,
  member: ClusterMember,
): Promise<boolean> {
  return (await readJson(host, startFileOf(scope, member))) !== undefined;
}

export async function writeStartNote(scope: SubtaskScope, host: Host, member: ClusterMember): Promise<void> {
  await writeJson(host, startFileOf(scope, member), { serverId: member.server.id });
}
