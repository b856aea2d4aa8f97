import { hostname } from 'node:os';
import type { Inventory } from '../inventory/types';

/** The audit's line about a command that changed the database itself, without the API and its login. */
export async function auditCommand(inventory: Inventory, command: string): Promise<void> {
  await inventory.audit.add({
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
