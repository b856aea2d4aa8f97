import { setTimeout as delay } from 'node:timers/promises';
import { addressOf, secretsOf } from '../contact/hostAddress';
import type { CommandId, Host } from '../hosts/types';
import { PermanentError, saidOf } from '../runtime/errors';
import { say, type Text } from '../runtime/messages/catalogue';
import type { HostRow } from '../store/types';
import { filledIn } from '../workflows/interpreter/expansion';
import type { SubtaskInput } from '../workflows/plan';
import { findHostId } from './common/findHost';
import { elementsOf } from './common/objects';
import { submitTask } from './common/submitTask';
import { hostWithSignal } from './hostView';
import { NotYet } from './notYet';
import { serviceOf } from './services';
import type { BufferedLog } from './subtaskLog';
import type { ActivityDeps, Needs, OpenScope } from './types';

export interface Execution {
  readonly signal: AbortSignal;
  /** Whether the abort is an operator's cancel, not a worker that stops. */
  cancelledByOperator(): boolean;
  /** The first try of a person's retry: what was refused before may be repaired. */
  readonly askedAgain?: boolean;
  /** An attempt before has ended with `notYet`. */
  readonly goesOn?: boolean;
}

const IN_PLAN = say('next.checkPlan');

function missing(what: Text, next = IN_PLAN): PermanentError {
  return new PermanentError({ type: 'ContextIncomplete', tried: say('subtask.start'), cameBack: what, next });
}

/** Connects and records the outcome; the row's status is written only when it changes. */
async function connect(
  deps: ActivityDeps,
  { hostId, taskId }: { readonly hostId: number; readonly taskId: number },
  log: BufferedLog,
  { signal, askedAgain = false }: Execution,
): Promise<Host> {
  const row = await deps.store.hosts.find(hostId);
  if (row === undefined) {
    throw new PermanentError({
      type: 'HostUnknown',
      code: 'CMP07005',
      tried: say('host.reach', { id: hostId }),
      cameBack: say('host.notInInventory'),
      next: say('next.declareHost'),
    });
  }
  const address = await addressOf(deps.store, row);
  log.hide(...secretsOf(address));
  // What a host is that this task prepares says its last subtask.
  const prepares = row.status === 'NEW' && row.taskId === taskId;
  const record = async (status: HostRow['status']) => {
    if (!prepares && row.status !== status) await deps.store.hosts.recordStatus(hostId, status);
  };
  let host: Host;
  try {
    host = await deps.hosts.open(address, { signal, renew: askedAgain });
  } catch (error) {
    // That the host cannot be reached is what the person must know, not that it could not be recorded as well.
    if (!signal.aborted) {
      await record('OFFLINE').catch((notRecorded: unknown) => {
        log.warn(say('host.offlineNotRecorded', { ip: row.ip, said: saidOf(notRecorded) }));
      });
    }
    throw error;
  }
  await record('AVAILABLE');
  return host;
}

/** Names of commands that undo begin so. */
const UNDO = 'rollback';

/**
 * A command can outlive its run: the run was out of time, or was cancelled while its worker or the host was away. What is
 * still at work would do again what is being undone.
 */
async function stopForUndo(host: Host, { taskId, subtaskId }: SubtaskInput, log: BufferedLog): Promise<void> {
  const stopped = await host.stopSubtask({ taskId, subtaskId, but: UNDO });
  for (const name of stopped) log.warn(say('command.stillAtWork', { name, ip: host.ip }));
}

/** @param keys what the subtask needs of the context */
export function openScope(
  deps: ActivityDeps,
  input: SubtaskInput,
  keys: Needs,
  log: BufferedLog,
  execution: Execution,
): OpenScope {
  const { signal } = execution;
  const elements = elementsOf(input);
  const opened = new Map<number, Promise<Host>>();
  const hostById = (hostId: number): Promise<Host> => {
    const known = opened.get(hostId);
    if (known !== undefined) return known;
    const opening = connect(deps, { hostId, taskId: input.taskId }, log, execution).then(async (reached) => {
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
    goesOn: execution.goesOn === true,
    hostId: () => findHostId(deps.store, input),
    async host() {
      return this.hostById(await this.hostId());
    },
    hostById,
    service() {
      return serviceOf(this);
    },
    async once(name, script, options) {
      const id: CommandId = { taskId: input.taskId, subtaskId: input.subtaskId, run: input.run, name };
      const host = await this.host();
      try {
        return await host.once(id, script, options);
      } catch (error) {
        if (signal.aborted && execution.cancelledByOperator()) {
          log.info(say('command.stopping', { name, ip: host.ip }));
          await host.stopOnce(id).catch((notStopped: unknown) => {
            const said = saidOf(notStopped);
            log.error(say('command.mayRun', { name, ip: host.ip, said }));
          });
        }
        throw error;
      }
    },
    submit: (draft) => submitTask({ ...deps, input, log }, draft),
    async pause(ms) {
      await delay(ms, undefined, { signal });
    },
    notYet(text, options) {
      throw new NotYet(text, options?.afterSeconds);
    },
    value(key) {
      const value = input.context.stringMap[filledIn(key, elements)];
      if (value === undefined && keys[key] !== 'value?')
        throw missing(say('context.noValue', { key: filledIn(key, elements) }));
      return value;
    },
    list(key) {
      const value = input.context.listMap[filledIn(key, elements)];
      if (value === undefined && keys[key] !== 'list?')
        throw missing(say('context.noList', { key: filledIn(key, elements) }));
      return value;
    },
  };
}
