import { readConfig } from '../../runtime/config';
import type { TaskJson } from '../../sandbox/stack/apiClient';
import { OB_CLUSTER } from '../../sandbox/stack/stack';
import type { Counts } from '../../sandbox/standins/obproxy/counters';
import { fingerprint, startByHand } from '../../sandbox/standins/startByHand';
import { openStore } from '../../store';
import { startTcpProxy } from '../support/tcpProxy';
import { until } from '../support/until';
import {
  batchAdd,
  createCluster,
  describeWithStack,
  effects,
  hostIds,
  OBPROXY_1_9,
  OBPROXY_4_3,
  subtaskOf,
  uploaded,
} from './scene';

describeWithStack('crashes of obflow itself', { hosts: 4, processes: 'split' }, (stack) => {
  let ids: number[];
  let clusterId: number;

  beforeAll(async () => {
    await stack().apply();
    ids = await hostIds(stack());
    clusterId = await createCluster(stack(), 'crash');
  }, 60_000);

  /** Three tasks at once, because what a dead worker costs is waiting for its heartbeat. */
  it('kill -9 of the worker while rpm installs, while OBProxy starts, and while a parameter of a proxy that is taken over is set: the tasks go on by themselves, and every host saw its step once', async () => {
    const { api, fleet, observer } = stack();
    const [installing, starting, , adopted] = fleet.hosts;
    if (!installing || !starting || !adopted) throw new Error('four hosts were asked for');
    const adopting = await createCluster(stack(), 'adopting', {
      workMode: 'RS_LIST',
      parameters: [{ name: 'client_max_connections', value: '4096' }],
    });
    const slow = await uploaded(stack(), {
      ...OBPROXY_1_9,
      release: '1919581.el7',
      payloadBytes: 60_000_000,
    });

    const password = 'plantedOLD.55++';
    const proxy = await startByHand(adopted, {
      rpm: OBPROXY_4_3,
      sqlPort: 2883,
      exporterPort: 2884,
      rpcPort: 2885,
      password,
      source: { cluster: OB_CLUSTER.name, rootServers: `${fleet.gateway}:${observer.port}` },
    });
    const before = await fingerprint(adopted, proxy);
    const timesSet = async () => {
      const { stdout } = await adopted.sh(`cat ${proxy.home}/.standin/counters.json`);
      return (JSON.parse(stdout) as Counts).alters.client_max_connections;
    };
    await adopted.sh(`touch ${proxy.home}/.standin/hold-answers`);
    const { contents } = await api.call<{ contents: TaskJson[] }>(
      'POST',
      `/api/v2/obproxy/clusters/${adopting}/takeOver`,
      { hosts: [{ hostId: ids[3], sqlPort: 2883, proxysysPasswd: password }] },
    );
    const [takeOver] = contents;
    const [start] = await batchAdd(stack(), clusterId, ids.slice(1, 2), await uploaded(stack(), OBPROXY_1_9));
    if (!takeOver || !start) throw new Error('no task');
    await until('the parameter is set, and not answered', async () => (await timesSet()) === 1);
    await until(
      'OBProxy is born',
      // Only the daemon: a stopped launcher would stop runuser too. Held still right after its birth, the proxy
      // cannot be verified: the step is certainly under way.
      async () => (await starting.sh('pkill -STOP -x -P 1 obproxy')).exitCode === 0,
    );
    const other = await createCluster(stack(), 'slow');
    const [install] = await batchAdd(stack(), other, ids.slice(0, 1), slow);
    if (!install) throw new Error('no task');
    // Not the questions that come before it.
    const asRpm = `for one in /proc/[0-9]*; do
      [ "$(cat $one/comm 2>/dev/null)" = rpm ] && tr '\\0' ' ' <$one/cmdline | grep -q -- ' -U' && exit 0
    done; exit 1`;
    await until('rpm installs', async () => (await installing.sh(asRpm)).exitCode === 0);
    await stack().parts.worker?.kill();
    const status = async (task: TaskJson, name: string) => subtaskOf(await api.task(task.id), name).status;
    expect(await status(takeOver, 'Sync obproxy parameter')).toBe('RUNNING');
    expect(await status(start, 'Start obproxy process')).toBe('RUNNING');
    expect(await status(install, 'Install rpm by package and version')).toBe('RUNNING');

    await adopted.sh(`rm ${proxy.home}/.standin/hold-answers`);
    await starting.sh('pkill -CONT -x -P 1 obproxy');
    await stack().startWorker();
    const done = await api.settled(
      [install, start, takeOver].map(({ id }) => id),
      { deadlineMs: 60_000 },
    );
    expect(done.map((task) => task.status)).toEqual(Array(3).fill('SUCCESSFUL'));
    for (const host of [installing, starting]) {
      expect(await effects(host)).toEqual({ installs: 1, starts: 1, processes: 1 });
    }
    expect(await timesSet()).toBe(1);
    expect(await fingerprint(adopted, proxy)).toBe(before);
  }, 180_000);

  it('kill -9 of the API between commit and start: the task still runs', async () => {
    const { api, env, parts, temporalAddress } = stack();
    const [temporalHost = '', temporalPort = ''] = temporalAddress.split(':');
    const proxy = await startTcpProxy({ host: temporalHost, port: Number(temporalPort) });
    try {
      await parts.api?.stop();
      env.TEMPORAL_ADDRESS = proxy.address;
      await stack().startApi();
      proxy.hold();
      const request = batchAdd(stack(), clusterId, ids.slice(2, 3), await versionInStore());
      request.catch(() => undefined);
      // Read from the database itself: the API's lists would wait for Temporal.
      const store = await openStore(readConfig(env).config);
      const row = await until('the task to be committed', async () => {
        const { contents } = await store.tasks.list({ hostId: ids[2] ?? 0 }, { page: 1, size: 1 });
        return contents[0];
      });
      expect(row.started).toBe(false);
      await store.close();
      await stack().parts.api?.kill();
      await expect(request).rejects.toThrow();
      env.TEMPORAL_ADDRESS = temporalAddress;
      await stack().startApi();
      const [task] = await api.settled([row.id]);
      expect(task?.status).toBe('SUCCESSFUL');
    } finally {
      env.TEMPORAL_ADDRESS = temporalAddress;
      await proxy.stop();
    }
  }, 120_000);

  async function versionInStore(): Promise<string> {
    const list = await stack().api.call<{ contents: { fileName: string }[] }>(
      'GET',
      '/api/v2/software-packages?keyword=1919579',
    );
    return list.contents[0]?.fileName ?? '';
  }
});
