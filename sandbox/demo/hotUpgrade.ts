import { columnText } from '../../oceanbase/sqlSession';
import type { TaskJson } from '../stack/apiClient';
import { CLIENT_STATEMENT, openClient } from '../stack/client';
import type { Stack } from '../stack/stack';
import { buildObproxyRpm } from '../standins/rpm';
import { DEMO_OBPROXY } from './obproxy';
import type { HostJson, ScenarioUi } from './scenario';

interface MemberJson {
  readonly id: number;
  readonly hostId: number;
  readonly ip: string;
  readonly sqlPort: number;
  readonly version: string;
}

const NEWER = { ...DEMO_OBPROXY, version: '4.3.1.0', release: '4.el7' };

/**
 * One OBProxy gets a newer version while a client's session stays open: it hands over to a process of the new program.
 * Returns the task. Throws when the session was lost, or the former version still answers.
 */
export async function upgradeHot(
  stack: Stack,
  ui: ScenarioUi,
  clusterId: number,
  host: HostJson,
): Promise<number> {
  const { api } = stack;
  const cluster = `/api/v2/obproxy/clusters/${clusterId}`;
  const memberOn = async () => {
    const { obproxies } = await api.call<{ obproxies: MemberJson[] }>('GET', cluster);
    const found = obproxies.find(({ hostId }) => hostId === host.id);
    if (found === undefined) throw new Error(`${host.innerIpAddress} has no OBProxy`);
    return found;
  };
  const before = await memberOn();
  const uploaded = await api.uploadPackage(await buildObproxyRpm(NEWER));
  ui.say(
    `\nUpload a newer package (OBProxy stand-in): POST /api/v2/software-packages -> ${uploaded.fileName}`,
  );
  const session = await openClient(stack, before);
  try {
    ui.say(`A client opens a session through the OBProxy on ${before.ip}, version ${before.version}`);
    const shortRpmName = `${NEWER.name}-${NEWER.version}-${NEWER.release.split('.')[0]}`;
    const path = `${cluster}/servers/upgrade`;
    const body = { obproxyServerIds: [before.id], shortRpmName };
    const task = await api.call<TaskJson>('POST', path, body);
    ui.addresses.set(task.id, before.ip);
    ui.say(`Upgrade it hot: POST …/servers/upgrade ${JSON.stringify(body)} -> task ${task.id}`);
    let answers = 0;
    let left = false;
    let lost: unknown;
    const ask = async () => {
      const [row] = await session.query(CLIENT_STATEMENT);
      if (row === undefined || columnText(row, 'version') === '') throw new Error('it answers nothing');
      answers += 1;
    };
    await api.settled([task.id], {
      deadlineMs: 600_000,
      onDocument: (document) => {
        ui.progress.show(document);
        // While the former process waits for its last client, that one leaves, as clients do.
        const handedOver = document.subtasks.some(
          ({ name, status }) => name === 'Wait hot restart obproxy finish' && status === 'RUNNING',
        );
        if (left || lost !== undefined) return;
        if (handedOver) left = true;
        const asked = ask().catch((error: unknown) => {
          lost = error;
        });
        if (handedOver) void asked.finally(() => session.close());
      },
    });
    ui.progress.stop();
    if (lost !== undefined) throw new Error(`the client's session was lost: ${String(lost)}`);
    const after = await memberOn();
    if (after.version === before.version) throw new Error(`${after.ip} still has ${after.version}`);
    ui.say(
      `  ${after.ip} is ${after.version} now; the session was answered ${answers} times meanwhile, and not lost.`,
    );
    return task.id;
  } finally {
    session.close();
  }
}
