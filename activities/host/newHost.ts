/** What the subtasks of "Prepare host" share: the host is NEW until the last of them, and goes when the first is undone. */
import type { HostRow } from '../../store/types';
import { HOST } from '../common/objects';
import type { Needs, SubtaskScope } from '../types';

/** To be needed by a subtask of "Prepare host". */
export const NEW_HOST = HOST satisfies Needs;

/** The host's row when this task has added it; undefined when it is gone, or somebody else's. */
export async function hostMadeByTask(scope: SubtaskScope<typeof NEW_HOST>): Promise<HostRow | undefined> {
  const row = await scope.store.hosts.find(await scope.hostId());
  return row?.taskId === scope.input.taskId ? row : undefined;
}

/** Programs of an agent that run on the host, as `ocp_agentd (pid 4711)`. Looked for by name; they are only told of. */
export async function agentsOn(
  scope: SubtaskScope<typeof NEW_HOST>,
  names: readonly string[],
): Promise<readonly string[]> {
  const host = await scope.host();
  const found = (await host.processes()).filter(({ comm }) => names.includes(comm));
  return found.map(({ comm, pid }) => `${comm} (pid ${pid})`);
}
