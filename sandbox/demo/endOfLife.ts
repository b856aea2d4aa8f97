import type { TaskJson } from '../stack/apiClient';
import type { Stack } from '../stack/stack';
import { logInThrough } from './logIn';
import type { HostJson, ScenarioUi } from './scenario';

interface MemberJson {
  readonly id: number;
  readonly hostId: number;
  readonly ip: string;
  readonly sqlPort: number;
}

/**
 * One OBProxy is stopped, then deleted, and its host leaves the inventory; returns the tasks. Throws when anything of the
 * OBProxy is left on the host.
 */
export async function endOfLife(
  stack: Stack,
  ui: ScenarioUi,
  clusterId: number,
  host: HostJson,
): Promise<number[]> {
  const { api } = stack;
  const cluster = `/api/v2/obproxy/clusters/${clusterId}`;
  const { obproxies } = await api.call<{ obproxies: MemberJson[] }>('GET', cluster);
  const proxy = obproxies.find(({ hostId }) => hostId === host.id);
  if (proxy === undefined) throw new Error(`${host.innerIpAddress} has no OBProxy`);
  const ask = async (verb: 'stop' | 'delete', what: string) => {
    const path = `${cluster}/servers/${verb}`;
    const task = await api.call<TaskJson>('POST', path, { obproxyServerIds: [proxy.id] });
    ui.addresses.set(task.id, proxy.ip);
    ui.say(`${what} the OBProxy on ${proxy.ip}: POST …/servers/${verb} -> task ${task.id}`);
    await api.settled([task.id], {
      deadlineMs: 600_000,
      onDocument: (document) => ui.progress.show(document),
    });
    ui.progress.stop();
    return task.id;
  };
  ui.say('');
  const stopped = await ask('stop', 'Stop');
  const answered = await logInThrough(stack, proxy).then(
    () => true,
    () => false,
  );
  if (answered) throw new Error(`the stopped OBProxy on ${proxy.ip} answers`);
  ui.say('  Nobody answers there any more.');
  const deleted = await ask('delete', 'Delete');
  const machine = stack.fleet.hosts.find(({ ip }) => ip === proxy.ip);
  if (machine === undefined) throw new Error(`${proxy.ip} is no test host`);
  const { stdout: packages } = await machine.sh('rpm -qa "obproxy*"');
  if (packages.trim() !== '' || machine.pids('obproxy').length > 0)
    throw new Error(`after the deletion ${proxy.ip} still has ${packages.trim() || 'a process of it'}`);
  ui.say('  No package and no process of it is left.');
  await api.call('DELETE', `/api/v2/compute/hosts/${host.id}`);
  ui.say(`Remove the host from the inventory: DELETE /api/v2/compute/hosts/${host.id}`);
  return [stopped, deleted];
}
