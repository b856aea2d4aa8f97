/** A restart by force: the proxy is stopped, which cuts the sessions of its clients, and started by its stored configuration. */
import type { Host } from '../../hosts/types';
import { PermanentError, TransientError } from '../../runtime/errors';
import { endsAs } from '../common/work';
import type { SubtaskScope } from '../types';
import { startKeepers, stopKeepers } from './keepers';
import { addToNote, workNote } from './notes';
import { isOwnPort, lookForProxies } from './process';
import { administer, type ObproxyInstance, workedProxy } from './proxy';
import { endProxy, warnOfUnit } from './stopping';
import { startStored } from './storedStart';

/** The run of this subtask, as notes know it. */
function runOf({ input }: SubtaskScope): string {
  return `${input.subtaskId}.${input.run}`;
}

/**
 * The former process is gone, and who keeps it; once in this run. That it is gone is noted, so that an attempt after a crash
 * does not take the new process for it.
 */
export async function endByForce(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const note = await workNote(scope, host, proxy);
  if (note.ended?.includes(runOf(scope)) === true) return;
  await warnOfUnit(scope, host, proxy, home);
  await endsAs(scope, workedProxy(proxy.server), 'UNAVAILABLE');
  const wasKept = await stopKeepers(scope, host, proxy, home);
  await endProxy(scope, host, proxy, home, { gently: false, wasKept });
  await addToNote(scope, host, proxy, { ended: [...(note.ended ?? []), runOf(scope)] });
}

/** Whether the process that lives there owns its port and lets root@proxysys in, asked once. */
async function answers(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<boolean> {
  if (!isOwnPort(await lookForProxies(host, home), proxy.server.sqlPort)) return false;
  try {
    const admin = await administer(scope, proxy);
    try {
      await admin.binaryInfo();
      return true;
    } finally {
      admin.close();
    }
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    return false;
  }
}

/**
 * Stops the proxy, starts it by its stored configuration, and puts back who keeps it. To be called again after any interruption;
 * a person's retry cuts the sessions of the new process only when that does not answer.
 */
export async function restartByForce(
  scope: SubtaskScope,
  host: Host,
  proxy: ObproxyInstance,
  home: string,
): Promise<void> {
  const { ended = [] } = await workNote(scope, host, proxy);
  const isNew = ended.some((run) => run.startsWith(`${scope.input.subtaskId}.`));
  if (!isNew || !(await answers(scope, host, proxy, home))) await endByForce(scope, host, proxy, home);
  await startStored(scope, host, proxy, home);
  await startKeepers(scope, host, proxy, home);
}
