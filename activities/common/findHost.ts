import { PermanentError } from '../../runtime/errors';
import type { Store } from '../../store/types';
import type { SubtaskInput } from '../../workflows/plan';
import { idOf, objectOf } from './objects';

function unnamed(cameBack: string, next: string): PermanentError {
  return new PermanentError({
    type: 'ContextIncomplete',
    tried: 'find the host of the subtask',
    cameBack,
    next,
  });
}

/**
 * The host that a subtask works on: named by its element or context, or the one of the server that these name.
 * PermanentError ContextIncomplete when there is none.
 */
export async function findHostId(store: Store, input: SubtaskInput): Promise<number> {
  const named = objectOf(input, ['host_ids', 'server_ids', 'obproxy_server_ids']);
  const id = named === undefined ? undefined : idOf(named.name);
  if (named === undefined || id === undefined) {
    const text = 'neither its element nor the context names a host (host_id) or a server';
    throw unnamed(text, 'Check the plan of the task; a task made by this version always holds it.');
  }
  if (named.kind === 'host_ids') return id;
  const row =
    named.kind === 'server_ids' ? await store.obServers.find(id) : await store.obproxy.findServer(id);
  if (row === undefined) {
    const text = `the inventory has no ${named.kind === 'server_ids' ? 'OBServer' : 'OBProxy'} with id ${id}`;
    throw unnamed(text, 'Look at what has removed it; the task cannot work on it any more.');
  }
  if (row.hostId !== null) return row.hostId;
  const text = `the OBServer ${row.ip} is on a machine that is no host of the inventory`;
  throw unnamed(text, 'Declare the machine as a host with `obflow apply` and retry.');
}
