import { setTimeout as delay } from 'node:timers/promises';
import { addressOf, secretsOf } from '../contact/hostAddress';
import type { CommandId, Host } from '../hosts/types';
import { PermanentError } from '../runtime/errors';
import type { HostRow } from '../store/types';
import type { SubtaskInput } from '../workflows/plan';
import { hostWithSignal } from './hostView';
import type { BufferedLog } from './subtaskLog';
import type { ActivityDeps, SubtaskScope } from './types';

export interface Execution {
  readonly signal: AbortSignal;
  /** Whether the abort is an operator's cancel, not a worker that stops. */
  cancelledByOperator(): boolean;
}

const IN_PLAN = 'Check the plan of the task; a task made by this version always holds it.';

function missing(what: string, next = IN_PLAN): PermanentError {
  return new PermanentError({ type: 'ContextIncomplete', tried: 'start the subtask', cameBack: what, next });
}

/** The host of a subtask: the element of a fan-out over `host_ids`, else `host_id`; undefined when it has none. */
export function hostIdOf(input: SubtaskInput): number | undefined {
  const text = input.element?.key === 'host_ids' ? input.element.value : input.context.stringMap.host_id;
  const id = Number(text);
  return text !== undefined && Number.isSafeInteger(id) ? id : undefined;
}

/** Connects and records the outcome; the row's status is written only when it changes. */
async function connect(deps: ActivityDeps, hostId: number, log: BufferedLog): Promise<Host> {
  const row = await deps.store.hosts.find(hostId);
  if (row === undefined) {
    throw new PermanentError({
      type: 'HostUnknown',
      code: 'CMP07005',
      tried: `reach the host with id ${hostId}`,
      cameBack: 'the inventory has no such host',
      next: 'Declare the host with `obflow apply`.',
    });
  }
  const address = await addressOf(deps.store, row);
  log.hide(...secretsOf(address));
  const record = async (status: HostRow['status']) => {
    if (row.status !== status) await deps.store.hosts.recordStatus(hostId, status);
  };
  try {
    const host = await deps.hosts.open(address);
    await record('AVAILABLE');
    return host;
  } catch (error) {
    await record('OFFLINE');
    throw error;
  }
}

/** Names of commands that undo begin so. */
const UNDO = 'rollback';

/**
 * A command can outlive its run: the run was out of time, or was cancelled while its worker or the host was away. What is
 * still at work would do again what is being undone.
 */
async function stopForUndo(host: Host, { taskId, subtaskId }: SubtaskInput, log: BufferedLog): Promise<void> {
  const stopped = await host.stopSubtask({ taskId, subtaskId, but: UNDO });
  for (const name of stopped) log.warn(`The command "${name}" was still at work on ${host.ip}: stopped`);
}

export function openScope(
  deps: ActivityDeps,
  input: SubtaskInput,
  log: BufferedLog,
  execution: Execution,
): SubtaskScope {
  const { signal } = execution;
  const opened = new Map<number, Promise<Host>>();
  const hostById = (hostId: number): Promise<Host> => {
    const known = opened.get(hostId);
    if (known !== undefined) return known;
    const opening = connect(deps, hostId, log).then(async (reached) => {
      const host = hostWithSignal(reached, signal);
      if (input.operation === 'ROLLBACK') await stopForUndo(host, input, log);
      return host;
    });
    opened.set(hostId, opening);
    // Who asks again wants another try.
    opening.catch(() => opened.delete(hostId));
    return opening;
  };
  return {
    ...deps,
    input,
    log,
    signal,
    get hostId() {
      const id = hostIdOf(input);
      if (id === undefined) throw missing('the context names no host (host_id)');
      return id;
    },
    host() {
      return hostById(this.hostId);
    },
    hostById,
    async once(name, script, options) {
      const id: CommandId = { taskId: input.taskId, subtaskId: input.subtaskId, run: input.run, name };
      const host = await this.host();
      try {
        return await host.once(id, script, options);
      } catch (error) {
        if (signal.aborted && execution.cancelledByOperator()) {
          log.info(`Stopping the command "${name}" on ${host.ip}`);
          await host.stopOnce(id).catch((notStopped: unknown) => {
            const said = notStopped instanceof Error ? notStopped.message : String(notStopped);
            log.error(`The command "${name}" may still run on ${host.ip}: ${said}`);
          });
        }
        throw error;
      }
    },
    async pause(ms) {
      await delay(ms, undefined, { signal });
    },
    value(key) {
      const value = input.context.stringMap[key];
      if (value === undefined) throw missing(`the context has no value "${key}"`);
      return value;
    },
    list(key) {
      const value = input.context.listMap[key];
      if (value === undefined) throw missing(`the context has no list "${key}"`);
      return value;
    },
  };
}
