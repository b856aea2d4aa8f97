import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line says of the request it belongs to, and of the subtask. */
export interface TraceFields {
  readonly traceId?: string;
  readonly taskId?: number;
  readonly subtaskId?: number;
  readonly run?: number;
  readonly activity?: string;
}

const storage = new AsyncLocalStorage<TraceFields>();

/** Runs `work`; whatever is logged in it, and in what it awaits, carries the fields (and those around it). */
export function inTrace<T>(fields: TraceFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** The fields that count here, as an object of its own. */
export function traceFields(): TraceFields {
  return { ...storage.getStore() };
}
