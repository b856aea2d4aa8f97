import { PermanentError } from '../../runtime/errors';
import { type Said, say, type Text } from '../../runtime/messages/catalogue';
import type { Store } from '../../store/types';
import type { SubtaskInput } from '../../workflows/plan';
import { idOf, objectOf } from './objects';

function unnamed(cameBack: Said, next: Text): PermanentError {
  return new PermanentError({
    type: 'ContextIncomplete',
    tried: say('object.findHost'),
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
    const text = say('object.noHost');
    throw unnamed(text, say('next.checkPlan'));
  }
  if (named.kind === 'host_ids') return id;
  const row =
    named.kind === 'server_ids' ? await store.obServers.find(id) : await store.obproxy.findServer(id);
  if (row === undefined) {
    const text = say('object.unknownServer', {
      kind: named.kind === 'server_ids' ? 'OBServer' : 'OBProxy',
      id,
    });
    throw unnamed(text, say('next.removedByWhom'));
  }
  if (row.hostId !== null) return row.hostId;
  const text = say('object.undeclaredMachine', { ip: row.ip });
  throw unnamed(text, say('next.declareMachine'));
}
