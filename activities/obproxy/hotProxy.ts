/** A proxy as the one that restarts it hot sees it, and what is noted about that on its host. */
import { logInToObproxy } from '../../contact/obproxyLogin';
import type { Host } from '../../hosts/types';
import type { ObproxyAdmin } from '../../oceanbase/obproxyAdmin';
import type { SubtaskInput } from '../../workflows/plan';
import { readJson, taskDir, writeJson } from '../places';
import type { SubtaskScope } from '../types';
import type { ProcessIdentity } from './process';
import { type ObproxyInstance, proxysysPasswords, runUserOf } from './proxy';

/** What of a subtask's scope this needs. */
export interface HotScope extends Pick<SubtaskScope, 'log' | 'signal' | 'pause' | 'notYet'> {
  readonly input: Pick<SubtaskInput, 'taskId' | 'run'>;
}

/** A proxy as the one that restarts it sees it. */
export interface HotProxy {
  readonly host: Host;
  /** As recorded; symbolic links are resolved here. */
  readonly home: string;
  /** Owner of its process. */
  readonly user: string;
  readonly sqlPort: number;
  /** Names what is noted: of a task that hands over twice, to a new program and back. Default `hot-restart`. */
  readonly note?: string;
  /** Logs in as root@proxysys; `timeoutMs` is for the login and for each statement. */
  login(timeoutMs: number): Promise<ObproxyAdmin>;
}

/** The recorded proxy, as its hot restart needs it. */
export async function hotProxyOf(
  scope: SubtaskScope,
  proxy: ObproxyInstance,
  home: string,
): Promise<HotProxy> {
  const { server } = proxy;
  const host = await scope.hostById(server.hostId);
  const passwords = await proxysysPasswords(scope, proxy);
  return {
    host,
    home,
    user: runUserOf(proxy),
    sqlPort: server.sqlPort,
    login: (timeoutMs) =>
      logInToObproxy(host, server.sqlPort, { passwords, timeoutMs, signal: scope.signal }),
  };
}

/** On the host, in the task's folder: what was there before the command. */
export interface HotNote {
  /** Of the subtask; a person's retry gives the command anew. */
  readonly run: number;
  /** The process that serves, and all that live in the home (those that still leave after an earlier one). */
  readonly process: ProcessIdentity;
  readonly present: readonly ProcessIdentity[];
  readonly rollbackTimeout: string;
  /** As the proxy writes it. */
  readonly exitTimeout: string;
  /** Milliseconds. */
  readonly checkInterval: number;
  /** Bytes that log/obproxy.log had. */
  readonly logBytes: number;
  readonly commands: number;
  /** Milliseconds since 1970: when the new process was first seen serving. */
  readonly servedAt?: number;
}

function noteFile({ input }: HotScope, { note = 'hot-restart' }: HotProxy): string {
  return `${taskDir(input.taskId)}/${note}.json`;
}

/** What this task has noted of a hot restart of the proxy. */
export async function readHotNote(scope: HotScope, proxy: HotProxy): Promise<HotNote | undefined> {
  const note = await readJson<HotNote>(proxy.host, noteFile(scope, proxy));
  return note?.process === undefined || note.present === undefined ? undefined : (note as HotNote);
}

export async function writeHotNote(scope: HotScope, proxy: HotProxy, note: HotNote): Promise<void> {
  await writeJson(proxy.host, noteFile(scope, proxy), note);
}

/** What was noted does not count any more: the next hot restart of this task looks anew. */
export async function forgetHotNote(scope: HotScope, proxy: HotProxy): Promise<void> {
  await proxy.host.sh(`exec rm -f ${noteFile(scope, proxy)}`);
}
