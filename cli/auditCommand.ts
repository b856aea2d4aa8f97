import { hostname } from 'node:os';
import type { Store } from '../store/types';

/** The audit's line about a command that changed the database itself, without the API and its login. */
export async function auditCommand(store: Store, command: string): Promise<void> {
  await store.audit.add({
    address: hostname(),
    traceId: '',
    method: '',
    path: '',
    taskIds: [],
    command,
    // No name: in a container an account often has none.
    why: `by account ${process.getuid?.()} of that machine`,
    status: 200,
  });
}
