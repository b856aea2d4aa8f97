import { randomBytes } from 'node:crypto';
import { obproxyConfigUrl } from '../../oceanbase/configServer';
import type { TaskJson } from '../stack/apiClient';
import type { Stack } from '../stack/stack';
import { fingerprint, startByHand } from '../standins/startByHand';
import { DEMO_OBPROXY } from './obproxy';
import type { ScenarioUi } from './scenario';

interface Finding {
  readonly level: string;
  readonly message: string;
}

/**
 * On the last test host an OBProxy runs that somebody else started. It is looked at by a dry run, then taken over;
 * returns the tasks. Throws when anything of the running proxy was touched.
 */
export async function takeOverByHand(
  stack: Stack,
  ui: ScenarioUi,
  cluster: { readonly id: number; readonly name: string },
  host: { readonly id: number; readonly ip: string },
): Promise<number[]> {
  const testHost = stack.fleet.hosts.find(({ ip }) => ip === host.ip);
  if (testHost === undefined) throw new Error(`${host.ip} is no test host`);
  const password = `By_hand.${randomBytes(4).toString('hex')}`;
  const proxy = await startByHand(testHost, {
    rpm: DEMO_OBPROXY,
    sqlPort: 2883,
    exporterPort: 2884,
    appName: 'somebody_elses',
    password,
    source: { configUrl: obproxyConfigUrl(stack.env.OBFLOW_PUBLIC_URL ?? '', cluster.name) },
  });
  const before = await fingerprint(testHost, proxy);
  ui.say(`\nOn ${host.ip} somebody has started an OBProxy by hand (pid ${proxy.pid})`);

  const path = `/api/v2/obproxy/clusters/${cluster.id}/takeOver`;
  const body = { hosts: [{ hostId: host.id, sqlPort: 2883, proxysysPasswd: password }] };
  const { findings } = await stack.api.call<{ findings: Finding[] }>('POST', `${path}?dryRun=true`, body);
  ui.say('Look at it first: POST …/takeOver?dryRun=true');
  for (const { level, message } of findings) ui.say(`  ${level.padEnd(5)} ${message}`);

  const taken = await stack.api.call<{ contents: TaskJson[] }>('POST', path, body);
  const ids = taken.contents.map(({ id }) => id);
  for (const id of ids) ui.addresses.set(id, host.ip);
  ui.say(`Take it over: POST …/takeOver -> task ${ids.join(', ')}`);
  await stack.api.settled(ids, { deadlineMs: 600_000, onDocument: (task) => ui.progress.show(task) });
  if ((await fingerprint(testHost, proxy)) !== before)
    throw new Error('the take-over touched the running proxy');
  ui.say('  The same process, start time and files as before.');
  return ids;
}
